#include "tls/engine_callbacks.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <new>
#include <utility>

#include "ipdaemon.h"
#include "tls/alpn.hpp"
#include "tls/client_hello.hpp"
#include "tls/engine_openssl.hpp"
#include "tls/packet_log.hpp"
#include "tls/verify.hpp"

namespace ipdaemon::tls {

// ---- The transport -----------------------------------------------------------------------------------

const BIO_METHOD* Engine::Callbacks::transport() {
  static BIO_METHOD* const method = []() -> BIO_METHOD* {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ipdaemon");
    if (made == nullptr) return nullptr;
    BIO_meth_set_read_ex(made, read);
    BIO_meth_set_write_ex(made, write);
    BIO_meth_set_ctrl(made, control);
    BIO_meth_set_create(made, create);
    return made;
  }();
  return method;
}

int Engine::Callbacks::create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

int Engine::Callbacks::read(BIO* bio, char* to, std::size_t length, std::size_t* count) {
  Engine& engine = *static_cast<Engine*>(BIO_get_data(bio));
  BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
  BytesView& input = *engine.input_;
  if (input.empty()) {
    engine.starved_ = true;
    BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
    return -1;
  }
  *count = std::min(length, input.size());
  std::memcpy(to, input.data(), *count);
  input.remove_prefix(*count);
  return 1;
}

int Engine::Callbacks::write(BIO* bio, const char* from, std::size_t length, std::size_t* count) {
  Engine& engine = *static_cast<Engine*>(BIO_get_data(bio));
  BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
  try {
    engine.output_->append(from, length);
  } catch (const std::bad_alloc&) {
    return 0;
  }
  *count = length;
  return 1;
}

long Engine::Callbacks::control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP ? 1 : 0;
}

// ---- During a handshake ------------------------------------------------------------------------------

int Engine::Callbacks::client_hello(SSL* session, int* alert, void*) {
  *alert = SSL_AD_HANDSHAKE_FAILURE;
  try {
    return of(session).greet(session, alert);
  } catch (const std::bad_alloc&) {
    return SSL_CLIENT_HELLO_ERROR;
  }
}

int Engine::greet(SSL* session, int* alert) {
  const Context& context = *context_;
  // A second one follows when the client has guessed the wrong group.
  const bool is_first = !offer_;
  if (is_first) offer_ = std::make_unique<Offer>(read_offer(session));
  if (!context.set_lists(session, context.allows_tls13() && offer_->has_tls13())) return SSL_CLIENT_HELLO_ERROR;
  if (!is_first) return SSL_CLIENT_HELLO_SUCCESS;
  std::shared_ptr<const Identities> named = context.identities_for(offer_->server_name);
  std::shared_ptr<const Identities> choice;
  if (!ask(session, named.get(), &choice)) return SSL_CLIENT_HELLO_ERROR;
  const Identities* identities = choose_certificate(session, std::move(choice), std::move(named), alert);
  if (identities == nullptr || !choose_protocol(alert)) return SSL_CLIENT_HELLO_ERROR;
  return context.bind_session(session, identities, offer_->server_name, offer_->protocol) ? SSL_CLIENT_HELLO_SUCCESS
                                                                                          : SSL_CLIENT_HELLO_ERROR;
}

// Shows the program what the client offers. False if it shall not go on.
bool Engine::ask(SSL* session, const Identities* named, std::shared_ptr<const Identities>* choice) {
  const HelloWish wish = events_.wants_client_hello();
  if (wish == HelloWish::nothing) return true;
  ClientHello hello;
  hello.server_name = readable_name(*offer_);
  if (wish == HelloWish::everything) {
    hello.cipher_suites = suite_names(session, *offer_);
    hello.signature_algorithms = signature_names(*offer_);
    if (named != nullptr) hello.subject = named->subject();
  }
  Problem problem;
  if (events_.on_client_hello(hello, choice, &problem)) return true;
  problem_ = std::move(problem);
  return false;
}

// What the program chose, or else what the name gets, or else that of the server. Null if there is none.
const Identities* Engine::choose_certificate(SSL* session, std::shared_ptr<const Identities> choice,
                                             std::shared_ptr<const Identities> named, int* alert) {
  const Context& context = *context_;
  if (!choice && !named && !context.takes_name(offer_->server_name, readable_name(*offer_), &problem_)) {
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return nullptr;
  }
  if (!choice) choice = named ? std::move(named) : context.identities();
  if (!choice) {
    problem_ = {IPDAEMON_ERROR_TLS_NO_SERVER_CERTIFICATE, "the SSLConnectionRequest handler selected no certificate"};
    return nullptr;
  }
  if (choice == context.identities()) return choice.get();
  chosen_ = std::move(choice);
  return context.choose(session, *chosen_, &problem_) ? chosen_.get() : nullptr;
}

