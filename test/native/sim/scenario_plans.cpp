#include "scenario_plans.hpp"

#include <algorithm>
#include <iterator>

namespace ipdaemon::sim {
namespace {

void draw_peer_tls(Choices& choices, const ServerPlan& server, PeerPlan* plan) {
  if (choices.chance(1, 10)) return;  // What it says is not TLS.
  TlsPlan& tls = plan->tls;
  tls.speaks = true;
  const int version = choices.weighted({5, 3, 3, 1});
  tls.version = static_cast<ClientVersion>(version);
  tls.certificate = static_cast<ClientCertificate>(server.authenticates ? choices.weighted({3, 8, 1, 1})
                                                                        : choices.weighted({4, 1, 0, 0}));
  tls.resumes = choices.chance(1, 2);
  if (choices.chance(1, 8)) tls.cut_at = choices.below(choices.chance(1, 2) ? 300 : 2000);
  if (choices.chance(1, 10)) tls.flip_at = choices.below(2000);
  tls.notifies = !choices.chance(1, 4);
  plan->waits_for_tls = server.secure == Secure::later;
  if (plan->waits_for_tls) {
    plan->before_tls = plan->to_send.substr(0, choices.below(60)) + (server.eol.empty() ? "\n" : server.eol);
  }
}

// What callbacks do beside their work.
void draw_mischief(Choices& choices, ServerPlan* plan) {
  const auto maybe = [&](int highest) {
    return choices.chance(1, 3) ? static_cast<int>(choices.between(1, highest)) : 0;
  };
  plan->disconnects = maybe(100);
  plan->disconnects_others = maybe(60);
  plan->pumps = maybe(200);
  plan->shutdowns = maybe(15);
  plan->resets = maybe(8);
  plan->closes = maybe(15);
  plan->framings = maybe(300);
  plan->pauses = maybe(150);
  plan->timeouts = maybe(100);
  plan->sends_others = maybe(150);
  plan->stops = maybe(200);
  plan->interrupts = maybe(80);
  plan->other_handles = maybe(100);
  plan->listens = maybe(30);
  plan->configs = maybe(50);
  plan->batches = maybe(40);
  plan->big_sends = maybe(100);
  plan->files = maybe(60);
  plan->computes = maybe(60);
  plan->fails_always = choices.chance(1, 12);
  plan->host_ends = choices.chance(1, 30) ? 20 : 0;
}

}  // namespace

Faults draw_faults(Choices& choices) {
  Faults faults;
  const int level = choices.weighted({3, 4, 3});
  if (level == 0) return faults;
  const int scale = level == 1 ? 1 : 4;
  const auto maybe = [&](int highest) {
    return choices.chance(level == 1 ? 1 : 2, 3) ? static_cast<int>(choices.between(1, highest * scale)) : 0;
  };
  faults.short_transfers = maybe(200);
  faults.would_block = maybe(100);
  faults.peer_resets = maybe(1);
  faults.interleavings = maybe(100);
  faults.accept_errors = maybe(60);
  faults.listen_errors = maybe(100);
  faults.option_errors = maybe(10);
  faults.poller_errors = maybe(5);
  faults.late_timers = maybe(80);
  faults.clock_steps = maybe(5);
  faults.signals = maybe(40);
  faults.partial_reports = maybe(150);
  faults.file_errors = maybe(30);
  faults.random_order = choices.chance(1, 2);
  return faults;
}

MemoryPlan draw_memory(Choices& choices) {
  MemoryPlan plan;
  if (!choices.chance(1, 5)) return plan;
  plan.seed = choices.below(UINT64_MAX);
  if (choices.chance(1, 2)) {
    plan.first = choices.between(0, 400);
    plan.count = choices.between(1, 6);
  } else {
    plan.per_ten_thousand = static_cast<int>(choices.between(1, 300));
  }
  return plan;
}

void draw_tls(Choices& choices, ServerPlan* plan) {
  plan->secure = choices.chance(2, 3) ? Secure::at_once : Secure::later;
  plan->authenticates = choices.chance(1, 3);
  plan->handshake_s = choices.chance(1, 2) ? choices.between(0, 4) : -1;
  plan->tls_version = choices.weighted({3, 1, 1});
  if (plan->tls_version != 0) plan->tls_version += 11;
  plan->sees_hello = choices.chance(2, 3);
  plan->sees_certificates = choices.chance(3, 4);
  plan->sees_status = choices.chance(3, 4);
  plan->logs_packets = choices.chance(1, 5);
  plan->resumes = !choices.chance(1, 5);
  plan->start_ssls = choices.chance(1, 3) ? static_cast<int>(choices.between(1, 100)) : 0;
  plan->verdicts = choices.chance(1, 3) ? 300 : 0;
  plan->choices = choices.chance(1, 4) ? 300 : 0;
}

void draw_limits(Choices& choices, ServerPlan* plan) {
  plan->piece_s = choices.chance(1, 3) ? choices.between(1, 4) : 0;
  plan->send_s = choices.chance(1, 3) ? choices.between(1, 4) : 0;
  plan->life_s = choices.chance(1, 4) ? choices.between(1, 20) : 0;
  plan->drains = choices.chance(1, 3) ? static_cast<int>(choices.between(1, 30)) : 0;
  plan->tls_changes = choices.chance(1, 3) ? static_cast<int>(choices.between(1, 30)) : 0;
}

void draw_proxies(Choices& choices, ServerPlan* plan) {
  if (!choices.chance(1, 2)) return;
  plan->proxies = static_cast<int>(choices.between(1, 2));
  plan->trusts_all = choices.chance(1, 2);
  if (plan->handshake_s < 0 && choices.chance(2, 3)) plan->handshake_s = choices.between(1, 4);
}

HeaderPlan draw_header(Choices& choices, const ServerPlan& server, const PeerPlan& peer) {
  HeaderPlan plan;
  const bool trusted = server.trusts_all || peer.family == Family::ipv4;
  // A direct peer; with ProxyProtocol=1 it is closed, whatever it sends.
  if (server.proxies == 0 || (!trusted && (server.proxies == 2 || choices.chance(1, 2)))) return plan;
  plan.kind = static_cast<HeaderKind>(1 + choices.weighted({16, 2, 2, 2, 2, 1}));
  plan.variant = static_cast<int>(choices.below(6));
  plan.filling = choices.chance(1, 2) ? choices.below(choices.chance(1, 8) ? 3900 : 60) : 0;
  plan.chunk_max = choices.chance(1, 4) ? 1 : choices.chance(1, 3) ? 20 : 5000;
  if (plan.chunk_max == 1) plan.filling %= 60;
  plan.joined = choices.chance(1, 2);
  return plan;
}

ServerPlan draw_server(Choices& choices) {
  ServerPlan plan;
  plan.mode = static_cast<Mode>(choices.weighted({8, 2, 4, 2, 2}));
  plan.retry = static_cast<Retry>(choices.weighted({4, 2, 1}));
  plan.pump = static_cast<Pump>(choices.weighted({5, 2, 3}));
  switch (choices.weighted({3, 4, 2, 2})) {
    case 1: {
      const Bytes eols[] = {"\n", "\r\n", "\r", std::string("\0", 1), "aab", "abababac", "--"};
      plan.eol = eols[choices.below(std::size(eols))];
      break;
    }
    case 2:
      plan.single_line = true;
      break;
    case 3:
      plan.record_length = choices.between(1, 200);
      break;
    default:
      break;
  }
  plan.line_length_max = choices.chance(1, 2) ? choices.between(1, 600) : 0;
  plan.timeout_s = choices.chance(1, 4) ? choices.between(1, 3) : 0;
  plan.idle_s = choices.chance(1, 4) ? choices.between(1, 4) : choices.chance(1, 10) ? choices.between(60, 300) : 0;
  plan.linger = !choices.chance(1, 5);
  plan.max_connections = choices.chance(1, 4) ? choices.between(1, 6) : 0;
  plan.out_buffer = choices.chance(1, 8) ? choices.between(1, 200000) : 0;
  plan.backlog = choices.between(1, 20);
  plan.select_wait_ms = choices.chance(1, 5) ? choices.between(0, 200) : 20;
  plan.ipv6 = choices.weighted({5, 1, 2});
  plan.share_port = choices.chance(1, 8);
  plan.allowed_clients = choices.chance(1, 6) ? static_cast<int>(choices.below(7)) : 0;
  plan.batch_capacity = choices.chance(1, 2) ? static_cast<int>(choices.between(1, 40)) : 0;
  plan.requests = !choices.chance(1, 5);
  plan.greeting = choices.chance(1, 3);
  plan.refusals = choices.chance(1, 5) ? 200 : 0;
  const bool well_behaved = choices.chance(1, 3);
  if (!well_behaved) draw_mischief(choices, &plan);
  return plan;
}

void draw_deep_waits(Choices& choices, ServerPlan* plan) {
  const ServerPlan drawn = *plan;
  *plan = ServerPlan{};
  plan->waits_deep = true;
  plan->retry = Retry::by_pumping;
  plan->mode = Mode::talk;
  plan->eol = "\n";
  plan->timeout_s = choices.chance(1, 3) ? 1 + choices.between(0, 3) : 0;
  plan->idle_s = choices.chance(1, 3) ? 60 : 0;
  plan->greeting = choices.chance(1, 2);
  plan->big_sends = 400;
  plan->disconnects = drawn.disconnects;
  plan->stops = choices.chance(1, 3) ? drawn.stops : 0;
}

Bytes draw_input(Choices& choices, std::size_t length, const ServerPlan& plan) {
  static const char* const fragments[] = {"\n", "\r\n", "\r", "a", "b", "ab", "aab", "abababac", "--", "hello", " "};
  Bytes text;
  std::uint64_t word = choices.below(UINT64_MAX);
  const bool plain = choices.chance(1, 4);
  while (text.size() < length) {
    const std::uint64_t draw = splitmix64(&word);
    if (plain) {
      // Long lines, so that the limit is reached.
      text += static_cast<char>('a' + draw % 26);
      if (draw % 400 == 0) text += plan.eol.empty() ? "\n" : plan.eol;
    } else if (draw % 13 == 0) {
      text += plan.eol;
    } else if (draw % 29 == 0) {
      text += '\0';
    } else {
      text += fragments[(draw >> 8) % std::size(fragments)];
    }
  }
  text.resize(length);
  return text;
}

PeerPlan draw_peer(Choices& choices, const ServerPlan& server, std::uint16_t port) {
  PeerPlan plan;
  plan.port = port;
  plan.family = server.ipv6 == 1 || (server.ipv6 == 2 && choices.chance(1, 2)) ? Family::ipv6 : Family::ipv4;
  plan.start_us = choices.between(0, 1500000);
  const std::size_t length_max = choices.chance(1, 10) ? 60000 : choices.chance(1, 2) ? 3000 : 200;
  plan.to_send = draw_input(choices, choices.below(length_max), server);
  plan.chunk_max = choices.chance(1, 6) ? 1 : choices.chance(1, 2) ? 40 : 5000;
  if (plan.chunk_max == 1) plan.to_send.resize(std::min<std::size_t>(plan.to_send.size(), 120));
  if (plan.chunk_max == 40) plan.to_send.resize(std::min<std::size_t>(plan.to_send.size(), 4000));
  plan.gap_us_max = choices.chance(1, 8) ? 2500000 / (1 + static_cast<std::int64_t>(plan.to_send.size() / 50)) : 20000;
  plan.reading = static_cast<Reading>(choices.weighted({8, 2, 1, 2, 2}));
  plan.ending = static_cast<Ending>(choices.weighted({4, 3, 3, 2, 1}));
  plan.reset_after_steps = static_cast<int>(choices.below(25));
  plan.ignores_end = choices.chance(1, 8);
  plan.writes_after_end = choices.chance(1, 12);
  if (server.secure != Secure::never) draw_peer_tls(choices, server, &plan);
  return plan;
}

void draw_groups(Choices& choices, ServerPlan* plan) {
  plan->group_capacity = choices.chance(3, 4) ? static_cast<int>(choices.between(2, 40)) : 0;
  plan->group_seed = choices.below(UINT64_MAX);
  plan->crowd = plan->group_capacity > 0 && choices.chance(2, 3) ? static_cast<int>(choices.between(4, 24)) : 0;
}

PeerPlan draw_one_of_crowd(Choices& choices, const ServerPlan& server, std::uint16_t port) {
  PeerPlan plan = draw_peer(choices, server, port);
  plan.start_us = choices.between(0, 2000);
  plan.to_send = draw_input(choices, choices.below(400), server);
  plan.chunk_max = static_cast<std::size_t>(choices.between(5, 60));
  plan.gap_us_max = choices.chance(1, 4) ? 20000 : 200;
  return plan;
}

// Lets everything that is under way come to its end, with no troubles any more.
void add_files(World& world, Choices& choices) {
  std::uint64_t word = choices.below(UINT64_MAX);
  const auto content = [&](std::size_t length) {
    Bytes bytes(length, '\0');
    for (char& byte : bytes) byte = static_cast<char>(splitmix64(&word));
    return bytes;
  };
  world.add_file("small", content(1 + choices.below(300)));
  world.add_file("empty", "");
  world.add_file("large", content(50000 + choices.below(150000)));
  world.add_file("shrinking", content(90000));
  world.at(choices.between(0, 4000000), [&world] { world.shrink_file("shrinking", 1000); });
}

}  // namespace ipdaemon::sim
