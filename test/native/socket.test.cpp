// The socket and file calls against a plain client of the system.
#include "net/socket.hpp"

#include <array>
#include <random>
#include <thread>
#include <vector>

#include "peer.hpp"
#include "scratch_file.hpp"

using namespace ipdaemon;
using namespace ipdaemon::test;

namespace {

std::string random_content(std::size_t length) {
  std::mt19937 random(static_cast<unsigned>(length));
  std::string content(length, '\0');
  for (char& byte : content) byte = static_cast<char>(random());
  return content;
}

// Receives until the end of data or an error; the last transfer tells which.
std::string receive_all(Socket& socket, Transfer* last) {
  std::string bytes;
  char buffer[4096];
  while (true) {
    await_readable(socket.handle());
    *last = socket.receive(buffer, sizeof buffer);
    if (last->error != 0 || last->count == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(last->count));
  }
}

}  // namespace

TEST("a listener on port 0 gets a port, and a peer has the address it came from") {
  Listener listener;
  CHECK(listener.endpoint.port != 0);
  CHECK_EQ(listener.endpoint.address.text(), std::string("127.0.0.1"));
  const Peer client = Peer::connect(listener.endpoint.port);
  Endpoint peer;
  Socket server = listener.accept(&peer);
  CHECK_EQ(peer.address.text(), std::string("127.0.0.1"));
  CHECK_EQ(peer.port, client.port());
  Endpoint local;
  CHECK_EQ(server.local_endpoint(&local), 0);
  CHECK_EQ(local.text(), listener.endpoint.text());
}

TEST("accepting without a waiting peer would block") {
  Listener listener;
  Socket socket;
  Endpoint peer;
  CHECK_EQ(listener.socket.accept(&socket, &peer), 10035);
  CHECK(!socket.valid());
}

TEST("a peer that was reset before it was accepted harms nobody") {
  Listener listener;
  Peer gone = Peer::connect(listener.endpoint.port);
  gone.reset();
  const Peer client = Peer::connect(listener.endpoint.port);
  // Systems differ in whether the dead peer is seen at all; the living one must come in the end.
  while (true) {
    Endpoint peer;
    const Socket socket = listener.accept(&peer);
    if (peer.port == client.port()) break;
  }
}

TEST("an address in use, a foreign address, and a family that is none have their codes") {
  const Listener listener;
  Socket socket;
  CHECK_EQ(Socket::listen(listener.endpoint, {}, &socket), 10048);
  Endpoint foreign;
  REQUIRE(Address::parse("192.0.2.1", &foreign.address));
  CHECK_EQ(Socket::listen(foreign, {}, &socket), 10049);
  CHECK_EQ(Socket::listen(Endpoint{}, {}, &socket), 10047);
  CHECK(!socket.valid());
}

TEST("a port is free again at once, also after connections of which we closed our side first") {
  Endpoint endpoint;
  {
    Pair pair;
    endpoint = pair.listener.endpoint;
    pair.server.close();
    CHECK_EQ(pair.client.next(), 0);
  }
  Socket again;
  CHECK_EQ(Socket::listen(endpoint, {}, &again), 0);
}

TEST("two listeners share a port if both want to, and not if one does not") {
  if (under_wine()) SKIP("Wine cannot share a port");
  ListenOptions sharing;
  sharing.share_port = true;
  const Listener first(sharing);
  Socket second;
  CHECK_EQ(Socket::listen(first.endpoint, sharing, &second), 0);
  Socket third;
  CHECK_EQ(Socket::listen(first.endpoint, {}, &third), 10048);
}

TEST("the backlog of a listener can change") {
  Listener listener;
  CHECK_EQ(listener.socket.listen_again(64), 0);
  const Peer client = Peer::connect(listener.endpoint.port);
  CHECK(listener.accept().valid());
}

