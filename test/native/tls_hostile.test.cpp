// A whole server, through the C ABI, and clients that do in TLS what ordinary ones never do: each time the
// answer is bounded, and a polite client is served beside.
#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ipdaemon.h"
#include "peer.hpp"
#include "tls/engine.hpp"
#include "tls/stores/names.hpp"
#include "tls_peer.hpp"

namespace ipdaemon::tls {

namespace {

using fixture::Client;
using fixture::Made;
using test::Peer;

std::string chars(const ipdaemon_value& value) {
  return {reinterpret_cast<const char*>(value.bytes), static_cast<std::size_t>(value.length)};
}

// An echo server in TLS that keeps what its events say.
class Server {
 public:
  struct End {
    std::int64_t connection;
    std::int64_t code;
  };

  explicit Server(const std::function<void(Server&)>& set_up = {}) : handle_(ipdaemon_open()) {
    REQUIRE(handle_ != 0);
    const Made made = fixture::make_certificate("server");
    const std::string pem = fixture::key_pem(made.key.get()) + pem_text(made.certificate.get());
    for (const int event : {IPDAEMON_EVENT_CONNECTED, IPDAEMON_EVENT_DATA_IN, IPDAEMON_EVENT_DISCONNECTED}) {
      listen_to(event);
    }
    set(IPDAEMON_PROPERTY_LOCAL_HOST, "127.0.0.1");
    set(IPDAEMON_PROPERTY_SSL_CERT_STORE_TYPE, IPDAEMON_SSL_CERT_STORE_TYPE_PEM_KEY_BLOB);
    set(IPDAEMON_PROPERTY_SSL_CERT_STORE, pem);
    set(IPDAEMON_PROPERTY_SSL_CERT_SUBJECT, "*");
    set(IPDAEMON_PROPERTY_SSL_START_MODE, IPDAEMON_SSL_START_MODE_IMPLICIT);
    if (set_up) set_up(*this);
    set(IPDAEMON_PROPERTY_LISTENING, 1);
  }
  ~Server() { ipdaemon_close(handle_); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void listen_to(std::int32_t event) { REQUIRE_EQ(ipdaemon_register_callback(handle_, event, &on_event, this), 0); }
  void set(int property, const std::string& text) {
    ipdaemon_value value = {};
    value.type = IPDAEMON_TYPE_BYTES;
    value.bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    value.length = text.size();
    REQUIRE_EQ(ipdaemon_set(handle_, property, 0, &value), 0);
  }
  void set(int property, int number) {
    ipdaemon_value value = {};
    value.type = IPDAEMON_TYPE_INTEGER;
    value.integer = number;
    REQUIRE_EQ(ipdaemon_set(handle_, property, 0, &value), 0);
  }
  void set_of(int connection, int property, int number) {
    ipdaemon_value value = {};
    value.type = IPDAEMON_TYPE_INTEGER;
    value.integer = number;
    REQUIRE_EQ(ipdaemon_set(handle_, property, connection, &value), 0);
  }
  void config(const std::string& text) {
    ipdaemon_value out = {};
    REQUIRE_EQ(ipdaemon_do_config(handle_, reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), &out), 0);
  }
  std::uint16_t port() {
    ipdaemon_value value = {};
    REQUIRE_EQ(ipdaemon_get(handle_, IPDAEMON_PROPERTY_LOCAL_PORT, 0, &value), 0);
    return static_cast<std::uint16_t>(value.integer);
  }
  void pump() { REQUIRE_EQ(ipdaemon_poll(handle_, 1), 0); }

  bool echoes = true;
  std::string heard;
  std::function<void()> on_data;
  std::vector<End> connected;
  std::vector<End> disconnected;
  std::vector<End> errors;
  std::string offered_suites;
  std::string offered_signatures;

 private:
  static std::int32_t on_event(void* user, ipdaemon_t handle, std::int32_t event, ipdaemon_value* parameters,
                               std::int32_t) {
    auto& self = *static_cast<Server*>(user);
    const std::int64_t connection = parameters[0].integer;
    if (event == IPDAEMON_EVENT_DATA_IN) {
      self.heard += chars(parameters[1]);
      if (self.on_data) self.on_data();
      if (!self.echoes) return 0;
      return ipdaemon_do_send(handle, static_cast<std::int32_t>(connection), parameters[1].bytes, parameters[1].length);
    }
    if (event == IPDAEMON_EVENT_CONNECTED) self.connected.push_back({connection, parameters[1].integer});
    if (event == IPDAEMON_EVENT_ERROR) self.errors.push_back({connection, parameters[1].integer});
    if (event == IPDAEMON_EVENT_DISCONNECTED) self.disconnected.push_back({connection, parameters[1].integer});
    if (event == IPDAEMON_EVENT_SSL_CONNECTION_REQUEST) {
      self.offered_suites = chars(parameters[1]);
      self.offered_signatures = chars(parameters[2]);
    }
    return 0;
  }

  const ipdaemon_t handle_;
};

// A client on a socket. It sends what the system takes, and reads as long as it is told to.
class Connection {
 public:
  Connection(Server& server, SSL_CTX* context, int receive_buffer = 0)
      : client(context), server_(server), peer_(Peer::connect(server.port(), Family::ipv4, receive_buffer)) {
    client.feed({});
  }

