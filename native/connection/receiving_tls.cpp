// A connection that speaks TLS, or is about to: what differs from one in clear. The engine sees only
// bytes; here they come from and go to the socket, and what it asks goes to the program.
//
// Sealed bytes cannot be taken back, so plain ones wait in the outbox and are sealed a piece at a time,
// when the system has taken the sealed ones before. What it does not take of those waits in
// TlsSession::pending.

#include <algorithm>
#include <cstring>
#include <new>

#include "base/clock.hpp"
#include "connection/connection.hpp"
#include "ipdaemon.h"
#include "server/server.hpp"

namespace ipdaemon {

namespace {

// How many plain bytes are sealed for one system call, and how many in one turn.
constexpr std::size_t seal_piece = 64 * 1024;
constexpr std::size_t seal_turn = 512 * 1024;
// Up to here two pieces are joined, to go in one record.
constexpr std::size_t join_max = 8 * 1024;
// How much of TLS's own answers may wait for a peer that takes none.
constexpr std::size_t answers_max = 16 * 1024;
constexpr const char* ended_detail = "the peer closed the connection in the middle of the handshake";
constexpr const char* room_detail = "MaxConnections is reached, and another peer needs the place";

}  // namespace

// ---- The questions of a handshake --------------------------------------------------------------------

tls::HelloWish TlsSession::wants_client_hello() const {
  const Server& server = connection_.server();
  if (server.wants(IPDAEMON_EVENT_SSL_CONNECTION_REQUEST)) return tls::HelloWish::everything;
  return server.wants(IPDAEMON_EVENT_SSL_STATUS) ? tls::HelloWish::name : tls::HelloWish::nothing;
}

bool TlsSession::wants_certificate_chain() const {
  return connection_.server().setting(IPDAEMON_SETTING_SSL_INCLUDE_CERT_CHAIN) != 0;
}

bool TlsSession::on_client_hello(const tls::ClientHello& hello, std::shared_ptr<const tls::Identities>* choice,
                                 tls::Problem* problem) {
  return connection_.on_client_hello(hello, choice, problem);
}

bool TlsSession::on_client_certificate(const tls::ClientCertificate& certificate) {
  return connection_.on_client_certificate(certificate);
}

bool Connection::on_client_hello(const tls::ClientHello& hello, std::shared_ptr<const tls::Identities>* choice,
                                 tls::Problem* problem) {
  *problem = {IPDAEMON_ERROR_TLS_HANDSHAKE, "the program ended the connection, or its callback failed", false};
  if (server_.wants(IPDAEMON_EVENT_SSL_STATUS)) {
    tell(hello.server_name.empty() ? "client hello received" : "client hello received, " + hello.server_name);
    if (state_ == State::ended) return false;
  }
  if (!server_.wants(IPDAEMON_EVENT_SSL_CONNECTION_REQUEST)) return true;
  if (!server_.may_deliver()) return false;
  const std::int64_t type = server_.number(IPDAEMON_PROPERTY_SSL_CERT_STORE_TYPE);
  // Copies: the callback may set the properties.
  const WipedBytes store(server_.bytes(IPDAEMON_PROPERTY_SSL_CERT_STORE));
  const WipedBytes password(server_.bytes(IPDAEMON_PROPERTY_SSL_CERT_STORE_PASSWORD));
  const Bytes subject(server_.bytes(IPDAEMON_PROPERTY_SSL_CERT_SUBJECT));
  ValueView parameters[] = {
      ValueView::integer(id_),
      ValueView::text(hello.cipher_suites),
      ValueView::text(hello.signature_algorithms),
      ValueView::integer(type),
      ValueView::raw(store),
      ValueView::text(password),
      ValueView::text(subject),
      ValueView::text(hello.server_name),
  };
  const bool go_on = server_.deliver(this, IPDAEMON_EVENT_SSL_CONNECTION_REQUEST, parameters, 8);
  // What the program has put in place of the store and the password is not kept either.
  struct Forgetting {
    EventSink& sink;
    ~Forgetting() { sink.forget_changes(); }
  } const forgetting{server_.sink()};
  if (!go_on || state_ == State::ended) return false;
  tls::StoreQuery query{parameters[3].number, parameters[4].bytes, parameters[5].bytes, parameters[6].bytes, {}};
  const bool same_store = query.type == type && query.store == store && query.password == password;
  if (same_store && query.subject == subject) return true;
  // A subject that was left as it is belongs to the certificate of the other store.
  if (query.subject.empty() || (!same_store && query.subject == subject)) query.subject = "*";
  *choice = server_.services().certificate_choices.find(query, problem);
  return *choice != nullptr;
}

bool Connection::on_client_certificate(const tls::ClientCertificate& certificate) {
  if (state_ == State::ended) return false;
  if (!server_.wants(IPDAEMON_EVENT_SSL_CLIENT_AUTHENTICATION)) return certificate.accept;
  ValueView parameters[] = {
      ValueView::integer(id_),
      ValueView::raw(certificate.pem),
      ValueView::text(certificate.subject),
      ValueView::text(certificate.issuer),
      ValueView::text(certificate.status),
      ValueView::boolean(certificate.accept),
  };
  const bool go_on = server_.deliver(this, IPDAEMON_EVENT_SSL_CLIENT_AUTHENTICATION, parameters, 6);
  return go_on && state_ != State::ended && parameters[5].number != 0;
}

void Connection::tell(BytesView status) {
  server_.report_status(this, status);
}

void Connection::tell_log() {
  if (!security_) return;
  for (const std::string& line : security_->engine().take_log()) tell(line);
}

// ---- Beginning ---------------------------------------------------------------------------------------

int Connection::begin_secure(std::shared_ptr<const tls::Context> context) {
  tls::Problem problem;
  security_ = TlsSession::create(*this, std::move(context), monotonic_ms(), &problem);
  if (!security_) return IPDAEMON_ERROR_NO_BUFFERS;
  state_ = State::opening;
  server_.handshakes().add(*security_);
  return 0;
}

int Connection::start_ssl(std::shared_ptr<const tls::Context> context) {
  if (sending_) return server_.fail(IPDAEMON_ERROR_BAD_STATE, "a blocking send of this connection is not done");
  server_.gathering().flush();
  if (failed_code_ != 0) return failed_code_;
  if (peer_ended_) return IPDAEMON_ERROR_NOT_OPEN;
  if (outbox_.file() != nullptr) return refuse();
  tls::Problem problem;
  std::unique_ptr<TlsSession> security = TlsSession::create(*this, std::move(context), monotonic_ms(), &problem);
  if (!security) return server_.fail(problem.code, std::move(problem.detail));
  // What was accepted in clear goes first. What came in clear is gone: it could have been put there by
  // somebody on the way.
  if (const std::size_t queued = outbox_.size(); queued > 0) {
    security->append_pending(outbox_.front());
    outbox_.consume(queued);
  }
  discard_input();
  if (greeting_owed_) ready_owed_ = true;  // The one that follows Connected waits for the handshake.
  security_ = std::move(security);
  server_.handshakes().add(*security_);
  update_interest();
  schedule();
  return 0;
}

void Connection::give_way() {
  error_owed_ = connected_;
  finish(IPDAEMON_ERROR_TLS_HANDSHAKE, room_detail, Close::reset);
}

// ---- Receiving ---------------------------------------------------------------------------------------

bool Connection::receive_sealed() {
  if (security_->has_backlog()) {
    const Bytes sealed = security_->take_backlog();
    open_sealed(sealed);
    return state_ != State::ended;
  }
  char* sealed = server_.buffers().ciphertext_buffer();
  const Transfer received = take(sealed);
  if (received.error == IPDAEMON_ERROR_WOULD_BLOCK) return false;
  if (received.error != 0) {
    fail(received.error);
    return false;
  }
  if (received.count == 0) {
    on_sealed_end();
    return false;
  }
  note_activity();
  open_sealed({sealed, static_cast<std::size_t>(received.count)});
  return state_ != State::ended;
}

// Goes on with what was read before, if it is still wanted: once in a pump, when others have had their turn.
void Connection::open_backlog() {
  if (!has_backlog() || !wants_input()) return;
  if (server_.may_deliver() && !server_.holds_data() && !is_held_back()) {
    receive_sealed();
  } else {
    server_.owed().add(this, Urgency::after_others);
  }
}

void Connection::open_sealed(BytesView sealed) {
  open_some(sealed);
  if (state_ != State::ended && has_backlog()) server_.owed().add(this, Urgency::after_others);
}

void Connection::open_some(BytesView sealed) {
  tls::Engine& engine = security_->engine();
  const bool was_securing = security_->is_securing();
  if (was_securing && !security_->started) {
    security_->started = true;
    tell("handshake started");
    if (state_ == State::ended) return;
  }
  const Landing landing = this->landing();
  // Callbacks may run in a handshake, and other connections use the server's buffer in them.
  Bytes own;
  Bytes& answer = was_securing ? own : server_.buffers().encrypt_buffer();
  const auto [count, taken] =
      engine.receive(sealed, landing.at, TurnBuffers::receive_length + tls::Engine::record_max, answer);
  if (state_ == State::ended) return;
  if (taken < sealed.size()) security_->keep_backlog(sealed.substr(taken));
  if (!answer.empty() && failed_code_ == 0) {
    // Why a handshake has failed says more than that its alert cannot be sent.
    const int code = emit(answer);
    if (code != 0 && engine.state() != tls::Engine::State::failed) fail(code);
    if (state_ == State::ended) return;
    // A peer that makes OpenSSL answer and takes no answers.
    security_->answers = !was_securing && security_->has_pending() ? security_->answers + answer.size() : 0;
    if (security_->answers > answers_max) {
      security_->input_broken = true;
      fail(IPDAEMON_ERROR_NO_BUFFERS);
    }
  }
  if (engine.logs()) tell_log();
  if (state_ == State::ended || engine.state() == tls::Engine::State::handshaking) return;
  const bool failed = engine.state() == tls::Engine::State::failed;
  const bool closed = engine.state() == tls::Engine::State::peer_closed;
  if (was_securing) {
    // Damaged data that came together with the end of the handshake is another matter.
    if (failed && engine.problem().code != IPDAEMON_ERROR_TLS_DECRYPT) {
      on_insecure();
      return;
    }
  }
  if (failed) {
    // Before callbacks, so that sends tell the cause. What came before the damage is delivered.
    security_->input_broken = true;
    fail(engine.problem().code);
    if (state_ == State::ended) return;
  }
  if (was_securing) {
    on_secured();
    if (state_ == State::ended) return;
  }
  if (state_ != State::open) return;  // A callback has ended it: what came is not wanted any more.
  if (count > 0) deliver_received(landing, count);
  if (state_ == State::ended) return;
  if (closed && !peer_ended_) on_peer_end();
}

void Connection::on_sealed_end() {
  security_->fin_received = true;
  if (security_->is_securing()) {
    error_owed_ = connected_;
    finish(IPDAEMON_ERROR_TLS_HANDSHAKE, ended_detail, Close::orderly);
    tell(std::string("handshake failed: ") + ended_detail);
    return;
  }
  if (security_->engine().state() == tls::Engine::State::open) {
    security_->truncated = true;
    tell("closed without TLS notification");
  }
  if (state_ != State::ended) on_peer_end();
}

// The handshake is done.
void Connection::on_secured() {
  server_.handshakes().remove(*security_);
  if (state_ == State::opening) {
    state_ = State::open;
    connected_owed_ = true;
    greeting_owed_ = true;  // No DataIn before.
  }
  update_interest();
  if (server_.wants(IPDAEMON_EVENT_SSL_STATUS)) {
    const tls::Negotiated negotiated = security_->engine().negotiated();
    if (negotiated.resumed) tell("session resumed");
    if (state_ != State::ended) tell("handshake complete, " + negotiated.version + ", " + negotiated.suite);
  }
  if (state_ != State::open) return;
  if (connected_owed_) {
    greet();
  } else if (ready_is_due()) {
    fire_ready();
  }
  if (state_ != State::ended) schedule();
}

// The handshake has failed; the alert is on its way.
void Connection::on_insecure() {
  const tls::Problem& problem = security_->engine().problem();
  error_owed_ = connected_;
  finish(problem.code, problem.detail.empty() ? nullptr : problem.detail.c_str(), Close::orderly);
  if (server_.wants(IPDAEMON_EVENT_SSL_STATUS)) {
    tell("handshake failed: " + (problem.detail.empty() ? error_text(problem.code, {}) : problem.detail));
  }
}

// ---- Sending -----------------------------------------------------------------------------------------

// Gives the system what is sealed, and keeps what it does not take. Returns 0 or an error code.
int Connection::emit(BytesView sealed) {
  if (!security_->has_pending()) {
    const Transfer sent = socket_.send(&sealed, 1);
    if (sent.error == 0) {
      sealed.remove_prefix(static_cast<std::size_t>(sent.count));
    } else if (sent.error != IPDAEMON_ERROR_WOULD_BLOCK) {
      return sent.error;
    }
  }
  if (sealed.empty()) return 0;
  try {
    security_->append_pending(sealed);
  } catch (const std::bad_alloc&) {
    return IPDAEMON_ERROR_NO_BUFFERS;
  }
  update_interest();
  schedule();
  return 0;
}

// Seals and sends. What is sealed will reach the peer, or the connection ends.
int Connection::seal(BytesView plain) {
  Bytes& sealed = server_.buffers().encrypt_buffer();
  int code = 0;
  try {
    if (!security_->engine().seal(plain, sealed)) code = IPDAEMON_ERROR_TLS_ENCRYPT;
  } catch (const std::bad_alloc&) {
    code = IPDAEMON_ERROR_NO_BUFFERS;
  }
  if (code == 0) code = emit(sealed);
  if (code != 0) {
    fail(code);
    return code;
  }
  on_taken(static_cast<std::int64_t>(plain.size()));
  if (security_->engine().logs()) server_.owed().add(this);
  return 0;
}

// Of a send with nothing queued before it: as much as the system takes. Returns 0 or an error code.
int Connection::seal_directly(BytesView data, BytesView tail, std::size_t* taken) {
  const auto pass = [&](BytesView plain) {
    const int code = seal(plain);
    if (code == 0) {
      outbox_.count_direct(plain.size());
      *taken += plain.size();
    }
    return code;
  };
  if (!tail.empty() && data.size() + tail.size() <= join_max) {
    char joined[join_max];
    copy_bytes(joined, data);
    copy_bytes(joined + data.size(), tail);
    return pass({joined, data.size() + tail.size()});
  }
  for (BytesView piece : {data, tail}) {
    while (!piece.empty() && is_drained()) {
      if (const int code = pass(piece.substr(0, seal_piece)); code != 0) return code;
      piece.remove_prefix(std::min(piece.size(), seal_piece));
    }
    if (!piece.empty()) break;
  }
  return 0;
}

// Returns whether all that was sealed has been taken.
bool Connection::flush_pending() {
  if (!security_->has_pending()) return true;
  const BytesView bytes = security_->pending();
  const Transfer sent = socket_.send(&bytes, 1);
  if (sent.error == IPDAEMON_ERROR_WOULD_BLOCK) return false;
  if (sent.error != 0) {
    fail(sent.error);
    return false;
  }
  security_->consume_pending(static_cast<std::size_t>(sent.count));
  note_activity();
  return !security_->has_pending();
}

void Connection::write_sealed() {
  if (!flush_pending() || is_securing()) return;
  std::size_t done = 0;
  while (outbox_.size() > 0 && done < seal_turn && is_sealable()) {
    const BytesView piece = outbox_.front().substr(0, seal_piece);
    const std::size_t length = piece.size();
    if (seal(piece) != 0) return;
    outbox_.consume(length);
    done += length;
  }
  while (outbox_.size() == 0 && outbox_.file() != nullptr && done < seal_turn && is_sealable()) {
    if (!seal_file_part()) return;
    done += seal_piece;
  }
}

bool Connection::is_sealable() const {
  return state_ != State::ended && failed_code_ == 0 && !security_->has_pending();
}

bool Connection::seal_file_part() {
  std::unique_ptr<char[]> plain;
  try {
    plain = std::make_unique_for_overwrite<char[]>(seal_piece);
  } catch (const std::bad_alloc&) {
    fail(IPDAEMON_ERROR_NO_BUFFERS);
    return false;
  }
  const auto length =
      static_cast<std::size_t>(std::min<std::int64_t>(outbox_.file_left(), static_cast<std::int64_t>(seal_piece)));
  const Transfer read = outbox_.file()->read(outbox_.file_offset(), plain.get(), length);
  if (read.error != 0 || read.count <= 0) {
    on_file_lost();
    return false;
  }
  if (seal({plain.get(), static_cast<std::size_t>(read.count)}) != 0) return false;
  outbox_.consume_file(read.count);
  return true;
}

// Before the socket is closed in order: says that nothing more comes, if that can be said at once.
void Connection::close_security() {
  // Nor if something is missing before it, which the peer shall see.
  if (!socket_.valid() || security_->has_pending() || !outbox_.empty() || security_->engine().running()) return;
  Bytes& sealed = server_.buffers().encrypt_buffer();
  try {
    security_->engine().close(sealed);
  } catch (const std::bad_alloc&) {
    return;
  }
  if (sealed.empty()) return;
  const BytesView bytes = sealed;
  socket_.send(&bytes, 1);
}

// What is sealed and not sent is given up; no handshake is unfinished any more.
void Connection::end_security() {
  if (!security_) return;
  security_->clear_pending();
  server_.handshakes().remove(*security_);
}

// ---- Properties --------------------------------------------------------------------------------------

std::string Connection::negotiated(int setting) const {
  const tls::Negotiated result = security_ ? security_->engine().negotiated() : tls::Negotiated();
  switch (setting) {
    case IPDAEMON_SETTING_SSL_NEGOTIATED_VERSION:
      return result.version;
    case IPDAEMON_SETTING_SSL_NEGOTIATED_CIPHER_SUITE:
      return result.suite;
    case IPDAEMON_SETTING_SSL_NEGOTIATED_CIPHER:
      return result.cipher;
    case IPDAEMON_SETTING_SSL_NEGOTIATED_CIPHER_STRENGTH:
      return std::to_string(result.cipher_bits);
    case IPDAEMON_SETTING_SSL_NEGOTIATED_KEY_EXCHANGE:
      return result.key_exchange;
    case IPDAEMON_SETTING_SSL_NEGOTIATED_KEY_EXCHANGE_STRENGTH:
      return std::to_string(result.key_exchange_bits);
    default:
      return {};
  }
}

}  // namespace ipdaemon