TEST("bytes travel both ways, and the end of data is a count of 0") {
  Pair pair;
  char buffer[16];
  CHECK_EQ(pair.server.receive(buffer, sizeof buffer).error, 10035);
  pair.client.send("hello");
  pair.client.shut_down_send();
  Transfer last;
  CHECK_EQ(receive_all(pair.server, &last), std::string("hello"));
  CHECK_EQ(last.error, 0);
  CHECK_EQ(send_one(pair.server, "answer").count, 6);
  CHECK_EQ(pair.server.shut_down_send(), 0);
  CHECK_EQ(pair.client.receive(100), std::string("answer"));
  CHECK_EQ(pair.client.next(), 0);
}

TEST("pieces are sent in order with one call, empty ones among them, and more than one call takes") {
  Pair pair;
  const std::array<BytesView, 4> few = {"one ", "", "two ", "three"};
  CHECK_EQ(pair.server.send(few.data(), 4).count, 13);
  CHECK_EQ(pair.client.receive(13), std::string("one two three"));
  CHECK_EQ(pair.server.send(few.data(), 0).count, 0);
  CHECK_EQ(pair.server.send(few.data(), 0).error, 0);
  std::vector<std::string> texts;
  std::string whole;
  for (int i = 0; i < 500; ++i) whole += texts.emplace_back(std::to_string(i) + " ");
  const std::vector<BytesView> many(texts.begin(), texts.end());
  const Transfer transfer = pair.server.send(many.data(), static_cast<int>(many.size()));
  CHECK_EQ(transfer.error, 0);
  REQUIRE(transfer.count > 0);
  CHECK_EQ(pair.client.receive(static_cast<std::size_t>(transfer.count)),
           whole.substr(0, static_cast<std::size_t>(transfer.count)));
}

TEST("a peer that does not read makes sending block, and loses nothing when it reads") {
  Pair pair;
  const std::string sent = fill(pair.server);
  CHECK(!sent.empty());
  CHECK_EQ(send_one(pair.server, "y").error, 10035);
  CHECK_EQ(pair.client.receive(sent.size()).size(), sent.size());
  await_writable(pair.server.handle());
  CHECK_EQ(send_one(pair.server, "y").count, 1);
  CHECK_EQ(pair.client.receive(1), std::string("y"));
}

TEST("after a reset by the peer, what had arrived can be read where the system keeps it, then it is 10054") {
  Pair pair;
  pair.client.send("last words");
  await_readable(pair.server.handle());
  char buffer[4];
  CHECK_EQ(pair.server.receive(buffer, sizeof buffer).count, 4);
  pair.client.reset();
  Transfer last;
  const std::string rest = receive_all(pair.server, &last);
  if (std::string_view(system_name()).starts_with("linux")) {
    CHECK_EQ(rest, std::string(" words"));
  } else {
    CHECK(rest == " words" || rest.empty());
  }
  CHECK_EQ(last.error, under_wine() ? 0 : 10054);
}

TEST("sending to a peer that reset the connection is an error") {
  Pair pair;
  pair.client.reset();
  CHECK_EQ(send_until_broken(pair.server), 10054);
  CHECK_EQ(send_one(pair.server, "x").error, 10054);
  const std::array<BytesView, 2> pieces = {"x", "y"};
  CHECK_EQ(pair.server.send(pieces.data(), 2).error, 10054);
  const ScratchFile content("content");
  CHECK_EQ(pair.server.send_file(opened(content.path()), 0, 7).error, 10054);
}

TEST("close is in order: the peer gets all bytes, then the end") {
  Pair pair;
  CHECK_EQ(send_one(pair.server, "bye").count, 3);
  pair.server.close();
  CHECK(!pair.server.valid());
  CHECK_EQ(pair.client.receive(3), std::string("bye"));
  CHECK_EQ(pair.client.next(), 0);
  pair.server.close();
}

TEST("reset is seen as a reset by the peer") {
  Pair pair;
  pair.server.reset();
  CHECK(!pair.server.valid());
  CHECK_EQ(pair.client.next(), under_wine() ? 0 : -1);
  pair.server.reset();
}

