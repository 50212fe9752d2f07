// Address literals, ranges and text.
#include "net/address.hpp"

#include <arpa/inet.h>
#include <net/if.h>

#include <cstring>
#include <random>

#include "check.hpp"
#include "net/socket.hpp"

using namespace ipdaemon;

namespace {

Address parsed(std::string_view text) {
  Address address;
  REQUIRE(Address::parse(text, &address));
  return address;
}

struct Literal {
  const char* text;
  Family family;
  const char* canonical;
};

constexpr Literal good[] = {
    {"0.0.0.0", Family::ipv4, "0.0.0.0"},
    {"127.0.0.1", Family::ipv4, "127.0.0.1"},
    {"255.255.255.255", Family::ipv4, "255.255.255.255"},
    {"10.200.30.4", Family::ipv4, "10.200.30.4"},
    {"::", Family::ipv6, "::"},
    {"::1", Family::ipv6, "::1"},
    {"1::", Family::ipv6, "1::"},
    {"1::8", Family::ipv6, "1::8"},
    {"2001:db8::1", Family::ipv6, "2001:db8::1"},
    {"2001:DB8:0:0:0:0:0:1", Family::ipv6, "2001:db8::1"},
    {"2001:0db8:0000:0000:0000:0000:0000:0001", Family::ipv6, "2001:db8::1"},
    {"1:2:3:4:5:6:7:8", Family::ipv6, "1:2:3:4:5:6:7:8"},
    {"1:2:3:4:5:6:7::", Family::ipv6, "1:2:3:4:5:6:7:0"},
    {"::2:3:4:5:6:7:8", Family::ipv6, "0:2:3:4:5:6:7:8"},
    {"1:0:0:4:0:0:0:8", Family::ipv6, "1:0:0:4::8"},
    {"1:0:0:4:5:0:0:8", Family::ipv6, "1::4:5:0:0:8"},
    {"1:2:3:4:5:6:1.2.3.4", Family::ipv6, "1:2:3:4:5:6:102:304"},
    {"64:ff9b::192.0.2.33", Family::ipv6, "64:ff9b::c000:221"},
    {"::fffe:1.2.3.4", Family::ipv6, "::fffe:102:304"},
    {"::ffff:1.2.3.4", Family::ipv4, "1.2.3.4"},
    {"::FFFF:0102:0304", Family::ipv4, "1.2.3.4"},
    {"0:0:0:0:0:ffff:127.0.0.1", Family::ipv4, "127.0.0.1"},
    {"fe80::1", Family::ipv6, "fe80::1"},
    {"fe80::1%4294967295", Family::ipv6, "fe80::1%4294967295"},
};

constexpr const char* bad[] = {
    "",
    " ",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
    "1.2.3.256",
    "1.2.3.999",
    "1.2.3.4 ",
    " 1.2.3.4",
    "01.2.3.4",
    "1.2.3.04",
    "0x1.2.3.4",
    "1.2.3.-4",
    "1.2.3.+4",
    "1.2.3.4:80",
    "1.2.3.4/8",
    "1.2.3.4%lo",
    "localhost",
    "1.2.3.4294967297",
    "*",
    "192.168.1.*",
    ":",
    ":::",
    "1:",
    ":1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1:2:3:4::5:6:7:8",
    "12345::",
    "g::",
    "::g",
    "[::1]",
    "::1 ",
    " ::1",
    "-1::",
    "+1::",
    "0x1::",
    "::1/64",
    "::%lo",
    "::1%lo",
    "2001:db8::1%1",
    "fe80::1%",
    "fe80::1%0",
    "fe80::1%01",
    "fe80::1%no-such-interface-here",
    "fe80::1%%",
    "fe80::1%4294967296",
    "::1.2.3",
    "::1.2.3.4.5",
    "::1.2.3.256",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "1:2:3:4:5:6:7:1.2.3.4",
    "1:2:3:4:5:1.2.3.4",
    "::ffff:1.2.3.4%1",
    "1:::8",
    "::1::",
    ":1::",
};

std::string flipped_text(Address address, int bit) {
  address.bytes[static_cast<std::size_t>(bit / 8)] ^= static_cast<std::uint8_t>(0x80 >> (bit % 8));
  return address.text();
}

}  // namespace

TEST("a literal becomes an address, and the address the shortest literal") {
  for (const Literal& literal : good) {
    Address address;
    if (!Address::parse(literal.text, &address)) {
      FAIL("refused: " + test::shown(literal.text));
      continue;
    }
    CHECK_EQ(address.family, literal.family);
    CHECK_EQ(address.text(), std::string(literal.canonical));
    CHECK(parsed(address.text()) == address);
  }
}

TEST("what is not exactly a literal is refused and leaves the output alone") {
  for (const char* text : bad) {
    Address address = parsed("9.8.7.6");
    if (Address::parse(text, &address)) FAIL("accepted: " + test::shown(text));
    CHECK_EQ(address.text(), std::string("9.8.7.6"));
  }
  Address address;
  CHECK(!Address::parse(std::string_view("1.2.3.4\0", 8), &address));
  CHECK(!Address::parse(std::string_view("::1\0", 4), &address));
}

