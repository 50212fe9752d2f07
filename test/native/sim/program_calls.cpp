// The calls of a program, each logged and announced to the checker.
#include "memory_sim.hpp"
#include "program.hpp"

namespace ipdaemon::sim {

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

void Program::interrupt(Server& server, int id) {
  log_.write("do_interrupt(%d, %d)", server.number, id);
  checker_.call_begins(Call::interrupt, server.handle, id, false);
  checker_.interrupt_called(server.handle, id);
  const int code = library([&] { return ipdaemon_do_interrupt(server.handle, id); });
  checker_.call_ends(code);
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

}  // namespace ipdaemon::sim
