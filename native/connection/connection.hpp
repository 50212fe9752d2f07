// One peer, from accepted to gone: how its life goes, which events it owes and who is told what. The bytes are the
// business of its parts: Channel (the socket, TLS), Inbox and Outbox.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "connection/address_blocks.hpp"
#include "connection/channel.hpp"
#include "connection/inbox.hpp"
#include "connection/life.hpp"
#include "connection/outbox.hpp"
#include "connection/owed.hpp"
#include "connection/ready_to_send.hpp"
#include "connection/time_limits.hpp"
#include "net/socket.hpp"
#include "properties/values.hpp"
#include "pump/deadlines.hpp"
#include "pump/debtor.hpp"

namespace ipdaemon {

struct GroupMember;

class Connection final : public Debtor, public Deadline {
 public:
  // `local` is the address that it has come to; of family none if the system has to be asked for it.
  Connection(Services& services, Socket&& socket, const Endpoint& peer, const Address& local, std::int32_t id);
  ~Connection() override;

  // ---- Beginning ----
  // Before start: nothing but TLS from the first byte on, and Connected after its handshake.
  // The time-out of the handshake runs from `begun_ms` on.
  int begin_handshake(std::shared_ptr<const tls::Context> context, std::int64_t begun_ms);
  // Watches the socket. Returns 0 or an error code.
  int start();
  // Counts in its block of addresses until it ends, if the place is taken.
  void keep(AddressBlocks::Place& place) { counts_in_block_ = place.keep(); }
  bool counts_in_block() const { return counts_in_block_; }
  // What was read before there was a connection is its first input. May throw std::bad_alloc, and so it comes before
  // anybody knows of the connection; after start, begin_with_kept says that it is there.
  void keep_first(BytesView input);
  void begin_with_kept(std::size_t length);
  // Fires Connected and the ReadyToSend that follows it.
  void fire_connected();

  // ---- Methods ----
  // Sends `data` and `tail` as one; see ipdaemon_do_send.
  int send(BytesView data, BytesView tail);
  // A send begins, or was refused before it got here: of the one before, BytesSent says nothing any more.
  void forget_sent() { bytes_sent_ = 0; }
  int send_gathered(BytesView data, std::int64_t last_length);
  int lose_gathered();
  bool may_send_gathered() const;
  int send_file(File&& file);
  // Ends a blocking send.
  void interrupt() { interrupted_ = sending_; }
  // The next byte belongs to TLS.
  int start_ssl(std::shared_ptr<const tls::Context> context);
  // The program cannot be given what is being delivered.
  void refuse_input(int code);
  // Our own wish to end the connection, by the rules of Linger. Reasons are IPDAEMON_CLOSED_*.
  void disconnect(int reason);
  // Ends it at once, whatever is queued.
  void abort(int status, int reason);
  // Another peer needs its place.
  void give_way();
  // Closes the socket without any event; the server is being reset or closed. Reason 0: it was not accepted after all.
  void drop(int reason);

  // ---- Properties ----
  int set(const Row& row, Stored&& value);
  int get(const Row& row, ValueView* out, std::string* scratch);
  // A setting of the connection, as text.
  std::string setting(int id) const;
  std::string uid() const;
  std::string negotiated(int setting) const;
  // Null: the properties decide where to cut.
  void set_framing(std::shared_ptr<const FramingSpec> spec);
  std::string framing_text() const;
  std::uint32_t line_length_max() const { return inbox_.line_length_max(); }
  std::int32_t id() const { return id_; }
  const Endpoint& peer() const { return peer_; }
  bool is_up() const { return life_.is_up(); }
  bool has_ended() const { return life_.has_ended(); }
  bool speaks_tls() const { return channel_.tls() != nullptr; }
  // Bytes that it holds.
  std::size_t memory() const;

  // ---- For the reactor, the deadlines, the pump and TLS ----
  void on_ready(const Ready& ready) override;
  void on_out_of_memory() override;
  void on_deadline(std::int64_t now_ms) override;
  void fire_owed() override;
  void show_ready() override;
  void go_on_with_handshake() override;
  bool can_gather() const override { return queue_is_empty(); }
  void write_gathered(BytesView bytes) override;
  void fire_status(BytesView text);
  bool is_connection() const override { return true; }

  // ---- For DataGroup: receiving_together.cpp ----
  // Whether what can be read may be delivered together with that of others.
  bool may_join(const Ready& ready) const;
  // Reads once. Returns how much, 0 for nothing, the end or an error, which shows again.
  std::size_t read_ahead(char* at, GroupMember* member);
  // Cuts it. Returns whether it is one whole piece; if not, nothing has changed.
  bool cut_whole(BytesView data, GroupMember* member);
  void restore(const Framer& framer) { inbox_.restore(framer); }
  // Its handler has begun with what was read.
  void begin_ahead(std::size_t length);
  // Its handler runs alone, and has returned.
  void begin_alone();
  void end_alone();
  // Whether its handler may gather sends without asking.
  bool may_gather_in_handler() const;
  Services& services() const { return channel_.services(); }

