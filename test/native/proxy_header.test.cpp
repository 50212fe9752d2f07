// The parser of PROXY headers: headers of real programs, whole and in parts, headers that cannot be used, and random
// ones.
#include "server/proxy_header.hpp"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "check.hpp"
#include "known_proxy_headers.hpp"

using namespace ipdaemon;

namespace {

using State = ProxyParse::State;
using test::known_proxy_headers;
using test::KnownProxyHeader;

const std::string& bytes_of(const std::string& name) {
  for (const KnownProxyHeader& known : known_proxy_headers()) {
    if (known.name == name) return known.bytes;
  }
  FAIL("there is no header " + name);
  throw test::Ended();
}

// In memory of exactly this size, so that a read past the end is seen by the address sanitizer.
ProxyParse parse(std::string_view bytes, ProxyHeader* header) {
  const auto exact = std::make_unique<char[]>(bytes.size());
  copy_bytes(exact.get(), bytes);
  return parse_proxy_header({exact.get(), bytes.size()}, header);
}

ProxyParse parse(std::string_view bytes) {
  ProxyHeader header;
  return parse(bytes, &header);
}

// What must hold for every input, cut anywhere: the first verdict stays, and no earlier part has another.
void check_all_cuts(std::string_view bytes) {
  State before = State::needs_more;
  std::size_t length = 0;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const ProxyParse result = parse(bytes.substr(0, cut));
    if (before != State::needs_more) {
      CHECK(result.state == before);
      if (before == State::complete) CHECK_EQ(result.length, length);
    } else if (result.state == State::complete) {
      CHECK_EQ(result.length, cut);
      length = cut;
    }
    CHECK(cut < proxy_header_max || result.state != State::needs_more);
    before = result.state;
  }
}

}  // namespace

TEST("a PROXY header of a real program reads as it was sent, whatever follows it") {
  for (const KnownProxyHeader& known : known_proxy_headers()) {
    if (known.refused_at != 0) continue;
    for (const std::string behind : {"", "\r\n", "GET / HTTP/1.1\r\n\r\n"}) {
      ProxyHeader header;
      const ProxyParse result = parse(known.bytes + behind, &header);
      if (result.state != State::complete) FAIL(std::string(known.name) + ": " + result.reason);
      CHECK_EQ(result.length, known.bytes.size());
      CHECK_EQ(header.text, known.text);
      CHECK_EQ(header.version, known.name[1] - '0');
    }
  }
}

TEST("a PROXY header that cannot be used is refused by the byte that proves it, and not before") {
  for (const KnownProxyHeader& known : known_proxy_headers()) {
    for (std::size_t cut = 0; cut < known.bytes.size(); ++cut) {
      const bool refused = known.refused_at != 0 && cut >= known.refused_at;
      const State wanted = refused ? State::refused : State::needs_more;
      if (parse(known.bytes.substr(0, cut)).state != wanted) {
        FAIL(std::string(known.name) + " at byte " + std::to_string(cut));
      }
    }
    CHECK(parse(known.bytes).state == (known.refused_at != 0 ? State::refused : State::complete));
  }
}

TEST("the end points of a PROXY header are those announced, and an IPv4 address stays one in whatever form") {
  ProxyHeader header;
  parse(bytes_of("v2-tcp6-haproxy"), &header);
  CHECK(header.kind == ProxyHeader::Kind::announced);
  CHECK_EQ(header.source.text(), "[2001:db8:ffff::7]:56327");
  CHECK_EQ(header.destination.text(), "[2001:db8::10]:21004");
  header = {};
  parse(bytes_of("v1-mapped-made"), &header);
  CHECK_EQ(header.source.text(), "198.51.100.7:56324");
  for (const char* name : {"v2-local-check-haproxy", "v2-local-nlb"}) {
    header = {};
    parse(bytes_of(name), &header);
    CHECK(header.kind == ProxyHeader::Kind::local);
    CHECK(header.source.address.family == Family::none);
  }
  for (const char* name : {"v1-unknown-long-made", "v2-udp4-made", "v2-unix-made", "v2-unspec-proxy-made"}) {
    header = {};
    parse(bytes_of(name), &header);
    CHECK(header.kind == ProxyHeader::Kind::unknown);
    CHECK(header.source.address.family == Family::none);
  }
}

