// Sockets of the simulated world.
#include "net/socket.hpp"

#include "ipdaemon.h"
#include "memory_sim.hpp"
#include "world.hpp"

namespace ipdaemon {

using sim::SimulatorCode;
using sim::World;

int Socket::create(Family family, Socket* out) {
  const SimulatorCode guard;
  int descriptor = -1;
  const int error = World::current()->create_socket(family, &descriptor);
  if (error == 0) *out = Socket(descriptor);
  return error;
}

int Socket::listen(const Endpoint& local, const ListenOptions& options, Socket* out) {
  const SimulatorCode guard;
  int descriptor = -1;
  const int error = World::current()->listen(local, options, &descriptor);
  if (error == 0) *out = Socket(descriptor);
  return error;
}

int Socket::listen_again(int backlog) {
  const SimulatorCode guard;
  return World::current()->listen_again(handle_, backlog);
}

int Socket::accept(Socket* out, Endpoint* peer) {
  const SimulatorCode guard;
  int descriptor = -1;
  const int error = World::current()->accept(handle_, &descriptor, peer);
  if (error == 0) *out = Socket(descriptor);
  return error;
}

Transfer Socket::receive(void* buffer, std::size_t length) {
  const SimulatorCode guard;
  return World::current()->receive(handle_, buffer, length);
}

bool Socket::has_input() {
  const SimulatorCode guard;
  return World::current()->has_input(handle_);
}

Transfer Socket::send(const BytesView* pieces, int count) {
  const SimulatorCode guard;
  return World::current()->send(handle_, pieces, count);
}

Transfer Socket::send_file(const File& file, std::int64_t offset, std::int64_t length) {
  const SimulatorCode guard;
  return World::current()->send_file(handle_, static_cast<int>(file.handle()), offset, length);
}

int Socket::shut_down_send() {
  const SimulatorCode guard;
  return World::current()->shut_down_send(handle_);
}

void Socket::close() {
  const SimulatorCode guard;
  if (valid()) World::current()->close(release(), false);
}

void Socket::reset() {
  const SimulatorCode guard;
  if (valid()) World::current()->close(release(), true);
}

int Socket::set(SocketOption option, int value) {
  const SimulatorCode guard;
  return World::current()->set_option(handle_, option, value);
}

int Socket::get(SocketOption option, int* value) const {
  const SimulatorCode guard;
  return World::current()->get_option(handle_, option, value);
}

int Socket::local_endpoint(Endpoint* out) const {
  const SimulatorCode guard;
  return World::current()->local_endpoint(handle_, out);
}

int Socket::pending_error() {
  const SimulatorCode guard;
  return World::current()->pending_error(handle_);
}

int resolve(const std::string& name, std::vector<Address>* out) {
  out->clear();
  if (name == "localhost") {
    for (const char* text : {"127.0.0.1", "::1"}) {
      Address address;
      if (Address::parse(text, &address)) out->push_back(address);
    }
    return 0;
  }
  return name == "slow.example" ? IPDAEMON_ERROR_HOST_NOT_FOUND_NOW : IPDAEMON_ERROR_HOST_NOT_FOUND;
}

bool family_available(Family family) {
  return family != Family::none;
}

std::int64_t raise_descriptor_limit() {
  return 0;
}

const char* system_name() {
  return "simulator";
}

}  // namespace ipdaemon
