// What a program does in handshakes: its settings, STARTTLS, and the events of TLS.
#include "memory_sim.hpp"
#include "program.hpp"
#include "tls_sim.hpp"

namespace ipdaemon::sim {

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

// In a handshake. Before Connected, nothing may be set for the connection that lasts.
int Program::handshake_mischief(Server& server, int id) {
  if (calm_ || checker_.failed()) return 0;
  if (id != 0 && happens(server, server.plan.disconnects)) disconnect(server, id);
  if (id != 0 && happens(server, server.plan.sends_others)) send(server, id, "too early");
  if (id != 0 && happens(server, server.plan.start_ssls)) start_ssl(server, id);
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

}  // namespace ipdaemon::sim
