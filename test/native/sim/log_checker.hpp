// Checks the promises of the server against what is recorded of a run: the program's calls, the
// events it gets, and what goes through the simulated system. An automaton per handle and one per
// connection; the first broken promise is kept, with everything after it ignored.
//
// It knows nothing of how the server works, only what it promises: every byte of a peer arrives once,
// in order and cut by the framing in force; events come in their order; a send is taken whole or not
// at all; bytes taken reach the system in order; time-outs are neither early nor late; what is closed
// stays silent and gives everything back. In TLS the same holds for what is inside: the plain bytes that
// the peer's client hands in and gets out; and a handshake ends in Connected, or fails for a reason.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "log.hpp"
#include "world.hpp"

namespace ipdaemon::sim {

constexpr std::int64_t tick_us = 128 * 1000;  // Of the server's time-outs.
constexpr std::int64_t second_us = 1000 * 1000;

bool is_tls_code(int code);

enum class Call : std::uint8_t {
  open,
  close,
  set,
  get,
  register_callback,
  config,
  disconnect,
  doevents,
  poll,
  interrupt,
  reset,
  send,
  send_file,
  shutdown,
  start_ssl,
};
const char* name_of(Call call);

// What the program has set for a connection, or as a default for new ones.
struct FramingModel {
  Bytes eol;
  std::int64_t record_length = 0;
  bool single_line = false;
};

struct ConnectionModel {
  int handle = 0;
  int id = 0;
  int link = -1;
  bool connected = false;
  bool disconnected = false;
  bool abandoned = false;                    // The handle was closed or reset.
  std::int64_t handle_ended_us = INT64_MAX;  // When that was, also for connections that had ended before.
  int status = 0;
  int callbacks = 0;          // Of this connection, on the stack.
  bool secure = false;        // Speaks TLS, or is about to.
  std::size_t clear_out = 0;  // How much was accepted before that.
  // Receiving
  FramingModel framing;
  std::size_t position = 0;  // In what the peer sent: where the next piece begins.
  bool swallow_lf = false;
  bool accept_data = true;
  bool rest_delivered = false;
  // Sending
  Bytes expected;         // Accepted bytes, in order.
  std::size_t taken = 0;  // How many of them the system has.
  bool tried = false;     // The send that is going on has offered bytes to the system.
  bool untried = false;   // Bytes were accepted with nothing in front of them, and not offered to the system yet.
  bool linger = true;
  std::int64_t timeout_s = 0;
  bool greeted = false;  // The ReadyToSend after Connected has fired.
  bool ready_owed = false;
  bool blocking = false;  // A blocking send is on the stack.
  bool interrupted = false;
  bool file_pending = false;
  bool file_failed = false;  // While it was being sent.
  bool lost_sends = false;   // Accepted, and lost on their way into the library.
  std::int64_t progress_us = 0;
  // Ending
  bool end_wanted = false;  // By the program: disconnect, shutdown, Connected = False.
  std::int64_t end_wanted_us = 0;
  bool drained = false;  // The deadline of a drain was over while it was up.
  // Time
  std::int64_t connected_us = 0;
  std::int64_t piece_us = 0;   // When the unfinished piece began, or later.
  std::int64_t cut_us = 0;     // When the last piece was delivered.
  std::int64_t queued_us = 0;  // When output has begun to wait, or later.
  std::int64_t taken_us = 0;   // When the system took something last.
  int limit_misses = 0;
  std::int64_t idle_s = 0;
  std::int64_t idle_set_us = 0;
  std::int64_t activity_us = 0;
  std::int64_t sealed_us = 0;  // Something was written that was no payload, or not all of it.
  std::int64_t closed_us = 0;  // When the server closed the socket, and the limits it had then.
  std::int64_t closed_idle_s = 0;
  std::size_t unread_at_close = 0;
  bool accepted_at_close = true;
  bool queued_at_close = false;   // What a blocking send takes back then is not queued afterwards.
  std::int64_t delivered_us = 0;  // Input that waits is no silence, until it has been delivered.
  std::int64_t closed_timeout_s = 0;
  int idle_misses = 0;
  int unserved_pumps = 0;  // Since it last could have had a DataIn and got none.
};

// One TLS handshake: of a peer that was accepted, or of a connection for which TLS was started.
struct HandshakeModel {
  int handle = 0;
  int id = 0;  // 0: not known yet.
  int link = -1;
  std::int64_t begun_us = 0;
  std::int64_t limit_s = 0;
  int stops_before = 0;
  bool over = false;
  bool asked_certificate = false;
  bool refused = false;  // By the program, whatever it was asked.
  bool end_wanted = false;
  int error = 0;  // That was told by an Error event.
  int misses = 0;
};

struct HandleModel {
  bool open = true;
  bool silent = false;  // Closed or reset: nothing more of the connections of before.
  bool listening = false;
  FramingModel defaults;
  std::int64_t line_length_max = 2048;
  std::int64_t timeout_s = 0;
  std::int64_t idle_s = 0;
  bool idle_used = false;  // There was ever an idle time-out.
  bool linger = true;
  std::int64_t max_connections = 1000;
  std::int64_t out_buffer = 0;
  std::int64_t live = 0;      // Connected fired, Disconnected not.
  std::int64_t send_max = 0;  // The longest send tried.
  std::int64_t record_max = 0;
  std::int64_t last_id = 0;
  bool wants_request = false;  // A ConnectionRequest callback is registered.
  bool wants_connected = true;
  std::uint16_t port = 0;
  bool accept_failed = false;    // Since the last Error that can tell of it.
  int accept_failures_told = 0;  // Since the last peer that was accepted.
  int pump_depth = 0;
  // TLS
  bool implicit = false;  // From the first byte on.
  bool authenticates = false;
  bool wants_certificates = false;  // There is a callback for them.
  std::int64_t handshake_s = 30;
  int tls_version = 0;  // The only one allowed, 12 or 13; 0 for both.
  // Limits, 0 for none; and when a drain may end everybody.
  std::int64_t piece_s = 0;
  std::int64_t send_s = 0;
  std::int64_t life_s = 0;
  std::int64_t drain_due_us = INT64_MAX;
  std::int64_t drained_us = -1;    // When the last one was over that may have ended everybody.
  int stops = 0;                   // Callbacks that ended a call.
  std::int64_t ended_all_us = -1;  // The last do_shutdown.
  // Behind a proxy
  int proxies = 0;  // ProxyProtocol.
  bool trusts_all = false;
  std::int64_t bad_header_told_us = -1;  // The last Error about one.
};

class LogChecker final : public Observer {
 public:
  explicit LogChecker(Log* log) : log_(*log) {}
  void attach(World* world) { world_ = world; }

  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }
  void fail(const std::string& what);

