// What the callbacks of a program do: their work, and then mischief.
#include "memory_sim.hpp"
#include "program.hpp"

namespace ipdaemon::sim {

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
    send_file(server, id, some_file());
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
      if (choices_.chance(1, 3)) send_file(server, id, some_file());
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

}  // namespace ipdaemon::sim
