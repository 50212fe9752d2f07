#include "world.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "ipdaemon.h"

namespace ipdaemon::sim {
namespace {

World* current_world = nullptr;

// More than any run needs, also the one with a hundred thousand connections.
constexpr std::int64_t calls_max = 20 * 1000 * 1000;

constexpr int would_block = IPDAEMON_ERROR_WOULD_BLOCK;

}  // namespace

World* World::current() {
  return current_world;
}

World::World(Choices* choices, const Faults& faults, Observer* observer)
    : choices_(*choices), faults_(faults), observer_(*observer) {
  current_world = this;
}

World::~World() {
  current_world = nullptr;
}

// ---- Time and happenings

void World::at(std::int64_t time_us, std::function<void()> happening) {
  happenings_.push({std::max(time_us, now_us_), order_++, std::move(happening)});
}

void World::run_next() {
  // The top must leave the queue before it runs: it may add others.
  auto happening = std::move(const_cast<Happening&>(happenings_.top()));
  happenings_.pop();
  now_us_ = std::max(now_us_, happening.time_us);
  happening.what();
}

void World::run_due() {
  while (!happenings_.empty() && happenings_.top().time_us <= now_us_) run_next();
}

void World::run_until(std::int64_t time_us, const std::function<bool()>& done) {
  run_due();
  while (!done() && !happenings_.empty() && happenings_.top().time_us <= time_us) run_next();
  if (!done()) now_us_ = std::max(now_us_, time_us);
}

std::int64_t World::read_clock() {
  constexpr int clock_reads_max = 20000;
  if (++clock_reads_ == clock_reads_max)
    observer_.on_misuse("the server spins: it looks at the clock and does nothing");
  return now_us_++;
}

void World::moment() {
  ++calls_;
  clock_reads_ = 0;
  if (calls_ == calls_max) observer_.on_misuse("the server makes system calls without end");
  if (calls_ == 2 * calls_max) std::abort();
  now_us_ += 1 + static_cast<std::int64_t>(choices_.below(4));
  if (choices_.chance(faults_.clock_steps, 1000)) now_us_ += choices_.between(100, 40000);
  if (choices_.chance(faults_.interleavings, 1000) && !happenings_.empty() &&
      happenings_.top().time_us < now_us_ + 5000) {
    run_next();
  }
  if (choices_.chance(faults_.peer_resets, 1000) && !links_.empty()) {
    const int victim = static_cast<int>(choices_.below(links_.size()));
    if (link(victim).established && !link(victim).dead() && !link(victim).server_closed) peer_reset(victim);
  }
}

bool World::take_block(int* left) {
  if (*left == 0 && choices_.chance(faults_.would_block, 1000)) *left = 1 + static_cast<int>(choices_.below(4));
  if (*left == 0) return false;
  --*left;
  return true;
}

// ---- The peers' side

int World::new_link(const Endpoint& peer) {
  auto fresh = std::make_unique<Link>();
  fresh->peer = peer;
  links_.push_back(std::move(fresh));
  return link_count() - 1;
}

bool World::connect(int index, std::uint16_t port) {
  Link& it = link(index);
  std::vector<Listener*> candidates;
  for (const auto& listener : listeners_) {
    const bool family_fits = listener->local.address.family == it.peer.address.family ||
                             (listener->options.dual_stack && listener->local.address.family == Family::ipv6);
    if (listener->descriptor >= 0 && listener->local.port == port && family_fits) candidates.push_back(listener.get());
  }
  if (candidates.empty()) {
    it.refused = true;
    return false;
  }
  it.refused = false;
  Listener& listener = *candidates[choices_.below(candidates.size())];
  // Linux admits one more than the backlog says.
  if (static_cast<int>(listener.backlog.size()) > listener.options.backlog) return false;
  it.established = true;
  it.local = listener.local;
  if (it.local.address.is_any() || it.local.address.family != it.peer.address.family) {
    it.local.address = Address{};
    Address::parse(it.peer.address.family == Family::ipv4 ? "127.0.0.1" : "::1", &it.local.address);
  }
  it.window = listener.options.send_buffer > 0 ? listener.options.send_buffer : 1024 << choices_.below(8);
  listener.backlog.push_back(index);
  touch(listener.descriptor);
  observer_.on_peer_did(index, "connects", port);
  return true;
}

std::size_t World::peer_write(int index, BytesView bytes) {
  Link& it = link(index);
  if (!it.established || it.dead() || it.peer_ended) return 0;
  if (it.server_closed) {
    // Nobody reads this any more: the system answers with a reset, which costs what was on its way.
    if (!it.late_input) it.late_input_us = now_us_;
    it.late_input = true;
    it.server_reset = true;
    it.outgoing.clear();
    observer_.on_peer_did(index, "writes too late", static_cast<std::int64_t>(bytes.size()));
    return bytes.size();
  }
  constexpr std::size_t room = 65536;
  const std::size_t count = std::min(bytes.size(), room - std::min(room, it.unread()));
  if (count == 0) return 0;
  it.sent.append(bytes.substr(0, count));
  observer_.on_peer_did(index, "writes", static_cast<std::int64_t>(count));
  if (it.descriptor >= 0) touch(it.descriptor);
  return count;
}

void World::peer_end(int index) {
  Link& it = link(index);
  if (!it.established || it.dead() || it.peer_ended) return;
  it.peer_ended = true;
  observer_.on_peer_did(index, "ends", 0);
  if (it.descriptor >= 0) touch(it.descriptor);
}

void World::peer_reset(int index) {
  Link& it = link(index);
  if (!it.established || it.dead()) return;
  it.peer_reset = true;
  it.error_pending = true;
  it.outgoing.clear();
  observer_.on_peer_did(index, "resets", 0);
  if (it.descriptor >= 0) touch(it.descriptor);
}

std::size_t World::peer_read(int index, std::size_t length) {
  Link& it = link(index);
  const std::size_t count = std::min(length, it.outgoing.size());
  if (count == 0) return 0;
  it.received.append(it.outgoing, 0, count);
  it.outgoing.erase(0, count);
  observer_.on_peer_did(index, "reads", static_cast<std::int64_t>(count));
  if (it.descriptor >= 0) touch(it.descriptor);
  return count;
}

bool World::peer_sees_end(int index) const {
  const Link& it = *links_[static_cast<std::size_t>(index)];
  return it.dead() || (it.server_ended && it.outgoing.empty());
}

Bytes World::file_content(const std::string& path) const {
  for (const SimFile& file : files_) {
    if (file.path == path) return file.content;
  }
  return {};
}

void World::shrink_file(const std::string& path, std::size_t size) {
  for (SimFile& file : files_) {
    if (file.path == path && file.content.size() > size) file.content.resize(size);
  }
}

// ---- Descriptors

int World::new_descriptor(Kind kind, int index) {
  int number;
  if (free_descriptors_.empty()) {
    number = static_cast<int>(descriptors_.size());
    descriptors_.emplace_back();
  } else {
    // The lowest free number, as systems do it: numbers come back quickly.
    number = *free_descriptors_.begin();
    free_descriptors_.erase(free_descriptors_.begin());
  }
  Descriptor& entry = descriptors_[static_cast<std::size_t>(number)];
  entry = Descriptor{};
  entry.kind = kind;
  entry.index = index;
  ++open_descriptors_;
  return number + 3;
}

void World::free_descriptor(int descriptor) {
  descriptors_[static_cast<std::size_t>(descriptor - 3)] = Descriptor{};
  free_descriptors_.insert(descriptor - 3);
  --open_descriptors_;
}

World::Watch* World::Descriptor::watch_of(const SimPoller* poller) {
  for (Watch& watch : watches) {
    if (watch.poller == poller) return &watch;
  }
  return nullptr;
}

World::Descriptor* World::find(int descriptor, Kind kind, const char* call) {
  const std::size_t position = static_cast<std::size_t>(descriptor - 3);
  if (descriptor >= 3 && position < descriptors_.size() && descriptors_[position].kind == kind) {
    return &descriptors_[position];
  }
  observer_.on_misuse(std::string(call) + " on descriptor " + std::to_string(descriptor) + ", which is not open");
  return nullptr;
}

bool World::link_writable(const Link& it) const {
  const auto waiting = static_cast<std::int64_t>(it.outgoing.size());
  return it.dead() || it.server_ended || it.window - waiting > it.window / 3;
}

Ready World::state_of(const Descriptor& entry, Interest interest) const {
  Ready ready;
  if (entry.kind == Kind::listener) {
    ready.readable = wants_read(interest) && !listeners_[static_cast<std::size_t>(entry.index)]->backlog.empty();
  } else if (entry.kind == Kind::link) {
    const Link& it = *links_[static_cast<std::size_t>(entry.index)];
    ready.broken = it.dead() || (it.peer_ended && it.server_ended);
    ready.readable = wants_read(interest) && (it.unread() > 0 || it.peer_ended || ready.broken);
    ready.writable = wants_write(interest) && link_writable(it);
  }
  return ready;
}

void World::touch(int descriptor) {
  for (Watch& watch : descriptors_[static_cast<std::size_t>(descriptor - 3)].watches) {
    if (watch.candidate) continue;
    watch.candidate = true;
    watch.poller->candidates.push_back(descriptor);
  }
}

// ---- Sockets

int World::create_socket(Family family, int* descriptor) {
  moment();
  if (family == Family::none) return IPDAEMON_ERROR_ADDRESS_FAMILY_NOT_SUPPORTED;
  *descriptor = new_descriptor(Kind::bare, -1);
  return 0;
}

int World::listen(const Endpoint& local, const ListenOptions& options, int* descriptor) {
  moment();
  if (choices_.chance(faults_.listen_errors, 1000)) {
    constexpr int errors[] = {IPDAEMON_ERROR_PERMISSION_DENIED, IPDAEMON_ERROR_ADDRESS_IN_USE,
                              IPDAEMON_ERROR_TOO_MANY_SOCKETS, IPDAEMON_ERROR_NO_BUFFERS};
    ++injected_errors_;
    return errors[choices_.below(4)];
  }
  auto fresh = std::make_unique<Listener>();
  fresh->local = local;
  fresh->options = options;
  if (local.port == 0) {
    fresh->local.port = next_port_++;
  } else {
    for (const auto& other : listeners_) {
      if (other->descriptor < 0 || other->local.port != local.port) continue;
      const bool overlap =
          other->local.address == local.address || other->local.address.is_any() || local.address.is_any();
      if (overlap && !(options.share_port && other->options.share_port)) return IPDAEMON_ERROR_ADDRESS_IN_USE;
    }
  }
  listeners_.push_back(std::move(fresh));
  *descriptor = new_descriptor(Kind::listener, static_cast<int>(listeners_.size()) - 1);
  listeners_.back()->descriptor = *descriptor;
  return 0;
}

int World::listen_again(int descriptor, int backlog) {
  moment();
  Descriptor* entry = find(descriptor, Kind::listener, "listen");
  if (entry == nullptr) return IPDAEMON_ERROR_NOT_A_SOCKET;
  listeners_[static_cast<std::size_t>(entry->index)]->options.backlog = backlog;
  return 0;
}

int World::accept(int descriptor, int* accepted, Endpoint* peer) {
  moment();
  Descriptor* entry = find(descriptor, Kind::listener, "accept");
  if (entry == nullptr) return IPDAEMON_ERROR_NOT_A_SOCKET;
  Listener& listener = *listeners_[static_cast<std::size_t>(entry->index)];
  if (listener.backlog.empty()) return would_block;
  if (now_us_ < accept_blocked_until_us_ || choices_.chance(faults_.accept_errors, 1000)) {
    if (now_us_ >= accept_blocked_until_us_) {
      accept_blocked_until_us_ = now_us_ + choices_.between(1000, 3000000);
      accept_block_error_ = choices_.below(2) == 0 ? IPDAEMON_ERROR_TOO_MANY_SOCKETS : IPDAEMON_ERROR_NO_BUFFERS;
    }
    ++injected_errors_;
    observer_.on_accept_error(listener.local.port, accept_block_error_);
    return accept_block_error_;
  }
  const int index = listener.backlog.front();
  listener.backlog.pop_front();
  Link& it = link(index);
  *peer = it.peer;
  it.accepted = true;
  ++transfers_;
  it.descriptor = new_descriptor(Kind::link, index);
  *accepted = it.descriptor;
  observer_.on_accepted(index);
  return 0;
}

Transfer World::receive(int descriptor, void* buffer, std::size_t length) {
  moment();
  Descriptor* entry = find(descriptor, Kind::link, "receive");
  if (entry == nullptr) return {0, IPDAEMON_ERROR_NOT_A_SOCKET};
  Link& it = link(entry->index);
  if (length == 0) observer_.on_misuse("receive into no room");
  // A broken connection never asks to try again.
  it.receive_refused = !it.dead() && take_block(&it.block_receive);
  if (it.receive_refused) {
    touch(descriptor);
    return {0, would_block};
  }
  if (it.unread() > 0) {
    std::size_t count = std::min(length, it.unread());
    if (choices_.chance(faults_.short_transfers, 1000)) count = 1 + choices_.below(std::min<std::size_t>(count, 40));
    std::memcpy(buffer, it.sent.data() + it.read_count, count);
    it.read_count += count;
    ++transfers_;
    observer_.on_server_read(entry->index, static_cast<std::int64_t>(count));
    return {static_cast<std::int64_t>(count), 0};
  }
  if (it.error_pending) {
    it.error_pending = false;
    return {0, IPDAEMON_ERROR_RESET_BY_PEER};
  }
  if (it.peer_ended || it.dead()) return {0, 0};
  return {0, would_block};
}

bool World::has_input(int descriptor) {
  moment();
  const Descriptor* entry = find(descriptor, Kind::link, "has_input");
  if (entry == nullptr) return false;
  const Link& it = link(entry->index);
  return it.unread() > 0 || it.error_pending || it.peer_ended || it.dead();
}

Transfer World::send(int descriptor, const BytesView* pieces, int count) {
  moment();
  Descriptor* entry = find(descriptor, Kind::link, "send");
  if (entry == nullptr) return {0, IPDAEMON_ERROR_NOT_A_SOCKET};
  Link& it = link(entry->index);
  std::size_t total = 0;
  for (int i = 0; i < count; ++i) total += pieces[i].size();
  observer_.on_server_tries_to_write(entry->index);
  if (total == 0) observer_.on_misuse("send of nothing");
  if (it.server_ended) observer_.on_misuse("send after shut_down_send");
  if (it.dead() || it.server_ended) {
    it.error_pending = false;
    return {0, IPDAEMON_ERROR_RESET_BY_PEER};
  }
  const std::int64_t room = it.window - static_cast<std::int64_t>(it.outgoing.size());
  if (room <= 0) return {0, would_block};
  if (take_block(&it.block_send)) {
    touch(descriptor);
    return {0, would_block};
  }
  std::size_t wanted = std::min(total, static_cast<std::size_t>(room));
  if (choices_.chance(faults_.short_transfers, 1000)) wanted = 1 + choices_.below(std::min<std::size_t>(wanted, 300));
  std::size_t done = 0;
  for (int i = 0; i < count && done < wanted; ++i) {
    const BytesView part = pieces[i].substr(0, wanted - done);
    if (part.empty()) continue;
    it.outgoing.append(part);
    observer_.on_server_wrote(entry->index, part);
    done += part.size();
  }
  ++transfers_;
  it.taken_count += static_cast<std::int64_t>(done);
  if (tell_peer_) tell_peer_(entry->index);
  return {static_cast<std::int64_t>(done), 0};
}

Transfer World::send_file(int descriptor, int file, std::int64_t offset, std::int64_t length) {
  Descriptor* source = find(file, Kind::file, "send_file");
  if (source == nullptr) return {0, IPDAEMON_ERROR_FILE_UNUSABLE};
  if (choices_.chance(faults_.file_errors, 1000)) {
    ++injected_errors_;
    return {0, IPDAEMON_ERROR_FILE_UNUSABLE};
  }
  const Bytes& content = files_[static_cast<std::size_t>(source->index)].content;
  if (static_cast<std::size_t>(offset) >= content.size()) {
    moment();
    return {0, 0};
  }
  const BytesView piece = BytesView(content).substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(length));
  return send(descriptor, &piece, 1);
}

