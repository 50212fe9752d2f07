// A whole server behind a proxy, in the simulated world: every known PROXY header, however it comes, in clear and with
// TLS behind it; and what its clock decides.
#include <memory>
#include <string>
#include <vector>

#include "../known_proxy_headers.hpp"
#include "../tls_peer.hpp"
#include "ipdaemon.h"
#include "peer.hpp"
#include "tls/stores/names.hpp"

using namespace ipdaemon;
using test::Peer;

namespace {

namespace fixture = tls::fixture;
using test::known_proxy_headers;
using test::KnownProxyHeader;

constexpr BytesView greeting = "hello\r\n";

std::string text_of(const ipdaemon_value& value) {
  return {reinterpret_cast<const char*>(value.bytes), static_cast<std::size_t>(value.length)};
}

const fixture::Made& certificate() {
  static const fixture::Made made = fixture::make_certificate({{"CN", "server"}}, fixture::make_key("ED25519"));
  return made;
}

SSL_CTX* client_context() {
  static const tls::SslContextPtr context = fixture::make_client_context({});
  return context.get();
}

// Trusts 127.0.0.1, which is where all peers of this world are.
class ProxiedServer {
 public:
  enum class Security : std::uint8_t { plain, tls };

  explicit ProxiedServer(Security security = Security::plain) : handle_(ipdaemon_open()) {
    REQUIRE(handle_ > 0);
    for (const int event :
         {IPDAEMON_EVENT_CONNECTION_REQUEST, IPDAEMON_EVENT_CONNECTED, IPDAEMON_EVENT_DATA_IN, IPDAEMON_EVENT_ERROR}) {
      ipdaemon_register_callback(handle_, event, on_event, this);
    }
    config("ProxyTrustedClients=127.0.0.1");
    config("ProxyProtocol=1");
    if (security == Security::tls) {
      const std::string pem =
          fixture::key_pem(certificate().key.get()) + tls::pem_text(certificate().certificate.get());
      set(IPDAEMON_PROPERTY_SSL_CERT_STORE_TYPE, IPDAEMON_SSL_CERT_STORE_TYPE_PEM_KEY_BLOB);
      set(IPDAEMON_PROPERTY_SSL_CERT_STORE, BytesView(pem));
      set(IPDAEMON_PROPERTY_SSL_CERT_SUBJECT, BytesView("*"));
      set(IPDAEMON_PROPERTY_SSL_START_MODE, IPDAEMON_SSL_START_MODE_IMPLICIT);
    }
    set(IPDAEMON_PROPERTY_CONNECTION_BACKLOG, 1000);
    set(IPDAEMON_PROPERTY_LISTENING, 1);
  }
  ~ProxiedServer() { ipdaemon_close(handle_); }
  ProxiedServer(const ProxiedServer&) = delete;
  ProxiedServer& operator=(const ProxiedServer&) = delete;

  void turn() const { REQUIRE_EQ(ipdaemon_poll(handle_, 0), 0); }
  Peer connect() const {
    ipdaemon_value port{};
    REQUIRE_EQ(ipdaemon_get(handle_, IPDAEMON_PROPERTY_LOCAL_PORT, 0, &port), 0);
    return Peer::connect(static_cast<std::uint16_t>(port.integer));
  }
  // Sends, and lets the server take it, whom a turn may be needed to accept first.
  void send(const Peer& peer, BytesView bytes) const {
    turn();
    peer.send(bytes);
    turn();
  }
  std::int64_t refused(int reason) const { return ipdaemon_counter(handle_, IPDAEMON_COUNTER_REFUSED + reason); }
  std::string config(const std::string& text) const {
    ipdaemon_value out{};
    REQUIRE_EQ(ipdaemon_do_config(handle_, reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), &out), 0);
    return text_of(out);
  }

  int requests = 0;
  int connected = 0;
  std::int64_t id = 0;      // Of the last connection,
  std::int64_t status = 0;  // and how it began.
  std::string input;        // Of all.
  std::vector<std::string> errors;