bool Engine::choose_protocol(int* alert) {
  const BytesView ours = context_->protocols();
  if (ours.empty() || !offer_->has_protocols) return true;
  offer_->protocol = common_protocol(ours, offer_->protocols);
  if (!offer_->protocol.empty()) return true;
  *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
  problem_ = {IPDAEMON_ERROR_TLS_HANDSHAKE, "no application protocol in common: the client offers " +
                                                protocol_names(offer_->protocols) + ", and SSLAlpnProtocols is " +
                                                context_->policy().alpn_protocols};
  return false;
}

// The client's list is that of the last ClientHello, which has to offer what the first one did.
int Engine::Callbacks::select_protocol(SSL* session, const unsigned char** out, unsigned char* length,
                                       const unsigned char* list, unsigned list_length, void*) {
  const Engine& engine = of(session);
  const BytesView offered(reinterpret_cast<const char*>(list), list_length);
  const BytesView chosen = common_protocol(engine.context_->protocols(), offered);
  if (!engine.offer_ || chosen.empty() || chosen != engine.offer_->protocol) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = reinterpret_cast<const unsigned char*>(chosen.data());
  *length = static_cast<unsigned char>(chosen.size());
  return SSL_TLSEXT_ERR_OK;
}

void Engine::Callbacks::message(int sent, int version, int type, const void* bytes, std::size_t length, SSL* session,
                                void*) {
  Engine& engine = of(session);
  const auto* data = static_cast<const unsigned char*>(bytes);
  try {
    if (engine.log_ && engine.log_->size() < log_lines_max) {
      std::string line = log_line(sent != 0, version, type, data, length);
      if (!line.empty()) engine.log_->push_back(std::move(line));
    }
  } catch (const std::bad_alloc&) {
    // A line less.
  }
  // OpenSSL asks nobody about a client without certificate, so its empty message is looked for.
  const bool is_certificate = sent == 0 && type == SSL3_RT_HANDSHAKE && length >= 4 && data[0] == SSL3_MT_CERTIFICATE;
  if (!is_certificate || !engine.context_->policy().authenticate_clients || engine.judged_) return;
  const std::size_t list = SSL_version(session) == TLS1_3_VERSION ? 5U + (length > 4 ? data[4] : 0U) : 4U;
  const bool empty = length >= list + 3 && data[list] == 0 && data[list + 1] == 0 && data[list + 2] == 0;
  if (empty && !engine.judge(nullptr, nullptr, {})) {
    SSL_set_verify(session, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
}

int Engine::Callbacks::ticket_key(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                                  EVP_MAC_CTX* mac, int encrypting) {
  const auto now_s = static_cast<std::int64_t>(std::time(nullptr));
  return of(session).context_->tickets().prepare({name, iv, cipher, mac}, encrypting != 0, now_s);
}

void Engine::Callbacks::log_key(const SSL* session, const char* line) {
  const Engine& engine = of(session);
  try {
    const std::string fault = engine.context_->key_log()->add(line);
    if (!fault.empty()) engine.events_.on_notice(fault);
  } catch (const std::bad_alloc&) {
    // A line less.
  }
}

void set_callbacks(SSL_CTX* handle, const Policy& policy, bool logs_keys) {
  if (logs_keys) SSL_CTX_set_keylog_callback(handle, Engine::Callbacks::log_key);
  SSL_CTX_set_client_hello_cb(handle, Engine::Callbacks::client_hello, nullptr);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(handle, Engine::Callbacks::ticket_key);
  if (!policy.alpn_protocols.empty()) {
    SSL_CTX_set_alpn_select_cb(handle, Engine::Callbacks::select_protocol, nullptr);
  }
  if (policy.authenticate_clients || policy.log_packets) {
    SSL_CTX_set_msg_callback(handle, Engine::Callbacks::message);
  }
  if (!policy.authenticate_clients) return;
  SSL_CTX_set_cert_verify_callback(handle, Engine::Callbacks::certificate, nullptr);
  SSL_CTX_set_session_ticket_cb(handle, Engine::Callbacks::make_ticket, nullptr, nullptr);
}

}  // namespace ipdaemon::tls