int World::shut_down_send(int descriptor) {
  moment();
  Descriptor* entry = find(descriptor, Kind::link, "shut_down_send");
  if (entry == nullptr) return IPDAEMON_ERROR_NOT_A_SOCKET;
  Link& it = link(entry->index);
  if (it.dead()) return IPDAEMON_ERROR_NOT_CONNECTED;
  it.server_ended = true;
  it.server_ended_us = now_us_;
  touch(descriptor);
  if (tell_peer_) tell_peer_(entry->index);
  return 0;
}

void World::close(int descriptor, bool reset) {
  moment();
  const std::size_t position = static_cast<std::size_t>(descriptor - 3);
  const Kind kind = descriptor >= 3 && position < descriptors_.size() ? descriptors_[position].kind : Kind::none;
  if (kind != Kind::listener && kind != Kind::link && kind != Kind::bare) {
    observer_.on_misuse("close of descriptor " + std::to_string(descriptor) + ", which is no open socket");
    return;
  }
  const int index = descriptors_[position].index;
  free_descriptor(descriptor);
  if (kind == Kind::bare) return;
  if (kind == Kind::listener) {
    Listener& listener = *listeners_[static_cast<std::size_t>(index)];
    listener.descriptor = -1;
    for (const int waiting : listener.backlog) {
      link(waiting).server_reset = true;
      link(waiting).server_closed = true;
      if (tell_peer_) tell_peer_(waiting);
    }
    listener.backlog.clear();
    return;
  }
  Link& it = link(index);
  it.descriptor = -1;
  it.server_closed = true;
  if (!it.server_ended) it.server_ended_us = now_us_;
  it.server_ended = true;
  if (reset || it.unread() > 0) {
    // Unread input makes a close a reset, and a reset loses what the peer has not read.
    it.server_reset = true;
    it.outgoing.clear();
  }
  observer_.on_server_closed(index, it.server_reset);
  if (tell_peer_) tell_peer_(index);
}

