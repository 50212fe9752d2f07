// What the pollers of POSIX systems do about signals.
#include <sys/time.h>

#include <csignal>

#include "peer.hpp"
#include "reactor/poller.hpp"

using namespace ipdaemon;
using namespace ipdaemon::test;

TEST("a signal ends a wait with nothing reported") {
  struct sigaction action = {};
  struct sigaction before = {};
  action.sa_handler = [](int) {};
  REQUIRE_EQ(sigaction(SIGALRM, &action, &before), 0);
  int error = -1;
  const std::unique_ptr<Poller> poller = Poller::create(&error);
  REQUIRE(poller != nullptr);
  Pair pair;
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::read, &pair), 0);
  // Repeated, in case the first one comes before the wait has begun.
  const itimerval often = {{0, 20'000}, {0, 20'000}};
  const itimerval never = {};
  REQUIRE_EQ(setitimer(ITIMER_REAL, &often, nullptr), 0);
  Ready ready[2];
  const std::int64_t begin = monotonic_us();
  const int count = poller->wait(ready, 2, patience_ms);
  const std::int64_t spent = monotonic_us() - begin;
  setitimer(ITIMER_REAL, &never, nullptr);
  sigaction(SIGALRM, &before, nullptr);
  CHECK_EQ(count, 0);
  CHECK(spent < patience_ms * 1000);
}
