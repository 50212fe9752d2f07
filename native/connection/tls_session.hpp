// What a connection has in addition when it speaks TLS, or is about to.
#pragma once

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
  bool is_securing() const { return engine_->state() == tls::Engine::State::handshaking; }
  bool is_established() const {
    return engine_->state() == tls::Engine::State::open || engine_->state() == tls::Engine::State::peer_closed;
  }
  std::int64_t begun_ms() const { return begun_ms_; }
  Connection& connection() { return connection_; }

  // Bytes that go to the system as they are, before anything that is sealed later: what the system has
  // not taken of sealed ones, and at first what was queued in clear.
  bool has_pending() const { return taken_ < pending_.size(); }
  std::size_t pending_size() const { return pending_.size() - taken_; }
  BytesView pending() const { return BytesView(pending_).substr(taken_); }
  void append_pending(BytesView bytes);
  void consume_pending(std::size_t count);
  void clear_pending();
  bool has_lost() const { return lost_; }               // Some were never taken.
  std::uint64_t consumed() const { return consumed_; }  // Bytes ever consumed.
  // Sealed bytes that were read and wait for their turn: what came before them made much work.
  bool has_backlog() const { return !backlog_.empty(); }
  void keep_backlog(BytesView bytes) { backlog_.assign(bytes); }
  Bytes take_backlog() { return std::exchange(backlog_, {}); }
  std::size_t memory() const { return pending_.size() + backlog_.size() + engine_->kept(); }

  bool on_client_hello(const tls::ClientHello& hello, std::shared_ptr<const tls::Identities>* choice,
                       tls::Problem* problem) override;
  bool on_client_certificate(const tls::ClientCertificate& certificate) override;
  tls::HelloWish wants_client_hello() const override;
  bool wants_certificate_chain() const override;

  bool started = false;       // The first bytes of the client have come.
  bool fin_received = false;  // The peer's end of the TCP connection, not of TLS.
  bool truncated = false;     // That came without TLS's own notice.
  bool input_broken = false;  // Nothing more can be read.
  std::size_t answers = 0;    // Bytes OpenSSL has said by itself since nothing was pending.

 private:
  friend class HandshakeList;
  Connection& connection_;
  std::unique_ptr<tls::Engine> engine_;
  Bytes pending_;
  Bytes backlog_;
  std::size_t taken_ = 0;
  bool lost_ = false;
  std::uint64_t consumed_ = 0;
  const std::int64_t begun_ms_;
  TlsSession* previous_ = nullptr;
  TlsSession* next_ = nullptr;
  bool listed_ = false;
};

// The connections of a server whose handshakes are unfinished, the oldest first.
class HandshakeList {
 public:
  void add(TlsSession& security);
  void remove(TlsSession& security);
  TlsSession* oldest() { return first_; }
  static TlsSession* after(TlsSession& security) { return security.next_; }

 private:
  TlsSession* first_ = nullptr;
  TlsSession* last_ = nullptr;
};

}  // namespace ipdaemon
