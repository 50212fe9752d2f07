// A TLS client without a socket: bytes from the server go in, bytes for the server and plain text come
// out. For the tests of the engine and for the peers of the simulator.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "tls/openssl.hpp"
#include "tls_fixtures.hpp"

namespace ipdaemon::tls::fixture {

#ifndef IPDAEMON_OPENSSL_LINKED
#define IPD_TEST_FUNCTION(name) inline const auto name = reinterpret_cast<decltype(&::name)>(find_function(#name));
#else
#define IPD_TEST_FUNCTION(name) using ::name;
#endif
IPD_TEST_FUNCTION(BIO_read_ex)
IPD_TEST_FUNCTION(BIO_write_ex)
IPD_TEST_FUNCTION(SSL_SESSION_free)
IPD_TEST_FUNCTION(SSL_get1_session)
IPD_TEST_FUNCTION(SSL_key_update)
IPD_TEST_FUNCTION(SSL_renegotiate)
IPD_TEST_FUNCTION(SSL_set_connect_state)
IPD_TEST_FUNCTION(SSL_set_session)
IPD_TEST_FUNCTION(SSL_set_shutdown)
IPD_TEST_FUNCTION(TLS_client_method)
#undef IPD_TEST_FUNCTION

// A certificate that may sign others; a root without an issuer.
inline Made make_authority(const char* common_name, const Made* issuer = nullptr) {
  Made made = make_certificate(common_name, "P-256", issuer);
  X509_EXTENSION* extension = X509V3_EXT_nconf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE");
  REQUIRE(extension != nullptr);
  REQUIRE(X509_add_ext(made.certificate.get(), extension, -1) == 1);
  X509_EXTENSION_free(extension);
  EVP_PKEY* signer = issuer != nullptr ? issuer->key.get() : made.key.get();
  REQUIRE(X509_sign(made.certificate.get(), signer, EVP_sha256()) > 0);
  return made;
}

// Too short for today's policies.
inline KeyPtr make_weak_key() {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(library_context(), nullptr, "RSA", std::size_t{1024});
  REQUIRE(key != nullptr);
  return KeyPtr(key);
}

struct SslSessionFree {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using SslSessionPtr = std::unique_ptr<SSL_SESSION, SslSessionFree>;

struct ClientOptions {
  int version = 0;  // 0: what OpenSSL offers by itself, from TLS 1.2 on.
  const Made* certificate = nullptr;
  const Made* issuer = nullptr;  // Sent along with the certificate.
  std::string groups;            // OpenSSL's list; the first one gets the key share.
  std::string suites;            // Of TLS 1.2.
  bool tickets = true;
};

// What several clients have in common. Null inside when OpenSSL refuses the options.
inline SslContextPtr make_client_context(const ClientOptions& options) {
  SslContextPtr context(SSL_CTX_new_ex(library_context(), nullptr, TLS_client_method()));
  if (!context) return context;
  SSL_CTX* handle = context.get();
  SSL_CTX_set_security_level(handle, options.version != 0 && options.version < TLS1_2_VERSION ? 0 : 1);
  SSL_CTX_set_min_proto_version(handle, options.version != 0 ? options.version : TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(handle, options.version);
  if (!options.tickets) SSL_CTX_set_options(handle, SSL_OP_NO_TICKET);
  bool fine = options.groups.empty() || SSL_CTX_set1_groups_list(handle, options.groups.c_str()) == 1;
  fine &= options.suites.empty() || SSL_CTX_set_cipher_list(handle, options.suites.c_str()) == 1;
  if (options.certificate != nullptr) {
    STACK_OF(X509)* chain = sk_X509_new_null();
    if (options.issuer != nullptr) sk_X509_push(chain, options.issuer->certificate.get());
    fine &= SSL_CTX_use_cert_and_key(handle, options.certificate->certificate.get(), options.certificate->key.get(),
                                     chain, 1) == 1;
    sk_X509_free(chain);
  }
  if (!fine) context.reset();
  return context;
}

class Client {
 public:
  enum class State : std::uint8_t { handshaking, open, closed, failed };

  explicit Client(SSL_CTX* context, const std::string& server_name = {}, SSL_SESSION* session = nullptr)
      : session_(SSL_new(context)) {
    const ErrorScope errors;
    input_ = BIO_new(BIO_s_mem());
    output_ = BIO_new(BIO_s_mem());
    SSL_set_bio(session_.get(), input_, output_);
    SSL_set_connect_state(session_.get());
    if (!server_name.empty()) SSL_set_tlsext_host_name(session_.get(), server_name.c_str());
    if (session != nullptr) SSL_set_session(session_.get(), session);
  }

  // A session that ends without notice could not be resumed.
  ~Client() { SSL_set_shutdown(session_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Takes bytes of the server; the first call without any starts the handshake.
  void feed(BytesView sealed) {
    const ErrorScope errors;
    clear_errors();
    std::size_t written = 0;
    if (!sealed.empty()) BIO_write_ex(input_, sealed.data(), sealed.size(), &written);
    if (state_ == State::handshaking) {
      const int result = SSL_do_handshake(session_.get());
      if (result != 1) return judge(result);
      state_ = State::open;
      if (!unsent_.empty()) {
        const std::string plain = std::move(unsent_);
        unsent_.clear();
        write(plain);
      }
    }
    while (state_ == State::open) {
      char buffer[16 * 1024];
      std::size_t count = 0;
      const int result = SSL_read_ex(session_.get(), buffer, sizeof buffer, &count);
      if (result != 1) return judge(result);
      plain_.append(buffer, count);
    }
  }

  // Plain text for the server. Before the end of the handshake it waits for that.
  void write(BytesView plain) {
    if (state_ == State::handshaking) {
      unsent_ += plain;
      return;
    }
    const ErrorScope errors;
    clear_errors();
    while (!plain.empty() && (state_ == State::open || state_ == State::closed)) {
      std::size_t count = 0;
      const int result = SSL_write_ex(session_.get(), plain.data(), plain.size(), &count);
      if (result != 1) return judge(result);
      plain.remove_prefix(count);
    }
  }

  // Says that nothing more comes.
  void close() {
    const ErrorScope errors;
    clear_errors();
    SSL_shutdown(session_.get());
  }

  void update_keys() {
    SSL_key_update(session_.get(), SSL_KEY_UPDATE_REQUESTED);
    feed({});
  }
  void renegotiate() {
    SSL_renegotiate(session_.get());
    SSL_do_handshake(session_.get());
  }

  // What is to be sent to the server.
  std::string take() {
    const std::string bytes = content_of(output_);
    std::string result(bytes.size(), '\0');
    std::size_t count = 0;
    if (!result.empty()) BIO_read_ex(output_, result.data(), result.size(), &count);
    result.resize(count);
    return result;
  }

  State state() const { return state_; }
  const std::string& plain() const { return plain_; }
  const std::string& problem() const { return problem_; }
  SSL* session() const { return session_.get(); }
  bool resumed() const { return SSL_session_reused(session_.get()) == 1; }
  // For another client to resume.
  SslSessionPtr ticket() const { return SslSessionPtr(SSL_get1_session(session_.get())); }

 private:
  static void clear_errors() {
    if (ERR_peek_error() != 0) ERR_clear_error();
  }
  void judge(int result) {
    switch (SSL_get_error(session_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return;
      case SSL_ERROR_ZERO_RETURN:
        state_ = State::closed;
        return;
      default:
        state_ = State::failed;
        problem_ = ErrorScope::text();
    }
  }

  SessionPtr session_;
  BIO* input_ = nullptr;   // Of the session.
  BIO* output_ = nullptr;  // Likewise.
  std::string plain_;
  std::string unsent_;
  std::string problem_;
  State state_ = State::handshaking;
};

}  // namespace ipdaemon::tls::fixture