  // ---- The program's calls: each begins and ends, and events may come in between.
  void call_begins(Call call, int handle, int id, bool may_fire);
  void call_ends(int code);
  void opened(int handle);
  void listens(int handle, std::uint16_t port);
  void closed(int handle);  // Right after the call: nothing may follow.
  void reset(int handle);
  void property_set(int handle, int property, int id, std::int64_t number, BytesView bytes);
  void send_begins(int handle, int id, BytesView bytes, bool file);
  void send_ends(int handle, int id, int code, std::int64_t bytes_sent);
  void lost_sends(int handle, int id);
  void end_wanted(int handle, int id);  // disconnect of one connection, or of all with id 0.
  void drain_begins(int handle, std::int64_t seconds);
  void drain_ends(int handle);
  void interrupt_called(int handle, int id);
  void start_ssl_ends(int handle, int id, int code);

  // ---- Events: each begins and ends. False results mean that the program had better do nothing.
  void request_begins(int handle, int link, bool accept, bool expected_accept);
  void request_ends(int handle, int link, bool accept, int result);
  void connected_begins(int handle, int id, int status, int link);
  void ready_begins(int handle, int id);
  void data_begins(int handle, int id);  // DataIn, or a batch of it; then the pieces.
  void data_piece(int handle, int id, BytesView text, bool eol);
  void disconnected_begins(int handle, int id, int status);
  void error_begins(int handle, int id, int code, int link);
  void ssl_begins(const char* name, int event, int handle, int id, int link, const std::string& what);
  void certificate_asked(int handle, int id, bool accept);
  void ssl_refused(int handle, int id);
  void event_ends(int result);

  // ---- Looking at the state between calls
  void check_count(int handle, std::int64_t connection_count);
  void check_memory(int handle, std::int64_t memory);
  void check_ready(int handle, int id, bool ready);
  void check_idle(int handle, std::int64_t pump_began_us);
  void check_limits(int handle, std::int64_t pump_began_us);
  void check_fairness(int handle);
  void check_handshakes(int handle, std::int64_t pump_began_us);
  void check_headers(int handle, std::int64_t pump_began_us);
  void check_settled(int handle, std::uint16_t port);  // Everything that can happen has happened.
  void check_end();                                    // All handles are closed.

