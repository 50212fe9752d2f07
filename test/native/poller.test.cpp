// One suite for every poller: what poller.hpp promises, run against the one this program was built with.
// poller_waiter.test.cpp and poller_many.test.cpp belong to it.
#include <algorithm>
#include <chrono>
#include <map>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "poller_made.hpp"

using namespace ipdaemon;
using namespace ipdaemon::test;

TEST("the poller has a name") {
  CHECK(std::string_view(Poller::name()).size() > 1);
}

TEST("nothing watched, nothing reported") {
  const auto poller = made();
  CHECK_EQ(wait_none(*poller), 0);
}

TEST("a listener becomes readable by a waiting peer") {
  const auto poller = made();
  Listener listener;
  CHECK_EQ(poller->watch(listener.socket.handle(), Interest::read, &listener), 0);
  CHECK_EQ(wait_none(*poller), 0);
  const Peer client = Peer::connect(listener.endpoint.port);
  const Ready ready = wait_one(*poller);
  CHECK(ready.token == &listener);
  CHECK(ready.readable);
  CHECK(!ready.writable);
  CHECK(!ready.broken);
  CHECK(listener.accept().valid());
  CHECK_EQ(wait_none(*poller), 0);
}

TEST("interest in reading reports data and nothing else") {
  const auto poller = made();
  Pair pair;
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::read, token_of(pair)), 0);
  CHECK_EQ(wait_none(*poller), 0);
  pair.client.send("x");
  const Ready ready = wait_one(*poller);
  CHECK(ready.token == token_of(pair));
  CHECK(ready.readable);
  CHECK(!ready.writable);
  CHECK(!ready.broken);
}

TEST("interest in writing reports room and no data") {
  const auto poller = made();
  Pair pair;
  pair.client.send("x");
  await_readable(pair.server.handle());
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::write, token_of(pair)), 0);
  const Ready ready = wait_one(*poller);
  CHECK(ready.writable);
  CHECK(!ready.readable);
  CHECK(!ready.broken);
}

TEST("both interests report both in one record") {
  const auto poller = made();
  Pair pair;
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::both, token_of(pair)), 0);
  Ready ready = wait_one(*poller);
  CHECK(ready.writable);
  CHECK(!ready.readable);
  pair.client.send("x");
  await_readable(pair.server.handle());
  ready = wait_one(*poller);
  CHECK(ready.writable);
  CHECK(ready.readable);
  // Without room only the data is left.
  fill(pair.server);
  ready = wait_one(*poller);
  CHECK(ready.readable);
  CHECK(!ready.writable);
}

TEST("no interest reports neither data nor room") {
  const auto poller = made();
  Pair pair;
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::none, token_of(pair)), 0);
  pair.client.send("x");
  await_readable(pair.server.handle());
  CHECK_EQ(wait_none(*poller), 0);
}

TEST("room is reported when a peer that did not read starts to") {
  const auto poller = made();
  Pair pair;
  const std::string sent = fill(pair.server);
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::write, token_of(pair)), 0);
  CHECK_EQ(wait_none(*poller), 0);
  std::size_t received = 0;
  Meanwhile reading(0, [&] { received = pair.client.receive(sent.size()).size(); });
  Ready ready[1];
  const int count = poller->wait(ready, 1, patience_ms);
  reading.join();
  CHECK_EQ(received, sent.size());
  REQUIRE_EQ(count, 1);
  CHECK(ready[0].writable);
}

TEST("a change takes effect, of the interest and of the token") {
  const auto poller = made();
  Pair pair;
  pair.client.send("x");
  await_readable(pair.server.handle());
  int other = 0;
  const SocketHandle socket = pair.server.handle();
  CHECK_EQ(poller->watch(socket, Interest::none, token_of(pair)), 0);
  CHECK_EQ(wait_none(*poller), 0);
  CHECK_EQ(poller->change(socket, Interest::read, &other), 0);
  Ready ready = wait_one(*poller);
  CHECK(ready.token == &other);
  CHECK(ready.readable && !ready.writable);
  CHECK_EQ(poller->change(socket, Interest::write, token_of(pair)), 0);
  ready = wait_one(*poller);
  CHECK(ready.token == token_of(pair));
  CHECK(ready.writable && !ready.readable);
  CHECK_EQ(poller->change(socket, Interest::none, token_of(pair)), 0);
  CHECK_EQ(wait_none(*poller), 0);
}

TEST("what was forgotten is not reported, and can be watched again") {
  const auto poller = made();
  Pair pair;
  pair.client.send("x");
  await_readable(pair.server.handle());
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::read, token_of(pair)), 0);
  CHECK(wait_one(*poller).readable);
  poller->forget(pair.server.handle());
  CHECK_EQ(wait_none(*poller), 0);
  poller->forget(pair.server.handle());
  CHECK(poller->change(pair.server.handle(), Interest::read, token_of(pair)) != 0);
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::read, token_of(pair)), 0);
  CHECK(wait_one(*poller).readable);
  // Also with no wait in between.
  poller->forget(pair.server.handle());
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::read, token_of(pair)), 0);
  CHECK(wait_one(*poller).readable);
}

