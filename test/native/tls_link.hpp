// A TLS engine and a client in memory, for the tests of the engine: bytes go from one to the other as a test says.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"
#include "ipdaemon.h"
#include "tls/context.hpp"
#include "tls/engine.hpp"
#include "tls/stores/identity_openssl.hpp"
#include "tls/stores/names.hpp"
#include "tls_peer.hpp"

namespace ipdaemon::tls::engine_test {

using fixture::Client;
using fixture::ClientOptions;
using fixture::Made;
using fixture::SslSessionPtr;
using State = Engine::State;

inline constexpr int both_versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

inline Policy default_options() {
  Policy options;
  options.protocols = IPDAEMON_SSL_PROTOCOL_TLS1_2 | IPDAEMON_SSL_PROTOCOL_TLS1_3;
  options.cipher_suites = "*";
  options.tls12_groups = "ecdhe_x25519,ecdhe_secp256r1,ecdhe_secp384r1,ecdhe_secp521r1";
  options.tls13_groups = "X25519MLKEM768,ecdhe_x25519,ecdhe_x448,ecdhe_secp256r1,ecdhe_secp384r1,ecdhe_secp521r1";
  return options;
}

inline std::shared_ptr<const Identities> identities_of(const std::vector<const Made*>& all) {
  std::vector<Identity> list;
  for (const Made* made : all) {
    X509_up_ref(made->certificate.get());
    EVP_PKEY_up_ref(made->key.get());
    list.push_back({CertificatePtr(made->certificate.get()), KeyPtr(made->key.get()), {}});
  }
  return std::make_shared<const Identities>(std::move(list));
}

// Keys are dear; those that need no special certificate are made once.
inline const Made& server_made(const std::string& kind) {
  static std::vector<std::pair<std::string, Made>> all;
  const auto known = std::find_if(all.begin(), all.end(), [&](const auto& entry) { return entry.first == kind; });
  if (known != all.end()) return known->second;
  // Room, so that what was returned stays where it is.
  all.reserve(8);
  all.emplace_back(kind, fixture::make_certificate(("server " + kind).c_str(), kind.c_str()));
  return all.back().second;
}

// A root, an authority below it, and what clients may come with.
struct Trust {
  Made root = fixture::make_authority("root");
  Made authority = fixture::make_authority("authority", &root);
  Made other_root = fixture::make_authority("other root");
  Made good = fixture::make_certificate({{"CN", "client"}}, fixture::make_key("P-256"), &authority);
  Made expired = fixture::make_certificate({{"CN", "late client"}}, fixture::make_key("P-256"), &authority, -10);
  Made stranger = fixture::make_certificate("stranger");
};

inline Trust& trust() {
  static Trust made;
  return made;
}

struct Server {
  Policy options = default_options();
  std::shared_ptr<TicketKeys> tickets = std::make_shared<TicketKeys>();
  std::shared_ptr<const Context> context;

  explicit Server(const std::string& kind = "P-256") { build({&server_made(kind)}); }
  explicit Server(const std::function<void(Policy&)>& change) {
    change(options);
    build({&server_made("P-256")});
  }

  void build(const std::vector<const Made*>& identities) {
    Problem problem;
    context = Context::build(options, identities_of(identities), tickets, &problem);
    if (!context) FAIL(problem.detail);
    REQUIRE(context != nullptr);
  }
};

inline Server asking_server(const Made& root = trust().root) {
  return Server([&](Policy& options) {
    options.authenticate_clients = true;
    options.ca_certificates = pem_text(root.certificate.get());
  });
}

// What a program does about the engine's questions, and a record of them.
struct Program final : EngineEvents {
  enum class Answer { as_recommended, accept, refuse, run_out_of_memory };

  std::vector<std::string> log;
  ClientHello hello;
  ClientCertificate certificate;
  bool listens = true;  // Wants to see ClientHellos.
  bool wants_chain = false;
  bool hello_answer = true;
  Problem hello_problem{IPDAEMON_ERROR_TLS_HANDSHAKE, "not wanted"};
  Answer answer = Answer::as_recommended;
  std::function<std::shared_ptr<const Identities>(const ClientHello&)> choose;

  bool on_client_hello(const ClientHello& shown, std::shared_ptr<const Identities>* choice, Problem* problem) override {
    log.push_back("hello " + shown.server_name);
    hello = shown;
    if (choose) *choice = choose(shown);
    if (!hello_answer) *problem = hello_problem;
    return hello_answer;
  }
  bool on_client_certificate(const ClientCertificate& shown) override {
    log.push_back("certificate " + shown.subject + " " + shown.status + (shown.accept ? " +" : " -"));
    certificate = shown;
    if (answer == Answer::run_out_of_memory) throw std::bad_alloc();
    return answer == Answer::as_recommended ? shown.accept : answer == Answer::accept;
  }
  HelloWish wants_client_hello() const override { return listens ? HelloWish::everything : HelloWish::nothing; }
  bool wants_certificate_chain() const override { return wants_chain; }
  void on_notice(const std::string& text) override { log.push_back("notice " + text); }

  std::string text() const {
    std::string all;
    for (const std::string& line : log) all += line + "\n";
    return all;
  }
};

// One connection: a server's engine, and a client. Bytes go from one to the other in pieces that `cut`
// chooses by what has gone before.
class Link {
 public:
  using Cut = std::function<std::size_t(std::size_t sent_before, std::size_t left)>;