  ConnectionModel* find(int handle, int id);
  // An id with an unfinished handshake; 0 for none.
  int any_handshake(int handle) const;
  HandleModel& handle(int number) { return handles_[number]; }
  int depth() const { return static_cast<int>(frames_.size()); }
  // Callbacks of the handle on the stack.
  int callbacks(int handle) const;
  int pump_depth(int handle) { return handles_[handle].pump_depth; }
  const std::vector<ConnectionModel*>& connections(int handle) { return live_[handle]; }
  std::uint64_t events() const { return events_; }
  void tolerate_failures() { tolerant_ = true; }
  // Callbacks do not run any more, which ends every call.
  void host_ends() { host_ended_ = true; }

  // ---- Observer
  void on_accepted(int link) override;
  void on_server_read(int link, std::int64_t count) override;
  void on_server_wrote(int link, BytesView bytes) override;
  void on_server_tries_to_write(int link) override;
  void on_wait() override;
  void on_server_closed(int link, bool reset) override;
  void on_peer_did(int link, const char* what, std::int64_t count) override;
  void on_accept_error(std::uint16_t port, int error) override;
  void on_misuse(const std::string& what) override;

 private:
  struct Frame {
    bool is_call = false;
    Call call = Call::open;
    int handle = 0;
    int id = 0;
    int event = 0;
    bool may_fire = false;
    bool stopped = false;
    bool nested_events = false;
    std::int64_t began_us = 0;
    // Of a send
    bool sends = false, file = false, outer_blocking = false, blocking = false;
    std::size_t offset = 0, length = 0;
    std::int64_t timeout_s = 0;  // As it was when the send began.
  };

  // What a connection has been told by its peer: of the payload, not of TLS.
  struct Incoming {
    BytesView stream;      // All of it that is complete.
    std::size_t read = 0;  // How much of it the server has read.
    bool ended = false;    // Nothing more comes.
    bool closed = false;   // In order.
  };
  Incoming incoming(const ConnectionModel& model) const;
  bool may_be_secured(const ConnectionModel& model) const;
  bool is_opaque(const ConnectionModel& model) const;
  void connection_property_set(int handle, int property, int id, std::int64_t number, BytesView bytes);
  bool may_end(const ConnectionModel& model) const;
  bool limit_was_over(const ConnectionModel& model, std::int64_t end_us) const;
  bool has_unfinished_piece(const ConnectionModel& model) const;
  bool awaits_header(const HandleModel& server, int number) const;
  void check_known(int handle, int link, const char* event);
  void check_bad_header(int handle);
  HandshakeModel* handshake(int handle, int id);
  HandshakeModel& begin_handshake(int handle, int link);
  void check_failed_handshake(const HandshakeModel& model, int code);
  void check_send_to_nobody(const Frame& frame, int handle, int id, int code, std::int64_t bytes_sent);
  void send_accepted(const Frame& frame, ConnectionModel& model, std::int64_t bytes_sent);
  std::size_t kept_of_failed_send(const Frame& frame, ConnectionModel& model, int code, std::int64_t bytes_sent);
  bool event_begins(const char* name, int handle, int id, int event);
  void check_piece(ConnectionModel& model, BytesView text, bool eol);
  void check_line(ConnectionModel& model, const Incoming& link, BytesView text, bool eol, bool at_end);
  bool piece_available(const ConnectionModel& model) const;
  void check_end_of_connection(ConnectionModel& model, int status);
  void check_end_in_order(const ConnectionModel& model, const Link& link, const Incoming& heard,
                          const std::string& what);
  void check_end_by_time(const ConnectionModel& model, const Link& link, const std::string& what);
  bool is_queued(const ConnectionModel& model) const;
  ConnectionModel* of_link(int link);
  bool trouble_injected() const;
  std::int64_t now() const { return world_->now_us(); }

  Log& log_;
  World* world_ = nullptr;
  std::string failure_;
  std::map<int, HandleModel> handles_;
  std::map<std::pair<int, int>, std::unique_ptr<ConnectionModel>> models_;
  std::map<int, std::vector<ConnectionModel*>> live_;  // By handle: Connected fired, Disconnected not.
  std::vector<ConnectionModel*> by_link_;
  std::map<int, HandshakeModel> handshakes_;  // By link.
  std::map<int, std::int64_t> accepted_us_;   // By link.
  std::map<int, int> late_headers_;           // By link: after how many pumps a header that is too late still waits.
  std::vector<std::int8_t> request_;          // By link: 0 not asked, 1 asked and accepted, 2 refused.
  std::vector<Frame> frames_;
  std::vector<ConnectionModel*> untried_;  // With accepted bytes of which the system was not told yet.
  std::uint64_t events_ = 0;
  bool tolerant_ = false;
  bool host_ended_ = false;
};

}  // namespace ipdaemon::sim
