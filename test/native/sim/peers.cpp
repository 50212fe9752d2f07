#include "peers.hpp"

#include <algorithm>

namespace ipdaemon::sim {

Peers::Peers(World* world, Choices* choices) : world_(*world), choices_(*choices) {
  world_.on_server_wrote([this](int link) {
    plan_read(link);
    see_end(link);
  });
}

int Peers::add(const PeerPlan& plan) {
  const int number = count();
  Endpoint name;
  name.port = static_cast<std::uint16_t>(1024 + number % 60000);
  name.address.family = plan.family;
  const auto high = static_cast<std::uint8_t>(number >> 16);
  const auto middle = static_cast<std::uint8_t>(number >> 8);
  const auto low = static_cast<std::uint8_t>(number);
  if (plan.family == Family::ipv4) {
    name.address.bytes = {10, high, middle, low};
  } else {
    name.address.bytes[0] = 0xfd;
    name.address.bytes[13] = high;
    name.address.bytes[14] = middle;
    name.address.bytes[15] = low;
  }
  const int link = world_.new_link(name);
  peers_.push_back(Peer{});
  peers_.back().plan = plan;
  const Endpoint client = plan.header.kind == HeaderKind::announced ? announced_client(name) : name;
  peers_.back().header = header_bytes(plan.header, client);
  Link& wire = world_.link(link);
  wire.client = client;
  wire.header = plan.header.kind;
  wire.header_size = peers_.back().header.size();
  by_name_[client.address.text() + " " + std::to_string(client.port)] = link;
  world_.at(plan.start_us, [this, link] { connect(link, 0); });
  return link;
}

int Peers::find(const std::string& address, int port) const {
  const auto found = by_name_.find(address + " " + std::to_string(port));
  return found == by_name_.end() ? -1 : found->second;
}

void Peers::connect(int link, int tries) {
  if (world_.connect(link, peer(link).plan.port)) {
    peer(link).gives_up_us = world_.now_us() + 20 * 1000 * 1000;
    const PeerPlan& plan = peer(link).plan;
    if (plan.tls.speaks) {
      const std::size_t said = peer(link).header.size();
      if (!plan.waits_for_tls) world_.link(link).tls = std::make_shared<TlsEnd>(plan.tls, &sessions_, 0, 0, said);
      world_.at(peer(link).gives_up_us, [this, link] { give_up(link); });
    }
    plan_write(link, choices_.between(0, plan.gap_us_max));
    return;
  }
  // The system tries again for a while, as it does with unanswered SYNs.
  if (tries < 30) world_.after(choices_.between(1000, 400000), [this, link, tries] { connect(link, tries + 1); });
}

bool Peers::steps_on(int link) {
  Peer& it = peer(link);
  if (world_.link(link).dead()) return false;
  ++it.steps;
  if (it.plan.ending == Ending::by_reset && it.steps > it.plan.reset_after_steps) {
    world_.peer_reset(link);
    return false;
  }
  return true;
}

void Peers::plan_write(int link, std::int64_t delay_us) {
  if (peer(link).write_planned) return;
  peer(link).write_planned = true;
  world_.after(delay_us, [this, link] { write(link); });
}

void Peers::write(int link) {
  peer(link).write_planned = false;
  if (!steps_on(link)) return;
  Peer& it = peer(link);
  if (it.plan.header.kind != HeaderKind::none && !write_header(link)) return;
  if (it.plan.tls.speaks) {
    write_sealed(link);
    return;
  }
  const Link& wire = world_.link(link);
  if (it.sent == it.plan.to_send.size() || wire.peer_ended) {
    finish(link);
    return;
  }
  const std::size_t length = 1 + choices_.below(std::min(it.plan.chunk_max, it.plan.to_send.size() - it.sent));
  const std::size_t count = world_.peer_write(link, BytesView(it.plan.to_send).substr(it.sent, length));
  it.sent += count;
  it.stalls = count > 0 ? 0 : it.stalls + 1;
  // A server that reads nothing for long is left alone, with the end still to come.
  if (it.stalls > 60) it.plan.to_send.resize(it.sent);
  plan_write(link, choices_.between(0, count > 0 ? it.plan.gap_us_max : 200000));
}

// Returns whether all of it is there, and what the client says goes on now.
bool Peers::write_header(int link) {
  Peer& it = peer(link);
  const Link& wire = world_.link(link);
  const bool is_complete = it.header_sent == it.header.size();
  const bool says_nothing = it.plan.header.kind == HeaderKind::silent || it.plan.header.kind == HeaderKind::half;
  if (is_complete && !says_nothing) return true;
  if (is_complete || wire.peer_ended) {
    finish(link);
    return false;
  }
  const BytesView left = BytesView(it.header).substr(it.header_sent);
  const std::size_t length = 1 + choices_.below(std::min(it.plan.header.chunk_max, left.size()));
  const std::size_t count = world_.peer_write(link, left.substr(0, length));
  it.header_sent += count;
  it.stalls = count > 0 ? 0 : it.stalls + 1;
  if (it.stalls > 60) {
    finish(link);
    return false;
  }
  if (it.header_sent == it.header.size() && it.plan.header.joined && !says_nothing) return true;
  plan_write(link, choices_.between(0, it.plan.gap_us_max));
  return false;
}

void Peers::write_sealed(int link) {
  Peer& it = peer(link);
  const Link& wire = world_.link(link);
  if (wire.peer_ended) {
    see_end(link);
    return;
  }
  // A handshake byte by byte need not be slow, too.
  const std::int64_t gap_us =
      it.plan.chunk_max == 1 ? std::min<std::int64_t>(it.plan.gap_us_max, 2000) : it.plan.gap_us_max;
  std::size_t count = 0;
  if (!wire.tls) {
    if (it.sent_before_tls == it.plan.before_tls.size()) return;  // Waits for the server.
    const BytesView left = BytesView(it.plan.before_tls).substr(it.sent_before_tls);
    count = world_.peer_write(link, left.substr(0, 1 + choices_.below(std::min(it.plan.chunk_max, left.size()))));
    it.sent_before_tls += count;
  } else {
    TlsEnd& tls = *wire.tls;
    const BytesView ready = tls.to_send(wire.received.size(), 1 + choices_.below(it.plan.chunk_max));
    if (!ready.empty()) {
      Bytes piece(ready);
      tls.damage(&piece);
      count = world_.peer_write(link, piece);
      tls.sent(count);
    } else if (tls.is_cut()) {
      finish(link);
      return;
    } else if (tls.has_unsent()) {
      return;  // First it has to read.
    } else if (tls.is_failed()) {
      world_.after(choices_.between(0, 100000), [this, link] { world_.peer_end(link); });
      return;
    } else if (!tls.is_open() || wire.received.size() < tls.opened_at()) {
      return;
    } else if (it.sent < it.plan.to_send.size() && !tls.has_said_no_more()) {
      constexpr std::size_t shortest = 20;
      const BytesView left = BytesView(it.plan.to_send).substr(it.sent);
      const BytesView piece =
          left.substr(0, 1 + choices_.below(std::min(std::max(it.plan.chunk_max, shortest), left.size())));
      tls.say(piece);
      it.sent += piece.size();
      plan_write(link, choices_.between(0, gap_us));
      return;
    } else {
      finish(link);
      return;
    }
  }
  it.stalls = count > 0 ? 0 : it.stalls + 1;
  if (it.stalls > 60) return;
  plan_write(link, choices_.between(0, count > 0 ? gap_us : 200000));
}

// Returns whether there is something to be sent before the end.
bool Peers::says_goodbye(int link) {
  const Peer& it = peer(link);
  const Link& wire = world_.link(link);
  if (!wire.tls || !it.plan.tls.notifies || wire.tls->is_cut() || wire.tls->has_said_no_more() ||
      !wire.tls->is_open()) {
    return false;
  }
  wire.tls->say_no_more();
  plan_write(link, choices_.between(0, it.plan.gap_us_max));
  return true;
}

void Peers::start_tls(int link, std::size_t heard_from) {
  const Peer& it = peer(link);
  Link& wire = world_.link(link);
  if (!it.plan.tls.speaks || wire.tls) return;
  const auto heard = static_cast<std::size_t>(wire.taken_count);
  wire.tls = std::make_shared<TlsEnd>(it.plan.tls, &sessions_, heard_from, heard, wire.sent.size());
  if (wire.unread() > 0) wire.tls->spoil();
  plan_write(link, choices_.between(0, it.plan.gap_us_max));
}

// Nobody waits for a handshake for ever, except those who do.
void Peers::give_up(int link) {
  const Peer& it = peer(link);
  const Link& wire = world_.link(link);
  if (wire.dead() || (wire.tls && wire.tls->is_open())) return;
  if (it.plan.ending == Ending::by_reset) world_.peer_reset(link);
  if (it.plan.ending == Ending::after_sending || it.plan.ending == Ending::after_answer) world_.peer_end(link);
}

void Peers::finish(int link) {
  Peer& it = peer(link);
  Link& wire = world_.link(link);
  switch (it.plan.ending) {
    case Ending::after_sending:
      if (!says_goodbye(link)) world_.peer_end(link);
      break;
    case Ending::after_server:
    case Ending::never:
      see_end(link);
      break;
    case Ending::after_answer:
      if ((wire.tls ? wire.tls->plain_heard().size() : wire.received.size()) >= it.plan.to_send.size() ||
          world_.now_us() > it.gives_up_us || it.plan.reading == Reading::never) {
        if (!says_goodbye(link)) world_.peer_end(link);
      } else {
        plan_write(link, choices_.between(1000, 500000));
      }
      break;
    case Ending::by_reset:
      plan_write(link, choices_.between(0, 300000));
      break;
  }
}

void Peers::plan_read(int link) {
  Peer& it = peer(link);
  if (it.read_planned || it.plan.reading == Reading::never) return;
  it.read_planned = true;
  std::int64_t delay = choices_.between(0, 300);
  if (it.plan.reading == Reading::slow) delay = choices_.between(1000, 60000);
  if (it.plan.reading == Reading::bytewise) delay = choices_.between(0, 2000);
  if (it.plan.reading == Reading::late && it.reads == 0) delay = choices_.between(200000, 9000000);
  world_.after(delay, [this, link] { read(link); });
}

void Peers::read(int link) {
  Peer& it = peer(link);
  it.read_planned = false;
  if (!steps_on(link)) return;
  ++it.reads;
  // The slow ones lose their patience after a while, or a run would not end.
  std::size_t length = SIZE_MAX;
  if (it.plan.reading == Reading::slow && it.reads < 60) length = 1 + choices_.below(3000);
  if (it.plan.reading == Reading::bytewise && it.reads < 100) length = 1;
  world_.peer_read(link, length);
  if (!world_.link(link).outgoing.empty()) plan_read(link);
  if (it.plan.tls.speaks && it.stalls <= 60) plan_write(link, choices_.between(0, 1000));
  see_end(link);
}

void Peers::see_end(int link) {
  Peer& it = peer(link);
  if (!world_.peer_sees_end(link) || it.end_planned) return;
  it.end_planned = true;
  if (it.plan.writes_after_end && !world_.link(link).dead()) {
    world_.after(choices_.between(0, 3000000), [this, link] { world_.peer_write(link, "too late"); });
  }
  if (!it.plan.ignores_end) {
    world_.after(choices_.between(0, 100000), [this, link] { world_.peer_end(link); });
  }
}

}  // namespace ipdaemon::sim