  bool reads = true;
  Client client;

  // Both sides go on until the condition holds, which has to happen.
  void run_until(const char* what, const std::function<bool()>& condition) {
    const std::int64_t end = monotonic_ms() + test::patience_ms;
    while (!condition()) {
      if (monotonic_ms() > end) FAIL(std::string("waited in vain: ") + what);
      REQUIRE(monotonic_ms() <= end);
      turn();
    }
  }
  void turn() {
    unsent_ += client.take();
    push();
    server_.pump();
    if (!reads) return;
    char buffer[65536];
    Transfer last;
    while ((last = peer_.receive_now(buffer, sizeof buffer)).count > 0) {
      client.feed({buffer, static_cast<std::size_t>(last.count)});
    }
    if (last.error != IPDAEMON_ERROR_WOULD_BLOCK) ended_ = true;
  }
  void say_raw(const std::string& bytes) { unsent_ += bytes; }
  std::size_t unsent() const { return unsent_.size(); }
  bool ended() const { return ended_; }
  std::uint16_t port() const { return peer_.port(); }

 private:
  void push() {
    while (!unsent_.empty()) {
      const Transfer sent = peer_.send_now(unsent_);
      if (sent.error != 0) {
        ended_ = sent.error != IPDAEMON_ERROR_WOULD_BLOCK;
        return;
      }
      unsent_.erase(0, static_cast<std::size_t>(sent.count));
    }
  }