TEST("watching what is no socket is an error") {
  const auto poller = made();
  CHECK(poller->watch(no_socket, Interest::read, nullptr) != 0);
}

TEST("a socket left unread or half-read is reported by every wait") {
  const auto poller = made();
  Pair pair;
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::read, token_of(pair)), 0);
  pair.client.send("abc");
  CHECK(wait_one(*poller).readable);
  CHECK(wait_one(*poller).readable);
  await_readable(pair.server.handle());
  std::string received;
  while (received.size() < 3) {
    CHECK(wait_one(*poller).readable);
    char byte;
    REQUIRE_EQ(pair.server.receive(&byte, 1).count, 1);
    received += byte;
  }
  CHECK_EQ(received, std::string("abc"));
  CHECK_EQ(wait_none(*poller), 0);
}

TEST("the end of data is readable and not broken") {
  const auto poller = made();
  Pair pair;
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::read, token_of(pair)), 0);
  pair.client.shut_down_send();
  const Ready ready = wait_one(*poller);
  CHECK(ready.readable);
  CHECK(!ready.broken);
  char byte;
  CHECK_EQ(pair.server.receive(&byte, 1).count, 0);
  CHECK(wait_one(*poller).readable);
}

TEST("a reset is broken, and readable if reading was asked for") {
  for (const Interest interest : {Interest::read, Interest::both}) {
    const auto poller = made();
    Pair pair;
    CHECK_EQ(poller->watch(pair.server.handle(), Interest::read, token_of(pair)), 0);
    pair.client.reset();
    await_readable(pair.server.handle());
    CHECK_EQ(poller->change(pair.server.handle(), interest, token_of(pair)), 0);
    const Ready ready = wait_one(*poller);
    CHECK(ready.broken);
    CHECK(ready.readable);
  }
}

TEST("a reset is reported whatever was asked for") {
  for (const Interest interest : {Interest::none, Interest::write}) {
    const auto poller = made();
    Pair pair;
    fill(pair.server);
    CHECK_EQ(poller->watch(pair.server.handle(), interest, token_of(pair)), 0);
    CHECK_EQ(wait_none(*poller), 0);
    pair.client.reset();
    const Ready ready = wait_one(*poller);
    CHECK(ready.token == token_of(pair));
    CHECK(ready.broken);
    CHECK(!ready.readable);
  }
}

TEST("a connection closed both ways is broken, whatever was asked for") {
  const auto poller = made();
  if (has_completion_port()) SKIP("Windows does not tell that the own direction has ended");
  Pair pair;
  pair.client.shut_down_send();
  await_readable(pair.server.handle());
  CHECK_EQ(pair.server.shut_down_send(), 0);
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::none, token_of(pair)), 0);
  CHECK(wait_one(*poller).broken);
}

TEST("closing a socket without forgetting it, with events pending, harms nobody") {
  const auto poller = made();
  Pair closed;
  Pair other;
  CHECK_EQ(poller->watch(closed.server.handle(), Interest::both, token_of(closed)), 0);
  CHECK_EQ(poller->watch(other.server.handle(), Interest::read, token_of(other)), 0);
  closed.client.send("x");
  await_readable(closed.server.handle());
  const SocketHandle number = closed.server.handle();
  closed.server.close();
  CHECK_EQ(wait_none(*poller), 0);
  other.client.send("x");
  const Ready ready = wait_one(*poller);
  CHECK(ready.token == token_of(other));
  poller->forget(number);
  CHECK(wait_one(*poller).token == token_of(other));
}

TEST("a closed socket that was not forgotten does not shorten a wait") {
  const auto poller = made();
  Pair pair;
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::both, token_of(pair)), 0);
  pair.server.close();
  Ready ready[4];
  const std::int64_t begin = monotonic_us();
  CHECK_EQ(poller->wait(ready, 4, 40), 0);
  CHECK(monotonic_us() - begin >= 40'000);
}

TEST("a socket with the number of one that was closed without forgetting is the new one") {
  const auto poller = made();
  Listener listener;
  Peer first_client = Peer::connect(listener.endpoint.port);
  Socket first = listener.accept();
  const Peer second_client = Peer::connect(listener.endpoint.port);
  await_readable(listener.socket.handle());
  CHECK_EQ(poller->watch(first.handle(), Interest::both, &first), 0);
  const SocketHandle number = first.handle();
  first.close();
  Socket second = listener.accept();
  if (second.handle() != number) SKIP("the system did not use the number again");
  CHECK_EQ(poller->watch(second.handle(), Interest::read, &second), 0);
  CHECK_EQ(wait_none(*poller), 0);
  second_client.send("x");
  const Ready ready = wait_one(*poller);
  CHECK(ready.token == &second);
  CHECK(ready.readable);
  CHECK(!ready.writable);
}

