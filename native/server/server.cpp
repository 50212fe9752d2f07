#include "server/server.hpp"

#include <algorithm>
#include <iterator>
#include <new>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "connection/connection.hpp"
#include "ipdaemon.h"

namespace ipdaemon {

std::unique_ptr<Server> Server::create(EventSink& sink, int* error) {
  std::unique_ptr<Poller> poller = Poller::create(error);
  if (!poller) return nullptr;
  return std::make_unique<Server>(sink, std::move(poller));
}

Server::Server(EventSink& sink, std::unique_ptr<Poller> poller)
    : services_(sink, std::move(poller)),
      listening_(services_, admission_),
      tls_(services_, listening_),
      admission_(services_, tls_),
      drain_(services_, listening_, admission_) {}

Server::~Server() {
  drop_everything();
  services_.reactor.free_retired();
  services_.connections.finish();
}

void Server::set_defaults() {
  services_.settings.set_defaults();
  services_.settings.stored_setting(IPDAEMON_SETTING_PROCESS_IDLE_EVENTS).number = has_host_loop_ ? 1 : 0;
  services_.notices.clear();
  services_.default_framing.reset();
  admission_.reset();
  tls_.reset();
}

// ---- The frame of a call ----------------------------------------------------------------------------

void Server::enter_call() {
  services_.group.call_begins();
  services_.pump.enter_call();
  services_.dispatcher.clear_last_error();
}

void Server::leave_call() {
  services_.pump.leave_call();
  if (services_.pump.calls() > 0 || handle_closed_) return;
  if (reset_wanted_) {
    try {
      reset_now();
    } catch (const std::bad_alloc&) {
      // Silent until there is memory for the defaults: the next call tries again.
      reset_wanted_ = true;
      services_.dispatcher.silence();
    }
  }
  drain_.look();
  services_.reactor.free_retired();
}

bool Server::retire() {
  services_.group.call_begins();
  handle_closed_ = true;
  services_.dispatcher.silence();
  services_.dispatcher.cancel_batch();
  if (services_.pump.calls() == 0) return true;
  // The callback that has closed the handle may go on for as long as the program: nothing is held until then but
  // memory.
  services_.gathering.flush();
  release_sockets();
  return false;
}

void Server::check() const {
  constexpr std::size_t checked_max = 100;
  if (services_.connections.size() > checked_max) return;
  services_.connections.for_each([](const Connection& connection) { connection.check(); });
}

int Server::unknown_connection(int id) {
  return record_error(IPDAEMON_ERROR_UNKNOWN_CONNECTION, services_.connections.absence(id));
}

// ---- Methods ----------------------------------------------------------------------------------------

int Server::disconnect(int id) {
  Connection* connection = services_.connections.find(id);
  if (connection == nullptr) return unknown_connection(id);
  connection->disconnect(IPDAEMON_CLOSED_PROGRAM);
  if (services_.dispatcher.in_callback() || !connection->has_ended()) return 0;
  connection->fire_owed();
  return services_.dispatcher.take_stop() ? IPDAEMON_ERROR_HANDLER_STOPPED : 0;
}

int Server::interrupt(int id) {
  Connection* connection = services_.connections.find(id);
  if (connection == nullptr) return unknown_connection(id);
  connection->interrupt();
  return 0;
}

int Server::reset() {
  if (services_.dispatcher.in_callback() || services_.pump.calls() > 1) {
    reset_wanted_ = true;
    services_.dispatcher.silence();
    listening_.stop();
    services_.dispatcher.cancel_batch();
    return 0;
  }
  reset_now();
  return 0;
}

void Server::reset_now() {
  reset_wanted_ = false;
  services_.dispatcher.end_silence();
  drop_everything();
  set_defaults();
}

void Server::drop_everything() {
  release_sockets();
  services_.connections.retire_all();
}

void Server::release_sockets() {
  drain_.cancel();
  drain_.parent().cancel();
  listening_.stop();
  admission_.proxy_peers().end_all();
  services_.connections.for_each([](Connection& connection) { connection.drop(IPDAEMON_CLOSED_RESET); });
  services_.lingering.end_all();
}

int Server::send(int id, BytesView data, BytesView tail) {
  Connection* connection = services_.connections.find(id);
  if (connection == nullptr) return unknown_connection(id);
  connection->forget_sent();
  return connection->send(data, tail);
}

int Server::fail_send(int id, int code, std::string detail) {
  if (Connection* connection = services_.connections.find(id); connection != nullptr) connection->forget_sent();
  return record_error(code, std::move(detail));
}

int Server::send_gathered(int id, BytesView data, std::uint64_t last_length) {
  Connection* connection = services_.connections.find(id);
  if (connection == nullptr) return unknown_connection(id);
  if (data.data() == nullptr && !data.empty()) return connection->lose_gathered();
  return connection->send_gathered(data, static_cast<std::int64_t>(last_length));
}

int Server::send_gathered_lines(int id, BytesView data, const std::int32_t* line_ends, std::int32_t lines,
                                std::uint64_t last_length) {
  constexpr std::size_t kept_max = 2 * Gathering::length_max;
  bool is_whole = data.data() != nullptr || data.empty();
  gathered_lines_.clear();
  try {
    std::size_t done = 0;
    for (std::int32_t i = 0; is_whole && i < lines; ++i) {
      const std::size_t end = std::clamp(static_cast<std::size_t>(line_ends[i]), done, data.size());
      gathered_lines_.append(data.substr(done, end - done)).append("\r\n");
      done = end;
    }
    if (is_whole) gathered_lines_.append(data.substr(done));
  } catch (const std::bad_alloc&) {
    is_whole = false;
  }
  const int code = send_gathered(id, is_whole ? BytesView(gathered_lines_) : BytesView(nullptr, 1), last_length);
  if (gathered_lines_.capacity() > kept_max) Bytes().swap(gathered_lines_);
  return code;
}

// Each of `count` sends has three numbers: the connection, where its bytes end, and how long the last send was.
int Server::send_group(BytesView data, const std::int32_t* sends, std::int32_t count) {
  int result = 0;
  std::size_t done = 0;
  for (std::int32_t i = 0; i < count; ++i) {
    const std::int32_t* one = sends + std::size_t{3} * static_cast<std::size_t>(i);
    BytesView bytes(nullptr, 1);
    if (data.data() != nullptr || data.empty()) {
      const std::size_t end = std::clamp(static_cast<std::size_t>(one[1]), done, data.size());
      bytes = data.substr(done, end - done);
      done = end;
    }
    const int code = send_gathered(one[0], bytes, static_cast<std::uint64_t>(one[2]));
    if (result == 0) result = code;
  }
  return result;
}

int Server::refuse_input(int id, int code) {
  Connection* connection = services_.connections.find(id);
  if (connection == nullptr) return unknown_connection(id);
  connection->refuse_input(code);
  return 0;
}

// Only inside a batch: its end is when the gathered bytes are sent.
int Server::gather_max(int id) {
  Connection* connection = services_.dispatcher.in_batch() ? services_.connections.find(id) : nullptr;
  if (connection == nullptr || !connection->may_send_gathered()) return 0;
  return static_cast<int>(Gathering::length_max - services_.gathering.size(*connection));
}

int Server::send_file(int id, BytesView path) {
  Connection* connection = services_.connections.find(id);
  if (connection == nullptr) return unknown_connection(id);
  connection->forget_sent();
  File file;
  std::string reason;
  if (path.find('\0') != BytesView::npos) {
    return record_error(IPDAEMON_ERROR_FILE_UNUSABLE,
                        in_quotes(path) + " is not a file name: it contains a NUL character");
  }
  if (!File::open(std::string(path), &file, &reason)) {
    return record_error(IPDAEMON_ERROR_FILE_UNUSABLE, in_quotes(path) + ": " + reason);
  }
  return connection->send_file(std::move(file));
}

int Server::start_ssl(int id) {
  Connection* connection = services_.connections.find(id);
  if (connection == nullptr) return unknown_connection(id);
  if (connection->speaks_tls()) return record_error(IPDAEMON_ERROR_BAD_STATE, "the connection already uses TLS");
  if (!connection->is_up()) return record_error(IPDAEMON_ERROR_NOT_OPEN);
  tls::Problem problem;
  std::shared_ptr<const tls::Context> context = tls_.context(&problem);
  if (!context) return record_error(problem.code, std::move(problem.detail));
  if (!context->identities() && !services_.dispatcher.wants(IPDAEMON_EVENT_SSL_CONNECTION_REQUEST)) {
    return record_error(
        IPDAEMON_ERROR_TLS_NO_SERVER_CERTIFICATE,
        "set SSLCertStoreType, SSLCertStore and SSLCertSubject first, or register SSLConnectionRequest");
  }
  return connection->start_ssl(std::move(context));
}

// ---- Methods that wait ------------------------------------------------------------------------------

namespace {

constexpr std::int64_t shutdown_max_ms = 10'000;

// Until a callback has run, or for as long as SelectWaitMillis says.
struct WaitForEvent {
  static constexpr bool stops_at_once = true;

