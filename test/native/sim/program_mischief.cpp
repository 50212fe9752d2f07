// What programs do beside their work, and should not do but may.
#include <iterator>

#include "program.hpp"

namespace ipdaemon::sim {
namespace {

const Bytes eols[] = {"\n", "\r\n", "\r", std::string("\0", 1), "aab", std::string("a\0b\0", 4), "abababac", "--"};

// Two servers may share the key.
const char* const tls_changes[] = {
    "Reload=True",       "SSLAlpnProtocols=h2,http/1.1",
    "SSLAlpnProtocols=", "SSLSniCertificates=none",
    "SSLTicketKeys=",    "SSLTicketKeys=a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr"};

const char* const file_names[] = {"small", "empty", "large", "shrinking", "missing"};

}  // namespace

const char* Program::some_file() {
  return file_names[choices_.below(std::size(file_names))];
}

// A callback before may have closed the handle, and nothing is drawn for a run that has failed.
bool Program::happens(const Server& server, int per_thousand) {
  return server.open && !checker_.failed() && choices_.chance(per_thousand, 1000);
}

// What callbacks do beside their work. Returns what the callback returns.
int Program::mischief(Server& server, int id) {
  if (calm_ || checker_.failed()) return 0;
  const ServerPlan& plan = server.plan;
  if (id != 0) change_connection(server, id);
  // It computes, or its machine sleeps, while the world goes on.
  if (happens(server, plan.computes)) {
    world_.run_until(world_.now_us() + choices_.between(1, 3500) * 1000, [] { return false; });
  }
  if (happens(server, plan.host_ends)) {
    log_.write("-- the host ends");
    host_ended_ = true;
    checker_.host_ends();
    return 1;
  }
  call_for_others(server, id);
  const bool deep = checker_.depth() > 12;
  if (!deep && happens(server, plan.pumps)) do_events(server);
  if (!deep && happens(server, plan.other_handles)) {
    Server& other = *servers_[choices_.below(servers_.size())];
    if (other.open) do_events(other);
  }
  if (id != 0 && happens(server, plan.disconnects)) disconnect(server, id);
  if (happens(server, plan.disconnects_others)) {
    const int other = any_connection(server);
    if (other != 0) disconnect(server, other);
  }
  change_server(server);
  return choices_.chance(plan.stops, 1000) ? static_cast<int>(choices_.between(1, 5)) : 0;
}

void Program::change_connection(Server& server, int id) {
  const ServerPlan& plan = server.plan;
  if (happens(server, plan.framings)) change_framing(server, id);
  if (happens(server, plan.pauses)) {
    const bool accept = choices_.chance(1, 3);
    if (set(server, IPDAEMON_PROPERTY_ACCEPT_DATA, id, accept ? 1 : 0) == 0) server.talks[id].paused = !accept;
  }
  if (happens(server, plan.timeouts)) {
    set(server, choices_.chance(1, 2) ? IPDAEMON_PROPERTY_TIMEOUT : IPDAEMON_PROPERTY_IDLE_TIMEOUT, id,
        choices_.between(0, 3));
  }
}

// Calls for any connection, from the callback of another one.
void Program::call_for_others(Server& server, int id) {
  const ServerPlan& plan = server.plan;
  if (happens(server, plan.big_sends)) say(server, id != 0 ? id : any_connection(server), some_text(150000));
  if (happens(server, plan.sends_others)) say(server, any_connection(server), some_text(2000));
  if (happens(server, plan.files)) send_file(server, any_connection(server), some_file());
  if (happens(server, plan.interrupts)) interrupt(server, any_connection(server));
  if (happens(server, plan.start_ssls)) start_ssl(server, any_connection(server));
  if (happens(server, plan.disconnects_others)) {
    const int other = checker_.any_handshake(server.handle);
    if (other != 0) disconnect(server, other);
  }
}

void Program::change_server(Server& server) {
  const ServerPlan& plan = server.plan;
  if (happens(server, plan.listens)) {
    if (server.listening) {
      if (set(server, IPDAEMON_PROPERTY_LISTENING, 0, 0) == 0) server.listening = false;
    } else {
      listen(server);
    }
  }
  if (happens(server, plan.drains)) drain(server);
  if (happens(server, plan.configs)) config(server, choices_.chance(1, 2) ? "TcpNoDelay=True" : "KeepAliveTime=60000");
  if (happens(server, plan.tls_changes)) config(server, tls_changes[choices_.below(std::size(tls_changes))]);
  if (happens(server, plan.batches)) register_batch(server, static_cast<int>(choices_.below(40)));
  if (happens(server, plan.shutdowns)) shutdown(server);
  if (happens(server, plan.resets)) reset(server);
  if (happens(server, plan.closes)) close(server);
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

}  // namespace ipdaemon::sim
