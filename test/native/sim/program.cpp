#include "program.hpp"

#include <algorithm>

#include "memory_sim.hpp"
#include "tls_sim.hpp"

namespace ipdaemon::sim {
namespace {

// Runs library code: allocations are the library's, and may fail.
template <typename Function>
auto library(Function function) {
  const LibraryCode guard;
  return function();
}

// Looks at the library without disturbing it: allocations succeed.
template <typename Function>
auto undisturbed(Function function) {
  const SimulatorCode guard;
  return function();
}

const Bytes eols[] = {"\n", "\r\n", "\r", std::string("\0", 1), "aab", std::string("a\0b\0", 4), "abababac", "--"};

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

const char* const file_names[] = {"small", "empty", "large", "shrinking", "missing"};

}  // namespace

// ---- Calls

int Program::set(Server& server, int property, int id, std::int64_t number) {
  ipdaemon_value value{};
  value.type = IPDAEMON_TYPE_INTEGER;
  value.integer = number;
  const bool ends = property == IPDAEMON_PROPERTY_CONNECTED && number == 0;
  log_.write("set(%d, %d, %d, %lld)", server.number, property, id, static_cast<long long>(number));
  if (ends) checker_.end_wanted(server.handle, id);
  checker_.call_begins(Call::set, server.handle, id, ends);
  const ipdaemon_t handle = server.handle;
  const int code = library([&] { return ipdaemon_set(handle, property, id, &value); });
  log_.write("= %d", code);
  if (code == 0 && server.open) checker_.property_set(handle, property, id, number, {});
  checker_.call_ends(code);
  return code;
}

int Program::set_bytes(Server& server, int property, int id, BytesView bytes) {
  ipdaemon_value value{};
  value.type = IPDAEMON_TYPE_BYTES;
  value.bytes = as_bytes(bytes);
  value.length = bytes.size();
  log_.write("set(%d, %d, %d, %s)", server.number, property, id, shown(bytes).c_str());
  checker_.call_begins(Call::set, server.handle, id, false);
  const ipdaemon_t handle = server.handle;
  const int code = library([&] { return ipdaemon_set(handle, property, id, &value); });
  log_.write("= %d", code);
  if (code == 0 && server.open) checker_.property_set(handle, property, id, 0, bytes);
  checker_.call_ends(code);
  return code;
}

std::int64_t Program::get(Server& server, int property, int id) {
  ipdaemon_value value{};
  const int code = undisturbed([&] { return ipdaemon_get(server.handle, property, id, &value); });
  return code == 0 ? value.integer : -1;
}

Bytes Program::get_text(Server& server, int property, int id) {
  ipdaemon_value value{};
  const int code = undisturbed([&] { return ipdaemon_get(server.handle, property, id, &value); });
  return code == 0 ? Bytes(as_view(value.bytes, value.length)) : Bytes();
}

int Program::config(Server& server, const std::string& text) {
  // Certificates differ by the day on which they were made.
  const std::string said = text.size() > 80 ? text.substr(0, text.find('=')) + "=..." : text;
  log_.write("do_config(%d, %s)", server.number, said.c_str());
  checker_.call_begins(Call::config, server.handle, 0, false);
  ipdaemon_value value{};
  const int code = library([&] { return ipdaemon_do_config(server.handle, as_bytes(text), text.size(), &value); });
  log_.write("= %d", code);
  checker_.call_ends(code);
  return code;
}

int Program::send(Server& server, int id, BytesView bytes) {
  const int way = static_cast<int>(choices_.below(8));
  const bool line = way == 6;
  const Bytes whole = line ? Bytes(bytes) + "\r\n" : Bytes(bytes);
  const ConnectionModel* model = checker_.find(server.handle, id);
  const bool blocking = model != nullptr && model->timeout_s > 0;
  log_.write("do_send(%d, %d, %s)%s", server.number, id, shown(whole).c_str(), blocking ? " blocking" : "");
  checker_.call_begins(Call::send, server.handle, id, blocking);
  checker_.send_begins(server.handle, id, whole, false);
  const ipdaemon_t handle = server.handle;
  ++send_depth_;
  const int code = library([&] {
    if (line) return ipdaemon_do_sendline(handle, id, as_bytes(bytes), bytes.size());
    if (way == 7) {
      ipdaemon_value value{};
      value.type = IPDAEMON_TYPE_BYTES;
      value.bytes = as_bytes(bytes);
      value.length = bytes.size();
      return ipdaemon_set(handle, IPDAEMON_PROPERTY_DATA_TO_SEND, id, &value);
    }
    return ipdaemon_do_send(handle, id, as_bytes(bytes), bytes.size());
  });
  --send_depth_;
  const std::int64_t bytes_sent = server.open ? get(server, IPDAEMON_PROPERTY_BYTES_SENT, id) : -1;
  log_.write("= %d, %lld sent", code, static_cast<long long>(bytes_sent));
  checker_.send_ends(handle, id, code, bytes_sent);
  checker_.call_ends(code);
  if (code == IPDAEMON_ERROR_WOULD_BLOCK && server.open) {
    checker_.check_ready(handle, id, get(server, IPDAEMON_PROPERTY_READY_TO_SEND, id) == 1);
  }
  return code;
}

int Program::send_file(Server& server, int id, const std::string& path) {
  const ConnectionModel* model = checker_.find(server.handle, id);
  const bool blocking = model != nullptr && model->timeout_s > 0;
  const Bytes content = world_.file_content(path);
  log_.write("do_sendfile(%d, %d, %s)%s", server.number, id, path.c_str(), blocking ? " blocking" : "");
  checker_.call_begins(Call::send_file, server.handle, id, blocking);
  checker_.send_begins(server.handle, id, content, true);
  const ipdaemon_t handle = server.handle;
  ++send_depth_;
  const int code = library([&] { return ipdaemon_do_sendfile(handle, id, as_bytes(path), path.size()); });
  --send_depth_;
  const std::int64_t bytes_sent = server.open ? get(server, IPDAEMON_PROPERTY_BYTES_SENT, id) : -1;
  log_.write("= %d, %lld sent", code, static_cast<long long>(bytes_sent));
  checker_.send_ends(handle, id, code, bytes_sent);
  checker_.call_ends(code);
  return code;
}

int Program::start_ssl(Server& server, int id) {
  if (id == 0) return 0;
  log_.write("do_startssl(%d, %d)", server.number, id);
  checker_.call_begins(Call::start_ssl, server.handle, id, false);
  const ipdaemon_t handle = server.handle;
  const int code = library([&] { return ipdaemon_do_startssl(handle, id); });
  log_.write("= %d", code);
  checker_.start_ssl_ends(handle, id, code);
  checker_.call_ends(code);
  const ConnectionModel* model = checker_.find(handle, id);
  if (code == 0 && !checker_.failed() && !model->abandoned) {
    peers_.start_tls(model->link, model->clear_out);
  }
  return code;
}

int Program::disconnect(Server& server, int id) {
  if (choices_.chance(1, 4)) return set(server, IPDAEMON_PROPERTY_CONNECTED, id, 0);
  log_.write("do_disconnect(%d, %d)", server.number, id);
  ConnectionModel* model = checker_.find(server.handle, id);
  const bool known = model != nullptr && !model->disconnected && !model->abandoned;
  checker_.end_wanted(server.handle, id);
  checker_.call_begins(Call::disconnect, server.handle, id, true);
  const ipdaemon_t handle = server.handle;
  const int code = library([&] { return ipdaemon_do_disconnect(handle, id); });
  log_.write("= %d", code);
  if (known && code != 0 && code != IPDAEMON_ERROR_HANDLER_STOPPED && code != IPDAEMON_ERROR_OUT_OF_MEMORY) {
    checker_.fail("do_disconnect returned " + std::to_string(code));
  }
  checker_.call_ends(code);
  return code;
}

int Program::do_events(Server& server) {
  log_.write("do_doevents(%d)", server.number);
  checker_.call_begins(Call::doevents, server.handle, 0, true);
  const ipdaemon_t handle = server.handle;
  const int code = library([&] { return ipdaemon_do_doevents(handle); });
  log_.write("= %d", code);
  checker_.call_ends(code);
  return code;
}

int Program::poll(Server& server, int timeout_ms) {
  log_.write("poll(%d, %d)", server.number, timeout_ms);
  checker_.call_begins(Call::poll, server.handle, 0, true);
  const ipdaemon_t handle = server.handle;
  const int code = library([&] { return ipdaemon_poll(handle, timeout_ms); });
  log_.write("= %d", code);
  checker_.call_ends(code);
  return code;
}

void Program::shutdown(Server& server) {
  log_.write("do_shutdown(%d)", server.number);
  checker_.end_wanted(server.handle, 0);
  checker_.call_begins(Call::shutdown, server.handle, 0, true);
  const ipdaemon_t handle = server.handle;
  const int code = library([&] { return ipdaemon_do_shutdown(handle); });
  log_.write("= %d", code);
  server.listening = false;
  checker_.handle(handle).listening = false;
  checker_.call_ends(code);
}

void Program::reset(Server& server) {
  log_.write("do_reset(%d)", server.number);
  checker_.call_begins(Call::reset, server.handle, 0, false);
  const ipdaemon_t handle = server.handle;
  const int code = library([&] { return ipdaemon_do_reset(handle); });
  log_.write("= %d", code);
  if (code != 0 && code != IPDAEMON_ERROR_OUT_OF_MEMORY) checker_.fail("do_reset returned " + std::to_string(code));
  server.listening = false;
  server.was_reset = true;
  server.talks.clear();
  checker_.reset(handle);
  checker_.call_ends(0);
}

void Program::close(Server& server) {
  log_.write("close(%d)", server.number);
  checker_.call_begins(Call::close, server.handle, 0, false);
  const ipdaemon_t handle = server.handle;
  const bool shared = server.plan.share_port;
  std::vector<int> links;
  for (const ConnectionModel* model : checker_.connections(handle)) links.push_back(model->link);
  server.open = false;
  server.listening = false;
  const int code = library([&] { return ipdaemon_close(handle); });
  log_.write("= %d", code);
  if (code != 0) checker_.fail("close returned " + std::to_string(code));
  // Also inside a callback, which may last.
  if (!shared && world_.listening_on(server.port)) checker_.fail("a closed handle listens on");
  for (const int link : links) {
    if (!world_.link(link).server_closed) checker_.fail("a closed handle keeps a connection open");
  }
  checker_.closed(handle);
  checker_.call_ends(0);
  if (undisturbed([&] { return ipdaemon_do_doevents(handle); }) != IPDAEMON_ERROR_INVALID_HANDLE) {
    checker_.fail("a closed handle is still accepted");
  }
}

void Program::register_all(Server& server) {
  for (int event = 1; event <= 9; ++event) {
    if (event == IPDAEMON_EVENT_CONNECTION_REQUEST && !server.plan.requests) continue;
    if (event == IPDAEMON_EVENT_SSL_CONNECTION_REQUEST && !server.plan.sees_hello) continue;
    if (event == IPDAEMON_EVENT_SSL_CLIENT_AUTHENTICATION && !server.plan.sees_certificates) continue;
    if (event == IPDAEMON_EVENT_SSL_STATUS && !server.plan.sees_status) continue;
    undisturbed([&] { return ipdaemon_register_callback(server.handle, event, on_event, &server); });
  }
  undisturbed([&] { return ipdaemon_set_wait_hook(server.handle, on_wait, &server); });
  checker_.handle(server.handle).wants_request = server.plan.requests;
  checker_.handle(server.handle).wants_certificates = server.plan.sees_certificates;
}

void Program::register_batch(Server& server, int capacity) {
  log_.write("register_data_batch(%d, %d)", server.number, capacity);
  // Words of a batch that is being delivered right now stay where they are.
  if (server.words.size() < static_cast<std::size_t>(2 + 3 * 64)) server.words.resize(2 + 3 * 64);
  checker_.call_begins(Call::register_callback, server.handle, 0, false);
  const int code = library([&] {
    return ipdaemon_register_data_batch(server.handle, capacity > 0 ? on_batch : nullptr, &server, server.words.data(),
                                        capacity);
  });
  checker_.call_ends(code);
}

// ---- Servers

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
  return done && configure_tls(server);
}

