// One instance: its properties, its listener, its connections, and the pump that turns them.
// Belongs to one thread. Public members are what the C ABI offers, one for one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "properties/errors.hpp"
#include "properties/values.hpp"
#include "pump/batch_pace.hpp"
#include "pump/deadlines.hpp"
#include "pump/events.hpp"
#include "pump/gathering.hpp"
#include "pump/owed_list.hpp"
#include "pump/turn_buffers.hpp"
#include "reactor/reactor.hpp"
#include "server/allowed_clients.hpp"
#include "server/connection.hpp"
#include "server/connection_table.hpp"
#include "server/lingering_close.hpp"
#include "server/listener.hpp"
#include "server/memory_keeper.hpp"
#include "server/tls_setup.hpp"

namespace ipdaemon {

class Server {
 public:
  // Null with an error code in `error` when the system has no more descriptors.
  static std::unique_ptr<Server> create(EventSink& sink, int* error);
  Server(EventSink& sink, std::unique_ptr<Poller> poller);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // ---- Calls ----
  int set(int property, int index, const ValueView& value);
  int get(int property, int index, ValueView* out);
  int config(BytesView text, BytesView* out);
  int disconnect(int id);
  int do_events();
  int poll(int timeout_ms);
  int interrupt(int id);
  int reset();
  int send(int id, BytesView data, BytesView tail);
  int send_kept(int id, BytesView data, std::uint64_t last_length);
  int keep_max(int id);
  int fail_send(int id, int code, std::string detail);
  int refuse_input(int id, int code);
  int send_file(int id, BytesView path);
  int shutdown();
  int start_ssl(int id);

  std::unique_ptr<Waiter> make_waiter(int* error) { return reactor_.poller().make_waiter(error); }
  void prepare_waiter() { reactor_.poller().prepare_waiter(); }
  std::int64_t wait_descriptor() { return reactor_.poller().descriptor(); }
  int next_deadline();
  // Whether a host's loop that asked for the next deadline before has to ask again.
  bool host_has_to_ask() const { return !(host_view() == asked_view_); }
  void enable_idle_events();
  bool wants_poll() const;
  std::int64_t counter(int which) const;

  // ---- The frame of a call, kept by the ABI ----
  void enter_call();  // Clears the last error.
  void leave_call();  // After the outermost one: frees what was closed, does a deferred reset.
  // Events end here and for good: the handle was closed. Returns false while calls are on the stack, then without any
  // socket left.
  bool retire();
  const LastError& last_error() const { return last_error_; }
  // Records an error; returns `code`.
  int fail(int code, std::string detail = {});

  // ---- For connections and listeners ----
  Reactor& reactor() { return reactor_; }
  Deadlines& deadlines() { return deadlines_; }
  OwedList& owed() { return owed_; }
  EventSink& sink() { return sink_; }
  std::int64_t number(int property) const { return properties_[property_position(property)].number; }
  BytesView bytes(int property) const { return properties_[property_position(property)].bytes; }
  WipedBytes& stored_bytes(int property) { return properties_[property_position(property)].bytes; }
  const Stored& stored_setting(int position) const { return settings_[static_cast<std::size_t>(position) - 1]; }
  bool is_listening() const { return listener_ != nullptr; }
  HandshakeList& handshakes() { return tls_.handshakes(); }
  TlsSetup& tls() { return tls_; }
  std::int64_t setting(int position) const { return settings_[static_cast<std::size_t>(position) - 1].number; }

  // Runs a callback. `connection` may be null. Returns false if nothing more may be delivered now: the
  // callback ended the pumping, or the handle is being closed or reset.
  bool deliver(Connection* connection, int event, ValueView* parameters, int count);
  template <typename Call>
  bool run_callback(Connection* connection, Call call);
  // Hands pieces that were cut ahead to the sink; returns how many were delivered.
  std::size_t run_batch(Connection* connection, BatchWords batch, BytesView bytes, int count);
  bool wants(int event) const { return !quiet_ && sink_.wants(event); }
  // Whether the pumping that runs now goes on, and whether it may run callbacks.
  bool goes_on() const { return !stop_ && !quiet_; }
  bool may_deliver() const { return goes_on() && !is_mute(); }
  // Pumps nest because callbacks pump, and their depth has a bound. Behind it a pump still moves bytes, time-outs
  // and events, so that whatever waits inside a callback comes to its end, but no DataIn begins, which is what waits
  // most. Should the other callbacks pump, too, a pump runs none at all, and only properties tell.
  bool holds_data() const { return holds_data_; }
  bool is_mute() const { return is_mute_; }
  bool is_quiet() const { return quiet_; }
  bool in_callback() const { return callback_depth_ > 0; }
  void report_status(Connection* connection, BytesView message);
  void report_error(Connection* connection, int code, BytesView detail);
  // Something changed that decides what is delivered next.
  void cancel_batch();

