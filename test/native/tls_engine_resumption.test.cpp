// Sessions that are resumed by the TLS engine, or not, and the keys of tickets.
#include "tls_link.hpp"

namespace ipdaemon::tls::engine_test {

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
  const Server off([](Policy& options) { options.reuse_sessions = false; });
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

TEST(
    "keys that are given are shared by servers: the first encrypts, all decrypt, and others than the first are "
    "renewed") {
  fixture::need_openssl();
  const auto key = [](unsigned char value, std::size_t length) {
    TicketKeys::Key made;
    made.name.fill(value);
    made.cipher.fill(value);
    made.mac.fill(value);
    made.length = length;
    return made;
  };
  const auto give = [](const Server& server, std::initializer_list<TicketKeys::Key> keys) {
    TicketKeys::List list;
    for (const TicketKeys::Key& one : keys) list.add(one);
    server.tickets->give(std::move(list));
  };
  for (const std::size_t length : {16, 32}) {
    for (const int version : both_versions) {
      const SslContextPtr context = client_of(of_version(version));
      const Server one;
      const Server other;
      give(one, {key(1, length)});
      give(other, {key(2, length), key(1, length)});
      const SslSessionPtr session = session_with(one, context.get());
      Link link(other, context.get(), {}, session.get());
      REQUIRE(link.run().is_open());
      CHECK(link.client.resumed());
      const SslSessionPtr renewed = link.client.ticket();
      give(other, {key(2, length)});
      for (const auto& [ticket, good] : {std::pair(renewed.get(), true), std::pair(session.get(), false)}) {
        Link again(other, context.get(), {}, ticket);
        REQUIRE(again.run().is_open());
        CHECK_EQ(again.client.resumed(), good);
      }
      // Without given keys, its own, which nobody else has.
      give(one, {});
      const SslSessionPtr own = session_with(one, context.get());
      Link mine(one, context.get(), {}, own.get());
      REQUIRE(mine.run().is_open());
      CHECK(mine.client.resumed());
      Link strange(other, context.get(), {}, own.get());
      REQUIRE(strange.run().is_open());
      CHECK(!strange.client.resumed());
    }
  }
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

}  // namespace ipdaemon::tls::engine_test
