#include "tls/engine.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <utility>

#include "ipdaemon.h"
#include "tls/engine_openssl.hpp"
#include "tls/hello.hpp"
#include "tls/lists.hpp"
#include "tls/names.hpp"
#include "tls/openssl.hpp"
#include "tls/verify.hpp"

namespace ipdaemon::tls {

// What OpenSSL calls. Each finds its engine in the session.
struct Engine::Callbacks {
  static Engine& of(const SSL* session) { return *static_cast<Engine*>(SSL_get_ex_data(session, 0)); }

  // The engine's buffers as OpenSSL's transport.
  static int read(BIO* bio, char* to, std::size_t length, std::size_t* count);
  static int write(BIO* bio, const char* from, std::size_t length, std::size_t* count);
  static long control(BIO* bio, int command, long, void*);
  static int create(BIO* bio);

  static int client_hello(SSL* session, int* alert, void* context);
  static int certificate(X509_STORE_CTX* store, void*);
  static void message(int sent, int version, int type, const void* bytes, std::size_t length, SSL* session, void*);
  static int ticket_key(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                        int sealing);
  static int make_ticket(SSL* session, void*);
};

// While one of an engine's calls runs: where its bytes come from and go to.
struct Engine::Call {
  Engine& engine;
  BytesView input;
  const bool shakes_hands;