 private:
  void set(int property, std::int64_t number) const {
    ipdaemon_value value{};
    value.type = IPDAEMON_TYPE_INTEGER;
    value.integer = number;
    set(property, value);
  }
  void set(int property, BytesView text) const {
    ipdaemon_value value{};
    value.type = IPDAEMON_TYPE_BYTES;
    value.bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    value.length = text.size();
    set(property, value);
  }
  void set(int property, const ipdaemon_value& value) const {
    if (ipdaemon_set(handle_, property, 0, &value) != 0) FAIL(ipdaemon_get_last_error(handle_));
  }
  static std::int32_t on_event(void* user, ipdaemon_t, std::int32_t event, ipdaemon_value* parameters, std::int32_t) {
    auto& server = *static_cast<ProxiedServer*>(user);
    switch (event) {
      case IPDAEMON_EVENT_CONNECTION_REQUEST:
        ++server.requests;
        break;
      case IPDAEMON_EVENT_CONNECTED:
        ++server.connected;
        server.id = parameters[0].integer;
        server.status = parameters[1].integer;
        break;
      case IPDAEMON_EVENT_DATA_IN:
        server.input += text_of(parameters[1]);
        break;
      default:
        // A handshake that fails has an Error with the id of its connection.
        if (parameters[0].integer != 0) break;
        CHECK_EQ(parameters[1].integer, IPDAEMON_ERROR_PROXY_HEADER);
        server.errors.push_back(text_of(parameters[2]));
    }
    return 0;
  }

  ipdaemon_t handle_;
};

// What comes behind a header: plain text, or TLS with this text inside.
class Behind {
 public:
  explicit Behind(ProxiedServer::Security security) {
    if (security == ProxiedServer::Security::plain) return;
    client_ = std::make_unique<fixture::Client>(client_context());
    client_->write(greeting);
    client_->feed({});
  }
  std::string first() const { return client_ ? client_->take() : std::string(greeting); }
  // The rest of a handshake.
  void go_on(const ProxiedServer& server, const Peer& peer) const {
    for (int flights = 0; client_ && flights < 4 && server.input.empty(); ++flights) {
      char buffer[16 * 1024];
      const Transfer heard = peer.receive_now(buffer, sizeof buffer);
      if (heard.error != 0 || heard.count <= 0) return;
      client_->feed({buffer, static_cast<std::size_t>(heard.count)});
      server.send(peer, client_->take());
    }
  }

 private:
  std::unique_ptr<fixture::Client> client_;
};

// The parts of a header, each taken before the next one is sent; the last one has what follows it as well.
using Cut = std::vector<std::string>;

Cut cut_at(const std::string& bytes, std::size_t at) {
  if (at == 0) return {bytes};
  return {bytes.substr(0, at), bytes.substr(at)};
}

Cut byte_by_byte(const std::string& bytes) {
  Cut cut;
  for (const char byte : bytes) cut.emplace_back(1, byte);
  return cut;
}

void check_header(ProxiedServer& server, const KnownProxyHeader& header, const Cut& cut,
                  ProxiedServer::Security security) {
  const int connected = server.connected;
  const int requests = server.requests;
  const std::int64_t refused = server.refused(IPDAEMON_REFUSED_PROXY_HEADER);
  server.input.clear();
  const Behind behind(security);
  const Peer peer = server.connect();
  server.turn();
  std::size_t sent = 0;
  for (std::size_t i = 0; i < cut.size(); ++i) {
    CHECK_EQ(server.requests, requests);
    // Nothing is decided before the byte that proves it.
    const bool is_refused = header.refused_at != 0 && sent >= header.refused_at;
    CHECK_EQ(server.refused(IPDAEMON_REFUSED_PROXY_HEADER) - refused, is_refused ? 1 : 0);
    if (is_refused) break;
    server.send(peer, i + 1 < cut.size() ? cut[i] : cut[i] + behind.first());
    sent += cut[i].size();
  }
  const bool is_good = header.refused_at == 0;
  if (is_good) behind.go_on(server, peer);
  server.turn();
  CHECK_EQ(server.refused(IPDAEMON_REFUSED_PROXY_HEADER) - refused, is_good ? 0 : 1);
  CHECK_EQ(server.requests - requests, is_good ? 1 : 0);
  CHECK_EQ(server.connected - connected, is_good ? 1 : 0);
  if (!is_good) return;
  CHECK_EQ(server.status, 0);
  CHECK_EQ(server.input, greeting);
  CHECK_EQ(server.config("ProxyHeader[" + std::to_string(server.id) + "]"), header.text);
}