  Dispatcher& dispatcher;
  const std::int64_t end_ms;
  const std::uint64_t fired_before;
  int code = 0;

  std::int64_t left_ms(std::int64_t now_ms) const { return end_ms - now_ms; }
  bool gives_up(std::int64_t*) const { return true; }
  // So deeply nested, only properties show what has happened.
  bool is_over() const {
    return dispatcher.fired() != fired_before || dispatcher.is_silenced() || Pump::next_is_mute();
  }
};

// Until all connections have ended, and their peers have read it. Those that take too long are reset.
struct WaitForEnds {
  // An exception of a callback leaves when all connections are gone, not before.
  static constexpr bool stops_at_once = false;

  Services& services;
  const std::int64_t end_ms;
  int code = 0;

  std::int64_t left_ms(std::int64_t now_ms) const { return end_ms - now_ms; }
  bool gives_up(std::int64_t*) {
    for (const std::int32_t id : services.connections.ids()) {
      services.connections.find(id)->abort(IPDAEMON_ERROR_CONNECTION_TIMED_OUT, IPDAEMON_CLOSED_SHUTDOWN);
    }
    services.lingering.end_all();
    return false;
  }
  bool is_over() const {
    return (services.connections.size() == 0 && services.lingering.empty()) || services.dispatcher.is_silenced();
  }
};

}  // namespace

int Server::do_events() {
  const std::int64_t wait_ms = services_.settings.setting(IPDAEMON_SETTING_SELECT_WAIT_MILLIS);
  if (wait_ms <= Pump::wait_slice_ms) return services_.pump.run(static_cast<int>(wait_ms));
  WaitForEvent wait{services_.dispatcher, monotonic_ms() + wait_ms, services_.dispatcher.fired()};
  return services_.pump.until(wait);
}

int Server::shutdown() {
  admission_.refuse_undecided();
  listening_.stop();
  admission_.proxy_peers().end_all();
  for (const std::int32_t id : services_.connections.ids()) {
    Connection* connection = services_.connections.find(id);
    if (connection != nullptr) connection->disconnect(IPDAEMON_CLOSED_SHUTDOWN);
  }
  if (services_.dispatcher.in_callback()) return 0;
  WaitForEnds wait{services_, monotonic_ms() + shutdown_max_ms};
  return wait.is_over() ? 0 : services_.pump.until(wait);
}

// ---- A host's loop ----------------------------------------------------------------------------------

HostView Server::host_view() const {
  return {wants_poll(), services_.pump.has_something_due(), services_.deadlines.next_look(), services_.pump.runs()};
}

int Server::next_deadline() {
  const int wait_ms = services_.pump.wait_ms();
  asked_view_ = host_view();
  return wait_ms;
}

void Server::enable_idle_events() {
  has_host_loop_ = true;
  services_.settings.stored_setting(IPDAEMON_SETTING_PROCESS_IDLE_EVENTS).number = 1;
}

bool Server::wants_poll() const {
  return !services_.dispatcher.is_silenced() && services_.settings.setting(IPDAEMON_SETTING_PROCESS_IDLE_EVENTS) != 0 &&
         (listening_.is_on() || listening_.has_waiting() || services_.connections.size() > 0 ||
          admission_.proxy_peers().count() > 0 || !services_.lingering.empty());
}

std::int64_t Server::counter(int which) {
  services_.group.call_begins();
  const Connections& connections = services_.connections;
  switch (which) {
    case IPDAEMON_COUNTER_MEMORY:
      return static_cast<std::int64_t>(services_.gathering.size()) + connections.memory();
    case IPDAEMON_COUNTER_CONNECTIONS:
      return connections.open_count() - connections.handshaking_count();
    case IPDAEMON_COUNTER_HANDSHAKES:
      return connections.handshaking_count();
    case IPDAEMON_COUNTER_DRAINING:
      return drain_.is_on() ? 1 : 0;
    default:
      return connections.counters.value(which);
  }
}

}  // namespace ipdaemon