int World::set_option(int descriptor, SocketOption option, int value) {
  moment();
  if (choices_.chance(faults_.option_errors, 1000)) {
    ++injected_errors_;
    return IPDAEMON_ERROR_NO_BUFFERS;
  }
  const std::size_t position = static_cast<std::size_t>(descriptor - 3);
  if (descriptor < 3 || position >= descriptors_.size() || descriptors_[position].kind == Kind::none) {
    observer_.on_misuse("an option of a descriptor that is not open");
    return IPDAEMON_ERROR_NOT_A_SOCKET;
  }
  if (option == SocketOption::send_buffer && descriptors_[position].kind == Kind::link) {
    link(descriptors_[position].index).window = value;
  }
  return 0;
}

int World::get_option(int descriptor, SocketOption option, int* value) {
  moment();
  const std::size_t position = static_cast<std::size_t>(descriptor - 3);
  if (descriptor < 3 || position >= descriptors_.size()) return IPDAEMON_ERROR_NOT_A_SOCKET;
  *value = 0;
  if (option == SocketOption::send_buffer && descriptors_[position].kind == Kind::link) {
    *value = static_cast<int>(link(descriptors_[position].index).window);
  }
  if (option == SocketOption::receive_buffer) *value = 65536;
  return 0;
}

int World::local_endpoint(int descriptor, Endpoint* out) {
  const std::size_t position = static_cast<std::size_t>(descriptor - 3);
  if (descriptor < 3 || position >= descriptors_.size()) return IPDAEMON_ERROR_NOT_A_SOCKET;
  const Descriptor& entry = descriptors_[position];
  if (entry.kind == Kind::listener) {
    *out = listeners_[static_cast<std::size_t>(entry.index)]->local;
    return 0;
  }
  if (entry.kind == Kind::link) {
    *out = link(entry.index).local;
    return 0;
  }
  observer_.on_misuse("local_endpoint of a descriptor that is not open");
  return IPDAEMON_ERROR_NOT_A_SOCKET;
}