void check_headers(ProxiedServer::Security security) {
  ProxiedServer server(security);
  for (const KnownProxyHeader& header : known_proxy_headers()) {
    const int failed_before = test::run().failed_checks;
    check_header(server, header, byte_by_byte(header.bytes), security);
    for (std::size_t at = 0; at < header.bytes.size(); ++at) {
      check_header(server, header, cut_at(header.bytes, at), security);
      if (test::run().failed_checks > failed_before) {
        FAIL(std::string(header.name) + " cut at " + std::to_string(at));
        break;
      }
    }
  }
}

}  // namespace

TEST("known PROXY headers have the same outcome whole, byte by byte and cut anywhere") {
  check_headers(ProxiedServer::Security::plain);
}

TEST("known PROXY headers have the same outcome with TLS behind them") {
  fixture::need_openssl();
  check_headers(ProxiedServer::Security::tls);
}

TEST("of a thousand bad headers one Error tells at once, and another 10 seconds later of all the others") {
  ProxiedServer server;
  for (int i = 0; i < 1000; ++i) {
    const Peer peer = server.connect();
    server.send(peer, "GET / HTTP/1.1\r\n\r\n");
  }
  CHECK_EQ(server.refused(IPDAEMON_REFUSED_PROXY_HEADER), 1000);
  REQUIRE_EQ(server.errors.size(), 1u);
  CHECK(server.errors[0].find("more)") == std::string::npos);
  const std::int64_t began_ms = monotonic_ms();
  test::let_pass(9000);
  server.turn();
  CHECK_EQ(server.errors.size(), 1u);
  test::let_pass(1200);
  server.turn();
  REQUIRE_EQ(server.errors.size(), 2u);
  CHECK(server.errors[1].find("(and 998 more)") != std::string::npos);
  CHECK(monotonic_ms() - began_ms < 10'300);
  test::let_pass(20'000);
  server.turn();
  CHECK_EQ(server.errors.size(), 2u);
}

TEST("bad headers that keep coming give one Error in 10 seconds, and none of them is lost") {
  ProxiedServer server;
  for (int i = 0; i < 350; ++i) {
    const Peer peer = server.connect();
    server.send(peer, "x");
    test::let_pass(100);
    server.turn();
  }
  test::let_pass(10'200);
  server.turn();
  CHECK_EQ(server.refused(IPDAEMON_REFUSED_PROXY_HEADER), 350);
  CHECK(server.errors.size() >= 4);
  CHECK(server.errors.size() <= 5);
  int told = 0;
  for (const std::string& error : server.errors) {
    const std::size_t more = error.find("(and ");
    told += 1 + (more == std::string::npos ? 0 : std::stoi(error.substr(more + 5)));
  }
  CHECK_EQ(told, 350);
}

TEST("a trusted peer without a header is ended after DefaultConnectionTimeout, within one tick") {
  ProxiedServer server;
  const Peer peer = server.connect();
  server.turn();
  server.send(peer, "PROXY TCP4 ");
  test::let_pass(29'990);
  server.turn();
  CHECK_EQ(server.refused(IPDAEMON_REFUSED_PROXY_TIMEOUT), 0);
  test::let_pass(140);
  server.turn();
  CHECK_EQ(server.refused(IPDAEMON_REFUSED_PROXY_TIMEOUT), 1);
  REQUIRE_EQ(server.errors.size(), 1u);
  CHECK(server.errors[0].find("DefaultConnectionTimeout") != std::string::npos);
}

TEST("a header that came late leaves the handshake only the rest of DefaultConnectionTimeout") {
  fixture::need_openssl();
  ProxiedServer server(ProxiedServer::Security::tls);
  const Peer peer = server.connect();
  server.turn();
  test::let_pass(20'000);
  server.send(peer, "PROXY UNKNOWN\r\n");
  CHECK_EQ(server.requests, 1);
  test::let_pass(9'900);
  server.turn();
  CHECK_EQ(server.connected, 0);
  test::let_pass(300);
  server.turn();
  // The time-out of a handshake is told by Connected.
  CHECK_EQ(server.connected, 1);
  CHECK(server.status != 0);
}