  Call(Engine& e, BytesView in, Bytes& out) : engine(e), input(in), shakes_hands(e.state_ == State::handshaking) {
    // What SSL_get_error answers depends on a queue that is empty before. Hardly ever is something left
    // in it, and nobody asks for that any more.
    if (ERR_peek_error() != 0) ERR_clear_error();
    engine.input_ = &input;
    engine.output_ = &out;
  }
  ~Call() {
    // Moving data leaves no errors behind, other than those that end it.
    if (shakes_hands || engine.state_ == State::failed) ERR_clear_error();
    engine.input_ = nullptr;
    engine.output_ = nullptr;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
};

namespace {

const BIO_METHOD* transport() {
  static BIO_METHOD* const method = []() -> BIO_METHOD* {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ipdaemon");
    if (made == nullptr) return nullptr;
    BIO_meth_set_read_ex(made, Engine::Callbacks::read);
    BIO_meth_set_write_ex(made, Engine::Callbacks::write);
    BIO_meth_set_ctrl(made, Engine::Callbacks::control);
    BIO_meth_set_create(made, Engine::Callbacks::create);
    return made;
  }();
  return method;
}

ClientCertificate describe(X509* certificate, const STACK_OF(X509) * chain, bool with_chain) {
  ClientCertificate result;
  result.pem = pem_text(certificate);
  result.subject = name_text(X509_get_subject_name(certificate));
  result.issuer = name_text(X509_get_issuer_name(certificate));
  for (int i = 0; with_chain && chain != nullptr && i < sk_X509_num(chain); ++i) {
    X509* other = sk_X509_value(chain, i);
    if (X509_cmp(other, certificate) != 0) result.pem += pem_text(other);
  }
  return result;
}

std::string record_name(int type) {
  switch (type) {
    case SSL3_RT_CHANGE_CIPHER_SPEC:
      return "change cipher spec";
    case SSL3_RT_ALERT:
      return "alert";
    case SSL3_RT_HANDSHAKE:
      return "handshake";
    case SSL3_RT_APPLICATION_DATA:
      return "application data";
    default:
      return "type " + std::to_string(type);
  }
}

std::string message_name(int type) {
  switch (type) {
    case SSL3_MT_CLIENT_HELLO:
      return "ClientHello";
    case SSL3_MT_SERVER_HELLO:
      return "ServerHello";
    case SSL3_MT_NEWSESSION_TICKET:
      return "NewSessionTicket";
    case SSL3_MT_ENCRYPTED_EXTENSIONS:
      return "EncryptedExtensions";
    case SSL3_MT_CERTIFICATE:
      return "Certificate";
    case SSL3_MT_SERVER_KEY_EXCHANGE:
      return "ServerKeyExchange";
    case SSL3_MT_CERTIFICATE_REQUEST:
      return "CertificateRequest";
    case SSL3_MT_SERVER_DONE:
      return "ServerHelloDone";
    case SSL3_MT_CERTIFICATE_VERIFY:
      return "CertificateVerify";
    case SSL3_MT_CLIENT_KEY_EXCHANGE:
      return "ClientKeyExchange";
    case SSL3_MT_FINISHED:
      return "Finished";
    case SSL3_MT_KEY_UPDATE:
      return "KeyUpdate";
    default:
      return "message of type " + std::to_string(type);
  }
}

std::string version_name(int version) {
  switch (version) {
    case TLS1_VERSION:
      return "TLSv1";
    case TLS1_1_VERSION:
      return "TLSv1.1";
    case TLS1_2_VERSION:
      return "TLSv1.2";
    case TLS1_3_VERSION:
      return "TLSv1.3";
    default:
      return "version " + std::to_string(version);
  }
}

// One line for what OpenSSL reports as sent or received; empty for what is no news.
std::string log_line(bool sent, int version, int type, const unsigned char* bytes, std::size_t length) {
  const std::string begin = sent ? "sent " : "received ";
  if (type == SSL3_RT_HEADER && length >= 5) {
    return begin + "record: " + version_name(pair_at(bytes + 1)) + ", " + record_name(bytes[0]) + ", " +
           std::to_string(pair_at(bytes + 3)) + " bytes";
  }
  if (type == SSL3_RT_HANDSHAKE && length > 0) {
    return begin + version_name(version) + " " + message_name(bytes[0]) + ", " + std::to_string(length) + " bytes";
  }
  if (type == SSL3_RT_ALERT && length == 2) {
    return begin + "alert: " + SSL_alert_desc_string_long(bytes[1]);
  }
  return {};
}

constexpr std::size_t log_lines_max = 1000;

// Certificates one after another, for a ticket.
Bytes joined_der(const STACK_OF(X509) * chain) {
  Bytes joined;
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    unsigned char* der = nullptr;
    const int length = i2d_X509(sk_X509_value(chain, i), &der);
    if (length <= 0) continue;
    joined.append(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
    CRYPTO_free(der, "", 0);
  }
  return joined;
}

struct OwnedChainFree {
  void operator()(STACK_OF(X509) * chain) const {
    for (int i = 0; i < sk_X509_num(chain); ++i) X509_free(sk_X509_value(chain, i));
    sk_X509_free(chain);
  }
};
using OwnedChain = std::unique_ptr<STACK_OF(X509), OwnedChainFree>;

OwnedChain split_der(const unsigned char* der, std::size_t length) {
  OwnedChain chain(sk_X509_new_null());
  const unsigned char* const end = der + length;
  while (chain && der < end) {
    X509* certificate = X509_new_ex(library_context(), nullptr);
    if (certificate == nullptr) break;
    if (d2i_X509(&certificate, &der, static_cast<long>(end - der)) == nullptr) break;
    if (sk_X509_push(chain.get(), certificate) == 0) {
      X509_free(certificate);
      break;
    }
  }
  return chain;
}

// What the client's alert says, or why we refused.
std::string failure_text() {
  const unsigned long error = ErrorScope::last();
  if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
    const int reason = ERR_GET_REASON(error);
    // Reasons that all libraries share have more bits.
    if (reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
      return std::string("the client sent the alert \"") + SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET) +
             "\"";
    }
    if (reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST || reason == SSL_R_WRONG_VERSION_NUMBER) {
      return ErrorScope::text() + "; what came does not look like TLS";
    }
  }
  return ErrorScope::text();
}

constexpr const char* no_certificate_text = "the client presented no certificate";
constexpr const char* refused_text = "the program refused the certificate";
constexpr const char* too_many_controls_text =
    "the client sent more than 32 messages in a row that carry no data, such as KeyUpdate";
constexpr const char* closed_text = "the client sent the alert \"close notify\" in the middle of the handshake";

}  // namespace

// ---- The transport -----------------------------------------------------------------------------------

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

// ---- Inside of a handshake ---------------------------------------------------------------------------

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
    problem_ = {IPDAEMON_ERROR_TLS_NO_SERVER_CERTIFICATE, "SSLConnectionRequest has chosen none"};
    return SSL_CLIENT_HELLO_ERROR;
  }
  return context.bind_session(session, identities, offer_->server_name) ? SSL_CLIENT_HELLO_SUCCESS
                                                                        : SSL_CLIENT_HELLO_ERROR;
}

