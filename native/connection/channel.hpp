// The socket of a connection, unencrypted or in TLS: what is read and written, and what the poller is asked for. The
// connection decides what to do with errors, as only it knows what they mean for its life.
//
// Ciphertext cannot be taken back, and a blocking send may have to take back bytes. So plain ones wait in the outbox
// and are encrypted a piece at a time, when the system has taken the ciphertext before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "connection/outbox.hpp"
#include "connection/tls_session.hpp"
#include "net/socket.hpp"
#include "reactor/poller.hpp"
#include "reactor/source.hpp"

namespace ipdaemon {

struct Services;

class Channel {
 public:
  Channel(Services& services, Socket&& socket) : services_(services), socket_(std::move(socket)) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  Services& services() const { return services_; }

  // ---- What the poller is asked for ----
  // From now on `source` is told when the socket can be read. Returns 0 or an error code.
  int watch(Source* source);
  // Before closing, too: a descriptor that a child process holds for a moment would go on being reported.
  void unwatch();
  bool is_watched() const { return watched_; }
  Interest interest() const { return interest_; }
  int set_interest(Source* source, Interest interest);
  // The poller has reported an error of the system.
  void note_error(int code) { broken_code_ = code; }
  int why_broken();

  // ---- TLS ----
  // Null while it is unencrypted.
  TlsSession* tls() { return tls_.get(); }
  const TlsSession* tls() const { return tls_.get(); }
  void start_tls(std::unique_ptr<TlsSession> session) { tls_ = std::move(session); }
  bool is_handshaking() const { return tls_ && tls_->is_handshaking(); }
  // Whether what the program sends can be encrypted, or need not be.
  bool is_established() const { return !tls_ || tls_->is_established(); }
  // Ciphertext that was read before waits for its turn.
  bool has_backlog() const { return tls_ && tls_->has_backlog(); }
  bool logs_packets() const { return tls_ && tls_->engine().logs(); }

  // ---- Reading ----
  // Reads once to `at`, which has room for TurnBuffers::receive_length. Behind what could still be read, a broken
  // connection has not ended in order: its error is reported instead of the end.
  Transfer read_some(char* at);
  bool has_input() { return ahead_ || socket_.has_input(); }
  // Something was read ahead, which comes before what the system has: see DataGroup.
  void set_ahead(bool ahead) { ahead_ = ahead; }
  bool has_ahead() const { return ahead_; }

  // ---- Writing ----
  // Ciphertext that the system has not taken.
  bool has_unsent() const { return tls_ && tls_->has_unsent(); }
  std::size_t unsent_size() const { return tls_ ? tls_->unsent_size() : 0; }
  void drop_unsent() {
    if (tls_) tls_->drop_unsent();
  }
  // Whether some of it was given up: not all that counts as sent has been.
  bool has_lost() const { return tls_ && tls_->has_lost(); }
  // Bytes of it that the system has taken: progress beside that of the outbox.
  std::uint64_t unsent_consumed() const { return tls_ ? tls_->consumed() : 0; }

  // What one step of writing came to.
  struct Step {
    std::int64_t taken = 0;  // Plain bytes.
    int error = 0;           // What the connection has to end with, never that the system takes no more.
    bool moved = false;      // Ciphertext of before has gone.
    bool again = false;      // There may be more to do at once.
    bool file_lost = false;  // The file cannot be read on.
  };
  // Sends what is not queued, with nothing queued before it: as much as goes with one call. The rest stays with the
  // caller, who may try again if the step says so.
  Step send_some(BytesView data, BytesView tail);
  // One step in sending what is queued. `turn_left` is how many bytes this turn may still encrypt.
  Step write_some(Outbox& outbox, std::int64_t* turn_left);
  static constexpr std::int64_t encrypt_per_turn = 512 * 1024;
  // Gives the system ciphertext, and keeps what it does not take. Returns 0 or an error code.
  int write_ciphertext(BytesView ciphertext);

  // ---- Ending ----
  // Before the socket is closed in order: says that nothing more comes, if that can be said at once.
  void send_close_notify(bool queue_is_empty);
  // Whether the peer might still read an alert that says why its handshake has failed.
  bool has_alert() const { return tls_ && !tls_->is_established(); }
  int shut_down_send() { return socket_.shut_down_send(); }
  bool is_open() const { return socket_.valid(); }
  // Gives the socket away, still watched if it was. Its new owner may not have taken it.
  template <typename NewOwner>
  void hand_over(NewOwner new_owner) {
    new_owner(std::move(socket_), watched_);
    watched_ = watched_ && socket_.valid();
  }
  // With input that nobody has read, the system says that to the peer; so do we if we have read it ahead.
  void close() { ahead_ ? socket_.reset() : socket_.close(); }
  void reset() { socket_.reset(); }
  int local_endpoint(Endpoint* out) const { return socket_.local_endpoint(out); }

 private:
  Step encrypt(BytesView plain);
  Step write_bytes(Outbox& outbox);
  Step write_file(Outbox& outbox);
  Step encrypt_bytes(Outbox& outbox);
  Step encrypt_file(Outbox& outbox);
  Step flush_unsent();

  Services& services_;
  Socket socket_;
  std::unique_ptr<TlsSession> tls_;
  std::int32_t broken_code_ = 0;
  Interest interest_ = Interest::none;
  bool watched_ = false;
  bool ahead_ = false;
};

}  // namespace ipdaemon
