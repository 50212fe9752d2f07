// Address literals against those of the system, and names of interfaces.
#include <arpa/inet.h>
#include <net/if.h>

#include <cstring>
#include <iterator>
#include <random>
#include <string>

#include "check.hpp"
#include "net/address.hpp"

using namespace ipdaemon;

namespace {

Address parsed(std::string_view text) {
  Address address;
  REQUIRE(Address::parse(text, &address));
  return address;
}

// What random text is made from.
constexpr const char* seeds[] = {
    "0.0.0.0",
    "127.0.0.1",
    "255.255.255.255",
    "10.200.30.4",
    "::",
    "::1",
    "1::",
    "2001:db8::1",
    "1:2:3:4:5:6:7::",
    "::2:3:4:5:6:7:8",
    "1:0:0:4:0:0:0:8",
    "1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:1.2.3.4",
    "::fffe:1.2.3.4",
    "::ffff:1.2.3.4",
    "::FFFF:0102:0304",
    "64:ff9b::192.0.2.33",
    "fe80::1",
};

}  // namespace

TEST("random text is accepted exactly when the system's parser accepts it") {
  std::mt19937 random(20260607);
  constexpr std::string_view alphabet = "0123456789abcdefF::::....";
  int accepted = 0;
  for (int i = 0; i < 300'000; ++i) {
    std::string text = seeds[random() % std::size(seeds)];
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
