// Lists of clients: what their entries match, by a reference that looks at one entry after the other.
#include "server/client_list.hpp"

#include <random>
#include <string>
#include <vector>

#include "check.hpp"
#include "ipdaemon.h"
#include "scratch_file.hpp"

using namespace ipdaemon;

namespace {

struct Network {
  Address address;
  int bits;
};

Address parsed(const std::string& text) {
  Address address;
  REQUIRE(Address::parse(text, &address));
  return address;
}

ClientList list_of(const std::string& text) {
  ClientList list("AllowedClients");
  std::string detail;
  CHECK_EQ(list.parse(text, &detail), 0);
  CHECK_EQ(detail, "");
  return list;
}

Address random_address(std::mt19937_64* random) {
  Address address = Address::any((*random)() % 2 == 0 ? Family::ipv4 : Family::ipv6);
  // Few different beginnings, so that ranges meet, overlap and contain each other.
  const std::size_t length = address.family == Family::ipv4 ? 4 : 16;
  for (std::size_t i = 0; i < length; ++i) address.bytes[i] = static_cast<std::uint8_t>((*random)());
  address.bytes[0] = address.family == Family::ipv4 ? static_cast<std::uint8_t>(10 + (*random)() % 4) : 0x20;
  return address;
}

Address neighbour(Address address, int step) {
  const std::size_t length = address.family == Family::ipv4 ? 4 : 16;
  for (std::size_t i = length; i-- > 0;) {
    address.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] + step);
    if (address.bytes[i] != (step > 0 ? 0 : 0xff)) break;
  }
  return address;
}

}  // namespace

TEST("a list of 100,000 entries in a file matches as its entries do one by one") {
  std::mt19937_64 random(15);
  std::vector<Network> networks;
  std::string content = "# made by a test\n";
  for (int i = 0; i < 100'000; ++i) {
    const Address address = random_address(&random);
    const int width = address.family == Family::ipv4 ? 32 : 128;
    const int bits = random() % 3 == 0 ? width : width - static_cast<int>(random() % 12);
    networks.push_back({address, bits});
    content += address.text() + (bits == width ? "" : "/" + std::to_string(bits)) + (i % 7 == 0 ? "\r\n" : "\n");
  }
  const test::ScratchFile file(content);
  const ClientList list = list_of("192.0.2.1, @" + file.path());
  CHECK(list.has_files());
  const auto matches = [&](const Address& peer) {
    if (peer == parsed("192.0.2.1")) return true;
    for (const Network& network : networks) {
      if (peer.in_range(network.address, network.bits)) return true;
    }
    return false;
  };
  CHECK(list.contains(parsed("192.0.2.1")));
  int hits = 0;
  constexpr int looks = 600;
  for (int i = 0; i < looks; ++i) {
    Address peer = random_address(&random);
    // At the edges of an entry, and anywhere.
    if (i % 2 == 0) peer = networks[static_cast<std::size_t>(random() % networks.size())].address;
    if (i % 3 == 0) peer = neighbour(peer, i % 4 < 2 ? 1 : -1);
    CHECK_EQ(list.contains(peer), matches(peer));
    hits += list.contains(peer) ? 1 : 0;
  }
  CHECK(hits > looks / 10);
  CHECK(hits < looks);
}

TEST("ranges have their first and last address in them, and nothing beside") {
  const ClientList list = list_of("10.0.0.0/31,10.1.2.3/8,fd00::/127,192.168.*");
  for (const char* inside : {"10.0.0.0", "10.255.255.255", "fd00::", "fd00::1", "192.168.0.0", "192.168.255.255"}) {
    CHECK(list.contains(parsed(inside)));
  }
  for (const char* outside : {"9.255.255.255", "11.0.0.0", "fd00::2", "fcff::1", "192.167.255.255", "192.169.0.0"}) {
    CHECK(!list.contains(parsed(outside)));
  }
  CHECK(list_of("0.0.0.0/0").contains(parsed("255.255.255.255")));
  CHECK(!list_of("0.0.0.0/0").contains(parsed("::1")));
  CHECK(list_of("::/0").contains(parsed("ffff::1")));
  CHECK(!list_of("::/0").contains(parsed("1.2.3.4")));
  CHECK(list_of("::ffff:10.0.0.0/104").contains(parsed("10.1.2.3")));
  CHECK(!list_of("").contains(parsed("10.1.2.3")));
}

TEST("an entry with an interface matches peers of that interface") {
  Address peer = parsed("fe80::1");
  peer.scope = 7;
  CHECK(list_of("fe80::/10").contains(peer));
  CHECK(list_of("fe80::%7/10").contains(peer));
  CHECK(!list_of("fe80::%8/10").contains(peer));
  CHECK(!list_of("fe80::%7/10").contains(parsed("fe80::1")));
}

TEST("a file may have comments, blanks, a mark of UTF-8, any ends of lines, and nothing else") {
  const test::ScratchFile file("\xef\xbb\xbf# head\r\n\n 10.0.0.1 # one\n\t10.0.0.2\r\n#10.0.0.3\n10.0.0.4");
  const ClientList list = list_of("@" + file.path());
  for (const char* inside : {"10.0.0.1", "10.0.0.2", "10.0.0.4"}) CHECK(list.contains(parsed(inside)));
  CHECK(!list.contains(parsed("10.0.0.3")));
  const test::ScratchFile empty("");
  CHECK(!list_of("@" + empty.path()).contains(parsed("10.0.0.1")));
}

TEST("what cannot be read or understood in a file leaves the list as it was, and says where") {
  ClientList list = list_of("10.0.0.1");
  std::string detail;
  const test::ScratchFile file("10.0.0.2\n\n10.0.0.300\n");
  CHECK_EQ(list.parse("@" + file.path(), &detail), IPDAEMON_ERROR_INVALID_VALUE);
  CHECK(detail.find("line 3") != std::string::npos);
  CHECK(detail.find("'10.0.0.300'") != std::string::npos);
  const test::ScratchFile nested("@" + file.path());
  CHECK_EQ(list.parse("@" + nested.path(), &detail), IPDAEMON_ERROR_INVALID_VALUE);
  CHECK_EQ(list.parse("10.0.0.2,@" + file.path() + ".none", &detail), IPDAEMON_ERROR_FILE_UNUSABLE);
  CHECK_EQ(list.parse("@", &detail), IPDAEMON_ERROR_INVALID_VALUE);
  const test::ScratchFile longer(std::string(16 * 1024 * 1024 + 1, '\n'));
  CHECK_EQ(list.parse("@" + longer.path(), &detail), IPDAEMON_ERROR_FILE_UNUSABLE);
  CHECK(detail.find("16 MiB") != std::string::npos);
  CHECK(list.contains(parsed("10.0.0.1")));
  CHECK(!list.contains(parsed("10.0.0.2")));
}
