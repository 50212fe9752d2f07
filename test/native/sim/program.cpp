#include "program.hpp"

#include <algorithm>

#include "memory_sim.hpp"

namespace ipdaemon::sim {
namespace {

struct AllowedCase {
  const char* text;
  bool (*matches)(const Address& peer);
};
bool is_ipv4(const Address& peer) {
  return peer.family == Family::ipv4;
}
const AllowedCase allowed_cases[] = {
    {"*", [](const Address&) { return true; }},
    {"10.*", is_ipv4},
    {"10.0.0.0/8, 192.168.1.1", is_ipv4},
    {"192.168.*,localhost", [](const Address&) { return false; }},
    {"fd00::/16", [](const Address& peer) { return peer.family == Family::ipv6; }},
    {"10.0.0.2/31,fd00::1",
     [](const Address& peer) {
       return peer.family == Family::ipv4 ? peer.bytes[1] == 0 && peer.bytes[2] == 0 && (peer.bytes[3] | 1) == 3
                                          : peer.bytes[13] == 0 && peer.bytes[14] == 0 && peer.bytes[15] == 1;
     }},
    {"unknown.example,10.*", is_ipv4},
};

}  // namespace

// ---- Servers

void Program::set_limits(Server& server) {
  const ServerPlan& plan = server.plan;
  HandleModel& model = checker_.handle(server.handle);
  const auto limit = [&](const char* name, std::int64_t seconds, std::int64_t* known) {
    if (seconds > 0 && config(server, std::string(name) + "=" + std::to_string(seconds)) == 0) *known = seconds;
  };
  limit("PieceTimeout", plan.piece_s, &model.piece_s);
  limit("SendTimeout", plan.send_s, &model.send_s);
  limit("MaxConnectionTime", plan.life_s, &model.life_s);
}

void Program::drain(Server& server) {
  const std::int64_t seconds = choices_.chance(1, 3) ? 0 : choices_.between(0, 5);
  // Before the call, which ends everybody if there is no time.
  checker_.drain_begins(server.handle, seconds);
  if (config(server, "Drain=" + std::to_string(seconds)) == 0) server.listening = false;
}

bool Program::configure(Server& server) {
  const ServerPlan& plan = server.plan;
  bool done = true;
  if (!plan.eol.empty()) done &= set_bytes(server, IPDAEMON_PROPERTY_DEFAULT_EOL, 0, plan.eol) == 0;
  if (plan.single_line) done &= set(server, IPDAEMON_PROPERTY_DEFAULT_SINGLE_LINE_MODE, 0, 1) == 0;
  if (plan.line_length_max > 0) {
    done &= set(server, IPDAEMON_PROPERTY_DEFAULT_MAX_LINE_LENGTH, 0, plan.line_length_max) == 0;
  }
  if (plan.timeout_s > 0) done &= set(server, IPDAEMON_PROPERTY_DEFAULT_TIMEOUT, 0, plan.timeout_s) == 0;
  if (plan.idle_s > 0) done &= set(server, IPDAEMON_PROPERTY_DEFAULT_IDLE_TIMEOUT, 0, plan.idle_s) == 0;
  if (!plan.linger) done &= set(server, IPDAEMON_PROPERTY_LINGER, 0, 0) == 0;
  done &= set(server, IPDAEMON_PROPERTY_CONNECTION_BACKLOG, 0, plan.backlog) == 0;
  HandleModel& model = checker_.handle(server.handle);
  if (plan.max_connections > 0 && config(server, "MaxConnections=" + std::to_string(plan.max_connections)) == 0) {
    model.max_connections = plan.max_connections;
  }
  if (plan.out_buffer > 0 && config(server, "OutBufferSize=" + std::to_string(plan.out_buffer)) == 0) {
    model.out_buffer = plan.out_buffer;
  }
  if (plan.select_wait_ms != 20) config(server, "SelectWaitMillis=" + std::to_string(plan.select_wait_ms));
  if (plan.ipv6 != 0) done &= config(server, "UseIPv6=" + std::to_string(plan.ipv6)) == 0;
  if (plan.share_port) done &= config(server, "BindExclusively=False") == 0;
  if (plan.allowed_clients != 0) {
    done &= config(server, std::string("AllowedClients=") + allowed_cases[plan.allowed_clients].text) == 0;
  }
  set_limits(server);
  return done && configure_proxies(server) && configure_tls(server);
}

bool Program::configure_proxies(Server& server) {
  const ServerPlan& plan = server.plan;
  if (plan.proxies == 0) return true;
  HandleModel& model = checker_.handle(server.handle);
  bool done = config(server, plan.trusts_all ? "ProxyTrustedClients=*" : "ProxyTrustedClients=10.0.0.0/8") == 0;
  done = done && config(server, "ProxyProtocol=" + std::to_string(plan.proxies)) == 0;
  if (done && plan.handshake_s >= 0) {
    done = config(server, "DefaultConnectionTimeout=" + std::to_string(plan.handshake_s)) == 0;
    if (done) model.handshake_s = plan.handshake_s;
  }
  model.proxies = plan.proxies;
  model.trusts_all = plan.trusts_all;
  return done;
}

int Program::open(const ServerPlan& plan) {
  const ipdaemon_t handle = library([] { return ipdaemon_open(); });
  log_.write("open() = %s", handle != 0 ? "a handle" : "0");
  if (handle == 0) {
    if (memory_failures() == 0 && world_.injected_errors() == 0) checker_.fail("open returned no handle");
    return -1;
  }
  checker_.opened(handle);
  servers_.push_back(std::make_unique<Server>());
  Server& server = *servers_.back();
  server.program = this;
  server.number = server_count() - 1;
  server.handle = handle;
  server.plan = plan;
  server.open = true;
  register_all(server);
  if (plan.batch_capacity > 0) register_batch(server, plan.batch_capacity);
  if (plan.group_capacity > 0) {
    server.group.draws = std::make_unique<SeededChoices>(plan.group_seed);
    register_group(server, plan.group_capacity);
  }
  for (int tries = 0; tries < 20; ++tries) {
    if (configure(server)) break;
    if (tries < 19) continue;
    checker_.tolerate_failures();
    // Without its certificate, it must not talk in clear to those who want TLS, nor take headers for data.
    if (plan.secure != Secure::never || plan.proxies != 0) {
      server.was_reset = true;
      return server.number;
    }
  }
  for (int tries = 0; tries < 20 && !listen(server); ++tries) {
  }
  return server.number;
}

bool Program::listen(Server& server) {
  // A port that the system chose is forgotten when listening ends, but the peers know it.
  if (server.port != 0 && set(server, IPDAEMON_PROPERTY_LOCAL_PORT, 0, server.port) != 0) return false;
  const int code = set(server, IPDAEMON_PROPERTY_LISTENING, 0, 1);
  if (code != 0) {
    if (memory_failures() == 0 && world_.injected_errors() == 0 && code != IPDAEMON_ERROR_ADDRESS_IN_USE) {
      checker_.fail("Listening cannot be set: " + std::to_string(code));
    }
    return false;
  }
  server.listening = true;
  const auto port = static_cast<std::uint16_t>(get(server, IPDAEMON_PROPERTY_LOCAL_PORT, 0));
  if (server.port != 0 && port != server.port) checker_.fail("LocalPort is not the port that was set");
  server.port = port;
  checker_.listens(server.handle, port);
  if (!world_.listening_on(port)) checker_.fail("Listening is True, but nobody listens on LocalPort");
  return true;
}

bool Program::listen(int number) {
  return listen(*servers_[static_cast<std::size_t>(number)]);
}

bool Program::allowed(const Server& server, int link) const {
  const Link& wire = world_.link(link);
  return wire.header == HeaderKind::local || allowed_cases[server.plan.allowed_clients].matches(wire.client.address);
}

void Program::pump(int number) {
  Server& server = *servers_[static_cast<std::size_t>(number)];
  if (!server.open) return;
  switch (server.plan.pump) {
    case Pump::doevents:
      do_events(server);
      break;
    case Pump::poll:
      poll(server, static_cast<int>(choices_.between(0, 300)));
      break;
    case Pump::outer_loop: {
      const std::int64_t descriptor = undisturbed([&] { return ipdaemon_wait_handle(server.handle); });
      const int deadline_ms = undisturbed([&] { return ipdaemon_next_deadline(server.handle); });
      const std::int64_t wait_ms = deadline_ms < 0 ? 1000 : std::min(deadline_ms, 1000);
      bool readable = world_.readable(static_cast<int>(descriptor));
      if (!readable && wait_ms > 0) {
        world_.run_until(world_.now_us() + wait_ms * 1000,
                         [&] { return world_.readable(static_cast<int>(descriptor)); });
        readable = world_.readable(static_cast<int>(descriptor));
      }
      // Nothing to do is what the library said; an outer loop would not call it.
      if (!readable && deadline_ms < 0) break;
      poll(server, 0);
      break;
    }
  }
}

// ---- What programs do

// A callback that lasts as long as the session that it handles.
void Program::run_session(Server& server) {
  in_session_ = true;
  const std::int64_t before = library_bytes();
  // Longer than a closed socket waits for its peer.
  for (int quiet = 0; quiet < 200 && !checker_.failed();) {
    const bool to_come = world_.anything_to_come();
    do_events(server);
    session_.descriptors = std::max(session_.descriptors, world_.open_descriptors());
    quiet = to_come ? 0 : quiet + 1;
  }
  session_.grown = library_bytes() - before;
  session_.done = true;
  in_session_ = false;
}

Bytes Program::some_text(std::size_t length_max) {
  const std::size_t length = choices_.chance(1, 2) ? choices_.below(100) : choices_.below(length_max);
  Bytes text(length, '\0');
  std::uint64_t word = choices_.below(UINT64_MAX);
  for (char& byte : text) byte = static_cast<char>('a' + splitmix64(&word) % 26);
  return text;
}

// Sends as a patient program does: a refused text is sent again, whole, when the connection is ready.
void Program::say(Server& server, int id, BytesView bytes) {
  if (id == 0) return;
  Talk& talk = server.talks[id];
  if (!talk.waiting.empty()) {
    if (talk.waiting.size() < 20) talk.waiting.emplace_back(bytes);
    return;
  }
  const int code = send(server, id, bytes);
  if (code != IPDAEMON_ERROR_WOULD_BLOCK || server.plan.retry == Retry::never || !server.open) return;
  if (server.plan.retry == Retry::on_event || (checker_.depth() > 8 && !server.plan.waits_deep)) {
    server.talks[id].waiting.emplace_back(bytes);
    return;
  }
  int pumps_after_break = 0;
  for (int tries = 0; tries < 400 && server.open && !checker_.failed(); ++tries) {
    const ConnectionModel* model = checker_.find(server.handle, id);
    if (model == nullptr || model->disconnected || model->abandoned) return;
    if (get(server, IPDAEMON_PROPERTY_READY_TO_SEND, id) == 1) {
      if (send(server, id, bytes) != IPDAEMON_ERROR_WOULD_BLOCK) return;
    } else if (world_.link(model->link).dead() && ++pumps_after_break > 20 && memory_failures() == 0) {
      checker_.fail("a loop that pumps until ready does not end although the connection is broken");
    }
    do_events(server);
  }
}

void Program::retry_waiting(Server& server, int id) {
  while (server.open) {
    Talk& talk = server.talks[id];
    if (talk.waiting.empty()) return;
    const Bytes text = talk.waiting.front();
    if (send(server, id, text) == IPDAEMON_ERROR_WOULD_BLOCK) return;
    std::deque<Bytes>& waiting = server.talks[id].waiting;
    if (!waiting.empty()) waiting.pop_front();
  }
}

int Program::any_connection(Server& server) {
  const std::vector<ConnectionModel*>& all = checker_.connections(server.handle);
  return all.empty() ? 0 : all[choices_.below(all.size())]->id;
}

void Program::act(int number) {
  Server& server = *servers_[static_cast<std::size_t>(number)];
  if (!server.open) return;
  if (server.was_reset) {
    // Reset gave everything its default; the program starts over, as soon as it is no longer in a callback.
    server.was_reset = false;
    register_all(server);
    if (!configure(server)) {
      checker_.tolerate_failures();
      if (server.plan.secure != Secure::never || server.plan.proxies != 0) {
        server.was_reset = true;
        return;
      }
    }
    listen(server);
    return;
  }
  if (!server.listening) listen(server);
  const int id = any_connection(server);
  if (id != 0 && choices_.chance(1, 6)) say(server, id, some_text(3000));
  if (id != 0 && server.open && server.talks[id].paused && choices_.chance(1, 2)) {
    if (set(server, IPDAEMON_PROPERTY_ACCEPT_DATA, id, 1) == 0) server.talks[id].paused = false;
  }
  if (server.open && choices_.chance(1, 3)) mischief(server, id);
}

void Program::look(int number) {
  Server& server = *servers_[static_cast<std::size_t>(number)];
  if (!server.open) return;
  checker_.check_count(server.handle, get(server, IPDAEMON_PROPERTY_CONNECTION_COUNT, 0));
  checker_.check_memory(server.handle,
                        undisturbed([&] { return ipdaemon_counter(server.handle, IPDAEMON_COUNTER_MEMORY); }));
  const int id = any_connection(server);
  if (id != 0) checker_.check_ready(server.handle, id, get(server, IPDAEMON_PROPERTY_READY_TO_SEND, id) == 1);
}

void Program::resume_all(int number) {
  Server& server = *servers_[static_cast<std::size_t>(number)];
  if (!server.open) return;
  if (server.was_reset || !server.listening) act(number);
  for (auto& [id, talk] : server.talks) {
    if (talk.paused && set(server, IPDAEMON_PROPERTY_ACCEPT_DATA, id, 1) == 0) talk.paused = false;
  }
}

void Program::shut_down(int number) {
  Server& server = *servers_[static_cast<std::size_t>(number)];
  if (server.open) shutdown(server);
}

void Program::close(int number) {
  Server& server = *servers_[static_cast<std::size_t>(number)];
  if (server.open) close(server);
}

}  // namespace ipdaemon::sim
