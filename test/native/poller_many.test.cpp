// The suite for every poller: several pollers, and many connections.
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <random>
#include <vector>

#include "base/clock.hpp"
#include "poller_made.hpp"

using namespace ipdaemon;
using namespace ipdaemon::test;

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

namespace {

struct Connection {
  Peer client;
  Socket server;
  int reports = 0;
};

// How many connections with both ends in this process are possible, 5000 at most.
std::size_t connections_possible() {
  const std::int64_t limit = raise_descriptor_limit();
  if (limit == 0 || limit >= 10'200) return 5000;
  const std::size_t total = static_cast<std::size_t>(std::max<std::int64_t>(limit - 200, 200) / 2);
  std::printf("  note: %zu connections only, because of the limit of descriptors\n", total);
  return total;
}

// One of four things happens to a connection; tells whether it has to be reported.
bool happens(Poller& poller, Connection& connection, std::mt19937& random) {
  switch (random() % 4) {
    case 0:
      connection.client.send("x");
      return true;
    case 1:
      connection.client.reset();
      return true;
    case 2:
      // Pending, but closed by us before it is reported. A completion port may have the report already, and only
      // what is forgotten takes it back.
      connection.client.send("x");
      if (random() % 2 == 0 || has_completion_port()) poller.forget(connection.server.handle());
      connection.server.close();
      return false;
    default:
      // Pending, but asked for no longer.
      connection.client.send("x");
      CHECK_EQ(poller.change(connection.server.handle(), Interest::none, &connection), 0);
      return false;
  }
}

}  // namespace

TEST("5000 connections: each is reported with its own token, closes and changes among them") {
  const auto poller = made();
  Listener listener;
  std::vector<Connection> connections(connections_possible());
  for (Connection& connection : connections) {
    connection.client = Peer::connect(listener.endpoint.port);
    connection.server = listener.accept();
    CHECK_EQ(poller->watch(connection.server.handle(), Interest::read, &connection), 0);
  }
  CHECK_EQ(wait_none(*poller), 0);

  std::mt19937 random(5000);
  std::size_t expected = 0;
  for (Connection& connection : connections) expected += happens(*poller, connection, random) ? 1 : 0;
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
