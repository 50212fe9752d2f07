// The turns of a connection: what the poller reports, what it owes. What comes in is in receiving.cpp, what goes out in
// sending.cpp, how it ends in ending.cpp.
#include "connection/connection.hpp"

#include <atomic>

#include "base/clock.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"

namespace ipdaemon {

namespace {

std::uint64_t next_uid() {
  static std::atomic<std::uint64_t> counter{0};
  return ++counter;
}

}  // namespace

// An idle connection costs this much, and the buckets of the allocator.
static_assert(sizeof(void*) < 8 || sizeof(Connection) <= 440, "a connection has grown");

Connection::Connection(Services& services, Socket&& socket, const Endpoint& peer, const Address& local, std::int32_t id)
    : channel_(services, std::move(socket)),
      id_(id),
      peer_(peer),
      local_(local),
      uid_(next_uid()),
      began_us_(services.pump.slice().looked_us()),
      inbox_(static_cast<std::uint32_t>(services.settings.number(IPDAEMON_PROPERTY_DEFAULT_MAX_LINE_LENGTH))) {
  const Settings& settings = services.settings;
  properties_.ACCEPT_DATA = true;
  properties_.EOL = settings.bytes(IPDAEMON_PROPERTY_DEFAULT_EOL);
  properties_.IDLE_TIMEOUT = static_cast<std::int32_t>(settings.number(IPDAEMON_PROPERTY_DEFAULT_IDLE_TIMEOUT));
  properties_.SINGLE_LINE_MODE = settings.number(IPDAEMON_PROPERTY_DEFAULT_SINGLE_LINE_MODE) != 0;
  properties_.TIMEOUT = static_cast<std::int32_t>(settings.number(IPDAEMON_PROPERTY_DEFAULT_TIMEOUT));
  if (services.default_framing != nullptr) inbox_.set_frames(services.default_framing);
  linger_ = settings.number(IPDAEMON_PROPERTY_LINGER) != 0;
  note_activity();
}

Connection::~Connection() {
  if (channel_.has_ahead()) services().group.forget(channel_);
  if (channel_.tls() != nullptr) services().handshakes.remove(*channel_.tls());
  services().owed.remove(this);
}

void Connection::owe(Urgency urgency) {
  services().owed.add(this, urgency);
}

bool Connection::may_fire() const {
  return services().dispatcher.may_deliver();
}

std::size_t Connection::memory() const {
  return inbox_.size() + outbox_.size() + (channel_.tls() != nullptr ? channel_.tls()->memory() : 0);
}

// ---- Beginning --------------------------------------------------------------------------------------

int Connection::begin_handshake(std::shared_ptr<const tls::Context> context, std::int64_t begun_ms) {
  tls::Problem problem;
  std::unique_ptr<TlsSession> session = TlsSession::create(*this, std::move(context), begun_ms, &problem);
  if (!session) return IPDAEMON_ERROR_NO_BUFFERS;
  life_.begin_handshaking();
  services().connections.count_handshaking();
  channel_.start_tls(std::move(session));
  services().handshakes.add(*channel_.tls());
  return 0;
}

int Connection::start() {
  const int error = channel_.watch(this);
  if (error == 0) schedule();
  return error;
}

void Connection::keep_first(BytesView input) {
  if (input.empty()) return;
  if (speaks_tls()) {
    channel_.tls()->keep_backlog(input);
  } else {
    inbox_.keep_rest(input, 0);
  }
}

void Connection::begin_with_kept(std::size_t length) {
  if (length == 0) return;
  if (speaks_tls()) {
    // As if it had just been read, and waited for its turn among the handshakes.
    handshake_waits_ = true;
    update_interest();
    owe(Urgency::handshake);
    return;
  }
  services().connections.counters.count(IPDAEMON_COUNTER_BYTES_IN, static_cast<std::int64_t>(length));
  owe_input();
}

void Connection::fire_connected() {
  if (has_ended()) return;  // The end says that it never came up.
  if (!may_fire()) {
    owed_.add(Owing::connected);
    owe();
    return;
  }
  Dispatcher& dispatcher = services().dispatcher;
  owed_.remove(Owing::connected);
  told_connected_ = true;
  services().connections.count_connected();
  ready_.connected(queue_is_empty());
  begin_life_limit();
  if (dispatcher.wants(IPDAEMON_EVENT_CONNECTED)) {
    ValueView parameters[] = {ValueView::integer(id_), ValueView::integer(0), ValueView::text("OK")};
    dispatcher.fire(this, IPDAEMON_EVENT_CONNECTED, parameters, 3);
  }
  if (ready_.follows_connected() && is_up()) fire_ready();
}

// ---- Turns ------------------------------------------------------------------------------------------

void Connection::on_ready(const Ready& ready) {
  if (has_ended() || !life_.output_is_open()) return;
  if (ready.error != 0) channel_.note_error(ready.error);
  if (ready.broken && !wants_read(channel_.interest())) {
    // Input is not wanted now, but a broken connection is news at once.
    break_off(channel_.why_broken());
    return;
  }
  if (ready.writable && !queue_is_empty()) {
    write();
    if (has_ended() || !life_.output_is_open() || !may_fire()) return;
  }
  if (!ready.readable && !ready.broken) return;
  if (!wants_read(channel_.interest())) return;
  if (is_held_back()) {
    // A broken one is not watched any more, since that is reported whatever is asked for.
    if (ready.broken) {
      break_off(channel_.why_broken());
    } else {
      pause();
    }
    return;
  }
  // What it has sent before comes first; until then nothing more is read from it.
  if (owed_.has(Owing::input)) return;
  if (channel_.is_handshaking() && !ready.broken && !services().pump.may_shake_hands()) {
    handshake_waits_ = true;
    update_interest();
    owe(Urgency::handshake);
    return;
  }
  receive();
}

// Whether what comes cannot be taken now: a callback of this connection has not returned, and a nested pump runs;
// or pumps are nested so deeply that it could not be delivered.
bool Connection::is_held_back() const {
  const Dispatcher& dispatcher = services().dispatcher;
  return busy() || dispatcher.is_mute() || (owed_.has(Owing::input) && dispatcher.holds_data());
}

// The poller would report it over and over.
void Connection::pause() {
  paused_ = true;
  update_interest();
  if (!busy()) owe();
}

void Connection::resume() {
  paused_ = false;
  update_interest();
}

void Connection::go_on_with_handshake() {
  handshake_waits_ = false;
  if (busy()) {
    paused_ = true;  // callbacks_returned resumes.
    return;
  }
  if (has_ended() || !life_.output_is_open()) return;
  if (channel_.is_handshaking()) receive();  // It may be done by now, see look_before_deadline.
  update_interest();
}

void Connection::on_out_of_memory() {
  end(IPDAEMON_ERROR_NO_BUFFERS, nullptr, Close::reset, IPDAEMON_CLOSED_MEMORY);
  if (owed_.has(Owing::end)) owe();
}

void Connection::callbacks_returned() {
  if (paused_ && !is_held_back()) resume();
  if (owed_.has(Owing::end) || !life_.output_is_open() || owed_.has(Owing::input)) {
    owe();
  } else if (channel_.has_backlog()) {
    owe(Urgency::after_others);
  } else if (handshake_waits_) {
    owe(Urgency::handshake);
  }
  if (life_.input() == Life::Input::ended && !owed_.has(Owing::rest)) end_if_peer_has();
}

void Connection::fire_owed() {
  if (ready_is_due()) fire_ready();
  if (busy() || inbox_.is_handing_out()) return;  // callbacks_returned asks again.
  if (handshake_waits_) owe(Urgency::handshake);
  if (paused_ && !is_held_back()) resume();
  if (channel_.logs_packets()) fire_packet_log();
  if (has_ended()) {
    if (owed_.has(Owing::end)) fire_end();
    return;
  }
  if (owed_.has(Owing::connected)) {
    fire_connected();
    if (owed_.has(Owing::connected) || has_ended()) return;
  }
  if (ready_.follows_connected()) fire_ready();
  if (!life_.output_is_open()) {
    read_out();
    return;
  }
  if (owed_.has(Owing::input)) feed_inbox();
  decrypt_backlog();
  if (channel_.has_ahead()) receive_ahead();
  if (owed_.has(Owing::rest)) fire_rest();
  end_if_peer_has();
}

void Connection::update_interest() {
  note_queue();
  if (!channel_.is_watched()) return;
  const bool handshakes = channel_.is_handshaking() && (is_up() || life_.is_handshaking());
  const bool read = (wants_input() || handshakes) && !paused_ && !handshake_waits_;
  const bool write = !queue_is_empty();
  const auto interest = static_cast<Interest>((read ? 1 : 0) | (write ? 2 : 0));
  if (interest == channel_.interest()) return;
  if (const int error = channel_.set_interest(this, interest); error != 0) break_off(error);
  // The poller does not know of it.
  if (read && channel_.has_ahead()) owe();
}

void Connection::remember_local_address() {
  if (local_.family != Family::none || !channel_.is_open()) return;
  Endpoint local;
  if (channel_.local_endpoint(&local) == 0) local_ = local.address;
}

// ---- ReadyToSend ------------------------------------------------------------------------------------

bool Connection::ready_is_due() const {
  const bool can_send = has_ended() || !life_.output_is_open() || (queue_is_empty() && !is_unready());
  return ready_.is_due(told_connected_, can_send);
}

// The event after Connected and the one after a refused send alike.
void Connection::fire_ready() {
  Dispatcher& dispatcher = services().dispatcher;
  if (!dispatcher.may_deliver()) {
    if (dispatcher.is_mute()) ready_.show();
    owe();
    return;
  }
  ready_.fired();
  if (dispatcher.wants(IPDAEMON_EVENT_READY_TO_SEND)) {
    ValueView parameters[] = {ValueView::integer(id_)};
    hold_piece();
    dispatcher.fire(this, IPDAEMON_EVENT_READY_TO_SEND, parameters, 1);
    release_piece();
  }
  if (!is_up()) return;
  update_interest();
  if ((!inbox_.empty() || channel_.has_backlog()) && !inbox_.is_handing_out()) owe_input();
}

void Connection::show_ready() {
  if (ready_is_due()) ready_.show();
}

}  // namespace ipdaemon