  // Makes a connection of a peer, or closes it. Returns an error code if that needs what the system
  // has not got now.
  int admit(Socket&& socket, const Endpoint& peer);
  void forget(Connection& connection);  // Disconnected has been delivered.
  void count_up() { ++connection_count_; }
  void count_down() { --connection_count_; }
  // Keeps a socket that we have ended until the peer's end, for a moment.
  void linger(Socket&& socket, bool watched);
  LingeringCloses& lingering() { return lingering_; }
  void count_socket_closed() { --sockets_; }
  Address listening_address() const;

  TurnBuffers& buffers() { return buffers_; }
  Gathering& gathering() { return gathering_; }
  BatchPace& pace() { return pace_; }
  std::size_t high_water() const;

  int pump(int timeout_ms);
  // How long the pass that runs now may go on.
  TimeSlice& slice() { return slice_; }
  // Whether the next step of a handshake may be taken at once, and not in its turn.
  bool may_shake_hands();
  bool may_wait() { return sink_.may_wait(); }
  void enter_blocking() { ++call_depth_; }
  void leave_blocking() { --call_depth_; }
  void count_in(std::int64_t count) { bytes_in_ += count; }
  void count_out(std::int64_t count) { bytes_out_ += count; }

 private:
  // What a host's loop goes by. It learns of it outside of all calls, where it asks.
  struct HostView {
    bool wants_poll = false;
    bool due_now = false;
    std::int64_t next_look = 0;
    std::uint64_t pumps = 0;  // A pump may change everything, also what another thread waits for.
    bool operator==(const HostView&) const = default;
  };
  bool is_due_now() const {
    return !owed_.all_empty() || reactor_.has_ready() || !unknown_clients_.empty() || tls_.has_notices();
  }
  HostView host_view() const { return {wants_poll(), is_due_now(), deadlines_.next_look(), pumps_}; }

  Connection* find(int id) { return table_.find(id); }
  int unknown_connection(int id);
  int unknown_connection(const Row& row, int id);
  bool has_existed(int id) const;
  std::string connection_absence(int id) const;
  bool final_value(int property, int id, ValueView* out) const;
  int unknown_property(int id);

  // hooks.cpp: properties that do something when set, or are computed when read.
  struct PropertyHook {
    int id;
    int (Server::*apply)(const Row& row, Stored& value);
    void (Server::*read)(ValueView* out);
  };
  static const PropertyHook* property_hook(int id);
  int apply_listening(const Row& row, Stored& value);
  int apply_backlog(const Row& row, Stored& value);
  int apply_line_length(const Row& row, Stored& value);
  int apply_ssl_enabled(const Row& row, Stored& value);
  int apply_start_mode(const Row& row, Stored& value);
  int apply_store_type(const Row& row, Stored& value);
  void read_version(ValueView* out);
  void read_connection_count(ValueView* out);
  void read_listening(ValueView* out);
  void read_local_host(ValueView* out);
  void read_local_port(ValueView* out);
  void read_code_page(ValueView* out);
  int apply_certificate(const Row& row, Stored& value);
  int apply_authenticate(const Row& row, Stored& value);
  int begin_tls_while_listening();
  int listen();
  int local_endpoint(Endpoint* out, bool* dual_stack);
  int find_local_host(const std::string& host, Family family, Address* out);
  void stop_listening();

  // settings.cpp: do_config, and settings that do something when set, or are computed when read.
  struct SettingHook {
    int position;
    int (Server::*apply)(const Row& row, Stored& value);
    void (Server::*read)(std::string* out);
  };
  static const SettingHook* setting_hook(int position);
  int config_set(const Row& row, BytesView value);
  int config_connection(const Row& row, BytesView id, std::string* out);
  std::string setting_text(const Row& row);
  int apply_allowed_clients(const Row& row, Stored& value);
  int apply_keep_alive_part(const Row& row, Stored& value);
  int apply_iocp(const Row& row, Stored& value);
  int apply_never(const Row& row, Stored& value);
  int apply_always(const Row& row, Stored& value);
  int apply_protocols(const Row& row, Stored& value);
  int apply_security_flags(const Row& row, Stored& value);
  int apply_provider(const Row& row, Stored& value);
  int apply_key_shares(const Row& row, Stored& value);
  int apply_crl(const Row& row, Stored& value);
  int apply_groups(const Row& row, Stored& value);
  int apply_signature_algorithms(const Row& row, Stored& value);
  int apply_cipher_suites(const Row& row, Stored& value);
  int apply_cipher_list(const Row& row, Stored& value);
  int apply_ca_file(const Row& row, Stored& value);
  int apply_ca_dir(const Row& row, Stored& value);
  int apply_pem(const Row& row, Stored& value);
  int invalid(const Row& row, BytesView entry, const char* wanted);
  int apply_code_page(const Row& row, Stored& value);
  int apply_idle_events(const Row& row, Stored& value);
  int apply_seed(const Row& row, Stored& value);
  void read_in_buffer(std::string* out);
  void read_out_buffer(std::string* out);
  void read_keep_alive_time(std::string* out);
  void read_keep_alive_interval(std::string* out);
  void read_keep_alive_count(std::string* out);
  void read_protocols(std::string* out);
  void read_build_info(std::string* out);
  void read_license_info(std::string* out);
  void read_iocp(std::string* out);
  void read_ipv6(std::string* out);
  void read_socket_option(int position, SocketOption option, std::int64_t factor, std::string* out);