TEST("a moved socket has one owner") {
  Pair pair;
  const SocketHandle number = pair.server.handle();
  Socket owner(std::move(pair.server));
  CHECK_EQ(owner.handle(), number);
  CHECK(!pair.server.valid());
  Socket last;
  last = std::move(owner);
  CHECK_EQ(last.handle(), number);
  CHECK_EQ(send_one(last, "x").count, 1);
  last = Socket();
  CHECK_EQ(pair.client.receive(2), std::string("x"));
}

TEST("options read back as they were set") {
  Pair pair;
  const std::pair<SocketOption, int> wishes[] = {
      {SocketOption::keep_alive, 1},
      {SocketOption::no_delay, 1},
      {SocketOption::receive_buffer, 16'384},
      {SocketOption::send_buffer, 32'768},
  };
  for (const auto& [option, wish] : wishes) {
    int value = -1;
    CHECK_EQ(pair.server.set(option, wish), 0);
    CHECK_EQ(pair.server.get(option, &value), 0);
    CHECK_EQ(value, wish);
  }
  for (const SocketOption option : {SocketOption::keep_alive, SocketOption::no_delay}) {
    int value = -1;
    CHECK_EQ(pair.server.set(option, 0), 0);
    CHECK_EQ(pair.server.get(option, &value), 0);
    CHECK_EQ(value, 0);
  }
  pair.server.close();
  CHECK_EQ(pair.server.set(SocketOption::no_delay, 1), on_windows() ? 10038 : 10009);
}

TEST("options of probes read back as they were set") {
  if (under_wine()) SKIP("Wine has no options for probes");
  Pair pair;
  const std::pair<SocketOption, int> wishes[] = {
      {SocketOption::keep_alive_time_s, 77},
      {SocketOption::keep_alive_interval_s, 5},
      {SocketOption::keep_alive_count, 3},
  };
  for (const auto& [option, wish] : wishes) {
    int value = -1;
    CHECK_EQ(pair.server.set(option, wish), 0);
    CHECK_EQ(pair.server.get(option, &value), 0);
    CHECK_EQ(value, wish);
  }
  CHECK_EQ(pair.server.set(SocketOption::keep_alive_count, 0), 10022);
}

TEST("buffer sizes of a listener are those of what it accepts") {
  ListenOptions options;
  options.receive_buffer = 20'000;
  options.send_buffer = 30'000;
  Pair pair(options);
  int receive = 0;
  int send = 0;
  CHECK_EQ(pair.server.get(SocketOption::receive_buffer, &receive), 0);
  CHECK_EQ(pair.server.get(SocketOption::send_buffer, &send), 0);
  CHECK_EQ(receive, 20'000);
  CHECK_EQ(send, 30'000);
}

TEST("a pending error is told once") {
  if (on_windows()) SKIP("Windows keeps no error of a connection, the next call tells it");
  Pair pair;
  CHECK_EQ(pair.server.pending_error(), 0);
  pair.client.reset();
  await_readable(pair.server.handle());
  CHECK_EQ(pair.server.pending_error(), 10054);
  CHECK_EQ(pair.server.pending_error(), 0);
}

TEST("an IPv6 listener takes IPv6 peers only, a dual one IPv4 peers as well, shown as IPv4") {
  Socket probe;
  if (!family_available(Family::ipv6) || Socket::listen(loopback(Family::ipv6), {}, &probe) != 0) {
    SKIP("this system has no IPv6");
  }
  ListenOptions options;
  Listener only(options, Endpoint{Address::any(Family::ipv6), 0});
  const Peer sixth = Peer::connect(only.endpoint.port, Family::ipv6);
  Endpoint peer;
  CHECK(only.accept(&peer).valid());
  CHECK_EQ(peer.address.text(), std::string("::1"));
  // Its port is free for IPv4, or the system would have taken IPv4 peers through it.
  Socket beside;
  CHECK_EQ(Socket::listen(loopback(Family::ipv4, only.endpoint.port), {}, &beside), 0);

  options.dual_stack = true;
  Listener dual(options, Endpoint{Address::any(Family::ipv6), 0});
  const Peer fourth = Peer::connect(dual.endpoint.port);
  const Socket server = dual.accept(&peer);
  CHECK_EQ(peer.address.family, Family::ipv4);
  CHECK_EQ(peer.address.text(), std::string("127.0.0.1"));
  Endpoint local;
  CHECK_EQ(server.local_endpoint(&local), 0);
  CHECK_EQ(local.address.text(), std::string("127.0.0.1"));
}

TEST("IPv4 is available, and no family is not") {
  CHECK(family_available(Family::ipv4));
  CHECK(!family_available(Family::none));
}

TEST("a file is sent from any position, in parts, and its end is a count of 0") {
  const std::string content = random_content(300'000);
  const ScratchFile scratch(content);
  const File file = opened(scratch.path());
  CHECK_EQ(file.size(), 300'000);
  Pair pair;
  std::string received;
  std::thread reader([&] { received = pair.client.receive(content.size()); });
  std::int64_t offset = 0;
  int error = 0;
  while (offset < file.size() && error == 0) {
    const Transfer transfer = pair.server.send_file(file, offset, std::min<std::int64_t>(file.size() - offset, 70'001));
    offset += transfer.count;
    if (transfer.error == 10035) {
      if (!becomes_writable(pair.server.handle(), patience_ms)) error = -1;
    } else if (transfer.error != 0 || transfer.count == 0) {
      error = transfer.error != 0 ? transfer.error : -2;
    }
  }
  reader.join();
  CHECK_EQ(error, 0);
  CHECK(received == content);
  const Transfer end = pair.server.send_file(file, file.size(), 100);
  CHECK_EQ(end.count, 0);
  CHECK_EQ(end.error, 0);
  CHECK_EQ(pair.server.send_file(file, 0, 0).count, 0);
}

TEST("a file that shrank ends where it ends now, and nothing crashes") {
  const ScratchFile scratch(random_content(50'000));
  const File file = opened(scratch.path());
  Pair pair;
  CHECK_EQ(pair.server.send_file(file, 0, 10'000).count, 10'000);
  scratch.write("short");
  const Transfer transfer = pair.server.send_file(file, 10'000, 40'000);
  CHECK_EQ(transfer.count, 0);
  CHECK_EQ(transfer.error, 0);
  CHECK_EQ(file.size(), 50'000);
  char buffer[100];
  CHECK_EQ(file.read(10'000, buffer, sizeof buffer).count, 0);
  CHECK_EQ(file.read(1, buffer, sizeof buffer).count, 4);
}

TEST("sending a file to a peer that does not read would block") {
  Pair pair;
  fill(pair.server);
  const ScratchFile scratch("content");
  CHECK_EQ(pair.server.send_file(opened(scratch.path()), 0, 7).error, 10035);
}

TEST("a moved file has one owner, and reads at any position") {
  const ScratchFile scratch("0123456789");
  File first = opened(scratch.path());
  File second(std::move(first));
  CHECK(!first.valid());
  File third;
  third = std::move(second);
  CHECK(!second.valid());
  CHECK_EQ(third.size(), 10);
  char buffer[4] = "";
  CHECK_EQ(third.read(7, buffer, sizeof buffer).count, 3);
  CHECK_EQ(std::string(buffer, 3), std::string("789"));
  CHECK_EQ(third.read(10, buffer, sizeof buffer).count, 0);
  CHECK_EQ(File().read(0, buffer, sizeof buffer).error, 302);
}

TEST("the system names itself") {
  const std::string name = system_name();
  CHECK(name.find('-') != std::string::npos);
  CHECK(name.find("other") == std::string::npos);
}