  // ---- For the simulator and sanitizer builds: check.cpp ----
  // Everything that decides what it does next, in one line.
  std::string describe_state() const;
  // What always holds between calls. Ends the program, with that line, where something does not.
  void check() const;

 private:
  enum class Close : std::uint8_t { orderly, reset };

  // connection.cpp: turns.
  void callbacks_returned() override;
  // What it owes is fired by the pump, when its turn comes.
  void owe(Urgency urgency = Urgency::now);
  bool may_fire() const;
  bool is_held_back() const;
  void pause();
  void resume();
  void fire_ready();
  bool ready_is_due() const;
  void update_interest();
  void remember_local_address();

  // ending.cpp: the end, and deadlines.
  void fire_end();
  void break_off(int code);
  void read_out();
  void end_if_peer_has();
  void end(int status, const char* detail, Close how, int reason);
  void close_as_linger_says(int status, const char* detail, int reason);
  void end_failed_handshake(int status, const char* detail, int reason);
  int reason_of(int code) const;
  void count_end(int reason);
  void drop_tls();
  bool is_lingering() const;
  std::int64_t deadline_ms() const;
  std::int64_t silence_ends_ms() const;
  void note_activity();
  void schedule();
  void look_before_deadline();
  // Nothing can be sent any more, whatever is still to be delivered. A program that waits inside a callback, where no
  // event of the connection can report it, has to learn of it from the properties.
  bool is_lost() const;

  // time_limits.cpp: PieceTimeout, SendTimeout, MaxConnectionTime.
  TimeLimits* need_limits();
  void note_unfinished_piece(bool is_new);
  void forget_piece() {
    if (limits_) limits_->end_piece();
  }
  void hold_piece();
  void release_piece();
  void note_queue();
  void restart_send_limit();
  void begin_life_limit();
  void end_by_limit();

  // receiving.cpp: from the channel to DataIn.
  bool receive();
  void on_received(const ReceiveTarget& target, std::size_t count);
  void on_peer_end();
  void feed(BytesView data);
  void feed_inbox();
  std::size_t fire_pieces(BytesView data);
  std::size_t fire_next(BytesView data, std::size_t from, bool* complete);
  std::size_t fire_batch(BytesView data, const Framing& by, const Piece& first);
  void fire_piece(BytesView data, const Piece& piece);
  void fire_rest();
  bool fire_violation(Cut cut);
  void receive_ahead();
  bool may_fire_data() const;
  bool wants_input() const;
  Framing framing() const;
  void framing_changed();
  void owe_input();
  void discard_input();

  // receiving_tls.cpp: what differs while it speaks TLS.
  bool receive_ciphertext();
  void decrypt(BytesView ciphertext);
  void decrypt_some(BytesView ciphertext);
  bool send_answer(BytesView answer, bool was_handshaking);
  void decrypt_backlog();
  void on_end_of_stream();
  void on_handshake_done();
  void on_handshake_failed();
  void fire_packet_log();

  // sending.cpp
  int why_not_sendable() const;
  // Nothing can be sent yet: the handshake is not done, or Connected has not fired after it.
  bool is_unready() const;
  bool is_too_early() const;
  bool queue_is_empty() const { return outbox_.empty() && !channel_.has_unsent(); }
  bool is_full() const;
  int refuse_send();
  int send_now(BytesView data, BytesView tail);
  bool queue(BytesView data, BytesView tail, std::size_t taken);
  void write();
  void write_queued();
  void on_file_lost();
  void on_taken(std::int64_t count);
  void on_queue_empty();
  struct BlockingSend;
  int wait_until_sent(std::uint64_t begin, std::uint64_t goal);

  Channel channel_;
  const std::int32_t id_;
  const Endpoint peer_;
  Address local_;
  std::uint64_t uid_;
  const std::int64_t began_us_;  // When it was accepted.
  ConnectionProperties properties_;
  Inbox inbox_;
  Outbox outbox_;
  std::unique_ptr<TimeLimits> limits_;  // Null until one of them is set and concerns it.
  std::int64_t last_activity_ms_ = 0;   // Only kept while there is a deadline that depends on it.
  std::int64_t bytes_received_ = 0;
  std::int64_t bytes_sent_ = 0;
  const char* status_detail_ = nullptr;
  std::int32_t status_ = 0;  // How the connection ended.
  Life life_;
  Owed owed_;
  ReadyToSend ready_;
  std::uint8_t reason_ = 0;  // Why it ended, IPDAEMON_CLOSED_*; from the wish to end it on.
  bool linger_ : 1 = true;
  bool sending_ : 1 = false;          // A blocking send is on the stack.
  bool interrupted_ : 1 = false;      // It shall end.
  bool paused_ : 1 = false;           // Input is not watched, since it could not be taken: see is_held_back.
  bool handshake_waits_ : 1 = false;  // Likewise, until its turn among the handshakes comes.
  bool told_connected_ : 1 = false;   // Connected has fired: so will Disconnected.
  bool counts_in_block_ : 1 = false;  // See keep.
  bool told_failure_ : 1 = false;     // Error has fired for a connection that never came up.
};

}  // namespace ipdaemon
