#include "scenario.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "ipdaemon.h"
#include "log.hpp"
#include "log_checker.hpp"
#include "memory_sim.hpp"
#include "peers.hpp"
#include "program.hpp"
#include "state_check.hpp"
#include "tls_sim.hpp"
#include "world.hpp"

namespace ipdaemon::sim {
namespace {

const Log* current_log = nullptr;

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
  if (choices.chance(1, 3)) return plan;  // A well-behaved program.
  const auto maybe = [&](int highest) {
    return choices.chance(1, 3) ? static_cast<int>(choices.between(1, highest)) : 0;
  };
  plan.disconnects = maybe(100);
  plan.disconnects_others = maybe(60);
  plan.pumps = maybe(200);
  plan.shutdowns = maybe(15);
  plan.resets = maybe(8);
  plan.closes = maybe(15);
  plan.framings = maybe(300);
  plan.pauses = maybe(150);
  plan.timeouts = maybe(100);
  plan.sends_others = maybe(150);
  plan.stops = maybe(200);
  plan.interrupts = maybe(80);
  plan.other_handles = maybe(100);
  plan.listens = maybe(30);
  plan.configs = maybe(50);
  plan.batches = maybe(40);
  plan.big_sends = maybe(100);
  plan.files = maybe(60);
  plan.computes = maybe(60);
  plan.fails_always = choices.chance(1, 12);
  plan.host_ends = choices.chance(1, 30) ? 20 : 0;
  return plan;
}

// Callbacks that wait inside of each other, as ported loops do, for more peers than pumps may be nested.
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

// Lets everything that is under way come to its end, with no troubles any more.
void settle(World& world, LogChecker& checker, Program& program, Log& log, int pumps_max) {
  log.write("-- settling");
  world.stop_faults();
  stop_memory_failures();
  program.calm();
  int quiet = 0;
  for (int pumps = 0; pumps < pumps_max && quiet < 12 && !checker.failed(); ++pumps) {
    const std::uint64_t events_before = checker.events();
    const std::uint64_t lines_before = world.transfers();
    for (int i = 0; i < program.server_count(); ++i) {
      program.resume_all(i);
      program.pump(i);
    }
    const bool still = checker.events() == events_before && world.transfers() == lines_before;
    quiet = still && !world.anything_to_come() ? quiet + 1 : 0;
    // Time must pass for whatever is tried again later, too.
    if (still) world.run_until(world.now_us() + 30000, [] { return false; });
  }
  if (quiet < 12) checker.fail("the run does not come to rest");
  for (int i = 0; i < program.server_count(); ++i) {
    if (program.is_open(i)) checker.check_settled(program.handle(i), program.port(i));
    program.look(i);
  }
}

void close_all(World& world, LogChecker& checker, Program& program, Choices& choices, Log& log) {
  log.write("-- closing");
  for (int i = 0; i < program.server_count(); ++i) {
    if (choices.chance(1, 2)) program.shut_down(i);
    program.close(i);
  }
  for (int i = 0; i < program.server_count(); ++i) {
    if (world.listening_on(program.port(i))) checker.fail("the port is not free after close");
  }
  checker.check_end();
}

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

RunResult finish(const LogChecker& checker, const Log& log, const World& world) {
  RunResult result;
  result.failure = checker.failure();
  result.hash = log.hash();
  result.events = checker.events();
  result.calls = static_cast<std::uint64_t>(world.calls());
  if (checker.failed()) result.tail = log.tail();
  current_log = nullptr;
  return result;
}

}  // namespace

void print_current_tail() {
  if (current_log != nullptr) std::fputs(current_log->tail().c_str(), stdout);
}

bool needs_own_process(std::uint64_t seed) {
  SeededChoices choices(seed);
  const MemoryPlan plan = draw_memory(choices);
  return plan.first >= 0 || plan.per_ten_thousand > 0;
}

RunResult run_mixed(Choices* source, bool trace) {
  Choices& choices = *source;
  plan_memory(draw_memory(choices));
  Log log(trace);
  current_log = &log;
  LogChecker checker(&log);
  World world(source, draw_faults(choices), &checker);
  log.set_clock(world.clock());
  checker.attach(&world);
  Peers peers(&world, source);
  Program program(&world, &checker, &peers, source, &log);
  const StateCheck state_check(&program, &log);
  add_files(world, choices);

  const bool tls = choices.chance(1, 3) && tls_available();
  if (tls) seed_tls(choices.below(UINT64_MAX));
  const int servers = 1 + choices.weighted({8, 2, 1});
  const bool deep = choices.chance(1, 250);
  const bool waits_deep = !deep && choices.chance(1, 300);
  for (int i = 0; i < servers; ++i) {
    ServerPlan plan = draw_server(choices);
    if (tls && choices.chance(3, 4)) draw_tls(choices, &plan);
    if (deep) {
      plan = ServerPlan{};
      plan.deep = true;
      plan.mode = Mode::echo;
    }
    if (waits_deep) draw_deep_waits(choices, &plan);
    const int number = program.open(plan);
    if (number < 0) continue;
    const int peer_count = deep ? 90
                           : waits_deep
                               ? 75
                               : 1 + choices.weighted({3, 3, 3, 2, 2, 1, 1}) + (choices.chance(1, 15) ? 25 : 0);
    for (int peer = 0; peer < peer_count; ++peer) {
      PeerPlan peer_plan = draw_peer(choices, plan, program.port(number));
      if (deep) peer_plan.start_us = 0;
      if (waits_deep) {
        peer_plan.start_us = 0;
        peer_plan.reading = choices.chance(3, 4) ? Reading::late : Reading::slow;
      }
      peers.add(peer_plan);
    }
  }

  const int steps = 20 + static_cast<int>(choices.below(120));
  for (int step = 0; step < steps && program.server_count() > 0 && !checker.failed(); ++step) {
    const int number = static_cast<int>(choices.below(static_cast<std::uint64_t>(program.server_count())));
    program.pump(number);
    if (program.host_has_ended()) break;
    if (choices.chance(1, 4)) program.act(number);
    // The program is busy elsewhere, or its machine sleeps.
    if (choices.chance(1, 80))
      world.run_until(world.now_us() + choices.between(1, 400) * 1000000, [] { return false; });
    if (choices.chance(1, 6)) program.look(number);
    if (step > 20 && !world.anything_to_come()) break;
  }
  if (!checker.failed() && !program.host_has_ended()) settle(world, checker, program, log, 40000);
  close_all(world, checker, program, choices, log);
  return finish(checker, log, world);
}

