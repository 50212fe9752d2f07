// The poller of the simulated world.
#include "reactor/poller.hpp"

#include "ipdaemon.h"
#include "memory_sim.hpp"
#include "world.hpp"

namespace ipdaemon {

using sim::SimulatorCode;
using sim::World;

struct Poller::State {
  sim::SimPoller* poller = nullptr;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    const SimulatorCode guard;
    if (poller != nullptr) World::current()->drop_poller(poller);
  }
};

Poller::Poller(std::unique_ptr<State> state) : state_(std::move(state)) {}
Poller::~Poller() = default;

std::unique_ptr<Poller> Poller::create(int* error) {
  auto state = std::make_unique<State>();
  {
    const SimulatorCode guard;
    state->poller = World::current()->new_poller(error);
  }
  if (state->poller == nullptr) return nullptr;
  return std::unique_ptr<Poller>(new Poller(std::move(state)));
}

int Poller::watch(SocketHandle socket, Interest interest, void* token) {
  const SimulatorCode guard;
  return World::current()->watch(state_->poller, socket, interest, token, false);
}

int Poller::change(SocketHandle socket, Interest interest, void* token) {
  const SimulatorCode guard;
  return World::current()->watch(state_->poller, socket, interest, token, true);
}

void Poller::forget(SocketHandle socket) {
  const SimulatorCode guard;
  World::current()->forget(state_->poller, socket);
}

int Poller::wait(Ready* ready, int ready_max, int timeout_ms) {
  const SimulatorCode guard;
  return World::current()->wait(state_->poller, ready, ready_max, timeout_ms);
}

std::int64_t Poller::descriptor() const {
  return state_->poller->descriptor;
}

// There are no threads in the simulated world.
std::unique_ptr<Waiter> Poller::make_waiter(int* error) {
  *error = IPDAEMON_ERROR_NOT_AVAILABLE;
  return nullptr;
}

void Poller::prepare_waiter() {}

const char* Poller::name() {
  return "simulator";
}

}  // namespace ipdaemon
