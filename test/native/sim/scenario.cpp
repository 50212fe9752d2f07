#include "scenario.hpp"

#include <algorithm>
#include <cstdio>

#include "ipdaemon.h"
#include "log.hpp"
#include "log_checker.hpp"
#include "memory_sim.hpp"
#include "peers.hpp"
#include "program.hpp"
#include "scenario_plans.hpp"
#include "state_check.hpp"
#include "tls_sim.hpp"
#include "world.hpp"

namespace ipdaemon::sim {
namespace {

const Log* current_log = nullptr;

void add_peers(Peers* peers, Choices& choices, const ServerPlan& server, std::uint16_t port, Choices* later) {
  const int count = server.deep ? 90
                    : server.waits_deep
                        ? 75
                        : 1 + choices.weighted({3, 3, 3, 2, 2, 1, 1}) + (choices.chance(1, 15) ? 25 : 0);
  for (int number = 0; number < count; ++number) {
    PeerPlan plan = draw_peer(choices, server, port);
    if (server.deep) plan.start_us = 0;
    if (server.waits_deep) {
      plan.start_us = 0;
      plan.reading = choices.chance(3, 4) ? Reading::late : Reading::slow;
    }
    if (later != nullptr) plan.header = draw_header(*later, server, plan);
    peers->add(plan);
  }
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

RunResult run_mixed(Choices* source, bool trace, Choices* later) {
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
    if (later != nullptr && !deep && !waits_deep) draw_limits(*later, &plan);
    if (later != nullptr && !deep && !waits_deep) draw_proxies(*later, &plan);
    if (later != nullptr) draw_groups(*later, &plan);
    const int number = program.open(plan);
    if (number < 0) continue;
    add_peers(&peers, choices, plan, program.port(number), later);
    // They know no proxy.
    const int crowd = plan.proxies == 0 ? plan.crowd : 0;
    for (int one = 0; one < crowd; ++one) peers.add(draw_one_of_crowd(*later, plan, program.port(number)));
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
