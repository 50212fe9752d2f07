#include "server/server.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "ipdaemon.h"
#include "properties/errors.hpp"
#include "properties/limits.hpp"
#include "tls/tls.hpp"

namespace ipdaemon {

namespace {

constexpr int wait_slice_ms = 100;
constexpr std::int64_t shutdown_max_ms = 10'000;
// How many connections one pass serves that owe something; the next pump goes on.
constexpr std::size_t due_per_pass_max = 4096;
// For how long each pass of a pump goes on: over what is due, what is ready, handshakes, deadlines. Then it is the
// turn of the others, and of other handles and whatever else the thread has to do.
constexpr std::int64_t slice_us = 2000;
// How many steps of handshakes a turn takes as they come.
constexpr int handshakes_at_once_max = 2;
constexpr std::size_t high_water_min = 64 * 1024;

}  // namespace

std::unique_ptr<Server> Server::create(EventSink& sink, int* error) {
  std::unique_ptr<Poller> poller = Poller::create(error);
  if (!poller) return nullptr;
  return std::make_unique<Server>(sink, std::move(poller));
}

Server::Server(EventSink& sink, std::unique_ptr<Poller> poller)
    : sink_(sink), reactor_(std::move(poller)), deadlines_(monotonic_ms()), tls_(*this) {
  set_defaults();
}

Server::~Server() {
  drop_everything();
  reactor_.free_retired();
  memory_.finish();
}

void Server::set_defaults() {
  for (std::size_t i = 0; i < property_count; ++i) properties_[i] = fallback_of(property_rows[i]);
  for (std::size_t i = 0; i < setting_count; ++i) settings_[i] = fallback_of(setting_rows[i]);
  settings_[IPDAEMON_SETTING_PROCESS_IDLE_EVENTS - 1].number = idle_events_ ? 1 : 0;
  allowed_clients_ = AllowedClients();
  unknown_clients_.clear();
  tls_.reset();
}

// ---- The frame of a call ----------------------------------------------------------------------------

void Server::enter_call() {
  ++call_depth_;
  if (last_error_.code != 0) last_error_ = LastError();
}

void Server::leave_call() {
  if (--call_depth_ > 0 || retired_) return;
  if (reset_wanted_) {
    try {
      reset_now();
    } catch (const std::bad_alloc&) {
      // Silent until there is memory for the defaults: the next call tries again.
      reset_wanted_ = true;
      quiet_ = true;
    }
  }
  reactor_.free_retired();
}

bool Server::retire() {
  retired_ = true;
  quiet_ = true;
  cancel_batch();
  if (call_depth_ == 0) return true;
  // The callback that has closed the handle may go on for as long as the program: nothing is held until then but
  // memory.
  gathering_.flush();
  release_sockets();
  return false;
}

int Server::fail(int code, std::string detail) {
  last_error_.code = code;
  last_error_.detail = std::move(detail);
  return code;
}

int Server::unknown_connection(int id) {
  return fail(IPDAEMON_ERROR_UNKNOWN_CONNECTION, connection_absence(id));
}

// Of a property; 0 is what an index that was forgotten is, or one at the wrong place.
int Server::unknown_connection(const Row& row, int id) {
  if (id != 0) return unknown_connection(id);
  std::string detail = std::string(row.name) + " belongs to a connection, whose id goes between property and value";
  const std::string fallback = "Default" + std::string(row.name);
  const bool has_fallback = std::any_of(std::begin(property_rows), std::end(property_rows),
                                        [&](const Row& other) { return fallback == other.name; });
  if (has_fallback) detail += "; for connections to come set " + fallback;
  return fail(IPDAEMON_ERROR_UNKNOWN_CONNECTION, std::move(detail));
}

bool Server::has_existed(int id) const {
  return id > 0 && (ids_began_anew_ || id <= last_id_);
}

std::string Server::connection_absence(int id) const {
  const std::string text = std::to_string(id);
  if (has_existed(id)) return "connection " + text + " has ended";
  if (id > 0) return "there never was a connection " + text;
  return text + " is no connection id; ids begin with 1";
}

// What programs wait for, of a connection that has ended: the values with which every such wait is over.
bool Server::final_value(int property, int id, ValueView* out) const {
  if (!has_existed(id)) return false;
  switch (property) {
    case IPDAEMON_PROPERTY_READY_TO_SEND:
      *out = ValueView::boolean(true);
      return true;
    case IPDAEMON_PROPERTY_CONNECTED:
      *out = ValueView::boolean(false);
      return true;
    case IPDAEMON_PROPERTY_BYTES_SENT:
      *out = ValueView::integer(std::numeric_limits<std::int32_t>::max());
      return true;
    default:
      return false;
  }
}

int Server::unknown_property(int id) {
  return fail(IPDAEMON_ERROR_UNKNOWN_NAME, "property id " + std::to_string(id) + " does not exist");
}

// ---- Properties -------------------------------------------------------------------------------------

int Server::set(int property, int index, const ValueView& value) {
  const std::size_t position = property_position(property);
  if (position == property_count) return unknown_property(property);
  const Row& row = property_rows[position];
  if (row.access == Access::READ_ONLY) {
    return fail(IPDAEMON_ERROR_READ_ONLY, std::string(row.name) + " cannot be set");
  }
  if (row.id == IPDAEMON_PROPERTY_DATA_TO_SEND) {
    if (index == 0) return unknown_connection(row, index);
    if (!is_number(value.type)) return send(index, value.bytes, {});
    const std::string text = std::to_string(value.number);
    return send(index, text, {});
  }
  Connection* connection = nullptr;
  if (row.per == Per::CONNECTION) {
    connection = find(index);
    if (connection == nullptr) return unknown_connection(row, index);
  }
  Stored next;
  std::string detail;
  if (const int code = convert(row, value, &next, &detail); code != 0) return fail(code, std::move(detail));
  if (connection != nullptr) {
    if (row.id == IPDAEMON_PROPERTY_CONNECTED && next.number == 0) return disconnect(index);
    return connection->set(row, std::move(next));
  }
  if (row.when == When::NOT_LISTENING && listener_) {
    return fail(row.id == IPDAEMON_PROPERTY_LOCAL_HOST ? IPDAEMON_ERROR_LOCAL_HOST_WHILE_LISTENING
                                                       : IPDAEMON_ERROR_LOCAL_PORT_WHILE_LISTENING);
  }
  const PropertyHook* hook = property_hook(row.id);
  if (hook != nullptr && hook->apply != nullptr) {
    if (const int code = (this->*hook->apply)(row, next); code != 0) return code;
  }
  properties_[position] = std::move(next);
  return 0;
}

int Server::get(int property, int index, ValueView* out) {
  out->type = Type::NONE;
  const std::size_t position = property_position(property);
  if (position == property_count) return unknown_property(property);
  const Row& row = property_rows[position];
  if (row.access == Access::WRITE_ONLY) {
    return fail(IPDAEMON_ERROR_WRITE_ONLY, std::string(row.name) + " cannot be read");
  }
  if (row.per == Per::CONNECTION) {
    Connection* connection = find(index);
    if (connection == nullptr) {
      final_value(property, index, out);
      return unknown_connection(row, index);
    }
    return connection->get(row, out, &scratch_);
  }
  const PropertyHook* hook = property_hook(row.id);
  if (hook != nullptr && hook->read != nullptr) {
    (this->*hook->read)(out);
  } else {
    *out = view_of(row, properties_[position]);
  }
  return 0;
}

// ---- Methods ----------------------------------------------------------------------------------------

int Server::disconnect(int id) {
  Connection* connection = find(id);
  if (connection == nullptr) return unknown_connection(id);
  connection->disconnect();
  if (in_callback() || !connection->is_ended()) return 0;
  connection->fire_owed();
  const bool stopped = stop_;
  stop_ = false;
  return stopped ? IPDAEMON_ERROR_HANDLER_STOPPED : 0;
}

int Server::interrupt(int id) {
  Connection* connection = find(id);
  if (connection == nullptr) return unknown_connection(id);
  connection->interrupt();
  return 0;
}

int Server::reset() {
  if (in_callback() || call_depth_ > 1) {
    reset_wanted_ = true;
    quiet_ = true;
    stop_listening();
    cancel_batch();
    return 0;
  }
  reset_now();
  return 0;
}

void Server::reset_now() {
  reset_wanted_ = false;
  quiet_ = false;
  drop_everything();
  set_defaults();
}

void Server::drop_everything() {
  release_sockets();
  table_.take_all([this](std::unique_ptr<Connection> connection) { reactor_.retire(std::move(connection)); });
  connection_count_ = 0;
  memory_.note(0);
}

void Server::release_sockets() {
  stop_listening();
  table_.for_each([](Connection& connection) { connection.drop(); });
  end_lingering();
}

int Server::send(int id, BytesView data, BytesView tail) {
  Connection* connection = find(id);
  if (connection == nullptr) return unknown_connection(id);
  connection->forget_sent();
  return connection->send(data, tail);
}

int Server::fail_send(int id, int code, std::string detail) {
  if (Connection* connection = find(id); connection != nullptr) connection->forget_sent();
  return fail(code, std::move(detail));
}

int Server::send_kept(int id, BytesView data, std::uint64_t last_length) {
  Connection* connection = find(id);
  if (connection == nullptr) return unknown_connection(id);
  if (data.data() == nullptr && !data.empty()) return connection->lose_kept();
  return connection->send_kept(data, static_cast<std::int64_t>(last_length));
}

int Server::refuse_input(int id, int code) {
  Connection* connection = find(id);
  if (connection == nullptr) return unknown_connection(id);
  connection->refuse_input(code);
  return 0;
}

// Only inside a batch: its end is when the kept bytes are sent.
int Server::keep_max(int id) {
  Connection* connection = batch_words_ != nullptr ? find(id) : nullptr;
  return connection != nullptr && connection->may_keep()
             ? static_cast<int>(Gathering::length_max - gathering_.size(*connection))
             : 0;
}

int Server::send_file(int id, BytesView path) {
  Connection* connection = find(id);
  if (connection == nullptr) return unknown_connection(id);
  connection->forget_sent();
  File file;
  std::string reason;
  if (path.find('\0') != BytesView::npos) {
    return fail(IPDAEMON_ERROR_FILE_UNUSABLE, in_quotes(path) + " is no file name: it contains a NUL character");
  }
  if (!File::open(std::string(path), &file, &reason)) {
    return fail(IPDAEMON_ERROR_FILE_UNUSABLE, in_quotes(path) + ": " + reason);
  }
  return connection->send_file(std::move(file));
}

int Server::start_ssl(int id) {
  Connection* connection = find(id);
  if (connection == nullptr) return unknown_connection(id);
  if (connection->is_secure()) return fail(IPDAEMON_ERROR_BAD_STATE, "the connection speaks TLS already");
  if (!connection->is_open()) return fail(IPDAEMON_ERROR_NOT_OPEN);
  tls::Problem problem;
  std::shared_ptr<const tls::Context> context = tls_.context(&problem);
  if (!context) return fail(problem.code, std::move(problem.detail));
  if (!context->identities() && !wants(IPDAEMON_EVENT_SSL_CONNECTION_REQUEST)) {
    return fail(IPDAEMON_ERROR_TLS_NO_SERVER_CERTIFICATE,
                "set SSLCertStoreType, SSLCertStore and SSLCertSubject first, or register SSLConnectionRequest");
  }
  return connection->start_ssl(std::move(context));
}

int Server::shutdown() {
  ++shutdowns_;
  stop_listening();
  for (const std::int32_t id : table_.ids()) {
    Connection* connection = find(id);
    if (connection != nullptr) connection->disconnect();
  }
  if (in_callback()) return 0;
  bool stopped = false;
  const std::int64_t end_ms = monotonic_ms() + shutdown_max_ms;
  while ((table_.size() > 0 || !lingering_.empty()) && !quiet_) {
    const std::int64_t left_ms = end_ms - monotonic_ms();
    if (left_ms <= 0) {
      for (const std::int32_t id : table_.ids()) find(id)->abort(IPDAEMON_ERROR_CONNECTION_TIMED_OUT);
      end_lingering();
    }
    const int code = pump(static_cast<int>(std::clamp<std::int64_t>(left_ms, 0, wait_slice_ms)));
    // An exception of a callback leaves when all connections are gone, not before.
    if (code == IPDAEMON_ERROR_HANDLER_STOPPED) stopped = true;
    if (!sink_.may_wait()) return IPDAEMON_ERROR_HANDLER_STOPPED;
  }
  return stopped ? IPDAEMON_ERROR_HANDLER_STOPPED : 0;
}

int Server::do_events() {
  const std::int64_t wait_ms = setting(IPDAEMON_SETTING_SELECT_WAIT_MILLIS);
  if (wait_ms <= wait_slice_ms) return pump(static_cast<int>(wait_ms));
  const std::int64_t end_ms = monotonic_ms() + wait_ms;
  const std::uint64_t delivered_before = delivered_;
  for (;;) {
    const std::int64_t left_ms = end_ms - monotonic_ms();
    if (left_ms <= 0) return 0;
    if (const int code = pump(static_cast<int>(std::min<std::int64_t>(left_ms, wait_slice_ms))); code != 0) return code;
    // So deeply nested, only properties tell what has happened.
    if (delivered_ != delivered_before || quiet_ || depth_of_thread_ >= callback_depth_max) return 0;
    if (!sink_.may_wait()) return IPDAEMON_ERROR_HANDLER_STOPPED;
  }
}

int Server::poll(int timeout_ms) {
  return pump(timeout_ms);
}

// ---- Pumping ----------------------------------------------------------------------------------------

thread_local constinit int Server::depth_of_thread_ = 0;

int Server::pump(int timeout_ms) {
  ++pumps_;
  Gathering::flush_thread();
  cancel_batch();
  struct Scope {
    Server& server;
    const bool outer_stop;
    const bool outer_gather;
    const bool outer_holds_data;
    const bool outer_mute;
    explicit Scope(Server& s)
        : server(s),
          outer_stop(s.stop_),
          outer_gather(s.gathering_.set_across_callbacks(false)),
          outer_holds_data(s.holds_data_),
          outer_mute(s.is_mute_) {
      server.stop_ = false;
      server.buffers_.enter_level();
      const int depth = ++depth_of_thread_;
      server.holds_data_ = depth > data_depth_max;
      server.is_mute_ = depth > callback_depth_max;
    }
    ~Scope() {
      --depth_of_thread_;
      server.holds_data_ = outer_holds_data;
      server.is_mute_ = outer_mute;
      server.stop_ = outer_stop;
      server.gathering_.set_across_callbacks(outer_gather);
      server.buffers_.leave_level();
      server.reactor_.free_retired();
    }
  } scope(*this);
  const std::uint64_t delivered_before = delivered_;
  deliver_due();
  if (goes_on()) {
    int wait = delivered_ != delivered_before || has_work() ? 0 : timeout_ms;
    const int deadline = deadlines_.wait_ms(monotonic_ms());
    if (deadline >= 0) wait = std::min(wait, deadline);
    turn(wait);
  }
  if (goes_on() && deadlines_.wait_ms(monotonic_ms()) == 0) expire();
  return stop_ ? IPDAEMON_ERROR_HANDLER_STOPPED : 0;
}

// Whether there is something to do without waiting. What the depth of the nesting holds back is no work.
bool Server::has_work() const {
  if (is_mute()) return false;
  if (!owed_.empty(Urgency::handshake)) return true;
  return !holds_data() && !owed_.all_empty();
}

// Everybody who is ready first, then what takes long, then whoever has had a callback that failed.
void Server::turn(int timeout_ms) {
  handshakes_at_once_ = handshakes_at_once_max;
  reactor_.turn(
      timeout_ms, [this] { slice_.begin(slice_us); },
      [this] {
        if (!owed_.empty() && !is_mute()) deliver_due_within_slice();
        return goes_on() && !slice_.is_over();
      });
  if (goes_on()) serve_handshakes();
  // Not while some of the others are still to be served; their list is used up after a few turns at most.
  if (goes_on() && !reactor_.has_ready()) deliver_after_others();
}

// What is due beyond a share of time stays due: whoever waits for the others must not wait for all of them.
void Server::expire() {
  slice_.begin(slice_us);
  deadlines_.expire(monotonic_ms(), [this] { return !goes_on() || slice_.is_over(); });
  deliver_due();
  if (goes_on()) deliver_after_others();
}

void Server::deliver_due() {
  if (owed_.empty() && unknown_clients_.empty() && !tls_.has_notices()) return;
  slice_.begin(slice_us);
  deliver_due_within_slice();
}

void Server::deliver_due_within_slice() {
  if (is_mute()) {
    for (Debtor* one = owed_.first(); one != nullptr; one = OwedList::after(one)) one->show_ready();
    return;
  }
  // Where data is held back, what is due may stay so.
  std::size_t left = holds_data() ? owed_.size(Urgency::now) : due_per_pass_max;
  for (; left > 0 && !owed_.empty() && may_deliver(); --left) {
    deliver_owed(owed_.take(Urgency::now));
    if (slice_.is_over()) break;
  }
  while (!unknown_clients_.empty() && may_deliver()) {
    const std::string name = std::move(unknown_clients_.back());
    unknown_clients_.pop_back();
    report_error(nullptr, IPDAEMON_ERROR_HOST_NOT_FOUND,
                 in_quotes(name) + " in AllowedClients has no address and admits nobody");
  }
  if (tls_.has_notices() && may_deliver()) {
    for (const std::string& notice : tls_.take_notices()) report_status(nullptr, notice);
  }
}

void Server::deliver_owed(Debtor* debtor) {
  try {
    debtor->fire_owed();
  } catch (const std::bad_alloc&) {
    debtor->on_out_of_memory();
  }
}

// One whose callback fails each time must not keep the others waiting: it is served once in a pump, and last.
void Server::deliver_after_others() {
  if (holds_data() || owed_.empty(Urgency::after_others)) return;
  slice_.begin(slice_us);
  for (std::size_t left = owed_.size(Urgency::after_others); left > 0 && may_deliver(); --left) {
    if (owed_.empty(Urgency::after_others)) return;
    deliver_owed(owed_.take(Urgency::after_others));
    if (slice_.is_over()) return;
  }
}

// A few of the handshakes that wait, at least one.
void Server::serve_handshakes() {
  if (owed_.empty(Urgency::handshake) || is_mute()) return;
  slice_.begin(slice_us);
  do {
    Debtor* debtor = owed_.take(Urgency::handshake);
    try {
      debtor->go_on_with_handshake();
    } catch (const std::bad_alloc&) {
      debtor->on_out_of_memory();
    }
    if (!owed_.empty()) deliver_due_within_slice();
  } while (may_deliver() && !owed_.empty(Urgency::handshake) && !slice_.is_over_now());
}

// The first few of a turn may, so that a lone one costs nothing more. The others get in line.
bool Server::may_shake_hands() {
  if (!owed_.empty(Urgency::handshake) || handshakes_at_once_ <= 0) return false;
  --handshakes_at_once_;
  return true;
}

int Server::next_deadline() {
  const int wait_ms = is_due_now() ? 0 : deadlines_.wait_ms(monotonic_ms());
  asked_view_ = host_view();
  return wait_ms;
}

void Server::enable_idle_events() {
  idle_events_ = true;
  settings_[IPDAEMON_SETTING_PROCESS_IDLE_EVENTS - 1].number = 1;
}

bool Server::wants_poll() const {
  return !quiet_ && setting(IPDAEMON_SETTING_PROCESS_IDLE_EVENTS) != 0 &&
         (listener_ != nullptr || table_.size() > 0 || !lingering_.empty());
}

std::int64_t Server::counter(int which) const {
  switch (which) {
    case IPDAEMON_COUNTER_ACCEPTED:
      return accepted_;
    case IPDAEMON_COUNTER_REFUSED_FULL:
      return refused_full_;
    case IPDAEMON_COUNTER_REFUSED_PROGRAM:
      return refused_program_;
    case IPDAEMON_COUNTER_REFUSED_CLOSED:
      return refused_closed_;
    case IPDAEMON_COUNTER_BYTES_IN:
      return bytes_in_;
    case IPDAEMON_COUNTER_BYTES_OUT:
      return bytes_out_;
    case IPDAEMON_COUNTER_MEMORY: {
      auto memory = static_cast<std::int64_t>(gathering_.size());
      table_.for_each([&](const Connection& connection) { memory += static_cast<std::int64_t>(connection.memory()); });
      return memory;
    }
    default:
      return -1;
  }
}

// ---- Events -----------------------------------------------------------------------------------------

bool Server::deliver(Connection* connection, int event, ValueView* parameters, int count) {
  return run_callback(connection, [&] { return sink_.event(event, parameters, count); });
}

std::size_t Server::run_batch(Connection* connection, BatchWords batch, BytesView bytes, int count) {
  // Batches nest when a callback pumps. The outer one was cancelled by that; its count must survive.
  std::int32_t* const outer_words = batch_words_;
  const std::int32_t outer_delivered = outer_words != nullptr ? outer_words[BatchWords::delivered] : 0;
  batch_words_ = batch.words;
  batch.words[BatchWords::cancelled] = 0;
  batch.words[BatchWords::delivered] = 0;
  run_callback(connection, [&] { return sink_.data_batch(connection->id(), bytes, count); });
  const std::int32_t delivered = std::clamp(batch.words[BatchWords::delivered], 0, count);
  batch_words_ = outer_words;
  if (outer_words != nullptr) {
    outer_words[BatchWords::cancelled] = 1;
    outer_words[BatchWords::delivered] = outer_delivered;
  }
  return static_cast<std::size_t>(delivered);
}

void Server::cancel_batch() {
  if (batch_words_ != nullptr) batch_words_[BatchWords::cancelled] = 1;
}

void Server::report_status(Connection* connection, BytesView message) {
  if (!wants(IPDAEMON_EVENT_SSL_STATUS)) return;
  ValueView parameters[] = {ValueView::integer(connection != nullptr ? connection->id() : 0), ValueView::text(message)};
  deliver(connection, IPDAEMON_EVENT_SSL_STATUS, parameters, 2);
}

void Server::report_error(Connection* connection, int code, BytesView detail) {
  if (!wants(IPDAEMON_EVENT_ERROR)) return;
  std::string text;
  try {
    text = error_text(code, detail);
  } catch (const std::bad_alloc&) {
    // The code says enough.
  }
  ValueView parameters[] = {ValueView::integer(connection != nullptr ? connection->id() : 0), ValueView::integer(code),
                            ValueView::text(text)};
  deliver(connection, IPDAEMON_EVENT_ERROR, parameters, 3);
}

// ---- Connections ------------------------------------------------------------------------------------

int Server::admit(Socket&& socket, const Endpoint& peer) {
  if (static_cast<std::int64_t>(table_.size()) + admitting_ >= connections_max() && !make_room()) {
    // Closed without a byte: a peer left in the backlog would hang, and so would health checks.
    ++refused_full_;
    return 0;
  }
  if (!request_accepted(peer)) {
    ++refused_program_;
    return 0;
  }
  apply_socket_options(socket);
  do {
    if (last_id_ == std::numeric_limits<std::int32_t>::max()) {
      last_id_ = 0;
      ids_began_anew_ = true;
    }
    ++last_id_;
  } while (find(last_id_) != nullptr);
  auto owned = std::make_unique<Connection>(*this, std::move(socket), peer, last_id_);
  Connection* connection = owned.get();
  const bool secure = number(IPDAEMON_PROPERTY_SSL_ENABLED) != 0;
  int error = 0;
  if (secure) {
    tls::Problem problem;
    std::shared_ptr<const tls::Context> context = tls_.context(&problem);
    error = context ? connection->begin_secure(std::move(context)) : IPDAEMON_ERROR_NO_BUFFERS;
  }
  table_.insert(last_id_, std::move(owned));
  ++sockets_;
  memory_.note(table_.size());
  if (error == 0) error = connection->start();
  if (error != 0) {
    connection->drop();
    reactor_.retire(table_.remove(connection->id()));
    return error;
  }
  ++accepted_;
  lingering_.keep_to_limit(sockets_, connections_max());
  if (!secure) connection->greet();
  return 0;
}

// All connections are taken: the peer whose handshake has lasted longest has to go, if there is one.
bool Server::make_room() {
  for (Security* security = handshakes().oldest(); security != nullptr; security = HandshakeList::after(*security)) {
    Connection& oldest = security->connection();
    if (oldest.busy()) continue;
    oldest.give_way();
    oldest.fire_owed();
    return static_cast<std::int64_t>(table_.size()) + admitting_ < connections_max() && may_deliver() &&
           listener_ != nullptr;
  }
  return false;
}

// Asks the list and the program. A callback that throws refuses.
bool Server::request_accepted(const Endpoint& peer) {
  bool accept = allowed_clients_.admits(peer.address);
  if (!wants(IPDAEMON_EVENT_CONNECTION_REQUEST)) return accept;
  // Peers that are asked for by a callback that pumps count as connections already.
  struct Scope {
    std::int64_t& count;
    ~Scope() { --count; }
  } const scope{++admitting_};
  const std::uint32_t shutdowns_before = shutdowns_;
  const std::string address = peer.address.text();
  ValueView parameters[] = {ValueView::text(address), ValueView::integer(peer.port), ValueView::boolean(accept)};
  const bool go_on = deliver(nullptr, IPDAEMON_EVENT_CONNECTION_REQUEST, parameters, 3);
  accept = parameters[2].number != 0;
  return accept && go_on && shutdowns_ == shutdowns_before;
}

void Server::apply_socket_options(Socket& socket) {
  const auto seconds = [](std::int64_t milliseconds) { return static_cast<int>((milliseconds + 999) / 1000); };
  if (number(IPDAEMON_PROPERTY_KEEP_ALIVE) != 0) {
    socket.set(SocketOption::keep_alive, 1);
    if (const auto time = setting(IPDAEMON_SETTING_KEEP_ALIVE_TIME); time > 0) {
      socket.set(SocketOption::keep_alive_time_s, seconds(time));
    }
    if (const auto interval = setting(IPDAEMON_SETTING_KEEP_ALIVE_INTERVAL); interval > 0) {
      socket.set(SocketOption::keep_alive_interval_s, seconds(interval));
    }
    if (const auto count = setting(IPDAEMON_SETTING_KEEP_ALIVE_RETRY_COUNT); count > 0) {
      socket.set(SocketOption::keep_alive_count, static_cast<int>(count));
    }
  }
  if (setting(IPDAEMON_SETTING_TCP_NO_DELAY) != 0) socket.set(SocketOption::no_delay, 1);
  if (const auto size = setting(IPDAEMON_SETTING_IN_BUFFER_SIZE); size > 0) {
    socket.set(SocketOption::receive_buffer, static_cast<int>(size));
  }
  if (const auto size = setting(IPDAEMON_SETTING_OUT_BUFFER_SIZE); size > 0) {
    socket.set(SocketOption::send_buffer, static_cast<int>(size));
  }
}

// Known without asking the system, unless the listener takes peers on every address.
Address Server::listening_address() const {
  return listener_ && !listener_->local().address.is_any() ? listener_->local().address : Address();
}

void Server::forget(Connection& connection) {
  gathering_.forget(connection);
  owed_.remove(&connection);
  if (std::unique_ptr<Connection> owned = table_.remove(connection.id())) reactor_.retire(std::move(owned));
  memory_.note(table_.size());
}

void Server::linger(Socket&& socket, bool watched) {
  std::unique_ptr<LingeringClose> close;
  try {
    close = std::make_unique<LingeringClose>(*this, std::move(socket));
  } catch (const std::bad_alloc&) {
    return;
  }
  if (!close->start(watched)) return;
  lingering_.add(std::move(close));
  lingering_.keep_to_limit(sockets_, connections_max());
}

void Server::end_lingering() {
  while (!lingering_.empty()) lingering_.oldest()->end();
}

std::size_t Server::high_water() const {
  return std::max(high_water_min, static_cast<std::size_t>(setting(IPDAEMON_SETTING_OUT_BUFFER_SIZE)));
}

}  // namespace ipdaemon
