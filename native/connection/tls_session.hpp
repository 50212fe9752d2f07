// What a connection has in addition when it speaks TLS, or is about to: the engine, and ciphertext that waits on its
// way in or out. What the engine asks in a handshake goes to the program: handshake_questions.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/bytes.hpp"
#include "tls/engine.hpp"

namespace ipdaemon {

class Connection;

class TlsSession final : public tls::EngineEvents {
 public:
  TlsSession(Connection& connection, std::int64_t begun_ms) : connection_(connection), begun_ms_(begun_ms) {}

  // Null with the reason, when there is no memory.
  static std::unique_ptr<TlsSession> create(Connection& connection, std::shared_ptr<const tls::Context> context,
                                            std::int64_t now_ms, tls::Problem* problem);

  tls::Engine& engine() { return *engine_; }
  const tls::Engine& engine() const { return *engine_; }
  bool is_handshaking() const { return engine_->state() == tls::Engine::State::handshaking; }
  bool is_established() const {
    return engine_->state() == tls::Engine::State::open || engine_->state() == tls::Engine::State::peer_closed;
  }
  // Its handshake is one that the server waits for: not done, and not given up.
  bool is_listed() const { return listed_; }
  std::int64_t begun_ms() const { return begun_ms_; }
  Connection& connection() { return connection_; }

  // Bytes that go to the system as they are, before anything that is encrypted later: ciphertext that the system has
  // not taken, and at first what was queued unencrypted.
  bool has_unsent() const { return taken_ < unsent_.size(); }
  std::size_t unsent_size() const { return unsent_.size() - taken_; }
  BytesView unsent() const { return BytesView(unsent_).substr(taken_); }
  void append_unsent(BytesView bytes);
  void consume_unsent(std::size_t count);
  void drop_unsent();
  bool has_lost() const { return lost_; }               // Some were never taken.
  std::uint64_t consumed() const { return consumed_; }  // Bytes ever consumed.

  // Ciphertext that was read and waits for its turn: what came before it made much work.
  bool has_backlog() const { return !backlog_.empty(); }
  void keep_backlog(BytesView bytes) { backlog_.assign(bytes); }
  Bytes take_backlog() { return std::exchange(backlog_, {}); }
  std::size_t memory() const { return unsent_.size() + backlog_.size() + engine_->kept(); }

  // Whether these are the first bytes of the client.
  bool begin_once() { return !std::exchange(begun_, true); }
  // The peer has ended the TCP connection. Returns whether it did so without close_notify.
  bool end_of_stream();
  bool has_end_of_stream() const { return end_of_stream_; }
  bool is_truncated() const { return truncated_; }
  // OpenSSL has answered by itself, with so many bytes, to more than the handshake. Returns whether too many of them
  // wait for a peer that takes none.
  bool count_answer(std::size_t length);

  bool on_client_hello(const tls::ClientHello& hello, std::shared_ptr<const tls::Identities>* choice,
                       tls::Problem* problem) override;
  bool on_client_certificate(const tls::ClientCertificate& certificate) override;
  tls::HelloWish wants_client_hello() const override;
  bool wants_certificate_chain() const override;
  void on_notice(const std::string& text) override;

 private:
  friend class HandshakeList;
  bool ask_for_certificate(const tls::ClientHello& hello, std::shared_ptr<const tls::Identities>* choice,
                           tls::Problem* problem);

  Connection& connection_;
  std::unique_ptr<tls::Engine> engine_;
  Bytes unsent_;
  Bytes backlog_;
  std::size_t taken_ = 0;  // Bytes at the beginning of unsent_ that are gone already.
  std::uint64_t consumed_ = 0;
  std::size_t answers_ = 0;  // Bytes OpenSSL has said by itself since nothing was unsent.
  const std::int64_t begun_ms_;
  TlsSession* previous_ = nullptr;
  TlsSession* next_ = nullptr;
  bool lost_ = false;
  bool listed_ = false;
  bool begun_ = false;
  bool end_of_stream_ = false;
  bool truncated_ = false;
};

// The connections of a server whose handshakes are unfinished, the oldest first.
class HandshakeList {
 public:
  void add(TlsSession& session);
  void remove(TlsSession& session);
  TlsSession* oldest() { return first_; }
  static TlsSession* after(TlsSession& session) { return session.next_; }

 private:
  TlsSession* first_ = nullptr;
  TlsSession* last_ = nullptr;
};

}  // namespace ipdaemon