TEST("the values behind the addresses read in their order, those of the SSL block one by one") {
  ProxyHeader header;
  parse(bytes_of("v2-ssl-haproxy"), &header);
  CHECK_EQ(proxy_tlvs_text(header.tlvs), "01=6970642f31 20=0100000000 20.21=544c5376312e33");
  header = {};
  parse(bytes_of("v2-tcp4-haproxy"), &header);
  CHECK_EQ(proxy_tlvs_text(header.tlvs), "");
  // One whose content fills it not exactly stays in one piece.
  CHECK_EQ(proxy_tlvs_text(BytesView("\x20\x00\x07\x01\0\0\0\0\x21\x00", 10)), "20=01000000002100");
  CHECK_EQ(proxy_tlvs_text(BytesView("\x20\x00\x02\x01\0\x04\x00\x00", 8)), "20=0100 04=");
}

TEST("what is no PROXY header at all is known as such by its first bytes") {
  for (const std::string bytes : {"GET / HTTP/1.1\r\n", "\x16\x03\x01\x02", "PRI * HTTP/2.0", "\r\nhello", "A"}) {
    const ProxyParse result = parse(bytes);
    CHECK(result.state == State::refused);
    CHECK(result.is_other_protocol);
  }
  CHECK(!parse("PROXY TCP5").is_other_protocol);
}

TEST("a line of version 1 keeps to the letter of its grammar") {
  for (const char* line :
       {"PROXY TCP4 1.2.3.4 5.6.7.8 0 65535\r\n", "PROXY TCP6 :: ::1 1 2\r\n", "PROXY UNKNOWN\r\n",
        "PROXY UNKNOWN \r\n", "PROXY UNKNOWN ffff::1 x y z\r\n", "PROXY TCP6 FFFF:0:0:0:0:0:0:1 2::1 1 2\r\n"}) {
    if (parse(line).state != State::complete) FAIL(line);
  }
  for (const char* line :
       {"PROXY TCP4 1.2.3 5.6.7.8 0 1\r\n", "PROXY TCP4 1.2.3.4.5 5.6.7.8 0 1\r\n",
        "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP6 fe80::1%lo ::1 1 2\r\n", "PROXY TCP6 1::2::3 ::1 1 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 \r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rx", "PROXY TCP4 1.2.3.4 5.6.7.8  2\r\n",
        "PROXY UNKNOWNX\r\n", "PROXY UNKNOWN\rx", "PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n",
        "PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP6 12345::1 ::1 1 2\r\n",
        "proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n"}) {
    if (parse(line).state != State::refused) FAIL(line);
  }
}

TEST("one byte too few for an address, or one too many for the header, is refused") {
  const std::string whole = bytes_of("v2-tcp4-haproxy");
  for (std::size_t length = 0; length <= 0xffff; length += length < 64 || length > 4070 ? 1 : 61) {
    std::string bytes = whole.substr(0, 16);
    bytes[14] = static_cast<char>(length >> 8);
    bytes[15] = static_cast<char>(length & 0xff);
    const bool fits = length == 12 || (length >= 15 && length <= 4080);  // A TLV takes 3 bytes at least.
    CHECK(parse(bytes).state == (fits ? State::needs_more : State::refused));
  }
}

// The fuzz target: a fixed number of inputs, each made from a header of a real program by a few changes, or by chance
// alone. It proves that nothing is read past the end (by the sanitizers), and that the verdict does not depend on how
// the bytes come.
TEST("a million random PROXY headers neither crash the parser nor get another verdict in parts") {
  std::mt19937 random(20261128);
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random()) % limit; };
  const std::vector<KnownProxyHeader>& known = known_proxy_headers();
  const std::string alphabet("PROXYTCP46UNKNW .:0123456789abcdef\r\n\0\x21\x11\x20\x03", 39);
  int complete = 0;
  int refused = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    std::string bytes = known[below(known.size())].bytes;
    const std::size_t kind = below(8);
    if (kind == 0) bytes.assign(below(64), '\0');
    for (std::size_t change = kind == 0 ? bytes.size() : below(4); change > 0 && !bytes.empty(); --change) {
      const std::size_t at = kind == 0 ? change - 1 : below(bytes.size());
      switch (kind == 0 ? 0 : below(4)) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes[at] = alphabet[below(alphabet.size())];
          break;
        case 2:
          bytes.erase(at, 1 + below(3));
          break;
        default:
          bytes.insert(at, 1, alphabet[below(alphabet.size())]);
      }
    }
    if (i % 32 == 0) check_all_cuts(bytes);
    ProxyHeader header;
    const ProxyParse result = parse(bytes, &header);
    if (result.state == State::complete) {
      ++complete;
      proxy_tlvs_text(header.tlvs);
      if (result.length > bytes.size()) FAIL("a header is longer than what has come");
    } else if (result.state == State::refused) {
      ++refused;
    }
  }
  CHECK(complete > 100'000);
  CHECK(refused > 100'000);
}