int Engine::Callbacks::certificate(X509_STORE_CTX* store, void*) {
  const auto* session =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Engine& engine = of(session);
  const Verdict verdict = verify_chain(store, engine.context_->options());
  if (engine.judge(X509_STORE_CTX_get0_cert(store), X509_STORE_CTX_get0_untrusted(store), verdict)) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  }
  X509_STORE_CTX_set_error(store, verdict.error != X509_V_OK ? verdict.error : X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

// Tells of the certificate, null for none, and returns whether to go on.
bool Engine::judge(X509* certificate, const STACK_OF(X509) * chain, const Verdict& verdict) {
  judged_ = true;
  try {
    ClientCertificate shown;
    if (certificate != nullptr) {
      shown = describe(certificate, chain, events_.wants_certificate_chain());
      shown.status = verdict.text();
      shown.accept = verdict.error == X509_V_OK;
    } else {
      shown.status = no_certificate_text;
    }
    const bool good = shown.accept;
    if (events_.on_client_certificate(shown)) return true;
    if (certificate == nullptr) {
      problem_ = {IPDAEMON_ERROR_TLS_NO_CLIENT_CERTIFICATE, {}};
    } else {
      problem_ = {verdict.code(), good ? refused_text : shown.status};
    }
  } catch (const std::bad_alloc&) {
    problem_.code = IPDAEMON_ERROR_NO_BUFFERS;
  }
  return false;
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
  if (!is_certificate || !engine.context_->options().authenticate_clients || engine.judged_) return;
  const std::size_t list = SSL_version(session) == TLS1_3_VERSION ? 5U + (length > 4 ? data[4] : 0U) : 4U;
  const bool empty = length >= list + 3 && data[list] == 0 && data[list + 1] == 0 && data[list + 2] == 0;
  if (empty && !engine.judge(nullptr, nullptr, {})) {
    SSL_set_verify(session, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
}

// ---- Tickets -----------------------------------------------------------------------------------------

int Engine::Callbacks::ticket_key(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                                  EVP_MAC_CTX* mac, int sealing) {
  static const EVP_CIPHER* const aes = EVP_CIPHER_fetch(library_context(), "AES-256-CBC", nullptr);
  constexpr std::size_t iv_length = 16;
  TicketKeys& keys = of(session).context_->tickets();
  const auto now_s = static_cast<std::int64_t>(std::time(nullptr));
  bool renew = false;
  const TicketKeys::Key* key = sealing != 0 ? keys.current(now_s) : keys.find(name, now_s, &renew);
  if (key == nullptr) return sealing != 0 ? -1 : 0;
  if (sealing != 0) {
    std::memcpy(name, key->name.data(), key->name.size());
    if (RAND_bytes_ex(library_context(), iv, iv_length, 0) != 1) return -1;
  }
  const bool ready = sealing != 0 ? EVP_EncryptInit_ex2(cipher, aes, key->cipher.data(), iv, nullptr) == 1
                                  : EVP_DecryptInit_ex2(cipher, aes, key->cipher.data(), iv, nullptr) == 1;
  char digest[] = "SHA256";
  auto secret = key->mac;
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret.data(), secret.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  const bool keyed = ready && EVP_MAC_CTX_set_params(mac, parameters) == 1;
  OPENSSL_cleanse(secret.data(), secret.size());
  if (!keyed) return -1;
  return renew ? 2 : 1;
}

// A ticket keeps the client's certificate; what led up to it goes along, to be judged again.
int Engine::Callbacks::make_ticket(SSL* session, void*) {
  try {
    const Bytes chain = joined_der(SSL_get_peer_cert_chain(session));
    if (!chain.empty()) SSL_SESSION_set1_ticket_appdata(SSL_get_session(session), chain.data(), chain.size());
    return 1;
  } catch (const std::bad_alloc&) {
    return 0;
  }
}

// A resumed session has shown no certificate: the one of before is judged by what counts today.
bool Engine::judge_again() {
  X509* certificate = SSL_get0_peer_certificate(session_);
  if (certificate == nullptr) return judge(nullptr, nullptr, {});
  OwnedChain kept;
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(session_);
  if (chain == nullptr) {
    void* der = nullptr;
    std::size_t length = 0;
    if (SSL_SESSION_get0_ticket_appdata(SSL_get_session(session_), &der, &length) == 1 && der != nullptr) {
      kept = split_der(static_cast<const unsigned char*>(der), length);
      chain = kept.get();
    }
  }
  const StoreContextPtr store(X509_STORE_CTX_new_ex(library_context(), nullptr));
  Verdict verdict{X509_V_ERR_OUT_OF_MEM};
  X509_STORE* trusted = SSL_CTX_get_cert_store(context_->handle());
  // OpenSSL only reads the chain.
  if (store && X509_STORE_CTX_init(store.get(), trusted, certificate, const_cast<STACK_OF(X509)*>(chain)) == 1) {
    X509_STORE_CTX_set_default(store.get(), "ssl_client");
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(store.get()), SSL_get_security_level(session_));
    verdict = verify_chain(store.get(), context_->options());
  }
  return judge(certificate, chain, verdict);
}

// ---- The engine --------------------------------------------------------------------------------------

void set_callbacks(SSL_CTX* handle, const Context* context) {
  const ContextOptions& options = context->options();
  SSL_CTX_set_client_hello_cb(handle, Engine::Callbacks::client_hello, nullptr);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(handle, Engine::Callbacks::ticket_key);
  if (options.authenticate_clients || options.log_packets) {
    SSL_CTX_set_msg_callback(handle, Engine::Callbacks::message);
  }
  if (!options.authenticate_clients) return;
  SSL_CTX_set_cert_verify_callback(handle, Engine::Callbacks::certificate, nullptr);
  SSL_CTX_set_session_ticket_cb(handle, Engine::Callbacks::make_ticket, nullptr, nullptr);
}

std::unique_ptr<Engine> Engine::create(std::shared_ptr<const Context> context, EngineEvents& events, Problem* problem) {
  std::unique_ptr<Engine> engine(new Engine(std::move(context), events));
  // The log has every record, also those of a ClientHello that never becomes complete.
  if (!engine->context_->options().log_packets) return engine;
  engine->log_ = std::make_unique<std::vector<std::string>>();
  return engine->begin(problem) ? std::move(engine) : nullptr;
}

bool Engine::begin(Problem* problem) {
  const ErrorScope errors;
  session_ = SSL_new(context_->handle());
  BIO* bio = session_ != nullptr && transport() != nullptr ? BIO_new(transport()) : nullptr;
  if (bio == nullptr || SSL_set_ex_data(session_, 0, this) != 1) {
    if (bio != nullptr) BIO_free_all(bio);
    *problem = {IPDAEMON_ERROR_TLS_UNAVAILABLE, ErrorScope::text()};
    return false;
  }
  BIO_set_data(bio, this);
  SSL_set_bio(session_, bio, bio);
  SSL_set_accept_state(session_);
  return true;
}

Engine::Engine(std::shared_ptr<const Context> context, EngineEvents& events)
    : context_(std::move(context)), events_(events) {}

Engine::~Engine() {
  if (session_ == nullptr) return;
  const ErrorScope errors;
  SSL_free(session_);
}

void Engine::fail(int code) {
  state_ = State::failed;
  if (problem_.code != 0) return;
  std::string text;
  if (const unsigned long error = ErrorScope::last(); offer_ && ERR_GET_LIB(error) == ERR_LIB_SSL) {
    const Identities* identities = (chosen_ ? chosen_ : context_->identities()).get();
    text = why_nothing_in_common(session_, *context_, identities, *offer_, ERR_GET_REASON(error));
  }
  problem_ = {code, text.empty() ? failure_text() : std::move(text)};
}

void Engine::shake_hands() {
  const std::size_t answered = output_->size();
  const int result = SSL_do_handshake(session_);
  if (result != 1) {
    const int error = SSL_get_error(session_, result);
    if (error == SSL_ERROR_WANT_READ) return;
    // The one alert that is no error to OpenSSL.
    if (error == SSL_ERROR_ZERO_RETURN && problem_.code == 0) problem_ = {IPDAEMON_ERROR_TLS_HANDSHAKE, closed_text};
    fail(IPDAEMON_ERROR_TLS_HANDSHAKE);
    return;
  }
  if (context_->options().authenticate_clients && !judged_ && !judge_again()) {
    // It gets nothing to come back with.
    output_->resize(answered);
    SSL_CTX_remove_session(context_->handle(), SSL_get_session(session_));
    fail(IPDAEMON_ERROR_TLS_CHAIN);
    return;
  }
  if (!log_) SSL_set_msg_callback(session_, nullptr);
  offer_.reset();
  chosen_.reset();
  state_ = State::open;
}

Engine::Received Engine::receive(BytesView input, char* plain, std::size_t capacity, Bytes& sealed) {
  BytesView unread = input;
  Bytes hello;
  if (session_ == nullptr) {
    if (state_ != State::handshaking || !hello_.add(input, &unread)) return {0, input.size()};
    if (!begin(&problem_)) {
      state_ = State::failed;
      return {0, input.size()};
    }
    if (hello_.size() > 0) {
      hello = hello_.take();
      unread = hello;
    }
  }
  Call call(*this, unread, sealed);
  if (state_ == State::handshaking) shake_hands();
  std::size_t count = 0;
  int controls = 0;
  bool answering = false;
  while (state_ == State::open && (!call.input.empty() || SSL_pending(session_) > 0)) {
    if (controls >= controls_per_call) return {count, input.size() - std::min(call.input.size(), input.size())};
    std::size_t got = 0;
    starved_ = false;
    const std::size_t left = call.input.size();
    const int result = SSL_read_ex(session_, plain + count, capacity - count, &got);
    if (result == 1) {
      count += got;
      controls_ = 0;
      continue;
    }
    const int error = SSL_get_error(session_, result);
    if (error == SSL_ERROR_WANT_READ) {
      if (starved_) break;
      // Without SSL_MODE_AUTO_RETRY, that is a message that carried no data. In between there may be a call
      // that only finishes the answer.
      if (call.input.size() == left && !std::exchange(answering, true)) continue;
      answering = false;
      ++controls;
      if (++controls_ <= controls_max) continue;
      problem_ = {IPDAEMON_ERROR_TLS_DECRYPT, too_many_controls_text};
      state_ = State::failed;
    } else if (error == SSL_ERROR_ZERO_RETURN) {
      state_ = State::peer_closed;
    } else {
      fail(IPDAEMON_ERROR_TLS_DECRYPT);
    }
  }
  return {count, input.size()};
}

bool Engine::seal(BytesView plain, Bytes& sealed) {
  if (state_ != State::open && state_ != State::peer_closed) return false;
  Call call(*this, {}, sealed);
  while (!plain.empty()) {
    std::size_t count = 0;
    if (SSL_write_ex(session_, plain.data(), plain.size(), &count) != 1) {
      fail(IPDAEMON_ERROR_TLS_ENCRYPT);
      return false;
    }
    plain.remove_prefix(count);
  }
  return true;
}

void Engine::close(Bytes& sealed) {
  if (close_sent_ || running() || (state_ != State::open && state_ != State::peer_closed)) return;
  close_sent_ = true;
  Call call(*this, {}, sealed);
  SSL_shutdown(session_);
}

std::vector<std::string> Engine::take_log() {
  std::vector<std::string> lines;
  if (log_) lines.swap(*log_);
  return lines;
}

Negotiated Engine::negotiated() const {
  Negotiated result;
  if (state_ == State::handshaking || session_ == nullptr || SSL_is_init_finished(session_) != 1) return result;
  const ErrorScope errors;
  result.version = SSL_get_version(session_);
  result.resumed = SSL_session_reused(session_) == 1;
  const SSL_CIPHER* suite = SSL_get_current_cipher(session_);
  if (suite == nullptr) return result;
  if (const char* name = SSL_CIPHER_standard_name(suite)) result.suite = name;
  if (const char* name = OBJ_nid2ln(SSL_CIPHER_get_cipher_nid(suite))) result.cipher = name;
  for (char& c : result.cipher) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  result.cipher_bits = SSL_CIPHER_get_bits(suite, nullptr);
  const int exchange = SSL_CIPHER_get_kx_nid(suite);
  if (exchange == NID_kx_rsa) {
    result.key_exchange = "RSA";
    if (X509* own = SSL_get_certificate(session_)) {
      result.key_exchange_bits = EVP_PKEY_get_bits(X509_get0_pubkey(own));
    }
    return result;
  }
  const int number = static_cast<int>(SSL_get_negotiated_group(session_));
  const GroupName group = group_name(number);
  const bool finite_field = group.finite_field || exchange == NID_kx_dhe;
  result.key_exchange = finite_field ? "DHE" : "ECDHE";
  const char* other = group.shown == nullptr && number != 0 ? SSL_group_to_name(session_, number) : nullptr;
  if (group.shown != nullptr || other != nullptr) {
    result.key_exchange += std::string("-") + (group.shown != nullptr ? group.shown : other);
  }
  result.key_exchange_bits = group.bits;
  return result;
}

}  // namespace ipdaemon::tls
