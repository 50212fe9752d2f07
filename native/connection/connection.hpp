// One peer, from accepted to gone: reads and frames what comes, sends or queues what goes, and knows
// which events it still owes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "connection/framer.hpp"
#include "connection/outbox.hpp"
#include "connection/tls_session.hpp"
#include "net/socket.hpp"
#include "properties/values.hpp"
#include "pump/deadlines.hpp"
#include "pump/debtor.hpp"

namespace ipdaemon {

class Server;

class Connection final : public Debtor, public Deadline {
 public:
  Connection(Server& server, Socket&& socket, const Endpoint& peer, std::int32_t id);
  ~Connection() override;

  // Watches the socket. Returns 0 or an error code.
  int start();
  // Fires Connected and the ReadyToSend that follows it.
  void greet();
  // Before start: nothing but TLS from the first byte on, and Connected after its handshake.
  int begin_secure(std::shared_ptr<const tls::Context> context);
  // The next byte belongs to TLS.
  int start_ssl(std::shared_ptr<const tls::Context> context);

  void on_ready(const Ready& ready) override;
  void on_out_of_memory() override;
  void on_deadline(std::int64_t now_ms) override;

  // Sends `data` and `tail` as one; see ipdaemon_do_send.
  int send(BytesView data, BytesView tail);
  // A send begins, or was refused before it got here: of the one before, BytesSent tells nothing any more.
  void forget_sent() { bytes_sent_ = 0; }
  int send_kept(BytesView data, std::int64_t last_length);
  int lose_kept();
  bool may_keep() const;
  // The program cannot be given what is being delivered.
  void refuse_input(int code);
  int send_file(File&& file);
  // Ends a blocking send.
  void interrupt() { interrupted_ = sending_; }
  // Our own wish to end the connection, by the rules of Linger.
  void disconnect();
  // Ends it at once, whatever is queued.
  void abort(int status);
  // Closes the socket without any event; the server is being reset or closed.
  void drop();

  int set(const Row& row, Stored&& value);
  int get(const Row& row, ValueView* out, std::string* scratch);
  std::string uid() const;

  void fire_owed() override;
  void show_ready() override;
  void go_on_with_handshake() override;

  std::int32_t id() const { return id_; }
  bool is_open() const { return state_ == State::open; }
  bool is_secure() const { return security_ != nullptr; }
  bool is_ended() const { return state_ == State::ended; }
  const Endpoint& peer() const { return peer_; }
  std::size_t memory() const { return input_.size() + outbox_.size() + (security_ ? security_->memory() : 0); }
  std::string negotiated(int setting) const;

  bool can_gather() const override { return is_drained(); }
  void write_gathered(BytesView bytes) override;

  // Inside of a handshake; see tls::EngineEvents.
  bool on_client_hello(const tls::ClientHello& hello, std::shared_ptr<const tls::Identities>* choice,
                       tls::Problem* problem);
  bool on_client_certificate(const tls::ClientCertificate& certificate);
  const Server& server() const { return server_; }

  // Another peer needs its place.
  void give_way();

 private:
  enum class State : std::uint8_t {
    opening,  // The first TLS handshake is unfinished: there was no Connected yet.
    open,
    finishing,  // Nothing is read any more; ends when everything queued has been sent.
    ended,      // The socket is gone; Disconnected is owed or being delivered.
  };

  void callbacks_returned() override;

  // Receiving.
  int why_broken();
  // Where the next bytes are received to.
  struct Landing {
    char* buffer;
    char* at;
    std::size_t left;  // Bytes of the read before, which belong in front.
    bool joined;       // There is room for them there.
  };
  bool receive();
  bool is_held_back() const;
  void pause();
  void resume();
  Transfer take(char* at);
  Landing landing();
  void deliver_received(const Landing& landing, std::size_t count);
  void feed(BytesView data);
  void feed_input();
  std::size_t deliver_pieces(BytesView data);
  std::size_t deliver_next(BytesView data, std::size_t from, bool* complete);
  std::size_t deliver_batch(BytesView data, const Framing& by, Piece piece);
  void deliver_piece(BytesView text, bool eol);
  void deliver_rest();
  bool may_deliver() const;
  bool wants_input() const {
    return state_ == State::open && properties_.ACCEPT_DATA && !peer_ended_ && !greeting_owed_;
  }
  Framing framing() const;
  void framing_changed();
  void owe_input();
  void on_peer_end();
  void discard_input();

