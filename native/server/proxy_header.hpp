// The PROXY header, versions 1 and 2, with which a balancer tells whose connection it hands on. Knows bytes only:
// whoever reads them keeps what is incomplete and asks again when more has come.
//
// Every byte is judged as it comes, so that a peer that sends something else is refused by its first wrong byte and not
// by a time-out. Both versions have an upper bound here.
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.hpp"
#include "net/address.hpp"

namespace ipdaemon {

struct ProxyHeader {
  enum class Kind : std::uint8_t {
    local,     // The proxy's own connection, such as a health check.
    unknown,   // Somebody's, but the header does not say whose in terms of TCP.
    announced  // `source` and `destination` are the client's end points.
  };

  Kind kind = Kind::unknown;
  int version = 1;
  Endpoint source;
  Endpoint destination;
  std::string text;  // As the setting ProxyHeader has it: v2 PROXY TCP4 198.51.100.7 192.0.2.10 56324 443
  Bytes tlvs;        // What version 2 has behind the addresses.
};

struct ProxyParse {
  enum class State : std::uint8_t { needs_more, complete, refused };

  State state = State::needs_more;
  std::size_t length = 0;          // Of the complete header; what follows belongs to the connection.
  const char* reason = "";         // Why it is refused.
  bool is_other_protocol = false;  // It does not even begin like a header.
};

// More than this never belongs to a header.
constexpr std::size_t proxy_header_max = 16 + 4080;

// Looks at all that has come since the connection began. `header` is complete if the result is.
ProxyParse parse_proxy_header(BytesView bytes, ProxyHeader* header);

// As the setting ProxyTLVs has them: TT=HEX, those inside of an SSL block as 20.TT=HEX behind its five bytes.
std::string proxy_tlvs_text(BytesView tlvs);

}  // namespace ipdaemon
