// Members of Connection: what comes in while it speaks TLS, and how its handshakes end.

#include <utility>

#include "base/clock.hpp"
#include "connection/connection.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"

namespace ipdaemon {

namespace {

constexpr const char* ended_detail = "the peer closed the connection during the handshake";

}  // namespace

void Connection::fire_status(BytesView text) {
  hold_piece();
  services().dispatcher.fire_status(this, id_, text);
  release_piece();
}

void Connection::fire_packet_log() {
  for (const std::string& line : channel_.tls()->engine().take_log()) fire_status(line);
}

bool Connection::receive_ciphertext() {
  if (channel_.has_backlog()) {
    const Bytes ciphertext = channel_.tls()->take_backlog();
    decrypt(ciphertext);
    return !has_ended();
  }
  char* buffer = services().buffers.ciphertext_buffer();
  const Transfer received = channel_.read_some(buffer);
  if (received.error == IPDAEMON_ERROR_WOULD_BLOCK) return false;
  if (received.error != 0) {
    break_off(received.error);
    return false;
  }
  if (received.count == 0) {
    on_end_of_stream();
    return false;
  }
  note_activity();
  decrypt({buffer, static_cast<std::size_t>(received.count)});
  return !has_ended();
}

// Goes on with what was read before, if it is still wanted: once in a pump, when others have had their turn.
void Connection::decrypt_backlog() {
  if (!channel_.has_backlog() || !wants_input()) return;
  const Dispatcher& dispatcher = services().dispatcher;
  if (dispatcher.may_deliver() && !dispatcher.holds_data() && !is_held_back()) {
    receive_ciphertext();
  } else {
    owe(Urgency::after_others);
  }
}

void Connection::decrypt(BytesView ciphertext) {
  decrypt_some(ciphertext);
  if (!has_ended() && channel_.has_backlog()) owe(Urgency::after_others);
}

void Connection::decrypt_some(BytesView ciphertext) {
  TlsSession& session = *channel_.tls();
  tls::Engine& engine = session.engine();
  const bool was_handshaking = session.is_handshaking();
  if (was_handshaking && session.begin_once()) {
    fire_status("handshake started");
    if (has_ended()) return;
  }
  const ReceiveTarget target = inbox_.target(services().buffers.receive_buffer(), TurnBuffers::headroom);
  // Callbacks may run in a handshake, and other connections use the server's buffer in them.
  Bytes own;
  Bytes& answer = was_handshaking ? own : services().buffers.encrypt_buffer();
  const auto [count, taken] =
      engine.receive(ciphertext, target.at, TurnBuffers::receive_length + tls::Engine::record_max, answer);
  if (has_ended()) return;
  if (taken < ciphertext.size()) session.keep_backlog(ciphertext.substr(taken));
  if (!answer.empty() && life_.output_is_open() && !send_answer(answer, was_handshaking)) return;
  if (engine.logs()) fire_packet_log();
  if (has_ended() || session.is_handshaking()) return;
  const bool failed = engine.state() == tls::Engine::State::failed;
  const bool closed = engine.state() == tls::Engine::State::peer_closed;
  // Damaged data that came together with the end of the handshake is another matter.
  if (was_handshaking && failed && engine.problem().code != IPDAEMON_ERROR_TLS_DECRYPT) {
    on_handshake_failed();
    return;
  }
  if (failed) {
    // Before callbacks, so that sends report the cause. What came before the damage is delivered.
    life_.damage_input();
    break_off(engine.problem().code);
    if (has_ended()) return;
  }
  if (was_handshaking) {
    on_handshake_done();
    if (has_ended()) return;
  }
  if (!is_up()) return;  // A callback has ended it: what came is not wanted any more.
  if (count > 0) on_received(target, count);
  if (has_ended()) return;
  if (closed && life_.input() != Life::Input::ended) on_peer_end();
}

// Sends what OpenSSL says by itself. Returns false if the connection has ended.
bool Connection::send_answer(BytesView answer, bool was_handshaking) {
  TlsSession& session = *channel_.tls();
  const int code = channel_.write_ciphertext(answer);
  if (code == 0 && channel_.has_unsent()) {
    update_interest();
    schedule();
  }
  // Why a handshake has failed says more than that its alert cannot be sent.
  if (code != 0 && session.engine().state() != tls::Engine::State::failed) break_off(code);
  if (has_ended()) return false;
  if (!was_handshaking && session.count_answer(answer.size())) {
    life_.damage_input();
    break_off(IPDAEMON_ERROR_NO_BUFFERS);
  }
  return true;
}

// The peer has ended the TCP connection.
void Connection::on_end_of_stream() {
  TlsSession& session = *channel_.tls();
  if (session.is_handshaking()) {
    session.end_of_stream();
    end_failed_handshake(IPDAEMON_ERROR_TLS_HANDSHAKE, ended_detail, IPDAEMON_CLOSED_TLS_HANDSHAKE);
    fire_status(std::string("handshake failed: ") + ended_detail);
    return;
  }
  if (session.end_of_stream()) fire_status("closed without TLS notification");
  if (!has_ended()) on_peer_end();
}

void Connection::on_handshake_done() {
  TlsSession& session = *channel_.tls();
  services().handshakes.remove(session);
  Counters& counters = services().connections.counters;
  const bool resumed = session.engine().was_resumed();
  counters.count(resumed ? IPDAEMON_COUNTER_HANDSHAKES_RESUMED : IPDAEMON_COUNTER_HANDSHAKES_FULL);
  counters.handshakes.add(services().pump.slice().looked_us() - session.begun_ms() * 1000);
  if (life_.come_up()) {
    services().connections.count_handshaken();
    owed_.add(Owing::connected);
    ready_.expect_greeting();  // No DataIn before.
  }
  update_interest();
  if (services().dispatcher.wants(IPDAEMON_EVENT_SSL_STATUS)) {
    const tls::Negotiated negotiated = session.engine().negotiated();
    if (negotiated.resumed) fire_status("session resumed");
    if (!has_ended()) fire_status("handshake complete, " + negotiated.version + ", " + negotiated.suite);
  }
  if (!is_up()) return;
  if (owed_.has(Owing::connected)) {
    fire_connected();
  } else if (ready_is_due()) {
    fire_ready();
  }
  if (!has_ended()) schedule();
}

// The alert is on its way.
void Connection::on_handshake_failed() {
  const tls::Problem& problem = channel_.tls()->engine().problem();
  end_failed_handshake(problem.code, problem.detail.empty() ? nullptr : problem.detail.c_str(),
                       reason_of(problem.code));
  if (services().dispatcher.wants(IPDAEMON_EVENT_SSL_STATUS)) {
    fire_status("handshake failed: " + (problem.detail.empty() ? error_text(problem.code, {}) : problem.detail));
  }
}

int Connection::start_ssl(std::shared_ptr<const tls::Context> context) {
  Dispatcher& dispatcher = services().dispatcher;
  if (sending_) {
    return dispatcher.record_error(IPDAEMON_ERROR_BAD_STATE, "a blocking send on this connection has not finished");
  }
  services().gathering.flush();
  if (!life_.output_is_open()) return life_.output_code();
  if (life_.input() == Life::Input::ended) return IPDAEMON_ERROR_NOT_OPEN;
  if (outbox_.file() != nullptr) return refuse_send();
  tls::Problem problem;
  std::unique_ptr<TlsSession> session = TlsSession::create(*this, std::move(context), monotonic_ms(), &problem);
  if (!session) return dispatcher.record_error(problem.code, std::move(problem.detail));
  // What was accepted unencrypted goes first. What came unencrypted is gone: it could have been put there by somebody
  // on the way.
  if (const std::size_t queued = outbox_.size(); queued > 0) {
    session->append_unsent(outbox_.front());
    outbox_.consume(queued);
  }
  discard_input();
  ready_.handshake_began();
  channel_.start_tls(std::move(session));
  services().handshakes.add(*channel_.tls());
  update_interest();
  schedule();
  return 0;
}

std::string Connection::negotiated(int setting) const {
  const tls::Negotiated result = speaks_tls() ? channel_.tls()->engine().negotiated() : tls::Negotiated();
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
    case IPDAEMON_SETTING_SSL_NEGOTIATED_ALPN:
      return result.protocol;
    case IPDAEMON_SETTING_SSL_SERVER_NAME:
      return result.server_name;
    default:
      return {};
  }
}

}  // namespace ipdaemon
