// The suite for every poller: another thread that waits for it.
#include <chrono>
#include <memory>
#include <thread>

#include "base/clock.hpp"
#include "poller_made.hpp"

using namespace ipdaemon;
using namespace ipdaemon::test;

namespace {

// What another thread waits for, if it can.
std::unique_ptr<Waiter> waiter_of(Poller& poller) {
  int error = -1;
  std::unique_ptr<Waiter> waiter = poller.make_waiter(&error);
  CHECK_EQ(waiter == nullptr, error != 0);
  return waiter;
}

}  // namespace

TEST("a waiter of another thread tells that something is ready, and takes nothing of it") {
  const auto poller = made();
  const auto waiter = waiter_of(*poller);
  if (!waiter) SKIP("no other thread can wait for this poller");
  Pair pair;
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::read, token_of(pair)), 0);
  poller->prepare_waiter();
  bool told = false;
  std::thread thread([&] { told = waiter->wait(patience_ms); });
  pair.client.send("x");
  thread.join();
  CHECK(told);
  CHECK(wait_one(*poller).token == token_of(pair));
  poller->prepare_waiter();
  CHECK(waiter->wait(patience_ms));
  drain(pair.server);
  // With a completion port, what the waiter saw is reported once more.
  if (wait_none(*poller) != 0) CHECK(has_completion_port());
  CHECK_EQ(wait_none(*poller), 0);
  poller->prepare_waiter();
  CHECK(!waiter->wait(0));
}

TEST("a waiter of another thread sees what is changed before and while it waits") {
  const auto poller = made();
  const auto waiter = waiter_of(*poller);
  if (!waiter) SKIP("no other thread can wait for this poller");
  Pair pair;
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::none, token_of(pair)), 0);
  for (int round = 0; round < 50; ++round) {
    // A system may have something to say that is no news, once.
    CHECK_EQ(wait_none(*poller), 0);
    poller->prepare_waiter();
    CHECK(!waiter->wait(0));
    bool told = false;
    std::thread thread([&] { told = waiter->wait(patience_ms); });
    // Mostly it waits by then, and sometimes it does not.
    if (round % 2 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK_EQ(poller->change(pair.server.handle(), Interest::write, token_of(pair)), 0);
    thread.join();
    CHECK(told);
    CHECK(wait_one(*poller).writable);
    CHECK_EQ(poller->change(pair.server.handle(), Interest::none, token_of(pair)), 0);
  }
}

TEST("a poller is not kept waiting by a waiter that has seen the same") {
  const auto poller = made();
  const auto waiter = waiter_of(*poller);
  if (!waiter) SKIP("no other thread can wait for this poller");
  Pair pair;
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::read, token_of(pair)), 0);
  for (int round = 0; round < 30; ++round) {
    poller->prepare_waiter();
    std::thread waiting([&] { waiter->wait(patience_ms); });
    std::thread sender([&] {
      // Mostly both wait by then, in either order.
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
      pair.client.send("x");
    });
    if (round % 2 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    Ready ready[2];
    CHECK_EQ(poller->wait(ready, 2, patience_ms), 1);
    CHECK(ready[0].readable);
    drain(pair.server);
    // It may have seen nothing, as the poller took it.
    waiter->wake();
    waiting.join();
    sender.join();
    waiter->wake();
    CHECK(!waiter->wait(-1));
    wait_none(*poller);
  }
}

TEST("a waiter is woken by another thread, whether it waits already or will") {
  const auto poller = made();
  const auto waiter = waiter_of(*poller);
  if (!waiter) SKIP("no other thread can wait for this poller");
  poller->prepare_waiter();
  for (int round = 0; round < 100; ++round) {
    std::thread thread([&] { waiter->wake(); });
    CHECK(!waiter->wait(-1));
    thread.join();
  }
  // Several before a wait are one.
  waiter->wake();
  waiter->wake();
  CHECK(!waiter->wait(-1));
  const std::int64_t begin = monotonic_us();
  CHECK(!waiter->wait(30));
  CHECK(monotonic_us() - begin >= 30'000);
}

TEST("a waiter is woken although the poller waits at the same time") {
  const auto poller = made();
  const auto waiter = waiter_of(*poller);
  if (!waiter) SKIP("no other thread can wait for this poller");
  for (int round = 0; round < 50; ++round) {
    poller->prepare_waiter();
    std::thread waiting([&] { waiter->wait(-1); });
    std::thread waking([&] { waiter->wake(); });
    Ready ready[1];
    CHECK_EQ(poller->wait(ready, 1, 2), 0);
    waking.join();
    waiting.join();
  }
}
