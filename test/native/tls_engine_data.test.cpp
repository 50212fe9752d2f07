// The TLS engine in use: data in both directions, endings, and what is damaged, sent too early or sent for ever.
#include "tls_link.hpp"

namespace ipdaemon::tls::engine_test {

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

}  // namespace ipdaemon::tls::engine_test
