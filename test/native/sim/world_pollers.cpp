// The descriptors of the simulated system, and its pollers: what is ready, and who is told.
#include <algorithm>

#include "ipdaemon.h"
#include "world.hpp"

namespace ipdaemon::sim {

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

}  // namespace ipdaemon::sim
