// Passwords and private keys that were given to a server: nothing of them is left in what the library frees, and
// no message has them.
#include <functional>
#include <string>

#include "freed.hpp"
#include "ipdaemon.h"
#include "peer.hpp"
#include "tls/stores/names.hpp"
#include "tls_peer.hpp"

namespace ipdaemon::tls {

namespace {

using fixture::Made;

ipdaemon_value text_value(const std::string& text) {
  ipdaemon_value value = {};
  value.type = IPDAEMON_TYPE_BYTES;
  value.bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  value.length = text.size();
  return value;
}

int set(ipdaemon_t handle, int property, const std::string& text) {
  const ipdaemon_value value = text_value(text);
  return ipdaemon_set(handle, property, 0, &value);
}

int set(ipdaemon_t handle, int property, int number) {
  ipdaemon_value value = {};
  value.type = IPDAEMON_TYPE_INTEGER;
  value.integer = number;
  return ipdaemon_set(handle, property, 0, &value);
}

std::string encrypted_store(const Made& made, const std::string& password) {
  return fixture::key_pem(made.key.get(), password.c_str()) + pem_text(made.certificate.get());
}

// A line of the middle of the key, as it stands in a store that is not encrypted.
std::string part_of_key(const std::string& pem) {
  return pem.substr(pem.find('\n') + 1, 48);
}

struct Server {
  const ipdaemon_t handle = ipdaemon_open();
  const std::string* other_store = nullptr;  // What SSLConnectionRequest chooses.
  const std::string* other_password = nullptr;
  int connected = 0;

  ~Server() { ipdaemon_close(handle); }

  void listen(const std::string& store, const std::string& password) const {
    REQUIRE_EQ(set(handle, IPDAEMON_PROPERTY_LOCAL_HOST, "127.0.0.1"), 0);
    REQUIRE_EQ(set(handle, IPDAEMON_PROPERTY_SSL_CERT_STORE_TYPE, IPDAEMON_SSL_CERT_STORE_TYPE_PEM_KEY_BLOB), 0);
    REQUIRE_EQ(set(handle, IPDAEMON_PROPERTY_SSL_CERT_STORE, store), 0);
    REQUIRE_EQ(set(handle, IPDAEMON_PROPERTY_SSL_CERT_STORE_PASSWORD, password), 0);
    REQUIRE_EQ(set(handle, IPDAEMON_PROPERTY_SSL_CERT_SUBJECT, "*"), 0);
    REQUIRE_EQ(set(handle, IPDAEMON_PROPERTY_SSL_START_MODE, IPDAEMON_SSL_START_MODE_IMPLICIT), 0);
    REQUIRE_EQ(set(handle, IPDAEMON_PROPERTY_LISTENING, 1), 0);
  }

  static std::int32_t on_event(void* user, ipdaemon_t, std::int32_t event, ipdaemon_value* parameters, std::int32_t) {
    auto& self = *static_cast<Server*>(user);
    if (event == IPDAEMON_EVENT_CONNECTED && parameters[1].integer == 0) ++self.connected;
    if (event != IPDAEMON_EVENT_SSL_CONNECTION_REQUEST) return 0;
    const auto put = [](ipdaemon_value& parameter, const std::string& text) {
      parameter.bytes = reinterpret_cast<const std::uint8_t*>(text.data());
      parameter.length = text.size();
    };
    put(parameters[4], *self.other_store);
    put(parameters[5], *self.other_password);
    return 0;
  }