  void set_defaults();
  void reset_now();
  void drop_everything();
  void release_sockets();
  void apply_socket_options(Socket& socket);
  bool request_accepted(const Endpoint& peer);
  bool has_work() const;
  void deliver_due();
  void deliver_due_within_slice();
  void deliver_after_others();
  void deliver_owed(Debtor* debtor);
  void serve_handshakes();
  void turn(int timeout_ms);
  void expire();
  bool make_room();
  void end_lingering();
  std::int64_t connections_max() const { return setting(IPDAEMON_SETTING_MAX_CONNECTIONS); }

  EventSink& sink_;
  Reactor reactor_;
  Deadlines deadlines_;
  MemoryKeeper memory_{deadlines_};
  std::array<Stored, property_count> properties_;
  std::array<Stored, setting_count> settings_;
  AllowedClients allowed_clients_;
  std::vector<std::string> unknown_clients_;  // Names to be reported by an Error event.

  std::unique_ptr<Listener> listener_;
  int ipv6_in_force_ = 0;
  OwedList owed_;
  ConnectionTable table_;
  TlsSetup tls_;
  LingeringCloses lingering_;
  std::int32_t last_id_ = 0;
  bool ids_began_anew_ = false;  // So every id has been given.
  std::int64_t connection_count_ = 0;
  std::int64_t sockets_ = 0;    // Connections that have not ended.
  std::int64_t admitting_ = 0;  // Peers about which ConnectionRequest is being asked.

  static constexpr int data_depth_max = 64;
  static constexpr int callback_depth_max = 80;
  static thread_local constinit int depth_of_thread_;  // Pumps on the stack, of all servers.
  bool holds_data_ = false;                            // What the depth means for the pump that runs now.
  bool is_mute_ = false;
  TimeSlice slice_;
  int handshakes_at_once_ = 0;  // How many the present pass may still serve out of turn.
  int call_depth_ = 0;          // ABI calls and blocking waits on the stack.
  int callback_depth_ = 0;
  bool stop_ = false;   // A callback ended the pumping that runs now.
  bool quiet_ = false;  // No events any more: closed, or to be reset.
  bool retired_ = false;
  bool reset_wanted_ = false;
  bool idle_events_ = false;
  std::uint32_t shutdowns_ = 0;
  std::uint64_t pumps_ = 0;
  HostView asked_view_;
  std::uint64_t delivered_ = 0;  // Callbacks ever run.

  TurnBuffers buffers_;
  Gathering gathering_;
  BatchPace pace_;
  std::int32_t* batch_words_ = nullptr;  // Of the batch that is being delivered.

  LastError last_error_;
  std::string scratch_;  // Bytes of the last get or config.

  std::int64_t accepted_ = 0;
  std::int64_t refused_full_ = 0;
  std::int64_t refused_program_ = 0;
  std::int64_t refused_closed_ = 0;
  std::int64_t bytes_in_ = 0;
  std::int64_t bytes_out_ = 0;
};

template <typename Call>
bool Server::run_callback(Connection* connection, Call call) {
  struct Scope {
    Server& server;
    Connection* connection;
    std::optional<Source::Pin> pin;
    LastError saved;
    Scope(Server& s, Connection* c) : server(s), connection(c) {
      if (server.last_error_.code != 0) saved = std::move(server.last_error_);
      ++server.callback_depth_;
      ++server.delivered_;
      if (connection != nullptr) {
        pin.emplace(*connection);
        connection->enter_callback();
      }
    }
    ~Scope() {
      --server.callback_depth_;
      server.gathering_.callback_returned();
      if (connection != nullptr) connection->leave_callback();
      if (saved.code != 0 || server.last_error_.code != 0) server.last_error_ = std::move(saved);
    }
  };
  if (!may_deliver()) return false;
  Scope scope(*this, connection);
  if (call() != 0) {
    stop_ = true;
    if (connection != nullptr) owed_.put_after_others(connection);
  }
  return may_deliver();
}

}  // namespace ipdaemon