  Program program;
  std::unique_ptr<Engine> engine;
  Client client;
  std::string plain;  // What the server got.
  int calls = 0;      // Of the engine's receive.
  Cut cut = [](std::size_t, std::size_t left) { return left; };
  Cut cut_back = [](std::size_t, std::size_t left) { return left; };
  std::function<void(std::string&)> damage;  // Of what the client sends.

  Link(const Server& server, SSL_CTX* client_context, const std::string& name = {}, SSL_SESSION* session = nullptr)
      : client(client_context, name, session) {
    Problem problem;
    engine = Engine::create(server.context, program, &problem);
    REQUIRE(engine != nullptr);
  }

  // Hands over what there is until both sides are silent.
  Link& run() {
    client.feed({});
    for (int turns = 0; turns < 100000; ++turns) {
      if (to_server_.empty()) {
        to_server_ = client.take();
        if (damage) damage(to_server_);
      }
      const std::string answer = std::move(to_client_);
      to_client_.clear();
      if (to_server_.empty() && answer.empty()) return *this;
      while (!to_server_.empty()) {
        const std::size_t length = std::clamp<std::size_t>(cut(sent_, to_server_.size()), 1, to_server_.size());
        give(BytesView(to_server_).substr(0, length));
        sent_ += length;
        to_server_.erase(0, length);
      }
      for (std::size_t done = 0; done < answer.size();) {
        const std::size_t left = answer.size() - done;
        const std::size_t length = std::clamp<std::size_t>(cut_back(returned_, left), 1, left);
        client.feed(BytesView(answer).substr(done, length));
        done += length;
        returned_ += length;
      }
    }
    FAIL("the handshake does not come to an end");
    return *this;
  }

  // Straight into the engine, with guards around what it may write to.
  void give(BytesView sealed) {
    constexpr std::size_t guard = 64;
    const std::size_t capacity = sealed.size() + Engine::record_max;
    std::string buffer(capacity + guard, '#');
    Bytes answer;
    const Engine::Received received = engine->receive(sealed, buffer.data(), capacity, answer);
    REQUIRE(received.plain <= capacity);
    REQUIRE(received.taken <= sealed.size());
    CHECK(buffer.find_first_not_of('#', capacity) == std::string::npos);
    plain.append(buffer, 0, received.plain);
    to_client_ += answer;
    CHECK(!engine->running());
    ++calls;
    if (received.taken < sealed.size()) give(sealed.substr(received.taken));
  }

  bool say(BytesView text) {
    Bytes sealed;
    const bool done = engine->encrypt(text, sealed);
    to_client_ += sealed;
    return done;
  }
  void close() {
    Bytes sealed;
    engine->close(sealed);
    to_client_ += sealed;
  }

  bool is_open() const { return engine->state() == State::open && client.state() == Client::State::open; }
  int code() const { return engine->problem().code; }
  std::size_t sent() const { return sent_; }

 private:
  std::string to_server_;
  std::string to_client_;
  std::size_t sent_ = 0;
  std::size_t returned_ = 0;
};

inline fixture::ClientOptions of_version(int version) {
  ClientOptions options;
  options.version = version;
  return options;
}

inline SslContextPtr client_of(const ClientOptions& options) {
  SslContextPtr context = fixture::make_client_context(options);
  REQUIRE(context != nullptr);
  return context;
}

inline std::string bytes_of_length(std::size_t length) {
  std::string text(length, '\0');
  for (std::size_t i = 0; i < length; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

struct CertificateCase {
  const char* title;
  const Made* certificate;
  const Made* issuer;
  Program::Answer answer;
  const char* log;
  int code;
};

inline std::vector<CertificateCase> certificate_cases() {
  using Answer = Program::Answer;
  constexpr int chain = IPDAEMON_ERROR_TLS_CHAIN;
  constexpr int none = IPDAEMON_ERROR_TLS_NO_CLIENT_CERTIFICATE;
  const Trust& all = trust();
  const Made* authority = &all.authority;
  const char* nobody = "certificate  the client presented no certificate -\n";
  const char* fine = "certificate CN=client OK +\n";
  const char* unknown = "certificate CN=client unable to get local issuer certificate -\n";
  const char* self = "certificate CN=stranger self-signed certificate -\n";
  const char* late = "certificate CN=late client certificate has expired -\n";
  return {
      {"none", nullptr, nullptr, Answer::as_recommended, nobody, none},
      {"none, accepted", nullptr, nullptr, Answer::accept, nobody, 0},
      {"good", &all.good, authority, Answer::as_recommended, fine, 0},
      {"good, refused", &all.good, authority, Answer::refuse, fine, chain},
      {"without its issuer", &all.good, nullptr, Answer::as_recommended, unknown, chain},
      {"without its issuer, accepted", &all.good, nullptr, Answer::accept, unknown, 0},
      {"stranger", &all.stranger, nullptr, Answer::as_recommended, self, chain},
      {"stranger, accepted", &all.stranger, nullptr, Answer::accept, self, 0},
      {"expired", &all.expired, authority, Answer::as_recommended, late, chain},
      {"expired, accepted", &all.expired, authority, Answer::accept, late, 0},
  };
}

}  // namespace ipdaemon::tls::engine_test