int World::pending_error(int descriptor) {
  moment();
  Descriptor* entry = find(descriptor, Kind::link, "pending_error");
  if (entry == nullptr) return IPDAEMON_ERROR_NOT_A_SOCKET;
  Link& it = link(entry->index);
  if (!it.error_pending) return 0;
  it.error_pending = false;
  return IPDAEMON_ERROR_RESET_BY_PEER;
}

// ---- Files

int World::open_file(const std::string& path, std::int64_t* size, std::string* reason) {
  moment();
  if (choices_.chance(faults_.file_errors, 1000)) {
    ++injected_errors_;
    *reason = "an injected error";
    return -1;
  }
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (files_[i].path != path) continue;
    *size = static_cast<std::int64_t>(files_[i].content.size());
    return new_descriptor(Kind::file, static_cast<int>(i));
  }
  *reason = "no such file";
  return -1;
}

void World::close_file(int descriptor) {
  if (find(descriptor, Kind::file, "closing a file") != nullptr) free_descriptor(descriptor);
}

Transfer World::read_file(int descriptor, std::int64_t offset, void* buffer, std::size_t length) {
  Descriptor* entry = find(descriptor, Kind::file, "reading a file");
  if (entry == nullptr) return {0, IPDAEMON_ERROR_FILE_UNUSABLE};
  const Bytes& content = files_[static_cast<std::size_t>(entry->index)].content;
  if (static_cast<std::size_t>(offset) >= content.size()) return {0, 0};
  const std::size_t count = content.copy(static_cast<char*>(buffer), length, static_cast<std::size_t>(offset));
  return {static_cast<std::int64_t>(count), 0};
}

