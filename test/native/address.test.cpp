// Address literals, ranges and text.
#include "net/address.hpp"

#include <iterator>
#include <string>
#include <vector>

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

TEST("a range with an interface holds no address of another one, and one without holds those of all") {
  const Address peer = parsed("fe80::1%7");
  for (const int bits : {0, 10, 128}) {
    CHECK(peer.in_range(parsed("fe80::1"), bits));
    CHECK(peer.in_range(parsed("fe80::1%7"), bits));
    CHECK(!peer.in_range(parsed("fe80::1%8"), bits));
    CHECK(!parsed("fe80::1").in_range(parsed("fe80::1%7"), bits));
  }
  CHECK(!(parsed("fe80::1%7") == parsed("fe80::1%8")));
}

TEST("only a link-local address can lack its interface") {
  CHECK(parsed("fe80::1").lacks_interface());
  CHECK(!parsed("fe80::1%7").lacks_interface());
  CHECK(!parsed("::1").lacks_interface());
  CHECK(!parsed("2001:db8::1").lacks_interface());
  CHECK(!parsed("127.0.0.1").lacks_interface());
}

TEST("what is wrong with the interface of a literal is told, and nothing else") {
  CHECK_EQ(Address::interface_fault("fe80::1%no-such-interface-here"),
           std::string("there is no interface 'no-such-interface-here'"));
  CHECK_EQ(Address::interface_fault("fe80::1%"), std::string("there is no interface ''"));
  CHECK_EQ(Address::interface_fault("2001:db8::1%1"),
           std::string("only link-local addresses (fe80::/10) can have an interface"));
  for (const char* text : {"fe80::1%1", "fe80::1", "localhost", "100%", "", "1.2.3.4%lo"}) {
    CHECK_EQ(Address::interface_fault(text), std::string());
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
