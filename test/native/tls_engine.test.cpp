// The TLS engine against a client in memory: handshakes of all kinds, cut anywhere, and what the program chooses in
// them.
#include "tls_link.hpp"

namespace ipdaemon::tls::engine_test {

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
  Server server([](Policy& options) { options.tls13_groups = "ecdhe_secp256r1"; });
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
  const Server only_12([](Policy& options) { options.protocols = IPDAEMON_SSL_PROTOCOL_TLS1_2; });
  const Server only_13([](Policy& options) { options.protocols = IPDAEMON_SSL_PROTOCOL_TLS1_3; });
  const Server strong([](Policy& options) { options.cipher_strength = 256; });
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

}  // namespace ipdaemon::tls::engine_test