  // TLS: connection_tls.cpp.
  bool is_securing() const { return security_ && security_->is_securing(); }
  // Nothing can be sent yet: the handshake is not done, or Connected has not been delivered after it.
  bool is_unready() const { return security_ && (!security_->is_established() || connected_owed_); }
  bool is_too_early() const { return is_unready() && state_ != State::ended && failed_code_ == 0; }
  bool receive_sealed();
  void open_sealed(BytesView sealed);
  void open_some(BytesView sealed);
  bool has_backlog() const { return security_ && security_->has_backlog(); }
  void open_backlog();
  void on_sealed_end();
  void on_secured();
  void on_insecure();
  void tell_log();
  void tell(BytesView status);
  int seal_directly(BytesView data, BytesView tail, std::size_t* taken);
  int seal(BytesView plain);
  int emit(BytesView sealed);
  void write_sealed();
  bool flush_pending();
  bool seal_file_part();
  bool is_sealable() const;
  void close_security();
  void end_security();

  // Sending.
  int check_sendable() const;
  std::size_t gather_max() const;
  bool is_drained() const { return outbox_.empty() && !(security_ && security_->has_pending()); }
  std::uint64_t moved() const { return outbox_.taken() + (security_ ? security_->consumed() : 0); }
  bool is_full() const;
  // Nothing can be sent any more, whatever is still to be delivered. A program that waits inside a callback, where no
  // event of the connection can tell it, has to learn of it from the properties.
  bool is_lost() const;
  int refuse();
  int send_now(BytesView data, BytesView tail);
  int wait_until_sent(std::uint64_t begin, std::uint64_t goal);
  int pump_until_sent(std::uint64_t goal);
  bool is_sent(std::uint64_t goal) const;
  int why_not_sent() const;
  void write();
  bool write_bytes();
  void write_file();
  void on_file_lost();
  void on_taken(std::int64_t count);
  void on_drained();
  void fire_ready();
  bool ready_is_due() const;

  // Ending.
  enum class Close : std::uint8_t { orderly, reset };
  void fail(int code);
  void unwatch();
  void read_out();
  void finish_if_peer_ended();
  void finish(int status, const char* detail, Close how);
  void deliver_disconnected();
  bool is_lingering() const;
  std::int64_t deadline_ms() const;
  void note_activity();
  void schedule();
  void look_before_deadline();
  void update_interest();
  void remember_local_address();

  Server& server_;
  Socket socket_;
  const std::int32_t id_;
  const Endpoint peer_;
  Address local_;
  std::uint64_t uid_;
  ConnectionProperties properties_;
  Framer framer_;
  std::uint32_t line_length_max_;
  Bytes input_;  // Received, not delivered yet.
  Outbox outbox_;
  std::unique_ptr<TlsSession> security_;  // Null in clear.
  std::int64_t last_activity_ms_ = 0;     // Only kept while there is an idle time-out.
  const char* status_detail_ = nullptr;
  std::int32_t status_ = 0;       // How the connection ended.
  std::int32_t broken_code_ = 0;  // What the poller has told.
  std::int32_t failed_code_ = 0;  // A write failed; what can still be read is read, then this is the status.
  std::int64_t bytes_sent_ = 0;
  State state_ = State::open;
  Interest interest_ = Interest::none;
  bool watched_ : 1 = false;
  bool linger_ : 1 = true;
  bool ready_ : 1 = true;           // What the property ReadyToSend reads.
  bool ready_owed_ : 1 = false;     // A send was refused: one event when the queue is empty.
  bool greeting_owed_ : 1 = false;  // The ReadyToSend that follows Connected has not fired; DataIn waits.
  bool sending_ : 1 = false;        // A blocking send is on the stack.
  bool interrupted_ : 1 = false;
  bool peer_ended_ : 1 = false;
  bool rest_owed_ : 1 = false;        // The peer has ended and the last bytes are not delivered yet.
  bool input_owed_ : 1 = false;       // input_ may hold complete pieces.
  bool feeding_ : 1 = false;          // deliver_pieces is on the stack: input_ must not move.
  bool discard_ : 1 = false;          // What deliver_pieces has not delivered shall be discarded.
  bool paused_ : 1 = false;           // Input is not watched, since it could not be taken: see is_held_back.
  bool handshake_waits_ : 1 = false;  // Likewise, until its turn among the handshakes comes.
  bool end_owed_ : 1 = false;         // Disconnected has not been delivered.
  bool error_owed_ : 1 = false;       // An Error event goes before it.
  bool connected_owed_ : 1 = false;   // The handshake is done and Connected has not been delivered.
  bool connected_ : 1 = false;        // It has: so will be Disconnected.
  bool failure_told_ : 1 = false;     // Error has fired for a connection that never came up.
};

}  // namespace ipdaemon