TEST("sockets can be watched and forgotten between the records of a wait") {
  const auto poller = made();
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < 8; ++i) {
    pairs.push_back(std::make_unique<Pair>());
    pairs.back()->client.send("x");
    await_readable(pairs.back()->server.handle());
    CHECK_EQ(poller->watch(pairs.back()->server.handle(), Interest::read, token_of(*pairs.back())), 0);
  }
  // Each wait gives a few records; after each record another socket is forgotten and this one served.
  std::vector<void*> served;
  while (true) {
    Ready ready[3];
    const int count = poller->wait(ready, 3, 0);
    if (count == 0) break;
    auto* pair = static_cast<Pair*>(ready[0].token);
    served.push_back(pair);
    drain(pair->server);
    poller->forget(pair->server.handle());
    CHECK_EQ(poller->watch(pair->server.handle(), Interest::read, pair), 0);
    REQUIRE(served.size() <= pairs.size());
  }
  std::sort(served.begin(), served.end());
  CHECK_EQ(std::unique(served.begin(), served.end()) - served.begin(), 8);
}

TEST("with more sockets ready than records, every socket is reported within a few waits") {
  const auto poller = made();
  Listener listener;
  std::vector<Peer> clients;
  std::vector<Socket> sockets(64);
  for (Socket& socket : sockets) {
    clients.push_back(Peer::connect(listener.endpoint.port));
    socket = listener.accept();
    CHECK_EQ(poller->watch(socket.handle(), Interest::write, &socket), 0);
  }
  // All stay ready all the time.
  std::map<void*, int> reports;
  for (int waits = 0; waits < 64; ++waits) {
    Ready ready[5];
    REQUIRE_EQ(poller->wait(ready, 5, patience_ms), 5);
    for (const Ready& record : ready) ++reports[record.token];
  }
  CHECK_EQ(reports.size(), sockets.size());
  for (const auto& [token, count] : reports) {
    if (count < 4 || count > 6) FAIL("reported " + std::to_string(count) + " times instead of about 5");
  }
}

TEST("a wait ends at its time-out, never before") {
  const auto poller = made();
  Pair pair;
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::read, token_of(pair)), 0);
  for (const int timeout_ms : {1, 2, 3, 7, 20, 50}) {
    Ready ready[2];
    for (int round = 0; round < 5; ++round) {
      const std::int64_t begin = monotonic_us();
      CHECK_EQ(poller->wait(ready, 2, timeout_ms), 0);
      const std::int64_t spent = monotonic_us() - begin;
      if (spent < timeout_ms * 1000)
        FAIL(std::to_string(spent) + " us instead of " + std::to_string(timeout_ms) + " ms");
      CHECK(spent < patience_ms * 1000);
    }
  }
}

TEST("a wait with time-out 0 does not wait") {
  const auto poller = made();
  Pair pair;
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::read, token_of(pair)), 0);
  std::int64_t shortest = patience_ms * 1000;
  for (int round = 0; round < 20; ++round) {
    const std::int64_t begin = monotonic_us();
    CHECK_EQ(wait_none(*poller), 0);
    shortest = std::min(shortest, monotonic_us() - begin);
  }
  CHECK(shortest < 1000);
}

TEST("a wait without time-out lasts until something happens") {
  const auto poller = made();
  Pair pair;
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::read, token_of(pair)), 0);
  std::int64_t sent = 0;
  Meanwhile sending(60, [&] {
    sent = monotonic_us();
    pair.client.try_send("x");
  });
  Ready ready[2];
  const int count = poller->wait(ready, 2, -1);
  const std::int64_t ended = monotonic_us();
  sending.join();
  CHECK_EQ(count, 1);
  CHECK(ended >= sent);
}

TEST("the descriptor, where there is one, is readable exactly when something is ready") {
  const auto poller = made();
  if (poller->descriptor() == -1) SKIP("this poller has no descriptor");
  Pair pair;
  CHECK_EQ(poller->watch(pair.server.handle(), Interest::read, token_of(pair)), 0);
  const auto descriptor = static_cast<SocketHandle>(poller->descriptor());
  CHECK(!becomes_readable(descriptor, 0));
  pair.client.send("x");
  await_readable(descriptor);
  CHECK(wait_one(*poller).readable);
  drain(pair.server);
  CHECK_EQ(wait_none(*poller), 0);
  CHECK(!becomes_readable(descriptor, 0));
}