RunResult run_many(Choices* source, bool trace, int count) {
  Choices& choices = *source;
  Log log(trace);
  current_log = &log;
  LogChecker checker(&log);
  Faults faults;
  faults.short_transfers = 20;
  faults.random_order = true;
  World world(source, faults, &checker);
  log.set_clock(world.clock());
  checker.attach(&world);
  Peers peers(&world, source);
  Program program(&world, &checker, &peers, source, &log);
  const StateCheck state_check(&program, &log);
  plan_memory(MemoryPlan{});

  ServerPlan plan;
  plan.max_connections = count;
  plan.backlog = 1000;
  plan.eol = "\n";
  plan.pump = Pump::poll;
  const int number = program.open(plan);
  for (int i = 0; i < count && number >= 0; ++i) {
    PeerPlan peer;
    peer.port = program.port(number);
    // In bursts that the backlog takes.
    peer.start_us = world.now_us() + i / 500 * 10000;
    peer.ending = Ending::never;
    // One in fifty talks, one in two hundred leaves.
    if (i % 50 == 0) peer.to_send = draw_input(choices, 300, plan);
    if (i % 200 == 0) peer.ending = Ending::after_sending;
    peers.add(peer);
  }
  std::int64_t most = 0;
  if (number >= 0) {
    for (int pumps = 0; pumps < 4 * count && !checker.failed(); ++pumps) {
      program.pump(number);
      most = std::max(most, checker.handle(program.handle(number)).live);
      if (!world.anything_to_come()) break;
    }
    if (most < count - count / 100) checker.fail("only " + std::to_string(most) + " connections at a time");
    // What the server says it holds must be no more than what is on its way.
    program.look(number);
    if (!checker.failed()) settle(world, checker, program, log, 40000);
  }
  log.write("-- %lld connections at a time", static_cast<long long>(most));
  close_all(world, checker, program, choices, log);
  return finish(checker, log, world);
}

RunResult run_gateway(Choices* source, bool trace, int count) {
  Log log(trace);
  current_log = &log;
  LogChecker checker(&log);
  Faults faults;
  faults.random_order = true;
  World world(source, faults, &checker);
  log.set_clock(world.clock());
  checker.attach(&world);
  Peers peers(&world, source);
  Program program(&world, &checker, &peers, source, &log);
  const StateCheck state_check(&program, &log);
  plan_memory(MemoryPlan{});

  ServerPlan plan;
  plan.mode = Mode::sink;
  plan.gateway = true;
  plan.max_connections = 50;
  plan.backlog = 1000;
  plan.eol = "\n";
  const int number = program.open(plan);
  for (int i = 0; i < count && number >= 0; ++i) {
    PeerPlan peer;
    peer.port = program.port(number);
    peer.start_us = world.now_us() + i * 100;
    peer.gap_us_max = 100;
    peer.to_send = "hello\n";
    peer.ending = i % 2 == 0 ? Ending::after_server : Ending::never;
    peer.ignores_end = i % 4 != 0;
    peers.add(peer);
  }
  for (int pumps = 0; pumps < 1000 && number >= 0 && !program.session().done && !checker.failed(); ++pumps) {
    program.pump(number);
  }
  const Program::Session& session = program.session();
  log.write("-- %d connections came and went, %lld bytes more, %d descriptors at most", session.served,
            static_cast<long long>(session.grown), session.descriptors);
  // The table of connections and the buffer for small sends stay as large as they were once.
  constexpr std::int64_t grown_max = 128 * 1024;
  if (session.grown > grown_max) {
    checker.fail("the library holds " + std::to_string(session.grown) + " bytes more after " +
                 std::to_string(session.served) + " connections came and went inside one callback");
  }
  // The listener, the poller, the gateway's own, the connections, and closes that linger.
  constexpr int descriptors_max = 3 + 50 + 256;
  if (session.descriptors > descriptors_max) {
    checker.fail(std::to_string(session.descriptors) + " descriptors at a time, for 50 connections at most");
  }
  if (session.served < count / 2) checker.fail("only " + std::to_string(session.served) + " connections were served");
  if (!checker.failed()) settle(world, checker, program, log, 40000);
  close_all(world, checker, program, *source, log);
  return finish(checker, log, world);
}

}  // namespace ipdaemon::sim
