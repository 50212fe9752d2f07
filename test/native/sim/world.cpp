#include "world.hpp"

#include <algorithm>
#include <cstdlib>

#include "ipdaemon.h"

namespace ipdaemon::sim {
namespace {

World* current_world = nullptr;

// More than any run needs, also the one with a hundred thousand connections.
constexpr std::int64_t calls_max = 20 * 1000 * 1000;

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
