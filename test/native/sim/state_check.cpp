#include "state_check.hpp"

#include "abi/handles.hpp"
#include "connection/connection.hpp"
#include "memory_sim.hpp"

namespace ipdaemon::sim {

namespace {

StateCheck* current = nullptr;

}  // namespace

StateCheck::StateCheck(const Program* program, Log* log) : program_(*program), log_(*log) {
  current = this;
  after_library_call = &StateCheck::look;
}

StateCheck::~StateCheck() {
  after_library_call = nullptr;
  current = nullptr;
}

void StateCheck::look() {
  for (int number = 0; number < current->program_.server_count(); ++number) {
    int error = 0;
    const ipdaemon_t handle = current->program_.handle(number);
    const Instance* instance = find_handle(handle, &error);
    if (instance == nullptr) continue;
    if (current->log_.traces()) current->describe(handle);
    instance->server->check();
  }
}

void StateCheck::describe(ipdaemon_t handle) {
  int error = 0;
  find_handle(handle, &error)->server->services().connections.for_each([&](const Connection& connection) {
    std::string line = connection.describe_state();
    std::string& before = described_[{handle, connection.id()}];
    if (before == line) return;
    log_.note(line);
    before = std::move(line);
  });
}

}  // namespace ipdaemon::sim
