// The TLS engine against a client in memory: handshakes of all kinds, cut and damaged anywhere, client
// certificates, resumption, and settings that cannot work.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "check.hpp"
#include "ipdaemon.h"
#include "tls/context.hpp"
#include "tls/engine.hpp"
#include "tls/stores/identity_openssl.hpp"
#include "tls/stores/names.hpp"
#include "tls_peer.hpp"

namespace ipdaemon::tls {

namespace {

using fixture::Client;
using fixture::ClientOptions;
using fixture::Made;
using fixture::SslSessionPtr;
using State = Engine::State;

constexpr int both_versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

ContextOptions default_options() {
  ContextOptions options;
  options.protocols = IPDAEMON_SSL_PROTOCOL_TLS1_2 | IPDAEMON_SSL_PROTOCOL_TLS1_3;
  options.cipher_suites = "*";
  options.tls12_groups = "ecdhe_x25519,ecdhe_secp256r1,ecdhe_secp384r1,ecdhe_secp521r1";
  options.tls13_groups = "X25519MLKEM768,ecdhe_x25519,ecdhe_x448,ecdhe_secp256r1,ecdhe_secp384r1,ecdhe_secp521r1";
  return options;
}

std::shared_ptr<const Identities> identities_of(const std::vector<const Made*>& all) {
  std::vector<Identity> list;
  for (const Made* made : all) {
    X509_up_ref(made->certificate.get());
    EVP_PKEY_up_ref(made->key.get());
    list.push_back({CertificatePtr(made->certificate.get()), KeyPtr(made->key.get()), {}});
  }
  return std::make_shared<const Identities>(std::move(list));
}

// Keys are dear; those that need no special certificate are made once.
const Made& server_made(const std::string& kind) {
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

Trust& trust() {
  static Trust made;
  return made;
}

struct Server {
  ContextOptions options = default_options();
  std::shared_ptr<TicketKeys> tickets = std::make_shared<TicketKeys>();
  std::shared_ptr<const Context> context;

  explicit Server(const std::string& kind = "P-256") { build({&server_made(kind)}); }
  explicit Server(const std::function<void(ContextOptions&)>& change) {
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

Server asking_server(const Made& root = trust().root) {
  return Server([&](ContextOptions& options) {
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

fixture::ClientOptions of_version(int version) {
  ClientOptions options;
  options.version = version;
  return options;
}

SslContextPtr client_of(const ClientOptions& options) {
  SslContextPtr context = fixture::make_client_context(options);
  REQUIRE(context != nullptr);
  return context;
}

// Bytes that the process has allocated; 0 where the system does not tell.
std::size_t allocated() {
#if defined(__GLIBC__) && __GLIBC__ == 2 && __GLIBC_MINOR__ >= 33
  return mallinfo2().uordblks;
#else
  return 0;
#endif
}

std::string bytes_of_length(std::size_t length) {
  std::string text(length, '\0');
  for (std::size_t i = 0; i < length; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

}  // namespace

// ---- Handshakes ------------------------------------------------------------------------------------

TEST("a handshake of each version with each kind of key, and an echo") {
  fixture::need_openssl();
  for (const int version : both_versions) {
    for (const char* kind : {"RSA", "P-256", "P-384", "ED25519"}) {
      const Server server(kind);
      const SslContextPtr context = client_of(of_version(version));
      Link link(server, context.get(), "host.example");
      CHECK_EQ(link.engine->negotiated().version, "");
      REQUIRE(link.run().is_open());
      CHECK_EQ(link.program.text(), "hello host.example\n");
      const Negotiated negotiated = link.engine->negotiated();
      CHECK_EQ(negotiated.version, version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2");
      CHECK_EQ(negotiated.version, SSL_get_version(link.client.session()));
      CHECK_EQ(negotiated.suite, SSL_CIPHER_standard_name(SSL_get_current_cipher(link.client.session())));
      // Its own clients begin with ML-KEM, too, from OpenSSL 3.5 on.
      const bool has_ml_kem = std::atoi(OpenSSL_version(OPENSSL_VERSION) + std::strlen("OpenSSL 3.")) >= 5;
      const bool is_hybrid = version == TLS1_3_VERSION && has_ml_kem;
      CHECK_EQ(negotiated.key_exchange, is_hybrid ? "ECDHE-X25519MLKEM768" : "ECDHE-X25519");
      CHECK_EQ(negotiated.key_exchange_bits, is_hybrid ? 768 : 253);
      CHECK(negotiated.cipher_bits >= 128);
      CHECK(!negotiated.resumed);
      link.client.write("ping");
      link.run();
      CHECK_EQ(link.plain, "ping");
      CHECK(link.say("pong"));
      link.run();
      CHECK_EQ(link.client.plain(), "pong");
      CHECK_EQ(link.engine->problem().code, 0);
    }
  }
}

TEST("fed in pieces of any size, the engine does the same as fed at once") {
  fixture::need_openssl();
  const Server server = asking_server();
  for (const int version : both_versions) {
    ClientOptions options = of_version(version);
    options.certificate = &trust().good;
    options.issuer = &trust().authority;
    const SslContextPtr context = client_of(options);
    std::string expected;
    for (const std::size_t size :
         {std::size_t{1} << 20, std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{17}, std::size_t{100}}) {
      Link link(server, context.get(), "pieces");
      link.cut = link.cut_back = [=](std::size_t, std::size_t) { return size; };
      link.client.write(bytes_of_length(40000));
      link.run();
      link.client.close();
      link.run();
      REQUIRE_EQ(link.plain.size(), 40000);
      CHECK(link.plain == bytes_of_length(40000));
      CHECK_EQ(link.engine->state(), State::peer_closed);
      const std::string result = link.program.text() + link.engine->negotiated().suite;
      if (expected.empty()) expected = result;
      CHECK_EQ(result, expected);
    }
  }
}

TEST("a handshake cut at any byte goes on as if it were not cut") {
  fixture::need_openssl();
  const Server server;
  for (const int version : both_versions) {
    const SslContextPtr context = client_of(of_version(version));
    std::size_t length = 2;
    for (std::size_t at = 1; at < length; ++at) {
      Link link(server, context.get(), "cut");
      link.cut = [=](std::size_t before, std::size_t left) { return before < at ? at - before : left; };
      link.client.write("hello");
      link.run();
      if (!CHECK(link.is_open()) || !CHECK_EQ(link.plain, "hello")) break;
      length = link.sent();
      if (at == 1) CHECK(length > 200);
    }
    CHECK(length > 200);
  }
}

TEST("megabytes in both directions, in records of all sizes") {
  fixture::need_openssl();
  const Server server;
  for (const int version : both_versions) {
    const SslContextPtr context = client_of(of_version(version));
    Link link(server, context.get());
    REQUIRE(link.run().is_open());
    const std::string text = bytes_of_length(3 << 20);
    std::uint32_t word = 1;
    link.cut = link.cut_back = [&](std::size_t, std::size_t) { return (word = word * 1103515245 + 12345) >> 16; };
    for (std::size_t done = 0; done < text.size();) {
      const std::size_t length =
          std::min<std::size_t>(1 + (word = word * 1103515245 + 12345) % 200000, text.size() - done);
      link.client.write(BytesView(text).substr(done, length));
      CHECK(link.say(BytesView(text).substr(done, length)));
      link.run();
      done += length;
    }
    CHECK(link.plain == text);
    CHECK(link.client.plain() == text);
    // New keys in the middle are TLS 1.3's own affair.
    if (version == TLS1_3_VERSION) {
      link.client.update_keys();
      link.client.write("after");
      CHECK(link.run().is_open());
      CHECK(link.say("after"));
      link.run();
      CHECK_EQ(link.plain.size(), text.size() + 5);
      CHECK_EQ(link.client.plain().size(), text.size() + 5);
    }
  }
}

TEST("renegotiation is refused") {
  fixture::need_openssl();
  const Server server;
  const SslContextPtr context = client_of(of_version(TLS1_2_VERSION));
  Link link(server, context.get());
  REQUIRE(link.run().is_open());
  link.client.renegotiate();
  link.run();
  // OpenSSL answers with a warning and goes on as before; a client may take that as an end.
  CHECK(link.engine->state() == State::open || link.engine->state() == State::failed ||
        link.engine->state() == State::peer_closed);
  CHECK_EQ(link.program.log.size(), 1);
}

TEST("a client with the wrong key share is asked again, and its ClientHello is told once") {
  fixture::need_openssl();
  Server server([](ContextOptions& options) { options.tls13_groups = "ecdhe_secp256r1"; });
  ClientOptions options = of_version(TLS1_3_VERSION);
  options.groups = "P-384:P-256";
  const SslContextPtr context = client_of(options);
  Link link(server, context.get(), "twice");
  REQUIRE(link.run().is_open());
  CHECK_EQ(link.program.text(), "hello twice\n");
  CHECK_EQ(link.engine->negotiated().key_exchange, "ECDHE-P-256");
  // And without a group in common there is no handshake.
  options.groups = "P-521";
  const SslContextPtr hopeless = client_of(options);
  Link none(server, hopeless.get());
  none.run();
  CHECK_EQ(none.engine->state(), State::failed);
  CHECK_EQ(none.code(), IPDAEMON_ERROR_TLS_HANDSHAKE);
}

TEST("versions and suites that are not allowed end in a handshake failure with a reason") {
  fixture::need_openssl();
  const auto outcome = [](const Server& server, const ClientOptions& options) {
    const SslContextPtr context = client_of(options);
    Link link(server, context.get());
    link.run();
    CHECK_EQ(link.engine->state() == State::failed, link.code() != 0);
    CHECK_EQ(link.engine->state() == State::failed, !link.engine->problem().detail.empty());
    CHECK_EQ(link.engine->state() == State::open, link.client.state() == Client::State::open);
    return link.code();
  };
  const Server server;
  const Server only_12([](ContextOptions& options) { options.protocols = IPDAEMON_SSL_PROTOCOL_TLS1_2; });
  const Server only_13([](ContextOptions& options) { options.protocols = IPDAEMON_SSL_PROTOCOL_TLS1_3; });
  const Server strong([](ContextOptions& options) { options.cipher_strength = 256; });
  CHECK_EQ(outcome(server, of_version(TLS1_1_VERSION)), IPDAEMON_ERROR_TLS_HANDSHAKE);
  CHECK_EQ(outcome(only_12, of_version(TLS1_2_VERSION)), 0);
  CHECK_EQ(outcome(only_12, of_version(0)), 0);
  CHECK_EQ(outcome(only_12, of_version(TLS1_3_VERSION)), IPDAEMON_ERROR_TLS_HANDSHAKE);
  CHECK_EQ(outcome(only_13, of_version(TLS1_2_VERSION)), IPDAEMON_ERROR_TLS_HANDSHAKE);
  ClientOptions weak = of_version(TLS1_2_VERSION);
  weak.suites = "ECDHE-ECDSA-AES128-GCM-SHA256";
  CHECK_EQ(outcome(server, weak), 0);
  CHECK_EQ(outcome(strong, weak), IPDAEMON_ERROR_TLS_HANDSHAKE);
  weak.suites = "AES128-SHA";
  CHECK_EQ(outcome(server, weak), IPDAEMON_ERROR_TLS_HANDSHAKE);
}

TEST("a program may refuse a ClientHello, with its own reason") {
  fixture::need_openssl();
  const Server server;
  for (const int version : both_versions) {
    const SslContextPtr context = client_of(of_version(version));
    Link link(server, context.get());
    link.program.hello_answer = false;
    link.program.hello_problem = {IPDAEMON_ERROR_TLS_NO_MATCH, "no such name"};
    link.run();
    CHECK_EQ(link.engine->state(), State::failed);
    CHECK_EQ(link.code(), IPDAEMON_ERROR_TLS_NO_MATCH);
    CHECK_EQ(link.engine->problem().detail, "no such name");
    CHECK_EQ(link.client.state(), Client::State::failed);
    Link unseen(server, context.get(), "name");
    unseen.program.listens = false;
    CHECK(unseen.run().is_open());
    CHECK_EQ(unseen.program.text(), "");
  }
}

TEST("what a ClientHello offers is told by its names") {
  fixture::need_openssl();
  const Server server;
  ClientOptions options = of_version(TLS1_2_VERSION);
  options.suites = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305";
  const SslContextPtr context = client_of(options);
  Link link(server, context.get(), "name.example");
  REQUIRE(link.run().is_open());
  CHECK_EQ(link.program.hello.server_name, "name.example");
  CHECK_EQ(link.program.hello.cipher_suites,
           "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");
  const std::string& algorithms = link.program.hello.signature_algorithms;
  for (const char* wanted : {"ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256", "ed25519"}) {
    CHECK(("," + algorithms + ",").find(std::string(",") + wanted + ",") != std::string::npos);
  }
  const SslContextPtr modern = client_of(of_version(TLS1_3_VERSION));
  Link nameless(server, modern.get());
  REQUIRE(nameless.run().is_open());
  CHECK_EQ(nameless.program.hello.server_name, "");
  CHECK(nameless.program.hello.cipher_suites.find("TLS_AES_256_GCM_SHA384") != std::string::npos);
}

TEST("another certificate can be chosen for a client, and its session does not open the first one's door") {
  fixture::need_openssl();
  const Server server;
  const auto other = identities_of({&server_made("ED25519")});
  const auto choose = [&](const ClientHello& hello) {
    return hello.server_name == "other" ? other : std::shared_ptr<const Identities>();
  };
  for (const int version : both_versions) {
    const SslContextPtr context = client_of(of_version(version));
    const auto meet = [&](const char* name, SSL_SESSION* session, SslSessionPtr* ticket) {
      Link link(server, context.get(), name, session);
      link.program.choose = choose;
      REQUIRE(link.run().is_open());
      X509* shown = SSL_get0_peer_certificate(link.client.session());
      *ticket = link.client.ticket();
      return name_text(X509_get_subject_name(shown)) + (link.client.resumed() ? ", resumed" : "");
    };
    SslSessionPtr of_other, of_first, unused;
    CHECK_EQ(meet("other", nullptr, &of_other), "CN=server ED25519");
    CHECK_EQ(meet("first", nullptr, &of_first), "CN=server P-256");
    CHECK_EQ(meet("other", of_other.get(), &unused), "CN=server ED25519, resumed");
    CHECK_EQ(meet("first", of_first.get(), &unused), "CN=server P-256, resumed");
    // The names are those of the sessions, so that only the certificates can make the difference.
    Link crossed(server, context.get(), "other", of_other.get());
    REQUIRE(crossed.run().is_open());
    CHECK(!crossed.client.resumed());
  }
}

TEST("without a certificate of its own, a server must choose one") {
  fixture::need_openssl();
  Server server;
  Problem problem;
  server.context = Context::build(server.options, nullptr, server.tickets, &problem);
  REQUIRE(server.context != nullptr);
  for (const int version : both_versions) {
    const SslContextPtr context = client_of(of_version(version));
    Link none(server, context.get());
    none.run();
    CHECK_EQ(none.engine->state(), State::failed);
    CHECK_EQ(none.code(), IPDAEMON_ERROR_TLS_NO_SERVER_CERTIFICATE);
    Link chosen(server, context.get());
    chosen.program.choose = [](const ClientHello&) { return identities_of({&server_made("P-256")}); };
    CHECK(chosen.run().is_open());
  }
}

TEST("of several certificates, a client gets the one that it can use") {
  fixture::need_openssl();
  Server server;
  server.build({&server_made("P-256"), &server_made("RSA")});
  const auto subject = [&](const char* suites) {
    ClientOptions options = of_version(TLS1_2_VERSION);
    options.suites = suites;
    const SslContextPtr context = client_of(options);
    Link link(server, context.get());
    REQUIRE(link.run().is_open());
    return name_text(X509_get_subject_name(SSL_get0_peer_certificate(link.client.session())));
  };
  CHECK_EQ(subject("ECDHE-RSA-AES128-GCM-SHA256"), "CN=server RSA");
  CHECK_EQ(subject("ECDHE-ECDSA-AES128-GCM-SHA256"), "CN=server P-256");
}

// ---- Endings ---------------------------------------------------------------------------------------

TEST("close_notify of either side is seen by the other, and is sent once") {
  fixture::need_openssl();
  const Server server;
  for (const int version : both_versions) {
    const SslContextPtr context = client_of(of_version(version));
    {
      Link link(server, context.get());
      REQUIRE(link.run().is_open());
      link.client.write("last words");
      link.client.close();
      link.run();
      CHECK_EQ(link.plain, "last words");
      CHECK_EQ(link.engine->state(), State::peer_closed);
      // The other direction stays open.
      CHECK(link.say("answer"));
      link.run();
      CHECK_EQ(link.client.plain(), "answer");
      link.close();
      link.run();
      CHECK_EQ(link.client.state(), Client::State::closed);
    }
    {
      Link link(server, context.get());
      REQUIRE(link.run().is_open());
      Bytes first, second;
      link.engine->close(first);
      link.engine->close(second);
      CHECK(!first.empty());
      CHECK(second.empty());
      link.client.feed(first);
      CHECK_EQ(link.client.state(), Client::State::closed);
    }
    {
      // Before the handshake is done, there is nobody to say it to.
      Link link(server, context.get());
      Bytes nothing;
      link.engine->close(nothing);
      CHECK(!link.engine->encrypt("too early", nothing));
      CHECK(nothing.empty());
    }
  }
}

TEST("a stream that ends early leaves the engine as it was, at every byte") {
  fixture::need_openssl();
  const Server server;
  for (const int version : both_versions) {
    const SslContextPtr context = client_of(of_version(version));
    Link whole(server, context.get(), "truncated");
    whole.client.write("secret");
    whole.run();
    const std::size_t length = whole.sent();
    for (std::size_t end = 0; end < length; ++end) {
      Link link(server, context.get(), "truncated");
      std::size_t passed = 0;
      link.damage = [&](std::string& bytes) {
        bytes.resize(std::min(bytes.size(), end - passed));
        passed += bytes.size();
      };
      link.client.write("secret");
      link.run();
      if (!CHECK(link.engine->state() == State::handshaking || link.engine->state() == State::open)) break;
      if (!CHECK_EQ(link.plain, "")) break;
    }
  }
}

TEST("each byte of the client's flights, flipped, fails the handshake and nothing else") {
  fixture::need_openssl();
  const Server plain_server;
  const Server asking = asking_server();
  for (const bool asks : {false, true}) {
    for (const int version : both_versions) {
      ClientOptions options = of_version(version);
      if (asks) options.certificate = &trust().good;
      if (asks) options.issuer = &trust().authority;
      const SslContextPtr context = client_of(options);
      std::size_t length = 1;
      int survived = 0;
      for (std::size_t at = 0; at < length; ++at) {
        Link link(asks ? asking : plain_server, context.get(), "flipped");
        std::size_t passed = 0;
        bool in_header = false;
        bool flipped = false;  // Signatures are not always of the same length.
        std::size_t next_record = 0;
        link.damage = [&](std::string& bytes) {
          const std::string before = bytes;
          while (next_record + 5 <= passed + bytes.size()) {
            const std::size_t here = next_record - passed;
            in_header |= at >= next_record && at < next_record + 5;
            next_record +=
                5 + (static_cast<unsigned char>(before[here + 3]) << 8 | static_cast<unsigned char>(before[here + 4]));
          }
          if (at >= passed && at < passed + bytes.size()) {
            bytes[at - passed] = static_cast<char>(bytes[at - passed] ^ (1 << at % 8));
            flipped = true;
          }
          passed += bytes.size();
        };
        link.client.write("secret");
        link.run();
        length = std::max(length, passed);
        const State state = link.engine->state();
        CHECK_EQ(state == State::failed, link.code() != 0);
        if (flipped && (state == State::open || !link.plain.empty())) {
          // Only the version in a record's header is looked at by nobody.
          ++survived;
          if (!CHECK(in_header) || !CHECK(link.plain == "secret" || link.plain.empty())) break;
        }
      }
      CHECK(length > 250);
      CHECK(survived < 20);
    }
  }
}

TEST("garbage instead of a ClientHello is told from TLS") {
  fixture::need_openssl();
  const Server server;
  const SslContextPtr context = client_of({});
  const std::string zeros(100, '\0');
  std::string empty_records;  // Some are allowed.
  for (int i = 0; i < 100; ++i) empty_records += std::string("\x16\x03\x01\x00\x00", 5);
  for (const std::string& garbage :
       {std::string("GET / HTTP/1.0\r\n\r\n"), std::string("EHLO there, how do you do\r\n"), zeros,
        std::string(20000, '\xff'), empty_records, std::string("\x16\x03\x01\xff\xff", 5) + zeros,
        std::string("\x80\x2e\x01\x00\x02\x00\x15", 7) + zeros}) {
    Link link(server, context.get());
    link.give(garbage);
    CHECK_EQ(link.engine->state(), State::failed);
    CHECK_EQ(link.code(), IPDAEMON_ERROR_TLS_HANDSHAKE);
    CHECK(!link.engine->problem().detail.empty());
    // It stays like that, whatever comes.
    link.give(garbage);
    CHECK_EQ(link.engine->state(), State::failed);
    CHECK(!link.say("answer"));
  }
  Link http(server, context.get());
  http.give("GET / HTTP/1.0\r\n\r\n");
  CHECK(http.engine->problem().detail.find("does not look like TLS") != std::string::npos);
}

TEST("alerts at every step of the handshake fail it, with the name of the alert") {
  fixture::need_openssl();
  const Server server;
  for (const int version : both_versions) {
    const SslContextPtr context = client_of(of_version(version));
    for (const bool after_hello : {false, true}) {
      for (const int alert : {0, 10, 40, 42, 48, 80, 100}) {
        Link link(server, context.get());
        if (after_hello) {
          link.client.feed({});
          link.give(link.client.take());
        }
        const char level = alert == 0 && version == TLS1_2_VERSION ? '\1' : '\2';
        link.give(std::string("\x15\x03\x03\x00\x02", 5) + level + static_cast<char>(alert));
        CHECK_EQ(link.engine->state(), State::failed);
        CHECK_EQ(link.code(), IPDAEMON_ERROR_TLS_HANDSHAKE);
        CHECK(!link.engine->problem().detail.empty());
        if (after_hello && alert == 0) CHECK(link.engine->problem().detail.find("close notify") != std::string::npos);
        if (after_hello && alert == 48) CHECK(link.engine->problem().detail.find("unknown CA") != std::string::npos);
      }
    }
  }
}

TEST("a record that was changed or repeated on the way ends an open session") {
  fixture::need_openssl();
  const Server server;
  for (const int version : both_versions) {
    const SslContextPtr context = client_of(of_version(version));
    for (const bool repeated : {false, true}) {
      Link link(server, context.get());
      REQUIRE(link.run().is_open());
      link.client.write("first");
      std::string record = link.client.take();
      if (repeated) {
        link.give(record);
        CHECK_EQ(link.plain, "first");
      } else {
        record.back() = static_cast<char>(record.back() ^ 1);
      }
      link.give(record);
      CHECK_EQ(link.plain, repeated ? "first" : "");
      CHECK_EQ(link.engine->state(), State::failed);
      CHECK_EQ(link.code(), IPDAEMON_ERROR_TLS_DECRYPT);
      CHECK(!link.say("answer"));
      link.run();
      CHECK_EQ(link.client.state(), Client::State::failed);
    }
  }
}

TEST("KeyUpdates count until data comes: 32 in a row are served, one more ends the session") {
  fixture::need_openssl();
  const Server server;
  const SslContextPtr context = client_of(of_version(TLS1_3_VERSION));
  for (const bool all_at_once : {false, true}) {
    Link link(server, context.get());
    REQUIRE(link.run().is_open());
    const auto update = [&](int count) {
      for (int i = 0; i < count; ++i) {
        link.client.update_keys();
        if (!all_at_once) link.run();
      }
    };
    for (int round = 0; round < 3; ++round) {
      update(Engine::controls_max);
      link.client.write("data;");
      REQUIRE(link.run().is_open());
    }
    CHECK_EQ(link.plain, "data;data;data;");
    CHECK(link.say("heard"));
    link.run();
    CHECK_EQ(link.client.plain(), "heard");
    update(Engine::controls_max + 1);
    link.run();
    CHECK_EQ(link.engine->state(), State::failed);
    CHECK_EQ(link.code(), IPDAEMON_ERROR_TLS_DECRYPT);
    CHECK(link.engine->problem().detail.find("KeyUpdate") != std::string::npos);
  }
}

TEST("messages without data are looked at a few in each call, and nothing behind them is lost") {
  fixture::need_openssl();
  const Server server;
  const SslContextPtr context = client_of(of_version(TLS1_3_VERSION));
  Link link(server, context.get());
  REQUIRE(link.run().is_open());
  constexpr int rounds = 200;
  std::string said;
  for (int i = 0; i < rounds; ++i) {
    link.client.update_keys();
    link.client.write("word;");
    said += "word;";
  }
  link.calls = 0;
  link.give(link.client.take());
  CHECK_EQ(link.plain, said);
  CHECK(link.calls >= rounds / Engine::controls_per_call);
}

TEST("records without data, warnings and wishes for a new handshake have an end in every version") {
  fixture::need_openssl();
  const Server server;
  for (const int version : both_versions) {
    const SslContextPtr context = client_of(of_version(version));
    Link link(server, context.get());
    REQUIRE(link.run().is_open());
    std::size_t answered = 0;
    for (int i = 0; i < 1000 && link.engine->state() == State::open; ++i) {
      if (version == TLS1_2_VERSION) {
        link.client.renegotiate();
      } else {
        link.client.update_keys();
      }
      const std::string sealed = link.client.take();
      if (sealed.empty()) break;
      link.give(sealed);
      ++answered;
    }
    CHECK(answered <= 100);
  }
}

// ---- Client certificates -----------------------------------------------------------------------------

namespace {

struct CertificateCase {
  const char* title;
  const Made* certificate;
  const Made* issuer;
  Program::Answer answer;
  const char* log;
  int code;
};

std::vector<CertificateCase> certificate_cases() {
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

}  // namespace

TEST("client certificates are judged inside of the handshake, by the program in the end") {
  fixture::need_openssl();
  const Server server = asking_server();
  for (const int version : both_versions) {
    for (const CertificateCase& one : certificate_cases()) {
      ClientOptions options = of_version(version);
      options.certificate = one.certificate;
      options.issuer = one.issuer;
      const SslContextPtr context = client_of(options);
      Link link(server, context.get());
      link.program.listens = false;
      link.program.answer = one.answer;
      link.program.wants_chain = true;
      link.client.write("payload");
      link.run();
      bool fine = CHECK_EQ(link.program.text(), one.log);
      fine = CHECK_EQ(link.code(), one.code) && fine;
      fine = CHECK_EQ(link.engine->state(), one.code == 0 ? State::open : State::failed) && fine;
      fine = CHECK_EQ(link.plain, one.code == 0 ? "payload" : "") && fine;
      fine = CHECK_EQ(link.client.state(), one.code == 0 ? Client::State::open : Client::State::failed) && fine;
      if (!fine) FAIL(std::string("in the case \"") + one.title + "\" of " + std::to_string(version));
      std::size_t blocks = 0;
      for (std::size_t at = 0; (at = link.program.certificate.pem.find("BEGIN", at)) != std::string::npos; ++at)
        ++blocks;
      CHECK_EQ(blocks, (one.certificate != nullptr ? 1 : 0) + (one.issuer != nullptr ? 1 : 0));
    }
  }
}

TEST("a program that fails while it judges a certificate refuses it") {
  fixture::need_openssl();
  const Server server = asking_server();
  for (const int version : both_versions) {
    for (const Made* certificate : {static_cast<const Made*>(nullptr), static_cast<const Made*>(&trust().good)}) {
      ClientOptions options = of_version(version);
      options.certificate = certificate;
      const SslContextPtr context = client_of(options);
      Link link(server, context.get());
      link.program.answer = Program::Answer::run_out_of_memory;
      link.run();
      CHECK_EQ(link.engine->state(), State::failed);
      CHECK_EQ(link.code(), IPDAEMON_ERROR_NO_BUFFERS);
      CHECK_EQ(link.client.state(), Client::State::failed);
    }
  }
}

namespace {

// The ways to come back: by ticket, or by what the server keeps.
struct Way {
  const char* title;
  int version;
  bool tickets;
};
constexpr Way ways[] = {{"TLS 1.2 with tickets", TLS1_2_VERSION, true},
                        {"TLS 1.2 without tickets", TLS1_2_VERSION, false},
                        {"TLS 1.3", TLS1_3_VERSION, true}};

// A session of a client with the good certificate, or without one.
SslSessionPtr session_with(const Server& server, SSL_CTX* context,
                           Program::Answer answer = Program::Answer::as_recommended) {
  Link link(server, context);
  link.program.answer = answer;
  REQUIRE(link.run().is_open());
  SslSessionPtr session = link.client.ticket();
  // Who leaves without notice is not remembered.
  link.client.close();
  link.run();
  CHECK_EQ(link.engine->state(), State::peer_closed);
  link.close();
  return session;
}

}  // namespace

TEST("a session is resumed by ticket and by cache, and not when that is off") {
  fixture::need_openssl();
  const Server server;
  const Server off([](ContextOptions& options) { options.reuse_sessions = false; });
  for (const Way& way : ways) {
    ClientOptions options = of_version(way.version);
    options.tickets = way.tickets;
    const SslContextPtr context = client_of(options);
    for (const Server* one : {&server, &off}) {
      const SslSessionPtr session = session_with(*one, context.get());
      Link link(*one, context.get(), {}, session.get());
      link.client.write("again");
      REQUIRE(link.run().is_open());
      CHECK_EQ(link.client.resumed(), one == &server);
      CHECK_EQ(link.engine->negotiated().resumed, one == &server);
      CHECK_EQ(link.plain, "again");
    }
  }
}

TEST("a session is resumed under the server name that it was made with, and under no other") {
  fixture::need_openssl();
  const Server server;
  const auto resumes = [&](SSL_CTX* context, const std::string& made_as, const std::string& used_as) {
    Link first(server, context, made_as);
    first.client.write("first");
    REQUIRE(first.run().is_open());
    const SslSessionPtr session = first.client.ticket();
    Link second(server, context, used_as, session.get());
    second.client.write("again");
    REQUIRE(second.run().is_open());
    CHECK_EQ(second.engine->negotiated().resumed, second.client.resumed());
    CHECK_EQ(second.plain, "again");
    return second.client.resumed();
  };
  for (const Way& way : ways) {
    ClientOptions options = of_version(way.version);
    options.tickets = way.tickets;
    const SslContextPtr context = client_of(options);
    CHECK(resumes(context.get(), "one.example", "one.example"));
    CHECK(resumes(context.get(), "one.example", "ONE.example"));
    CHECK(resumes(context.get(), "", ""));
    CHECK(!resumes(context.get(), "one.example", "two.example"));
    CHECK(!resumes(context.get(), "one.example", ""));
    CHECK(!resumes(context.get(), "", "two.example"));
  }
}

TEST("resumption asks again about the client's certificate, with its whole chain, by what counts today") {
  fixture::need_openssl();
  using Answer = Program::Answer;
  for (const Way& way : ways) {
    const Server server = asking_server();
    ClientOptions options = of_version(way.version);
    options.tickets = way.tickets;
    options.certificate = &trust().good;
    options.issuer = &trust().authority;
    const SslContextPtr context = client_of(options);
    const SslSessionPtr session = session_with(server, context.get());
    {
      Link link(server, context.get(), {}, session.get());
      link.program.listens = false;
      link.program.wants_chain = true;
      REQUIRE(link.run().is_open());
      CHECK(link.client.resumed());
      CHECK_EQ(link.program.text(), "certificate CN=client OK +\n");
      CHECK_EQ(link.program.certificate.pem,
               pem_text(trust().good.certificate.get()) + pem_text(trust().authority.certificate.get()));
    }
    {
      const SslSessionPtr fresh = session_with(server, context.get());
      Link link(server, context.get(), {}, fresh.get());
      link.program.listens = false;
      link.program.answer = Answer::refuse;
      link.client.write("payload");
      link.run();
      CHECK_EQ(link.program.text(), "certificate CN=client OK +\n");
      CHECK_EQ(link.engine->state(), State::failed);
      CHECK_EQ(link.code(), IPDAEMON_ERROR_TLS_CHAIN);
      CHECK_EQ(link.plain, "");
    }
    if (way.tickets) {
      // The authorities have changed since.
      Server changed = asking_server(trust().other_root);
      changed.tickets = server.tickets;
      changed.build({&server_made("P-256")});
      const SslSessionPtr fresh = session_with(server, context.get());
      Link link(changed, context.get(), {}, fresh.get());
      link.program.listens = false;
      link.run();
      CHECK_EQ(link.program.text(), "certificate CN=client unable to get local issuer certificate -\n");
      CHECK(link.engine->negotiated().resumed);
      CHECK_EQ(link.code(), IPDAEMON_ERROR_TLS_CHAIN);
    }
  }
}

TEST("resumption without a client certificate asks again, too") {
  fixture::need_openssl();
  const Server server = asking_server();
  for (const Way& way : ways) {
    ClientOptions options = of_version(way.version);
    options.tickets = way.tickets;
    const SslContextPtr context = client_of(options);
    const SslSessionPtr session = session_with(server, context.get(), Program::Answer::accept);
    Link link(server, context.get(), {}, session.get());
    link.program.listens = false;
    link.run();
    CHECK_EQ(link.program.text(), "certificate  the client presented no certificate -\n");
    CHECK_EQ(link.engine->state(), State::failed);
    CHECK_EQ(link.code(), IPDAEMON_ERROR_TLS_NO_CLIENT_CERTIFICATE);
    CHECK_EQ(link.plain, "");
  }
}

TEST("a session of a server that did not ask for certificates is not resumed by one that does") {
  fixture::need_openssl();
  for (const int version : both_versions) {
    const Server server;
    Server asking = asking_server();
    asking.tickets = server.tickets;
    asking.build({&server_made("P-256")});
    ClientOptions options = of_version(version);
    options.certificate = &trust().good;
    options.issuer = &trust().authority;
    const SslContextPtr context = client_of(options);
    const SslSessionPtr session = session_with(server, context.get());
    Link link(asking, context.get(), {}, session.get());
    REQUIRE(link.run().is_open());
    CHECK(!link.client.resumed());
    CHECK_EQ(link.program.certificate.subject, "CN=client");
  }
}

TEST("security flags overlook what they name and nothing else") {
  fixture::need_openssl();
  const auto code = [](std::int64_t flags, const Made& certificate, const Made* issuer) {
    Server server([&](ContextOptions& options) {
      options.authenticate_clients = true;
      options.ca_certificates = pem_text(trust().root.certificate.get());
      options.security_flags = flags;
    });
    ClientOptions options;
    options.certificate = &certificate;
    options.issuer = issuer;
    const SslContextPtr context = client_of(options);
    Link link(server, context.get());
    link.run();
    return link.code();
  };
  const Trust& all = trust();
  CHECK_EQ(code(0x1, all.expired, &all.authority), 0);
  CHECK_EQ(code(0x1, all.stranger, nullptr), IPDAEMON_ERROR_TLS_CHAIN);
  CHECK_EQ(code(0x10, all.stranger, nullptr), 0);
  CHECK_EQ(code(0x10, all.expired, &all.authority), IPDAEMON_ERROR_TLS_CHAIN);
  CHECK_EQ(code(0x11, all.expired, nullptr), 0);
}

TEST("revocation lists that are demanded and cannot be had are told by their own code") {
  fixture::need_openssl();
  for (const int check :
       {IPDAEMON_SSL_CHECK_CRL_OFF, IPDAEMON_SSL_CHECK_CRL_IF_AVAILABLE, IPDAEMON_SSL_CHECK_CRL_REQUIRED}) {
    Server server([&](ContextOptions& options) {
      options.authenticate_clients = true;
      options.ca_certificates = pem_text(trust().root.certificate.get());
      options.check_crl = check;
    });
    ClientOptions options;
    options.certificate = &trust().good;
    options.issuer = &trust().authority;
    const SslContextPtr context = client_of(options);
    Link link(server, context.get());
    link.run();
    CHECK_EQ(link.code(), check == IPDAEMON_SSL_CHECK_CRL_REQUIRED ? IPDAEMON_ERROR_TLS_PEER_UNCHECKED : 0);
  }
}

// ---- Tickets ---------------------------------------------------------------------------------------

TEST("ticket keys are renewed after twelve hours and forgotten after twenty-four") {
  fixture::need_openssl();
  constexpr std::int64_t start = 1000000;
  TicketKeys keys;
  REQUIRE(keys.current(start) != nullptr);
  const TicketKeys::Key first = *keys.current(start);
  const auto find = [&](const TicketKeys::Key& key, std::int64_t at) {
    bool renew = false;
    const TicketKeys::Key* found = keys.find(key.name.data(), at, &renew);
    return found == nullptr ? "gone" : found->cipher != key.cipher ? "wrong" : renew ? "renew" : "good";
  };
  CHECK_EQ(find(first, start), "good");
  CHECK(keys.current(start + TicketKeys::life_s - 1)->name == first.name);
  CHECK_EQ(find(first, start + TicketKeys::life_s - 1), "good");
  const TicketKeys::Key second = *keys.current(start + TicketKeys::life_s);
  CHECK(second.name != first.name && second.cipher != first.cipher && second.mac != first.mac);
  CHECK_EQ(find(first, start + TicketKeys::life_s), "renew");
  CHECK_EQ(find(second, start + TicketKeys::life_s), "good");
  CHECK_EQ(find(first, start + 2 * TicketKeys::life_s - 1), "renew");
  CHECK_EQ(find(first, start + 2 * TicketKeys::life_s), "gone");
  const TicketKeys::Key third = *keys.current(start + 2 * TicketKeys::life_s);
  CHECK_EQ(find(first, start + 2 * TicketKeys::life_s), "gone");
  CHECK_EQ(find(second, start + 2 * TicketKeys::life_s), "renew");
  CHECK_EQ(find(third, start + 2 * TicketKeys::life_s), "good");
  // After a long silence, nothing of before is taken.
  const TicketKeys::Key late = *keys.current(start + 10 * TicketKeys::life_s);
  CHECK_EQ(find(third, start + 10 * TicketKeys::life_s), "gone");
  CHECK_EQ(find(late, start + 10 * TicketKeys::life_s), "good");
}

TEST("a ticket of another server's keys is not taken, nor one that was changed") {
  fixture::need_openssl();
  for (const int version : both_versions) {
    const SslContextPtr context = client_of(of_version(version));
    const Server server;
    const Server stranger;
    const SslSessionPtr session = session_with(stranger, context.get());
    Link link(server, context.get(), {}, session.get());
    REQUIRE(link.run().is_open());
    CHECK(!link.client.resumed());
  }
}

// ---- The log of packets ------------------------------------------------------------------------------

TEST("LogSSLPackets tells the messages of a handshake in order, and nothing without it") {
  fixture::need_openssl();
  const Server server([](ContextOptions& options) { options.log_packets = true; });
  for (const int version : both_versions) {
    const SslContextPtr context = client_of(of_version(version));
    Link link(server, context.get());
    CHECK(link.engine->logs());
    REQUIRE(link.run().is_open());
    std::string all;
    for (const std::string& line : link.engine->take_log()) all += line + "\n";
    CHECK(link.engine->take_log().empty());
    std::size_t at = 0;
    for (const char* part : {"received record: TLSv1, handshake, ", "ClientHello, ", "sent ", " ServerHello, ",
                             "Certificate, ", "received ", "Finished, "}) {
      at = all.find(part, at);
      if (at == std::string::npos) FAIL(std::string("no \"") + part + "\" in " + all);
      REQUIRE(at != std::string::npos);
    }
    link.client.close();
    link.run();
    all.clear();
    for (const std::string& line : link.engine->take_log()) all += line + "\n";
    CHECK(all.find("received alert: close notify") != std::string::npos);
  }
  const Server silent;
  const SslContextPtr context = client_of({});
  Link link(silent, context.get());
  REQUIRE(link.run().is_open());
  CHECK(!link.engine->logs());
  CHECK(link.engine->take_log().empty());
}

// ---- Settings that cannot work -----------------------------------------------------------------------

TEST("each option that cannot work is refused when the context is built, by its name") {
  fixture::need_openssl();
  struct Case {
    const char* words;
    int code;
    std::function<void(ContextOptions&)> change;
  };
  const std::string pem = pem_text(trust().root.certificate.get());
  const std::string torn = pem.substr(0, pem.size() / 2);
  constexpr int invalid = IPDAEMON_ERROR_INVALID_VALUE;
  const Case cases[] = {
      {"SSLEnabledCipherSuites", invalid, [](ContextOptions& o) { o.cipher_suites = "TLS_NO_SUCH_SUITE"; }},
      {"SSLEnabledCipherSuites", invalid, [](ContextOptions& o) { o.cipher_suites = "HIGH"; }},
      {"SSLEnabledCipherSuites", invalid, [](ContextOptions& o) { o.cipher_suites = ""; }},
      {"SSLEnabledProtocols", invalid,
       [](ContextOptions& o) {
         o.protocols = IPDAEMON_SSL_PROTOCOL_TLS1_3;
         o.cipher_suites = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
       }},
      {"OpenSSLCipherList", invalid, [](ContextOptions& o) { o.cipher_list = "nothing-of-that-name"; }},
      {"SSLCipherStrength", invalid, [](ContextOptions& o) { o.cipher_strength = 512; }},
      {"TLS12SupportedGroups", invalid, [](ContextOptions& o) { o.tls12_groups = "no_group"; }},
      {"TLS13SupportedGroups", invalid, [](ContextOptions& o) { o.tls13_groups = "ecdhe_x25519,"; }},
      {"TLS12SignatureAlgorithms", invalid, [](ContextOptions& o) { o.tls12_signatures = "sha256-nothing"; }},
      {"TLS13SignatureAlgorithms", invalid, [](ContextOptions& o) { o.tls13_signatures = "nothing"; }},
      {"SSLCACerts", invalid, [&](ContextOptions& o) { o.chain_certificates = "no certificate"; }},
      {"SSLCACerts", invalid, [&](ContextOptions& o) { o.chain_certificates = pem + torn; }},
      {"SSLServerCACerts", invalid, [&](ContextOptions& o) { o.ca_certificates = torn; }},
      {"OpenSSLCAFile", invalid, [](ContextOptions& o) { o.ca_file = "/nowhere/authorities.pem"; }},
      {"security level", IPDAEMON_ERROR_TLS_CERTIFICATE, {}},
  };
  const Made weak = fixture::make_certificate({{"CN", "weak"}}, fixture::make_weak_key());
  for (const Case& one : cases) {
    ContextOptions options = default_options();
    if (one.change) one.change(options);
    Problem problem;
    const auto context = Context::build(options, identities_of({one.change ? &server_made("P-256") : &weak}),
                                        std::make_shared<TicketKeys>(), &problem);
    CHECK(context == nullptr);
    CHECK_EQ(problem.code, one.code);
    if (one.code == invalid && problem.detail.find(one.words) == std::string::npos) {
      FAIL("no " + std::string(one.words) + " in: " + problem.detail);
    }
    CHECK(!problem.detail.empty());
  }
}

TEST("a bundle that is not there is no error; that, and old versions, are possible with a warning") {
  fixture::need_openssl();
  const Server server([](ContextOptions& options) {
    options.authenticate_clients = true;
    options.ca_bundles = ";/nowhere/one.pem;/nowhere/two.pem";
  });
  CHECK(server.context->warning().find("no certificate authority is known") != std::string::npos);
  const Server old([](ContextOptions& options) { options.protocols |= IPDAEMON_SSL_PROTOCOL_TLS1_1; });
  CHECK(old.context->warning().find("1.1") != std::string::npos);
  const SslContextPtr context = client_of(of_version(TLS1_2_VERSION));
  Link link(old, context.get());
  CHECK(link.run().is_open());
}

// ---- Memory ----------------------------------------------------------------------------------------

TEST("a client that has not finished its ClientHello takes hardly more memory than it has sent") {
  fixture::need_openssl();
  const Server server;
  const SslContextPtr context = client_of(of_version(TLS1_3_VERSION));
  Client client(context.get(), "name");
  client.feed({});
  const std::string hello = client.take();
  for (const std::size_t length : {std::size_t{0}, hello.size() / 2}) {
    constexpr int count = 200;
    Program program;
    std::vector<std::unique_ptr<Engine>> engines(count);
    const std::size_t before = allocated();
    for (std::unique_ptr<Engine>& engine : engines) {
      Problem problem;
      Bytes answer;
      std::string plain(length + Engine::record_max, '\0');
      engine = Engine::create(server.context, program, &problem);
      if (length > 0) engine->receive(BytesView(hello).substr(0, length), plain.data(), plain.size(), answer);
    }
    const std::size_t each = (allocated() - before) / count;
    CHECK(each < length + 1024);
    if (std::getenv("IPDAEMON_TEST_FIGURES") != nullptr) std::printf("%zu bytes sent: %zu kept\n", length, each);
  }
}

TEST("thousands of handshakes with every outcome leave nothing behind") {
  fixture::need_openssl();
  const char* wanted = std::getenv("IPDAEMON_TEST_HANDSHAKES");
  const int count = wanted != nullptr ? std::max(std::atoi(wanted), 100) : 1000;
  const Server server = asking_server();
  std::vector<SslContextPtr> contexts;
  std::vector<Program::Answer> answers;
  std::vector<int> codes;
  for (const int version : both_versions) {
    for (const CertificateCase& one : certificate_cases()) {
      ClientOptions options = of_version(version);
      options.certificate = one.certificate;
      options.issuer = one.issuer;
      contexts.push_back(client_of(options));
      answers.push_back(one.answer);
      codes.push_back(one.code);
    }
  }
  std::vector<SslSessionPtr> sessions(contexts.size());
  const auto meet = [&](int number) {
    const std::size_t which = static_cast<std::size_t>(number) % contexts.size();
    const int round = number / static_cast<int>(contexts.size());
    const bool resumes = round % 3 == 2;
    Link link(server, contexts[which].get(), "name", resumes ? sessions[which].get() : nullptr);
    link.program.answer = answers[which];
    int expected = codes[which];
    if (round % 5 == 1) {
      link.give("no TLS at all");
      expected = IPDAEMON_ERROR_TLS_HANDSHAKE;
    } else if (round % 5 == 3) {
      // Left in the middle.
      link.client.feed({});
      link.give(link.client.take());
      expected = 0;
    } else {
      link.client.write("payload");
      link.run();
      if (link.is_open()) sessions[which] = link.client.ticket();
    }
    return CHECK_EQ(link.code(), expected);
  };
  // The first ones fill what OpenSSL keeps.
  const int warming = 15 * static_cast<int>(contexts.size());
  for (int i = 0; i < warming; ++i) {
    if (!meet(i)) return;
  }
  const std::size_t before = allocated();
  for (int i = 0; i < count; ++i) {
    if (!meet(i)) return;
  }
  const std::size_t after = allocated();
  constexpr std::size_t noise = 64 * 1024;  // Less than seven bytes for each of ten thousand.
  CHECK(after < before + noise);
}

}  // namespace ipdaemon::tls