bool Program::configure_tls(Server& server) {
  const ServerPlan& plan = server.plan;
  if (plan.secure == Secure::never) return true;
  bool done = set(server, IPDAEMON_PROPERTY_SSL_CERT_STORE_TYPE, 0, IPDAEMON_SSL_CERT_STORE_TYPE_PEM_KEY_BLOB) == 0;
  done &= set_bytes(server, IPDAEMON_PROPERTY_SSL_CERT_STORE, 0, server_pem()) == 0;
  done &= set_bytes(server, IPDAEMON_PROPERTY_SSL_CERT_SUBJECT, 0, "*") == 0;
  if (plan.authenticates) {
    done &= config(server, "SSLServerCACerts=" + authority_pem()) == 0;
    done &= set(server, IPDAEMON_PROPERTY_SSL_AUTHENTICATE_CLIENTS, 0, 1) == 0;
  }
  if (plan.tls_version != 0) {
    done &= config(server, plan.tls_version == 12 ? "SSLEnabledProtocols=3072" : "SSLEnabledProtocols=12288") == 0;
    checker_.handle(server.handle).tls_version = plan.tls_version;
  }
  if (plan.logs_packets) done &= config(server, "LogSSLPackets=True") == 0;
  if (!plan.resumes) done &= config(server, "ReuseSSLSession=False") == 0;
  if (plan.handshake_s >= 0) {
    const bool set_now = config(server, "DefaultConnectionTimeout=" + std::to_string(plan.handshake_s)) == 0;
    if (set_now) checker_.handle(server.handle).handshake_s = plan.handshake_s;
    done &= set_now;
  }
  return done &&
         set(server, IPDAEMON_PROPERTY_SSL_START_MODE, 0,
             plan.secure == Secure::at_once ? IPDAEMON_SSL_START_MODE_IMPLICIT : IPDAEMON_SSL_START_MODE_EXPLICIT) == 0;
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
  for (int tries = 0; tries < 20; ++tries) {
    if (configure(server)) break;
    if (tries < 19) continue;
    checker_.tolerate_failures();
    // Without its certificate, it must not talk in clear to those who want TLS.
    if (plan.secure != Secure::never) {
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
  return allowed_cases[server.plan.allowed_clients].matches(world_.link(link).peer.address);
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

// ---- Events

std::int32_t Program::on_wait(void* user, ipdaemon_t) {
  const SimulatorCode guard;
  Program& program = *static_cast<Server*>(user)->program;
  // A blocking wait that was told to stop must do so; a failed run has no use for its end.
  return program.refuses_to_run() || program.checker_.failed() ? 1 : 0;
}

// A host that has ended runs nothing more, says so each time, and must not be asked for ever.
bool Program::refuses_to_run() {
  if (!host_ended_) return false;
  // A few for each connection, and for each call that has to return.
  if (++calls_after_end_ > 20000) checker_.fail("callbacks do not stop although the host has ended");
  return true;
}

std::int32_t Program::on_event(void* user, ipdaemon_t handle, std::int32_t event, ipdaemon_value* parameters,
                               std::int32_t count) {
  const SimulatorCode guard;
  Server& server = *static_cast<Server*>(user);
  Program& program = *server.program;
  LogChecker& checker = program.checker_;
  if (handle != server.handle) checker.fail("an event with another handle");
  if (program.refuses_to_run() || checker.failed()) return 1;
  int result = 0;
  const int id = static_cast<int>(parameters[0].integer);
  switch (event) {
    case IPDAEMON_EVENT_CONNECTION_REQUEST:
      return program.on_request(server, parameters);
    case IPDAEMON_EVENT_CONNECTED:
      result = program.on_connected(server, parameters);
      break;
    case IPDAEMON_EVENT_READY_TO_SEND:
      checker.ready_begins(handle, id);
      result = program.on_ready(server, id);
      break;
    case IPDAEMON_EVENT_DATA_IN: {
      const BytesView text = as_view(parameters[1].bytes, parameters[1].length);
      const std::uint64_t before = hash_of(text);
      checker.data_begins(handle, id);
      checker.data_piece(handle, id, text, parameters[2].integer != 0);
      result = program.on_data(server, id, text, parameters[2].integer != 0);
      if (hash_of(text) != before) checker.fail("the text of DataIn changed while its callback was running");
      break;
    }
    case IPDAEMON_EVENT_DISCONNECTED:
      result = program.on_disconnected(server, parameters);
      break;
    case IPDAEMON_EVENT_ERROR:
      checker.error_begins(handle, id, static_cast<int>(parameters[1].integer),
                           id != 0 ? program.link_of(server, id) : -1);
      result = program.mischief(server, 0);
      break;
    case IPDAEMON_EVENT_SSL_CONNECTION_REQUEST:
      result = program.on_hello(server, parameters);
      break;
    case IPDAEMON_EVENT_SSL_CLIENT_AUTHENTICATION:
      result = program.on_certificate(server, parameters);
      break;
    case IPDAEMON_EVENT_SSL_STATUS:
      result = program.on_status(server, parameters);
      break;
    default:
      checker.fail("event " + std::to_string(event) + ", which there is not");
      return 1;
  }
  (void)count;
  checker.event_ends(result);
  return result;
}

std::int32_t Program::on_batch(void* user, ipdaemon_t handle, std::int32_t id, const std::uint8_t* bytes,
                               std::uint64_t length, std::int32_t count) {
  const SimulatorCode guard;
  Server& server = *static_cast<Server*>(user);
  Program& program = *server.program;
  LogChecker& checker = program.checker_;
  if (program.refuses_to_run() || checker.failed()) return 1;
  checker.data_begins(handle, id);
  std::int32_t* words = server.words.data();
  int result = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    words[1] = i + 1;
    const std::int32_t begin = words[2 + 3 * i];
    const std::int32_t end = words[3 + 3 * i];
    const bool eol = words[4 + 3 * i] != 0;
    if (begin < 0 || end < begin || static_cast<std::uint64_t>(end) > length) {
      checker.fail("a batch has a piece outside of its bytes");
      break;
    }
    const BytesView text = as_view(bytes + begin, static_cast<std::uint64_t>(end - begin));
    const std::uint64_t before = hash_of(text);
    checker.data_piece(handle, id, text, eol);
    result = program.on_data(server, id, text, eol);
    if (hash_of(text) != before) checker.fail("the text of DataIn changed while its callback was running");
    if (result != 0 || words[0] != 0 || checker.failed()) break;
  }
  checker.event_ends(result);
  return result;
}

int Program::on_request(Server& server, ipdaemon_value* parameters) {
  const Bytes address(as_view(parameters[0].bytes, parameters[0].length));
  const int link = peers_.find(address, static_cast<int>(parameters[1].integer));
  if (link < 0) {
    checker_.fail("ConnectionRequest of a peer that there is not: " + address);
    return 1;
  }
  checker_.request_begins(server.handle, link, parameters[2].integer != 0, allowed(server, link));
  if (choices_.chance(server.plan.refusals, 1000)) parameters[2].integer = parameters[2].integer == 0 ? 1 : 0;
  const bool accept = parameters[2].integer != 0;
  const int result = mischief(server, 0);
  checker_.request_ends(server.handle, link, accept, result);
  return result;
}

int Program::on_connected(Server& server, ipdaemon_value* parameters) {
  const int id = static_cast<int>(parameters[0].integer);
  const int status = static_cast<int>(parameters[1].integer);
  const Bytes address = get_text(server, IPDAEMON_PROPERTY_REMOTE_HOST, id);
  const int link = peers_.find(address, static_cast<int>(get(server, IPDAEMON_PROPERTY_REMOTE_PORT, id)));
  if (link < 0 && status == 0) {
    checker_.fail("RemoteHost or RemotePort is wrong inside Connected: " + address);
    return 1;
  }
  checker_.connected_begins(server.handle, id, status, link);
  if (status != 0) return mischief(server, 0);
  server.talks[id] = Talk{};
  set_bytes(server, IPDAEMON_PROPERTY_USER_DATA, id, address);
  if (server.plan.record_length > 0) set(server, IPDAEMON_PROPERTY_RECORD_LENGTH, id, server.plan.record_length);
  if (!calm_ && server.plan.mode == Mode::files && choices_.chance(1, 3)) {
    send_file(server, id, file_names[choices_.below(5)]);
  }
  if (!calm_ && choices_.chance(1, 12)) say(server, id, some_text(200000));
  return mischief(server, id);
}

int Program::on_ready(Server& server, int id) {
  Talk& talk = server.talks[id];
  if (!talk.greeted) {
    talk.greeted = true;
    if (server.plan.greeting) say(server, id, "220 at your service\r\n");
  }
  if (server.open) retry_waiting(server, id);
  return mischief(server, id);
}

int Program::on_data(Server& server, int id, BytesView text, bool eol) {
  const ServerPlan& plan = server.plan;
  if (plan.secure == Secure::later && !calm_ && server.open) {
    const ConnectionModel* model = checker_.find(server.handle, id);
    const Link& link = world_.link(model->link);
    // As soon as the peer has said what it has to say in clear, as a rule.
    const PeerPlan& peer = peers_.plan(model->link);
    if (!model->secure && peer.waits_for_tls && link.sent.size() == peer.before_tls.size() && link.unread() == 0) {
      if (choices_.chance(1, 3)) say(server, id, "220 go ahead\r\n");
      if (server.open && choices_.chance(3, 4)) start_ssl(server, id);
      if (!server.open || checker_.failed()) return 0;
      if (choices_.chance(1, 4)) say(server, id, some_text(300));
    }
  }
  if (plan.deep && !calm_ && server.open) do_events(server);
  if (plan.gateway && in_session_) {
    ++session_.served;
    say(server, id, "busy\n");
    disconnect(server, id);
    return 0;
  }
  if (plan.gateway && !session_.done) run_session(server);
  if (!server.open || checker_.failed()) return 0;
  if (plan.fails_always && !calm_ && id % 2 == 1) return 1;
  switch (plan.mode) {
    case Mode::echo: {
      Bytes answer(text);
      const ConnectionModel* model = checker_.find(server.handle, id);
      if (eol && model != nullptr) answer += model->framing.eol;
      if (!answer.empty()) say(server, id, answer);
      break;
    }
    case Mode::sink:
      break;
    case Mode::talk:
      if (choices_.chance(1, 4)) say(server, id, some_text(70000));
      break;
    case Mode::broadcast: {
      const std::vector<ConnectionModel*> all = checker_.connections(server.handle);
      for (const ConnectionModel* other : all) {
        const int other_id = other->id;
        if (server.open && !server.was_reset) say(server, other_id, text);
      }
      break;
    }
    case Mode::files:
      if (choices_.chance(1, 3)) send_file(server, id, file_names[choices_.below(5)]);
      break;
  }
  return mischief(server, id);
}

int Program::on_disconnected(Server& server, ipdaemon_value* parameters) {
  const int id = static_cast<int>(parameters[0].integer);
  const ConnectionModel* model = checker_.find(server.handle, id);
  checker_.disconnected_begins(server.handle, id, static_cast<int>(parameters[1].integer));
  if (checker_.failed()) return 0;
  const Bytes address = get_text(server, IPDAEMON_PROPERTY_REMOTE_HOST, id);
  if (peers_.find(address, static_cast<int>(get(server, IPDAEMON_PROPERTY_REMOTE_PORT, id))) != model->link) {
    checker_.fail("RemoteHost or RemotePort is wrong inside Disconnected");
  }
  if (get(server, IPDAEMON_PROPERTY_CONNECTED, id) != 0) checker_.fail("Connected is True inside Disconnected");
  checker_.check_count(server.handle, get(server, IPDAEMON_PROPERTY_CONNECTION_COUNT, 0));
  if (choices_.chance(1, 10)) send(server, id, "nobody hears this");
  server.talks.erase(id);
  return mischief(server, id);
}

int Program::link_of(Server& server, int id) {
  return peers_.find(get_text(server, IPDAEMON_PROPERTY_REMOTE_HOST, id),
                     static_cast<int>(get(server, IPDAEMON_PROPERTY_REMOTE_PORT, id)));
}

// In a handshake. Before Connected, nothing may be set for the connection that lasts.
int Program::handshake_mischief(Server& server, int id) {
  if (calm_ || checker_.failed()) return 0;
  const auto happens = [&](int per_thousand) {
    return server.open && !checker_.failed() && choices_.chance(per_thousand, 1000);
  };
  if (id != 0 && happens(server.plan.disconnects)) disconnect(server, id);
  if (id != 0 && happens(server.plan.sends_others)) send(server, id, "too early");
  if (id != 0 && happens(server.plan.start_ssls)) start_ssl(server, id);
  if (!server.open || checker_.failed()) return 0;
  return mischief(server, 0);
}

int Program::on_hello(Server& server, ipdaemon_value* parameters) {
  const int id = static_cast<int>(parameters[0].integer);
  const int link = link_of(server, id);
  checker_.ssl_begins("SSLConnectionRequest", IPDAEMON_EVENT_SSL_CONNECTION_REQUEST, server.handle, id, link,
                      Bytes(as_view(parameters[7].bytes, parameters[7].length)));
  if (checker_.failed()) return 1;
  if (as_view(parameters[7].bytes, parameters[7].length) != "name.example" && world_.link(link).tls &&
      !world_.link(link).tls->damaged()) {
    checker_.fail("SSLConnectionRequest has the wrong server name");
  }
  const int result = handshake_mischief(server, id);
  if (!calm_ && choices_.chance(server.plan.choices, 1000)) {
    const bool good = choices_.chance(4, 5);
    static const std::string bad = "no certificate";
    const std::string& store = good ? other_server_pem() : bad;
    parameters[4].type = IPDAEMON_TYPE_BYTES;
    parameters[4].bytes = as_bytes(store);
    parameters[4].length = store.size();
    if (!good) checker_.ssl_refused(server.handle, id);
  }
  return result;
}

int Program::on_certificate(Server& server, ipdaemon_value* parameters) {
  const int id = static_cast<int>(parameters[0].integer);
  const int link = link_of(server, id);
  const Bytes subject(as_view(parameters[2].bytes, parameters[2].length));
  checker_.ssl_begins("SSLClientAuthentication", IPDAEMON_EVENT_SSL_CLIENT_AUTHENTICATION, server.handle, id, link,
                      subject);
  if (checker_.failed()) return 1;
  const TlsEnd* tls = world_.link(link).tls.get();
  if (tls != nullptr && !tls->damaged()) {
    if (subject != subject_of(tls->plan().certificate)) checker_.fail("the client's certificate is another one");
    const bool good = tls->plan().certificate == ClientCertificate::good;
    if ((parameters[5].integer != 0) != good) checker_.fail("SSLClientAuthentication proposes the wrong answer");
  }
  if (!calm_ && choices_.chance(server.plan.verdicts, 1000)) parameters[5].integer = parameters[5].integer == 0 ? 1 : 0;
  checker_.certificate_asked(server.handle, id, parameters[5].integer != 0);
  return handshake_mischief(server, id);
}

int Program::on_status(Server& server, ipdaemon_value* parameters) {
  const int id = static_cast<int>(parameters[0].integer);
  checker_.ssl_begins("SSLStatus", IPDAEMON_EVENT_SSL_STATUS, server.handle, id, id != 0 ? link_of(server, id) : -1,
                      Bytes(as_view(parameters[1].bytes, parameters[1].length)));
  // There are many of them.
  if (!choices_.chance(1, 6)) return 0;
  const ConnectionModel* model = checker_.find(server.handle, id);
  return model != nullptr ? mischief(server, id) : handshake_mischief(server, id);
}

// What callbacks do beside their work. Returns what the callback returns.
int Program::mischief(Server& server, int id) {
  if (calm_ || checker_.failed()) return 0;
  const ServerPlan& plan = server.plan;
  const auto happens = [&](int per_thousand) {
    return server.open && !checker_.failed() && choices_.chance(per_thousand, 1000);
  };
  const bool deep = checker_.depth() > 12;
  if (id != 0 && happens(plan.framings)) change_framing(server, id);
  if (id != 0 && happens(plan.pauses)) {
    const bool accept = choices_.chance(1, 3);
    if (set(server, IPDAEMON_PROPERTY_ACCEPT_DATA, id, accept ? 1 : 0) == 0) server.talks[id].paused = !accept;
  }
  if (id != 0 && happens(plan.timeouts)) {
    set(server, choices_.chance(1, 2) ? IPDAEMON_PROPERTY_TIMEOUT : IPDAEMON_PROPERTY_IDLE_TIMEOUT, id,
        choices_.between(0, 3));
  }
  // It computes, or its machine sleeps, while the world goes on.
  if (happens(plan.computes)) {
    world_.run_until(world_.now_us() + choices_.between(1, 3500) * 1000, [] { return false; });
  }
  if (happens(plan.host_ends)) {
    log_.write("-- the host ends");
    host_ended_ = true;
    checker_.host_ends();
    return 1;
  }
  if (happens(plan.big_sends)) say(server, id != 0 ? id : any_connection(server), some_text(150000));
  if (happens(plan.sends_others)) say(server, any_connection(server), some_text(2000));
  if (happens(plan.files)) send_file(server, any_connection(server), file_names[choices_.below(5)]);
  if (happens(plan.interrupts)) {
    const int other = any_connection(server);
    log_.write("do_interrupt(%d, %d)", server.number, other);
    checker_.call_begins(Call::interrupt, server.handle, other, false);
    checker_.interrupt_called(server.handle, other);
    const int code = library([&] { return ipdaemon_do_interrupt(server.handle, other); });
    checker_.call_ends(code);
  }
  if (happens(plan.start_ssls)) start_ssl(server, any_connection(server));
  if (happens(plan.disconnects_others)) {
    const int other = checker_.any_handshake(server.handle);
    if (other != 0) disconnect(server, other);
  }
  if (!deep && happens(plan.pumps)) do_events(server);
  if (!deep && happens(plan.other_handles)) {
    Server& other = *servers_[choices_.below(servers_.size())];
    if (other.open) do_events(other);
  }
  if (id != 0 && happens(plan.disconnects)) disconnect(server, id);
  if (happens(plan.disconnects_others)) {
    const int other = any_connection(server);
    if (other != 0) disconnect(server, other);
  }
  if (happens(plan.listens)) {
    if (server.listening) {
      if (set(server, IPDAEMON_PROPERTY_LISTENING, 0, 0) == 0) server.listening = false;
    } else {
      listen(server);
    }
  }
  if (happens(plan.configs)) config(server, choices_.chance(1, 2) ? "TcpNoDelay=True" : "KeepAliveTime=60000");
  if (happens(plan.batches)) register_batch(server, static_cast<int>(choices_.below(40)));
  if (happens(plan.shutdowns)) shutdown(server);
  if (happens(plan.resets)) reset(server);
  if (happens(plan.closes)) close(server);
  return choices_.chance(plan.stops, 1000) ? static_cast<int>(choices_.between(1, 5)) : 0;
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

void Program::change_framing(Server& server, int id) {
  switch (choices_.below(4)) {
    case 0:
      set_bytes(server, IPDAEMON_PROPERTY_EOL, id,
                choices_.chance(1, 4) ? Bytes() : eols[choices_.below(std::size(eols))]);
      break;
    case 1:
      set(server, IPDAEMON_PROPERTY_RECORD_LENGTH, id, choices_.chance(1, 2) ? 0 : choices_.between(1, 300));
      break;
    case 2:
      set(server, IPDAEMON_PROPERTY_SINGLE_LINE_MODE, id, choices_.between(0, 1));
      break;
    default:
      set(server, IPDAEMON_PROPERTY_RECORD_LENGTH, id, 0);
      if (server.open) set_bytes(server, IPDAEMON_PROPERTY_EOL, id, server.plan.eol);
      break;
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
      if (server.plan.secure != Secure::never) {
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
