// One suite for every poller: what poller.hpp promises, run against the one this program was built with.
#include "reactor/poller.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "peer.hpp"

using namespace ipdaemon;
using namespace ipdaemon::test;

namespace {

std::unique_ptr<Poller> made() {
  int error = -1;
  std::unique_ptr<Poller> poller = Poller::create(&error);
  REQUIRE(poller != nullptr);
  REQUIRE_EQ(error, 0);
  return poller;
}

bool has_completion_port() {
  return std::string_view(Poller::name()) == "iocp";
}

// Waits until something is reported, and expects exactly one record.
Ready wait_one(Poller& poller) {
  Ready ready[8];
  REQUIRE_EQ(poller.wait(ready, 8, patience_ms), 1);
  return ready[0];
}

// What is reported now.
int wait_none(Poller& poller) {
  Ready ready[8];
  return poller.wait(ready, 8, 0);
}

// A token is any address; tests use those of what they watch.
void* token_of(Pair& pair) {
  return &pair;
}

void drain(Socket& socket) {
  char buffer[65536];
  while (socket.receive(buffer, sizeof buffer).count > 0) continue;
}

}  // namespace

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

// What another thread waits for, if it can.
std::unique_ptr<Waiter> waiter_of(Poller& poller) {
  int error = -1;
  std::unique_ptr<Waiter> waiter = poller.make_waiter(&error);
  CHECK_EQ(waiter == nullptr, error != 0);
  return waiter;
}

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

TEST("pollers are independent of each other") {
  const auto first = made();
  const auto second = made();
  Pair pair;
  CHECK_EQ(first->watch(pair.server.handle(), Interest::read, token_of(pair)), 0);
  CHECK_EQ(second->watch(pair.server.handle(), Interest::write, token_of(pair)), 0);
  CHECK_EQ(wait_none(*first), 0);
  CHECK(wait_one(*second).writable);
}

TEST("with both interests armed on 500 connections, data of every one is reported") {
  struct Connection {
    Peer client;
    Socket server;
    bool served = false;
  };
  const auto poller = made();
  Listener listener;
  std::vector<Connection> connections(500);
  for (Connection& connection : connections) {
    connection.client = Peer::connect(listener.endpoint.port);
    connection.server = listener.accept();
    CHECK_EQ(poller->watch(connection.server.handle(), Interest::both, &connection), 0);
  }
  for (const Connection& connection : connections) connection.client.send("x");
  std::size_t served = 0;
  std::array<Ready, 64> ready;
  const std::int64_t deadline = monotonic_ms() + patience_ms;
  while (served < connections.size() && monotonic_ms() < deadline) {
    const int count = poller->wait(ready.data(), static_cast<int>(ready.size()), patience_ms);
    for (int i = 0; i < count; ++i) {
      const Ready& record = ready[static_cast<std::size_t>(i)];
      auto* connection = static_cast<Connection*>(record.token);
      CHECK(record.writable);
      if (!record.readable || connection->served) continue;
      connection->served = true;
      ++served;
      drain(connection->server);
    }
  }
  CHECK_EQ(served, connections.size());
}

TEST("5000 connections: each is reported with its own token, closes and changes among them") {
  const std::int64_t limit = raise_descriptor_limit();
  std::size_t total = 5000;
  if (limit != 0 && limit < 10'200) {
    total = static_cast<std::size_t>(std::max<std::int64_t>(limit - 200, 200) / 2);
    std::printf("  note: %zu connections only, because of the limit of descriptors\n", total);
  }
  struct Connection {
    Peer client;
    Socket server;
    int reports = 0;
  };
  const auto poller = made();
  Listener listener;
  std::vector<Connection> connections(total);
  for (Connection& connection : connections) {
    connection.client = Peer::connect(listener.endpoint.port);
    connection.server = listener.accept();
    CHECK_EQ(poller->watch(connection.server.handle(), Interest::read, &connection), 0);
  }
  CHECK_EQ(wait_none(*poller), 0);

  std::mt19937 random(5000);
  std::size_t expected = 0;
  for (std::size_t i = 0; i < total; ++i) {
    Connection& connection = connections[i];
    switch (random() % 4) {
      case 0:
        connection.client.send("x");
        ++expected;
        break;
      case 1:
        connection.client.reset();
        ++expected;
        break;
      case 2:
        // Pending, but closed by us before it is reported. A completion port may have the report already, and only
        // what is forgotten takes it back.
        connection.client.send("x");
        if (random() % 2 == 0 || has_completion_port()) poller->forget(connection.server.handle());
        connection.server.close();
        break;
      default:
        // Pending, but asked for no longer.
        connection.client.send("x");
        CHECK_EQ(poller->change(connection.server.handle(), Interest::none, &connection), 0);
    }
  }
  std::size_t reported = 0;
  std::array<Ready, 512> ready;
  const std::int64_t deadline = monotonic_ms() + patience_ms;
  while (reported < expected && monotonic_ms() < deadline) {
    const int count = poller->wait(ready.data(), static_cast<int>(ready.size()), 1000);
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(ready[static_cast<std::size_t>(i)].token);
      CHECK(ready[static_cast<std::size_t>(i)].readable);
      CHECK_EQ(++connection->reports, 1);
      ++reported;
      poller->forget(connection->server.handle());
    }
  }
  CHECK_EQ(reported, expected);
  CHECK_EQ(wait_none(*poller), 0);
  // Without a trace in the system's list of finished connections.
  for (Connection& connection : connections) {
    connection.client.reset();
    connection.server.reset();
  }
}
