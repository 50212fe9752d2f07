#include "tls/engine.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "ipdaemon.h"
#include "tls/client_hello.hpp"
#include "tls/engine_callbacks.hpp"
#include "tls/lists.hpp"
#include "tls/openssl.hpp"

namespace ipdaemon::tls {

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
      return ErrorScope::text() + "; the received data does not look like TLS";
    }
  }
  return ErrorScope::text();
}

constexpr const char* too_many_controls_text =
    "the client sent more than 32 messages in a row that carry no data, such as KeyUpdate";
constexpr const char* closed_text = "the client sent the alert \"close notify\" during the handshake";

}  // namespace

std::unique_ptr<Engine> Engine::create(std::shared_ptr<const Context> context, EngineEvents& events, Problem* problem) {
  std::unique_ptr<Engine> engine(new Engine(std::move(context), events));
  // The log has every record, also those of a ClientHello that never becomes complete.
  if (!engine->context_->policy().log_packets) return engine;
  engine->log_ = std::make_unique<std::vector<std::string>>();
  return engine->begin(problem) ? std::move(engine) : nullptr;
}

bool Engine::begin(Problem* problem) {
  const ErrorScope errors;
  session_ = SSL_new(context_->handle());
  BIO* bio = session_ != nullptr && Callbacks::transport() != nullptr ? BIO_new(Callbacks::transport()) : nullptr;
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
    // The one alert that OpenSSL does not treat as an error.
    if (error == SSL_ERROR_ZERO_RETURN && problem_.code == 0) problem_ = {IPDAEMON_ERROR_TLS_HANDSHAKE, closed_text};
    fail(IPDAEMON_ERROR_TLS_HANDSHAKE);
    return;
  }
  if (context_->policy().authenticate_clients && !judged_ && !judge_again()) {
    // It gets nothing to come back with.
    output_->resize(answered);
    SSL_CTX_remove_session(context_->handle(), SSL_get_session(session_));
    fail(IPDAEMON_ERROR_TLS_CHAIN);
    return;
  }
  if (!log_) SSL_set_msg_callback(session_, nullptr);
  remember_name();
  offer_.reset();
  chosen_.reset();
  state_ = State::open;
}

// OpenSSL keeps the name that the client has asked for, but not when it resumes a session of TLS 1.2.
void Engine::remember_name() {
  if (SSL_session_reused(session_) != 1 || SSL_version(session_) == TLS1_3_VERSION || !offer_) return;
  const std::string name = readable_name(*offer_);
  if (!name.empty()) SSL_SESSION_set1_hostname(SSL_get_session(session_), name.c_str());
}

Engine::Received Engine::receive(BytesView input, char* plain, std::size_t capacity, Bytes& ciphertext) {
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
  Call call(*this, unread, ciphertext);
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

bool Engine::encrypt(BytesView plain, Bytes& ciphertext) {
  if (state_ != State::open && state_ != State::peer_closed) return false;
  Call call(*this, {}, ciphertext);
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

void Engine::close(Bytes& ciphertext) {
  if (close_sent_ || running() || (state_ != State::open && state_ != State::peer_closed)) return;
  close_sent_ = true;
  Call call(*this, {}, ciphertext);
  SSL_shutdown(session_);
}

std::vector<std::string> Engine::take_log() {
  std::vector<std::string> lines;
  if (log_) lines.swap(*log_);
  return lines;
}

bool Engine::was_resumed() const {
  return session_ != nullptr && SSL_session_reused(session_) == 1;
}

Negotiated Engine::negotiated() const {
  Negotiated result;
  if (state_ == State::handshaking || session_ == nullptr || SSL_is_init_finished(session_) != 1) return result;
  const ErrorScope errors;
  result.version = SSL_get_version(session_);
  result.resumed = SSL_session_reused(session_) == 1;
  const unsigned char* protocol = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(session_, &protocol, &length);
  if (length > 0) result.protocol.assign(reinterpret_cast<const char*>(protocol), length);
  if (const char* name = SSL_get_servername(session_, TLSEXT_NAMETYPE_host_name); is_readable(name)) {
    result.server_name = name;
  }
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
