// Client certificates and what the TLS engine asks the program about them.
#include "tls_link.hpp"

namespace ipdaemon::tls::engine_test {

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

TEST("security flags overlook what they name and nothing else") {
  fixture::need_openssl();
  const auto code = [](std::int64_t flags, const Made& certificate, const Made* issuer) {
    Server server([&](Policy& options) {
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
    Server server([&](Policy& options) {
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

}  // namespace ipdaemon::tls::engine_test
