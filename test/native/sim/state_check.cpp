#include "state_check.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "abi/handles.hpp"
#include "connection/connection.hpp"
#include "memory_sim.hpp"

namespace ipdaemon::sim {

namespace {

StateCheck* current = nullptr;
std::uint32_t reasons = 0;

// Accepted are those that have ended and those that have not, counted in three ways, at any time.
void check_sum(ipdaemon_t handle, Server& server) {
  std::int64_t open = 0;
  server.services().connections.for_each([&](const Connection& connection) {
    if (!connection.has_ended()) ++open;
  });
  const auto value = [&](int counter) { return server.counter(counter); };
  const std::int64_t accepted = value(IPDAEMON_COUNTER_ACCEPTED);
  const std::int64_t there = value(IPDAEMON_COUNTER_CONNECTIONS) + value(IPDAEMON_COUNTER_HANDSHAKES);
  std::int64_t closed = 0;
  for (int reason = 1; reason < IPDAEMON_CLOSED_END; ++reason) {
    const std::int64_t ended = value(IPDAEMON_COUNTER_CLOSED + reason);
    closed += ended;
    if (ended > 0) reasons |= 1U << reason;
  }
  if (there == open && accepted == closed + open && closed == value(IPDAEMON_COUNTER_CLOSED_ALL)) return;
  std::fprintf(stderr, "server %d: accepted %lld, closed %lld, open %lld, by the gauges %lld\n", handle,
               static_cast<long long>(accepted), static_cast<long long>(closed), static_cast<long long>(open),
               static_cast<long long>(there));
  std::abort();
}

}  // namespace

StateCheck::StateCheck(const Program* program, Log* log) : program_(*program), log_(*log) {
  current = this;
  after_library_call = &StateCheck::look;
}

StateCheck::~StateCheck() {
  after_library_call = nullptr;
  current = nullptr;
}

std::uint32_t StateCheck::take_reasons() {
  return std::exchange(reasons, 0);
}

void StateCheck::look() {
  for (int number = 0; number < current->program_.server_count(); ++number) {
    int error = 0;
    const ipdaemon_t handle = current->program_.handle(number);
    const Instance* instance = find_handle(handle, &error);
    if (instance == nullptr) continue;
    if (current->log_.traces()) current->describe(handle);
    instance->server->check();
    check_sum(handle, *instance->server);
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