// ---- Pollers

SimPoller* World::new_poller(int* error) {
  moment();
  if (choices_.chance(faults_.poller_errors, 1000)) {
    ++injected_errors_;
    *error = IPDAEMON_ERROR_TOO_MANY_SOCKETS;
    return nullptr;
  }
  pollers_.push_back(std::make_unique<SimPoller>());
  SimPoller* poller = pollers_.back().get();
  poller->descriptor = new_descriptor(Kind::poller, static_cast<int>(pollers_.size()) - 1);
  *error = 0;
  return poller;
}

void World::drop_poller(SimPoller* poller) {
  for (Descriptor& entry : descriptors_) {
    std::erase_if(entry.watches, [poller](const Watch& watch) { return watch.poller == poller; });
  }
  if (find(poller->descriptor, Kind::poller, "closing a poller") != nullptr) free_descriptor(poller->descriptor);
  poller->descriptor = -1;
  poller->candidates.clear();
}

int World::watch(SimPoller* poller, int descriptor, Interest interest, void* token, bool already) {
  moment();
  const std::size_t position = static_cast<std::size_t>(descriptor - 3);
  if (descriptor < 3 || position >= descriptors_.size() ||
      (descriptors_[position].kind != Kind::link && descriptors_[position].kind != Kind::listener)) {
    observer_.on_misuse("watching descriptor " + std::to_string(descriptor) + ", which is no open socket");
    return IPDAEMON_ERROR_BAD_SOCKET;
  }
  Descriptor& entry = descriptors_[position];
  Watch* watched = entry.watch_of(poller);
  if (already != (watched != nullptr)) {
    observer_.on_misuse(already ? "change of a socket that is not watched" : "a socket is watched twice");
    return IPDAEMON_ERROR_INVALID_ARGUMENT;
  }
  if (!already && choices_.chance(faults_.poller_errors, 1000)) {
    ++injected_errors_;
    return IPDAEMON_ERROR_NO_BUFFERS;
  }
  if (watched == nullptr) watched = &entry.watches.emplace_back();
  watched->poller = poller;
  watched->interest = interest;
  watched->token = token;
  touch(descriptor);
  return 0;
}

