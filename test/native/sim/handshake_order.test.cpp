// Who is served first while many clients begin their handshakes: a whole server with TLS, in the simulated world.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../tls_peer.hpp"
#include "ipdaemon.h"
#include "peer.hpp"
#include "tls/stores/names.hpp"

using namespace ipdaemon;
using test::Peer;

namespace {

namespace fixture = tls::fixture;

// Writes down the order of what it does: "handshake" for the first step of one, "data" for a DataIn.
class CrowdedServer {
 public:
  CrowdedServer() : handle_(ipdaemon_open()) {
    REQUIRE(handle_ > 0);
    ipdaemon_register_callback(handle_, IPDAEMON_EVENT_SSL_STATUS, on_event, this);
    ipdaemon_register_callback(handle_, IPDAEMON_EVENT_DATA_IN, on_event, this);
    const fixture::Made made = fixture::make_certificate({{"CN", "server"}}, fixture::make_key("ED25519"));
    set_text(IPDAEMON_PROPERTY_SSL_CERT_STORE, fixture::key_pem(made.key.get()) + tls::pem_text(made.certificate.get()),
             IPDAEMON_SSL_CERT_STORE_TYPE_PEM_KEY_BLOB);
    set_number(IPDAEMON_PROPERTY_SSL_START_MODE, IPDAEMON_SSL_START_MODE_IMPLICIT);
    set_number(IPDAEMON_PROPERTY_CONNECTION_BACKLOG, 1000);
    set_number(IPDAEMON_PROPERTY_LISTENING, 1);
  }
  ~CrowdedServer() { ipdaemon_close(handle_); }
  CrowdedServer(const CrowdedServer&) = delete;
  CrowdedServer& operator=(const CrowdedServer&) = delete;

  void turn() const { REQUIRE_EQ(ipdaemon_poll(handle_, 0), 0); }
  // Until a turn brings nothing new.
  void settle() const {
    for (std::size_t before = order.size() + 1; before != order.size();) {
      before = order.size();
      turn();
    }
  }
  Peer connect() const {
    ipdaemon_value port{};
    REQUIRE_EQ(ipdaemon_get(handle_, IPDAEMON_PROPERTY_LOCAL_PORT, 0, &port), 0);
    return Peer::connect(static_cast<std::uint16_t>(port.integer));
  }

  std::vector<std::string> order;
  std::function<void()> on_handshake;

 private:
  void set_number(int property, std::int64_t number) const {
    ipdaemon_value value{};
    value.type = IPDAEMON_TYPE_INTEGER;
    value.integer = number;
    REQUIRE_EQ(ipdaemon_set(handle_, property, 0, &value), 0);
  }
  void set_text(int property, const std::string& text, int store_type) const {
    set_number(IPDAEMON_PROPERTY_SSL_CERT_STORE_TYPE, store_type);
    ipdaemon_value value{};
    value.type = IPDAEMON_TYPE_BYTES;
    value.bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    value.length = text.size();
    REQUIRE_EQ(ipdaemon_set(handle_, property, 0, &value), 0);
  }
  static std::int32_t on_event(void* user, ipdaemon_t, std::int32_t event, ipdaemon_value* parameters, std::int32_t) {
    auto& server = *static_cast<CrowdedServer*>(user);
    if (event == IPDAEMON_EVENT_DATA_IN) {
      server.order.emplace_back("data");
      return 0;
    }
    const std::string text(reinterpret_cast<const char*>(parameters[1].bytes),
                           static_cast<std::size_t>(parameters[1].length));
    if (text != "handshake started") return 0;
    server.order.emplace_back("handshake");
    if (server.on_handshake) server.on_handshake();
    return 0;
  }

  ipdaemon_t handle_;
};

// A TLS client whose connection stands.
class EstablishedClient {
 public:
  explicit EstablishedClient(CrowdedServer& server) : context_(fixture::make_client_context({})), tls_(context_.get()) {
    peer_ = server.connect();
    server.turn();
    tls_.write("first\r\n");
    tls_.feed({});
    peer_.send(tls_.take());
    while (server.order.empty() || server.order.back() != "data") {
      server.turn();
      char buffer[16 * 1024];
      const Transfer heard = peer_.receive_now(buffer, sizeof buffer);
      if (heard.error == 0 && heard.count > 0) tls_.feed({buffer, static_cast<std::size_t>(heard.count)});
      if (std::string answer = tls_.take(); !answer.empty()) peer_.send(answer);
    }
    server.order.clear();
  }
  void send_line() {
    tls_.write("line\r\n");
    tls_.feed({});
    peer_.send(tls_.take());
  }

 private:
  tls::SslContextPtr context_;
  fixture::Client tls_;
  Peer peer_;
};

std::vector<Peer> connect_many(const CrowdedServer& server, int count) {
  std::vector<Peer> peers;
  for (int i = 0; i < count; ++i) peers.push_back(server.connect());
  for (int i = 0; i < count; ++i) server.turn();
  return peers;
}

void send_hellos(const std::vector<Peer>& peers) {
  const tls::SslContextPtr context = fixture::make_client_context({});
  for (const Peer& peer : peers) {
    fixture::Client client(context.get());
    client.feed({});
    peer.send(client.take());
  }
}

}  // namespace

TEST("a connection that stands is served after one step of a handshake at most, however many ClientHellos are ready") {
  fixture::need_openssl();
  CrowdedServer server;
  EstablishedClient client(server);
  const std::vector<Peer> crowd = connect_many(server, 60);
  send_hellos(crowd);
  client.send_line();
  server.settle();
  REQUIRE_EQ(server.order.size(), 61u);
  CHECK(server.order[0] == "data" || server.order[1] == "data");
}

TEST("what comes during a step of a handshake is served before the next step") {
  fixture::need_openssl();
  CrowdedServer server;
  EstablishedClient client(server);
  const std::vector<Peer> crowd = connect_many(server, 60);
  send_hellos(crowd);
  int steps = 0;
  server.on_handshake = [&] {
    ++steps;
    if (steps % 10 == 0) client.send_line();
  };
  server.settle();
  REQUIRE_EQ(server.order.size(), 66u);
  // The lines were sent during these handshakes.
  int handshakes = 0;
  for (std::size_t i = 0; i < server.order.size(); ++i) {
    if (server.order[i] != "handshake" || ++handshakes % 10 != 0) continue;
    REQUIRE(i + 1 < server.order.size());
    CHECK_EQ(server.order[i + 1], "data");
  }
}