TEST("random text is accepted exactly when the system's parser accepts it") {
  std::mt19937 random(20260607);
  constexpr std::string_view alphabet = "0123456789abcdefF::::....";
  int accepted = 0;
  for (int i = 0; i < 300'000; ++i) {
    std::string text = good[random() % std::size(good)].text;
    if (text.find('%') != std::string::npos) continue;
    for (unsigned edits = random() % 4; edits > 0; --edits) {
      const std::size_t at = random() % (text.size() + 1);
      const char character = alphabet[random() % alphabet.size()];
      if (random() % 3 == 0) {
        text.insert(at, 1, character);
      } else if (at < text.size() && random() % 2 == 0) {
        text.erase(at, 1);
      } else if (at < text.size()) {
        text[at] = character;
      }
    }
    unsigned char expected[16] = {};
    const bool is_ipv4 = inet_pton(AF_INET, text.c_str(), expected) == 1;
    const bool is_ipv6 = !is_ipv4 && inet_pton(AF_INET6, text.c_str(), expected) == 1;
    Address address;
    const bool ours = Address::parse(text, &address);
    if (ours != (is_ipv4 || is_ipv6)) FAIL((ours ? "accepted: " : "refused: ") + text);
    if (!ours) continue;
    ++accepted;
    const unsigned char* wanted = is_ipv6 && address.family == Family::ipv4 ? expected + 12 : expected;
    if (std::memcmp(address.bytes.data(), wanted, address.family == Family::ipv4 ? 4 : 16) != 0) {
      FAIL("read differently: " + text);
    }
  }
  CHECK(accepted > 10'000);
}

TEST("the text of any address is the one the system writes, and reads back") {
  std::mt19937 random(42);
  for (int i = 0; i < 100'000; ++i) {
    Address address = Address::any(i % 4 == 0 ? Family::ipv4 : Family::ipv6);
    const std::size_t length = address.family == Family::ipv4 ? 4 : 16;
    for (std::size_t at = 0; at < length; at += 2) {
      if (random() % 2 == 0) continue;
      address.bytes[at] = static_cast<std::uint8_t>(random() % 3 == 0 ? 0 : random());
      address.bytes[at + 1] = static_cast<std::uint8_t>(random());
    }
    // The system shows ::a.b.c.d with dots, a form that RFC 5952 leaves to prefixes that are known to hold IPv4.
    if (address.family == Family::ipv6 && std::memcmp(address.bytes.data(), Address().bytes.data(), 10) == 0) continue;
    char expected[INET6_ADDRSTRLEN] = "";
    inet_ntop(address.family == Family::ipv4 ? AF_INET : AF_INET6, address.bytes.data(), expected, sizeof expected);
    if (!CHECK_EQ(address.text(), std::string(expected)) || !CHECK(parsed(address.text()) == address)) break;
  }
}

TEST("a range ends exactly at its last bit") {
  for (const char* text : {"198.51.100.77", "2001:db8:a5a5:5a5a:f00f:1:2:3"}) {
    const Address network = parsed(text);
    const int width = network.family == Family::ipv4 ? 32 : 128;
    for (int bits = 0; bits <= width; ++bits) {
      CHECK(network.in_range(network, bits));
      for (int bit = 0; bit < width; ++bit) {
        const Address other = parsed(flipped_text(network, bit));
        if (other.in_range(network, bits) != (bit >= bits)) {
          FAIL(other.text() + " and " + network.text() + "/" + std::to_string(bits));
        }
      }
    }
    CHECK(!network.in_range(network, -1));
    CHECK(!network.in_range(network, width + 1));
  }
}

TEST("a range holds no address of the other family") {
  CHECK(!parsed("::1").in_range(parsed("0.0.0.0"), 0));
  CHECK(!parsed("127.0.0.1").in_range(parsed("::"), 0));
  CHECK(!Address().in_range(Address(), 0));
  CHECK(parsed("::ffff:10.1.2.3").in_range(parsed("10.0.0.0"), 8));
}

TEST("only the address without a set bit is any") {
  CHECK(parsed("0.0.0.0").is_any());
  CHECK(parsed("::").is_any());
  CHECK(Address::any(Family::ipv4).is_any());
  CHECK(!Address().is_any());
  CHECK(!parsed("0.0.0.1").is_any());
  CHECK(!parsed("::1").is_any());
}

TEST("a link-local address keeps its interface, by name or number") {
  char name[IF_NAMESIZE] = "";
  if (if_indextoname(1, name) == nullptr) SKIP("there is no interface 1");
  const Address by_name = parsed(std::string("fe80::2%") + name);
  const Address by_number = parsed("fe80::2%1");
  CHECK_EQ(by_name.scope, 1U);
  CHECK_EQ(by_number.scope, 1U);
  CHECK_EQ(by_number.text(), std::string("fe80::2%") + name);
  CHECK_EQ(parsed("ff02::1%1").scope, 1U);
  CHECK_EQ(parsed("fe80::2").scope, 0U);
}

TEST("an endpoint is shown with its port") {
  Endpoint endpoint{parsed("127.0.0.1"), 80};
  CHECK_EQ(endpoint.text(), std::string("127.0.0.1:80"));
  endpoint.address = parsed("::1");
  CHECK_EQ(endpoint.text(), std::string("[::1]:80"));
}

TEST("names resolve to addresses, and failures have codes of their own") {
  std::vector<Address> addresses;
  REQUIRE_EQ(resolve("localhost", &addresses), 0);
  REQUIRE(!addresses.empty());
  for (const Address& address : addresses) CHECK(address == parsed("127.0.0.1") || address == parsed("::1"));
  REQUIRE_EQ(resolve("192.0.2.7", &addresses), 0);
  REQUIRE_EQ(addresses.size(), 1);
  CHECK_EQ(addresses[0].text(), std::string("192.0.2.7"));
  CHECK_EQ(resolve("", &addresses), 11001);
  CHECK_EQ(resolve(std::string("localhost\0x", 11), &addresses), 11001);
  // Reserved never to exist; without a name server the answer is "not now".
  const int missing = resolve("no-such-host.invalid", &addresses);
  CHECK(missing == 11001 || missing == 11002);
}
