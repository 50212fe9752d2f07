// IPv4 and IPv6 addresses as values: text to address and back, ranges, comparison. The system is
// asked for nothing but the names of interfaces in link-local addresses.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace ipdaemon {

enum class Family : std::uint8_t { none = 0, ipv4 = 4, ipv6 = 6 };

// An IPv4 address fills the first four bytes. A peer that comes as ::ffff:a.b.c.d is an IPv4 address.
struct Address {
  Family family = Family::none;
  std::array<std::uint8_t, 16> bytes{};
  std::uint32_t scope = 0;  // The interface of a link-local IPv6 address, else 0.

  static Address any(Family family);
  // False unless `text` is an address literal: no names, no port, no brackets.
  static bool parse(std::string_view text, Address* out);
  // The same address as IPv4 if it is an IPv4 address written as ::ffff:a.b.c.d; parse does it already.
  Address unmapped() const;
  std::string text() const;
  bool is_any() const;
  // Whether the first `bits` bits are those of `network`, and the interface is the network's if that has one. False for
  // another family, and for a number of bits that the family does not have.
  bool in_range(const Address& network, int bits) const;
  // A link-local address without an interface, which the system cannot place.
  bool lacks_interface() const;
  // Why parse refuses what would be a literal without its "%interface"; empty for everything else.
  static std::string interface_fault(std::string_view text);
  bool operator==(const Address& other) const {
    return family == other.family && bytes == other.bytes && scope == other.scope;
  }
};

struct Endpoint {
  Address address;
  std::uint16_t port = 0;
  std::string text() const;  // 127.0.0.1:80 or [::1]:80, for messages.
};

}  // namespace ipdaemon