void World::forget(SimPoller* poller, int descriptor) {
  moment();
  const std::size_t position = static_cast<std::size_t>(descriptor - 3);
  // Its place among the candidates is dropped when the list is next looked through.
  const auto is_it = [poller](const Watch& watch) { return watch.poller == poller; };
  if (descriptor < 3 || position >= descriptors_.size() || std::erase_if(descriptors_[position].watches, is_it) == 0) {
    observer_.on_misuse("forget of a socket that is not watched");
  }
}

int World::collect(SimPoller* poller, Ready* ready, int ready_max) {
  int count = 0;
  ++collections_;
  const std::size_t list_size = poller->candidates.size();
  if (faults_.random_order && list_size > 1) {
    const std::size_t turns = std::min<std::size_t>(list_size, static_cast<std::size_t>(ready_max));
    for (std::size_t i = 0; i < turns; ++i) {
      std::swap(poller->candidates[i], poller->candidates[i + choices_.below(list_size - i)]);
    }
  }
  for (std::size_t i = 0; i < list_size && count < ready_max; ++i) {
    const int descriptor = poller->candidates.front();
    poller->candidates.pop_front();
    Descriptor& entry = descriptors_[static_cast<std::size_t>(descriptor - 3)];
    Watch* watch = entry.watch_of(poller);
    if (watch == nullptr || !watch->candidate) continue;
    // A socket that was forgotten and watched again stands in the list twice.
    if (watch->collected == collections_) continue;
    watch->collected = collections_;
    Ready state = state_of(entry, watch->interest);
    if (!state.readable && !state.writable && !state.broken) {
      watch->candidate = false;
      continue;
    }
    state.token = watch->token;
    // Stays a candidate, behind the others: level-triggered, and fair.
    poller->candidates.push_back(descriptor);
    if (count > 0 && choices_.chance(faults_.partial_reports, 1000)) continue;
    if (ready != nullptr) ready[count] = state;
    ++count;
  }
  return count;
}

