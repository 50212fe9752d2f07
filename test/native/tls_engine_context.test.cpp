// The TLS engine as its settings want it: the log of packets, what cannot work, and memory.
#include <cstdio>
#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "tls_link.hpp"

namespace ipdaemon::tls::engine_test {

namespace {

// Bytes that the process has allocated; 0 where the system does not tell.
std::size_t allocated() {
#if defined(__GLIBC__) && __GLIBC__ == 2 && __GLIBC_MINOR__ >= 33
  return mallinfo2().uordblks;
#else
  return 0;
#endif
}

}  // namespace

TEST("LogSSLPackets tells the messages of a handshake in order, and nothing without it") {
  fixture::need_openssl();
  const Server server([](Policy& options) { options.log_packets = true; });
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

TEST("each option that cannot work is refused when the context is built, by its name") {
  fixture::need_openssl();
  struct Case {
    const char* words;
    int code;
    std::function<void(Policy&)> change;
  };
  const std::string pem = pem_text(trust().root.certificate.get());
  const std::string torn = pem.substr(0, pem.size() / 2);
  constexpr int invalid = IPDAEMON_ERROR_INVALID_VALUE;
  const Case cases[] = {
      {"SSLEnabledCipherSuites", invalid, [](Policy& o) { o.cipher_suites = "TLS_NO_SUCH_SUITE"; }},
      {"SSLEnabledCipherSuites", invalid, [](Policy& o) { o.cipher_suites = "HIGH"; }},
      {"SSLEnabledCipherSuites", invalid, [](Policy& o) { o.cipher_suites = ""; }},
      {"SSLEnabledProtocols", invalid,
       [](Policy& o) {
         o.protocols = IPDAEMON_SSL_PROTOCOL_TLS1_3;
         o.cipher_suites = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
       }},
      {"OpenSSLCipherList", invalid, [](Policy& o) { o.cipher_list = "nothing-of-that-name"; }},
      {"SSLCipherStrength", invalid, [](Policy& o) { o.cipher_strength = 512; }},
      {"TLS12SupportedGroups", invalid, [](Policy& o) { o.tls12_groups = "no_group"; }},
      {"TLS13SupportedGroups", invalid, [](Policy& o) { o.tls13_groups = "ecdhe_x25519,"; }},
      {"TLS12SignatureAlgorithms", invalid, [](Policy& o) { o.tls12_signatures = "sha256-nothing"; }},
      {"TLS13SignatureAlgorithms", invalid, [](Policy& o) { o.tls13_signatures = "nothing"; }},
      {"SSLCACerts", invalid, [&](Policy& o) { o.chain_certificates = "no certificate"; }},
      {"SSLCACerts", invalid, [&](Policy& o) { o.chain_certificates = pem + torn; }},
      {"SSLServerCACerts", invalid, [&](Policy& o) { o.ca_certificates = torn; }},
      {"OpenSSLCAFile", invalid, [](Policy& o) { o.ca_file = "/nowhere/authorities.pem"; }},
      {"security level", IPDAEMON_ERROR_TLS_CERTIFICATE, {}},
  };
  const Made weak = fixture::make_certificate({{"CN", "weak"}}, fixture::make_weak_key());
  for (const Case& one : cases) {
    Policy options = default_options();
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
  const Server server([](Policy& options) {
    options.authenticate_clients = true;
    options.ca_bundles = ";/nowhere/one.pem;/nowhere/two.pem";
  });
  CHECK(server.context->warning().find("no certificate authority is known") != std::string::npos);
  const Server old([](Policy& options) { options.protocols |= IPDAEMON_SSL_PROTOCOL_TLS1_1; });
  CHECK(old.context->warning().find("1.1") != std::string::npos);
  const SslContextPtr context = client_of(of_version(TLS1_2_VERSION));
  Link link(old, context.get());
  CHECK(link.run().is_open());
}

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

}  // namespace ipdaemon::tls::engine_test