  Server& server_;
  Peer peer_;
  std::string unsent_;
  bool ended_ = false;
};

void be_polite(Server& server) {
  const SslContextPtr context = fixture::make_client_context({});
  Connection polite(server, context.get());
  polite.client.write("still there?");
  polite.run_until("the echo of a polite client", [&] { return polite.client.plain() == "still there?"; });
}

}  // namespace

TEST("a client that asks for new keys for ever and takes no answer is ended, not remembered for ever") {
  fixture::need_openssl();
  // A small buffer of the system, which is full soon.
  Server server([](Server& it) { it.config("OutBufferSize=8192"); });
  const SslContextPtr context = fixture::make_client_context({});
  Connection hostile(server, context.get(), 4096);
  hostile.run_until("Connected", [&] { return server.connected.size() == 1; });
  hostile.reads = false;
  server.echoes = false;
  hostile.run_until("the end of a client that takes no answers", [&] {
    for (int i = 0; i < 100 && hostile.unsent() < 65536; ++i) {
      // As many in a row as are allowed, so that it is the answers that end it.
      if (i % tls::Engine::controls_max == 0) hostile.client.write("x");
      hostile.client.update_keys();
    }
    return !server.disconnected.empty();
  });
  CHECK_EQ(server.disconnected[0].code, IPDAEMON_ERROR_NO_BUFFERS);
  server.echoes = true;
  be_polite(server);
}

TEST("a client that asks for new keys and takes the answers goes on") {
  fixture::need_openssl();
  Server server;
  const SslContextPtr context = fixture::make_client_context({});
  Connection eager(server, context.get());
  std::string said;
  eager.run_until("Connected", [&] { return server.connected.size() == 1; });
  for (int i = 0; i < 500; ++i) {
    eager.client.update_keys();
    const std::string word = "word " + std::to_string(i) + "\n";
    eager.client.write(word);
    said += word;
    eager.turn();
  }
  eager.run_until("all echoes", [&] { return eager.client.plain().size() >= said.size(); });
  CHECK(eager.client.plain() == said);
  CHECK_EQ(server.disconnected.size(), std::size_t{0});
}

TEST("a client that sends new keys and no data is ended with 284, and what it said before is delivered") {
  fixture::need_openssl();
  Server server([](Server& it) { it.listen_to(IPDAEMON_EVENT_ERROR); });
  const SslContextPtr context = fixture::make_client_context({});
  Connection hostile(server, context.get());
  hostile.run_until("Connected", [&] { return server.connected.size() == 1; });
  hostile.client.write("said before");
  for (int i = 0; i < 2400; ++i) hostile.client.update_keys();
  hostile.run_until("Disconnected", [&] { return !server.disconnected.empty(); });
  CHECK_EQ(server.heard, "said before");
  CHECK_EQ(server.disconnected[0].code, IPDAEMON_ERROR_TLS_DECRYPT);
  be_polite(server);
}

TEST("new keys before each of many words delay nothing but their own connection, also when input pauses") {
  fixture::need_openssl();
  Server server;
  server.echoes = false;
  const SslContextPtr context = fixture::make_client_context({});
  Connection eager(server, context.get());
  eager.run_until("Connected", [&] { return server.connected.size() == 1; });
  const auto id = static_cast<int>(server.connected[0].connection);
  bool paused = false;
  server.on_data = [&] {
    server.set_of(id, IPDAEMON_PROPERTY_ACCEPT_DATA, 0);
    paused = true;
  };
  std::string said;
  for (int i = 0; i < 200; ++i) {
    eager.client.update_keys();
    const std::string word = "word " + std::to_string(i) + "\n";
    eager.client.write(word);
    said += word;
  }
  eager.run_until("all words", [&] {
    if (std::exchange(paused, false)) server.set_of(id, IPDAEMON_PROPERTY_ACCEPT_DATA, 1);
    return server.heard.size() >= said.size();
  });
  CHECK(server.heard == said);
  CHECK_EQ(server.disconnected.size(), std::size_t{0});
}

TEST("a chain of certificates without end is refused before anybody verifies it") {
  fixture::need_openssl();
  const Made root = fixture::make_authority("root");
  Server server([&](Server& it) {
    it.set(IPDAEMON_PROPERTY_SSL_AUTHENTICATE_CLIENTS, 1);
    it.config("SSLServerCACerts=" + pem_text(root.certificate.get()));
  });
  const Made good = fixture::make_certificate("good", "P-256", &root);
  const Made filler = fixture::make_authority("filler");
  for (const int count : {3, 200}) {
    const SslContextPtr context = fixture::make_client_context({});
    STACK_OF(X509)* chain = sk_X509_new_null();
    for (int i = 0; i < count; ++i) sk_X509_push(chain, filler.certificate.get());
    REQUIRE(SSL_CTX_use_cert_and_key(context.get(), good.certificate.get(), good.key.get(), chain, 1) == 1);
    sk_X509_free(chain);
    server.connected.clear();
    Connection client(server, context.get());
    client.run_until("Connected", [&] { return server.connected.size() == 1; });
    CHECK_EQ(server.connected[0].code, count == 3 ? 0 : IPDAEMON_ERROR_TLS_HANDSHAKE);
  }
  server.set(IPDAEMON_PROPERTY_SSL_AUTHENTICATE_CLIENTS, 0);
  be_polite(server);
}

TEST("more authorities than a handshake can name are still authorities") {
  fixture::need_openssl();
  Made last;
  std::string pem;
  const std::string padding(60, 'x');
  for (int i = 0; i < 900; ++i) {
    last = fixture::make_certificate({{"O", padding}, {"CN", "authority " + std::to_string(i)}},
                                     fixture::make_key("ED25519"));
    pem += pem_text(last.certificate.get());
  }
  Server server([&](Server& it) {
    it.set(IPDAEMON_PROPERTY_SSL_AUTHENTICATE_CLIENTS, 1);
    it.config("SSLServerCACerts=" + pem);
  });
  fixture::ClientOptions options;
  options.certificate = &last;
  const SslContextPtr context = fixture::make_client_context(options);
  Connection client(server, context.get());
  client.client.write("hello");
  client.run_until("the echo", [&] { return client.client.plain() == "hello"; });
}

TEST("a ClientHello of thirty thousand suites becomes no list of thirty thousand names") {
  fixture::need_openssl();
  Server server([](Server& it) { it.listen_to(IPDAEMON_EVENT_SSL_CONNECTION_REQUEST); });
  const auto counted = [](const std::string& bytes, int width) {
    std::string out;
    for (int i = width - 1; i >= 0; --i) out += static_cast<char>(bytes.size() >> (8 * i) & 0xff);
    return out + bytes;
  };
  std::string suites("\x13\x01\xc0\x2b", 4);
  for (int i = 0; i < 30000; ++i) suites += {static_cast<char>(0x60 + i % 16), static_cast<char>(i / 16 % 251)};
  std::string schemes("\x04\x03", 2);
  for (int i = 0; i < 30000; ++i) schemes += {static_cast<char>(0x60 + i % 16), static_cast<char>(i / 16 % 251)};
  const auto extension = [&](const std::string& type, const std::string& content) {
    return type + counted(content, 2);
  };
  const std::string extensions = extension({"\x00\x0d", 2}, counted(schemes, 2)) +
                                 extension({"\x00\x0a", 2}, counted({"\x00\x17", 2}, 2)) +
                                 extension({"\x00\x0b", 2}, counted({"\x00", 1}, 1));
  const std::string hello = std::string("\x03\x03", 2) + std::string(32, 'r') + counted("", 1) + counted(suites, 2) +
                            counted(std::string(1, '\0'), 1) + counted(extensions, 2);
  std::string message = "\x01" + counted(hello, 3);
  std::string records;
  for (std::size_t at = 0; at < message.size(); at += 16384) {
    records += std::string("\x16\x03\x01", 3) + counted(message.substr(at, 16384), 2);
  }
  const SslContextPtr context = fixture::make_client_context({});
  Connection client(server, context.get());
  client.client.take();  // Not its own ClientHello, but this one.
  client.say_raw(records);
  client.reads = false;
  client.run_until("SSLConnectionRequest", [&] { return !server.offered_suites.empty(); });
  CHECK_EQ(server.offered_suites.substr(0, 22), "TLS_AES_128_GCM_SHA256");
  for (const std::string* list : {&server.offered_suites, &server.offered_signatures}) {
    CHECK(list->size() > 1000);
    CHECK(list->size() < 40000);
  }
  be_polite(server);
}

}  // namespace ipdaemon::tls