std::string World::owner_of(const SimPoller* poller) {
  Descriptor& entry = descriptors_[static_cast<std::size_t>(poller->candidates.back() - 3)];
  if (entry.kind == Kind::listener) return "the listener";
  const Link& it = *links_[static_cast<std::size_t>(entry.index)];
  return "peer " + std::to_string(entry.index) + " with interest " +
         std::to_string(static_cast<int>(entry.watch_of(poller)->interest)) + ", unread " +
         std::to_string(it.unread()) + (it.dead() ? ", dead" : "") + (it.peer_ended ? ", ended" : "");
}

int World::wait(SimPoller* poller, Ready* ready, int ready_max, int timeout_ms) {
  const std::int64_t calls_before = calls_;
  observer_.on_wait();
  moment();
  if (choices_.chance(faults_.signals, 1000)) return 0;
  const std::int64_t deadline = timeout_ms < 0 ? INT64_MAX : now_us_ + static_cast<std::int64_t>(timeout_ms) * 1000;
  bool late = false;
  for (;;) {
    run_due();
    const int count = collect(poller, ready, ready_max);
    if (count > 0) {
      // Ready again and again, and nobody does anything about it.
      const bool idle_spin = calls_before == poller->calls_at_last_wait;
      poller->waits_without_calls = idle_spin ? poller->waits_without_calls + 1 : 0;
      if (poller->waits_without_calls == 500) {
        observer_.on_misuse("the server spins: ready sockets are left alone, among them that of " + owner_of(poller));
      }
      poller->calls_at_last_wait = calls_;
      return count;
    }
    if (now_us_ >= deadline) return 0;
    if (!happenings_.empty() && happenings_.top().time_us <= deadline) {
      run_next();
      continue;
    }
    if (timeout_ms < 0) {
      observer_.on_misuse("a wait without end while nothing can happen any more");
      return 0;
    }
    now_us_ = deadline;
    if (!late && choices_.chance(faults_.late_timers, 1000)) now_us_ += choices_.between(1000, 400000);
    late = true;
  }
}

bool World::readable(int descriptor) {
  const std::size_t position = static_cast<std::size_t>(descriptor - 3);
  if (descriptor < 3 || position >= descriptors_.size() || descriptors_[position].kind == Kind::none) {
    observer_.on_misuse("waiting for descriptor " + std::to_string(descriptor) + ", which is not open");
    return false;
  }
  const Descriptor& entry = descriptors_[position];
  if (entry.kind != Kind::poller) return state_of(entry, Interest::read).readable;
  return collect(pollers_[static_cast<std::size_t>(entry.index)].get(), nullptr, 1) > 0;
}

// ---- For the checker

bool World::listening_on(std::uint16_t port) const {
  return std::any_of(listeners_.begin(), listeners_.end(), [port](const auto& listener) {
    return listener->descriptor >= 0 && listener->local.port == port;
  });
}

int World::backlog_of(std::uint16_t port) const {
  int waiting = 0;
  for (const auto& listener : listeners_) {
    if (listener->descriptor >= 0 && listener->local.port == port)
      waiting += static_cast<int>(listener->backlog.size());
  }
  return waiting;
}

}  // namespace ipdaemon::sim