  void serve_one() {
    ipdaemon_value port = {};
    REQUIRE_EQ(ipdaemon_get(handle, IPDAEMON_PROPERTY_LOCAL_PORT, 0, &port), 0);
    const SslContextPtr context = fixture::make_client_context({});
    fixture::Client client(context.get());
    test::Peer peer = test::Peer::connect(static_cast<std::uint16_t>(port.integer), Family::ipv4, 0);
    client.feed({});
    std::string unsent;
    const int before = connected;
    const std::int64_t end = monotonic_ms() + test::patience_ms;
    while (connected == before) {
      REQUIRE(monotonic_ms() < end);
      unsent += client.take();
      const Transfer sent = peer.send_now(unsent);
      if (sent.error == 0) unsent.erase(0, static_cast<std::size_t>(sent.count));
      REQUIRE_EQ(ipdaemon_poll(handle, 1), 0);
      char buffer[16384];
      const Transfer got = peer.receive_now(buffer, sizeof buffer);
      if (got.count > 0) client.feed({buffer, static_cast<std::size_t>(got.count)});
    }
  }
};

const std::string no_password;

// Certificates as PEM texts and locked stores, with the passwords of these.
struct Material {
  Made made = fixture::make_certificate("server");
  Made other = fixture::make_certificate("other");
  std::string password = "the password of this store";
  std::string short_password = "short";
  std::string locked = encrypted_store(made, password);
  std::string short_locked = encrypted_store(made, short_password);
  std::string open = fixture::key_pem(made.key.get()) + pem_text(made.certificate.get());
  std::string other_open = fixture::key_pem(other.key.get()) + pem_text(other.certificate.get());
  std::string other_locked = encrypted_store(other, password);
};

// Something that a server does with a secret, of which nothing may be left.
struct Case {
  const char* title;
  std::string watched;
  std::function<void()> run;
};

void with_server(const std::function<void(Server&)>& body) {
  Server server;
  REQUIRE(server.handle != 0);
  body(server);
}

// Serves one client with its own certificate and one with a choice of the program.
void choosing(const std::string& own, const std::string& store, const std::string& store_password) {
  with_server([&](Server& server) {
    server.other_store = &store;
    server.other_password = &store_password;
    REQUIRE_EQ(
        ipdaemon_register_callback(server.handle, IPDAEMON_EVENT_SSL_CONNECTION_REQUEST, &Server::on_event, &server),
        0);
    REQUIRE_EQ(ipdaemon_register_callback(server.handle, IPDAEMON_EVENT_CONNECTED, &Server::on_event, &server), 0);
    server.listen(own, no_password);
    server.serve_one();
    server.serve_one();
  });
}

std::vector<Case> cases_of_passwords(const Material& m) {
  return {
      {"a password, closed", m.password, [&m] { with_server([&m](Server& it) { it.listen(m.locked, m.password); }); }},
      {"a password, replaced", m.password,
       [&m] {
         with_server([&m](Server& it) {
           it.listen(m.locked, m.password);
           REQUIRE_EQ(set(it.handle, IPDAEMON_PROPERTY_SSL_CERT_STORE_PASSWORD, no_password), 0);
           REQUIRE_EQ(set(it.handle, IPDAEMON_PROPERTY_SSL_CERT_STORE, m.open), 0);
         });
       }},
      {"a password, reset", m.password,
       [&m] {
         with_server([&m](Server& it) {
           it.listen(m.locked, m.password);
           REQUIRE_EQ(ipdaemon_do_reset(it.handle), 0);
         });
       }},
      {"a short password", m.short_password,
       [&m] { with_server([&m](Server& it) { it.listen(m.short_locked, m.short_password); }); }},
  };
}

std::vector<Case> cases_of_keys(const Material& m) {
  return {
      {"a key, closed", part_of_key(m.open),
       [&m] { with_server([&m](Server& it) { it.listen(m.open, no_password); }); }},
      {"a key, replaced", part_of_key(m.open),
       [&m] {
         with_server([&m](Server& it) {
           it.listen(m.open, no_password);
           REQUIRE_EQ(set(it.handle, IPDAEMON_PROPERTY_SSL_CERT_STORE, m.other_open), 0);
         });
       }},
      {"a key in SSLCertEncoded", part_of_key(m.open),
       [&m] {
         with_server([&m](Server& it) {
           it.listen(m.other_open, no_password);
           REQUIRE_EQ(set(it.handle, IPDAEMON_PROPERTY_SSL_CERT_ENCODED, m.open), 0);
           REQUIRE_EQ(set(it.handle, IPDAEMON_PROPERTY_SSL_CERT_ENCODED, m.other_open), 0);
         });
       }},
  };
}

constexpr const char* ticket_key_text = "dGlja2V0IGtleSB0aWNrZXQga2V5IHRpY2tldCBrZXkgdGlja2V0IGtleSB0aWNr";
// Its cipher key.
constexpr const char* ticket_key_part = "t key ticket key";

void replace_ticket_keys(Server& it) {
  // The callers' text, which is not the library's to wipe, lives on.
  static const std::string texts[] = {std::string("SSLTicketKeys=") + ticket_key_text, "SSLTicketKeys="};
  for (const std::string& text : texts) {
    ipdaemon_value out = {};
    REQUIRE_EQ(ipdaemon_do_config(it.handle, as_bytes(text), text.size(), &out), 0);
  }
}

std::vector<Case> cases_of_choices(const Material& m) {
  return {
      {"the server's own key beside a choice", part_of_key(m.open),
       [&m] { choosing(m.open, m.other_locked, m.password); }},
      {"a key that was chosen", part_of_key(m.other_open), [&m] { choosing(m.open, m.other_open, no_password); }},
      {"a password that was chosen", m.password, [&m] { choosing(m.open, m.other_locked, m.password); }},
      {"a seed", "bytes for the random generator",
       [] {
         with_server([](Server& it) {
           static const std::string text = "OpenSSLPrngSeedData=bytes for the random generator";
           ipdaemon_value out = {};
           REQUIRE_EQ(ipdaemon_do_config(it.handle, as_bytes(text), text.size(), &out), 0);
         });
       }},
      {"a ticket key, replaced", ticket_key_part, [] { with_server(replace_ticket_keys); }},
      {"a ticket key as text, replaced", ticket_key_text, [] { with_server(replace_ticket_keys); }},
  };
}

}  // namespace

TEST("nothing of a password or a key is left in memory when it is replaced, reset or closed") {
  fixture::need_openssl();
  const Material material;
  for (const auto& cases : {cases_of_passwords(material), cases_of_keys(material), cases_of_choices(material)}) {
    for (const Case& one : cases) {
      test::watch_freed(one.watched);
      one.run();
      if (test::freed_with_text() > 0) FAIL(std::string(one.title) + " is left in freed memory");
      test::watch_freed("");
    }
  }
}

}  // namespace ipdaemon::tls
