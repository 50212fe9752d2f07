// Members of TlsSession: what OpenSSL asks in a handshake becomes events, and what the program answers goes back. Its
// callbacks may do anything, also end the connection.

#include "base/wiped_bytes.hpp"
#include "connection/connection.hpp"
#include "connection/services.hpp"
#include "connection/tls_session.hpp"
#include "ipdaemon.h"

namespace ipdaemon {

tls::HelloWish TlsSession::wants_client_hello() const {
  const Dispatcher& dispatcher = connection_.services().dispatcher;
  if (dispatcher.wants(IPDAEMON_EVENT_SSL_CONNECTION_REQUEST)) return tls::HelloWish::everything;
  return dispatcher.wants(IPDAEMON_EVENT_SSL_STATUS) ? tls::HelloWish::name : tls::HelloWish::nothing;
}

bool TlsSession::wants_certificate_chain() const {
  return connection_.services().settings.setting(IPDAEMON_SETTING_SSL_INCLUDE_CERT_CHAIN) != 0;
}

void TlsSession::on_notice(const std::string& text) {
  connection_.services().notices.add_status(text);
}

bool TlsSession::on_client_hello(const tls::ClientHello& hello, std::shared_ptr<const tls::Identities>* choice,
                                 tls::Problem* problem) {
  const Dispatcher& dispatcher = connection_.services().dispatcher;
  *problem = {IPDAEMON_ERROR_TLS_HANDSHAKE, "the program ended the connection, or its callback threw", false};
  if (dispatcher.wants(IPDAEMON_EVENT_SSL_STATUS)) {
    connection_.fire_status(hello.server_name.empty() ? "client hello received"
                                                      : "client hello received, " + hello.server_name);
    if (connection_.has_ended()) return false;
  }
  if (!dispatcher.wants(IPDAEMON_EVENT_SSL_CONNECTION_REQUEST)) return true;
  return dispatcher.may_deliver() && ask_for_certificate(hello, choice, problem);
}

bool TlsSession::ask_for_certificate(const tls::ClientHello& hello, std::shared_ptr<const tls::Identities>* choice,
                                     tls::Problem* problem) {
  Services& services = connection_.services();
  const Settings& settings = services.settings;
  const std::int64_t type = settings.number(IPDAEMON_PROPERTY_SSL_CERT_STORE_TYPE);
  // Copies: the callback may set the properties.
  const WipedBytes store(settings.bytes(IPDAEMON_PROPERTY_SSL_CERT_STORE));
  const WipedBytes password(settings.bytes(IPDAEMON_PROPERTY_SSL_CERT_STORE_PASSWORD));
  const Bytes subject(hello.subject.empty() ? settings.bytes(IPDAEMON_PROPERTY_SSL_CERT_SUBJECT)
                                            : BytesView(hello.subject));
  ValueView parameters[] = {
      ValueView::integer(connection_.id()),
      ValueView::text(hello.cipher_suites),
      ValueView::text(hello.signature_algorithms),
      ValueView::integer(type),
      ValueView::raw(store),
      ValueView::text(password),
      ValueView::text(subject),
      ValueView::text(hello.server_name),
  };
  const bool go_on = services.dispatcher.fire(&connection_, IPDAEMON_EVENT_SSL_CONNECTION_REQUEST, parameters, 8);
  // What the program has set instead of the store and the password is not kept either.
  struct Forgetting {
    Dispatcher& dispatcher;
    ~Forgetting() { dispatcher.forget_changes(); }
  } const forgetting{services.dispatcher};
  if (!go_on || connection_.has_ended()) return false;
  tls::StoreQuery query{parameters[3].number, parameters[4].bytes, parameters[5].bytes, parameters[6].bytes, {}};
  const bool same_store = query.type == type && query.store == store && query.password == password;
  if (same_store && query.subject == subject) return true;
  // A subject that was left as it is belongs to the certificate of the other store.
  if (query.subject.empty() || (!same_store && query.subject == subject)) query.subject = "*";
  *choice = services.certificate_choices.find(query, problem);
  return *choice != nullptr;
}

bool TlsSession::on_client_certificate(const tls::ClientCertificate& certificate) {
  Dispatcher& dispatcher = connection_.services().dispatcher;
  if (connection_.has_ended()) return false;
  if (!dispatcher.wants(IPDAEMON_EVENT_SSL_CLIENT_AUTHENTICATION)) return certificate.accept;
  ValueView parameters[] = {
      ValueView::integer(connection_.id()), ValueView::raw(certificate.pem),     ValueView::text(certificate.subject),
      ValueView::text(certificate.issuer),  ValueView::text(certificate.status), ValueView::boolean(certificate.accept),
  };
  const bool go_on = dispatcher.fire(&connection_, IPDAEMON_EVENT_SSL_CLIENT_AUTHENTICATION, parameters, 6);
  return go_on && !connection_.has_ended() && parameters[5].number != 0;
}

}  // namespace ipdaemon
