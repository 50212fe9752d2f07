#include "tls/engine_callbacks.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <new>
#include <utility>

#include "ipdaemon.h"
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
    return of(session).greet(session);
  } catch (const std::bad_alloc&) {
    return SSL_CLIENT_HELLO_ERROR;
  }
}

int Engine::greet(SSL* session) {
  const Context& context = *context_;
  // A second one follows when the client has guessed the wrong group.
  const bool is_first = !offer_;
  if (is_first) offer_ = std::make_unique<Offer>(read_offer(session));
  if (!context.set_lists(session, context.allows_tls13() && offer_->has_tls13())) return SSL_CLIENT_HELLO_ERROR;
  if (!is_first) return SSL_CLIENT_HELLO_SUCCESS;
  std::shared_ptr<const Identities> choice;
  if (const HelloWish wish = events_.wants_client_hello(); wish != HelloWish::nothing) {
    ClientHello hello;
    hello.server_name = readable_name(*offer_);
    if (wish == HelloWish::everything) {
      hello.cipher_suites = suite_names(session, *offer_);
      hello.signature_algorithms = signature_names(*offer_);
    }
    Problem problem;
    if (!events_.on_client_hello(hello, &choice, &problem)) {
      problem_ = std::move(problem);
      return SSL_CLIENT_HELLO_ERROR;
    }
  }
  const Identities* identities = context.identities().get();
  if (choice && choice != context.identities()) {
    chosen_ = std::move(choice);
    if (!context.choose(session, *chosen_, &problem_)) return SSL_CLIENT_HELLO_ERROR;
    identities = chosen_.get();
  }
  if (identities == nullptr) {
    problem_ = {IPDAEMON_ERROR_TLS_NO_SERVER_CERTIFICATE, "the SSLConnectionRequest handler selected no certificate"};
    return SSL_CLIENT_HELLO_ERROR;
  }
  return context.bind_session(session, identities, offer_->server_name) ? SSL_CLIENT_HELLO_SUCCESS
                                                                        : SSL_CLIENT_HELLO_ERROR;
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

void set_callbacks(SSL_CTX* handle, const Policy& policy) {
  SSL_CTX_set_client_hello_cb(handle, Engine::Callbacks::client_hello, nullptr);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(handle, Engine::Callbacks::ticket_key);
  if (policy.authenticate_clients || policy.log_packets) {
    SSL_CTX_set_msg_callback(handle, Engine::Callbacks::message);
  }
  if (!policy.authenticate_clients) return;
  SSL_CTX_set_cert_verify_callback(handle, Engine::Callbacks::certificate, nullptr);
  SSL_CTX_set_session_ticket_cb(handle, Engine::Callbacks::make_ticket, nullptr, nullptr);
}

}  // namespace ipdaemon::tls
