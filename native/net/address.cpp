// Address literals, strictly: what inet_aton and browsers forgive (octal parts, fewer than four parts,
// leading zeros) is refused, because an address list that reads "010.0.0.1" is a mistake either way.
// Text follows RFC 5952.
#include "net/address.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

// Only the name of an interface has to be asked of the system; where the system numbers its
// interfaces in addresses, nothing is missing without it.
#if __has_include(<net/if.h>)
#include <net/if.h>
#define IPD_INTERFACE_NAMES 1
#else
#define IPD_INTERFACE_NAMES 0
#endif

namespace ipdaemon {

namespace {

constexpr std::size_t groups_max = 8;

// A whole decimal number without sign, blanks or leading zeros, at most `maximum`.
bool parse_decimal(std::string_view text, std::uint32_t maximum, std::uint32_t* out) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > maximum) return false;
  *out = value;
  return true;
}

bool parse_ipv4(std::string_view text, std::uint8_t* out) {
  for (int part = 0; part < 4; ++part) {
    const std::size_t dot = part < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return false;
    std::uint32_t value = 0;
    if (!parse_decimal(text.substr(0, dot), 255, &value)) return false;
    out[part] = static_cast<std::uint8_t>(value);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return true;
}

// Reads groups separated by colons, the last of which may be an IPv4 address if `tail`. Returns how
// many groups of 16 bits were read, or -1. The empty text is not a group.
int parse_groups(std::string_view text, bool tail, std::array<std::uint16_t, groups_max>* out) {
  if (text.empty()) return 0;
  std::size_t count = 0;
  while (true) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (group.find('.') != std::string_view::npos) {
      std::uint8_t bytes[4] = {};
      if (!tail || colon != std::string_view::npos || count + 2 > groups_max || !parse_ipv4(group, bytes)) return -1;
      (*out)[count] = static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
      (*out)[count + 1] = static_cast<std::uint16_t>(bytes[2] << 8 | bytes[3]);
      return static_cast<int>(count + 2);
    }
    std::uint16_t value = 0;
    const auto [end, error] = std::from_chars(group.data(), group.data() + group.size(), value, 16);
    if (group.empty() || group.size() > 4 || count == groups_max) return -1;
    if (error != std::errc() || end != group.data() + group.size()) return -1;
    (*out)[count++] = value;
    if (colon == std::string_view::npos) return static_cast<int>(count);
    text.remove_prefix(colon + 1);
  }
}

bool parse_ipv6(std::string_view text, std::array<std::uint8_t, 16>* out) {
  std::array<std::uint16_t, groups_max> head{};
  std::array<std::uint16_t, groups_max> tail{};
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    if (parse_groups(text, true, &head) != static_cast<int>(groups_max)) return false;
  } else {
    const int before = parse_groups(text.substr(0, gap), false, &head);
    const int after = parse_groups(text.substr(gap + 2), true, &tail);
    // The gap stands for one group at least.
    if (before < 0 || after < 0 || before + after >= static_cast<int>(groups_max)) return false;
    std::copy_n(tail.begin(), after, head.end() - after);
  }
  for (std::size_t i = 0; i < groups_max; ++i) {
    (*out)[2 * i] = static_cast<std::uint8_t>(head[i] >> 8);
    (*out)[2 * i + 1] = static_cast<std::uint8_t>(head[i] & 0xff);
  }
  return true;
}

bool is_mapped_ipv4(const std::array<std::uint8_t, 16>& bytes) {
  return std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t byte) { return byte == 0; }) &&
         bytes[10] == 0xff && bytes[11] == 0xff;
}

// fe80::/10, and multicast of the interface's or the link's scope: only these mean nothing without an interface.
bool is_link_local(const std::array<std::uint8_t, 16>& bytes) {
  if (bytes[0] == 0xfe) return (bytes[1] & 0xc0) == 0x80;
  return bytes[0] == 0xff && ((bytes[1] & 0x0f) == 1 || (bytes[1] & 0x0f) == 2);
}

bool parse_scope(std::string_view text, std::uint32_t* out) {
  if (parse_decimal(text, 0xffffffff, out)) return *out != 0;
#if IPD_INTERFACE_NAMES
  if (text.empty() || text.size() >= IF_NAMESIZE || text.find('\0') != std::string_view::npos) return false;
  *out = if_nametoindex(std::string(text).c_str());
  return *out != 0;
#else
  return false;
#endif
}

std::string scope_text(std::uint32_t scope) {
#if IPD_INTERFACE_NAMES
  char name[IF_NAMESIZE] = "";
  if (if_indextoname(scope, name) != nullptr) return name;
#endif
  return std::to_string(scope);
}

std::string ipv4_text(const std::uint8_t* bytes) {
  std::string text;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) text += '.';
    text += std::to_string(bytes[i]);
  }
  return text;
}

std::string ipv6_text(const std::array<std::uint8_t, 16>& bytes) {
  std::array<std::uint32_t, groups_max> groups{};
  for (std::size_t i = 0; i < groups_max; ++i)
    groups[i] = static_cast<std::uint32_t>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
  // The first of the longest runs of zeros is left out, a single zero never.
  std::size_t gap_begin = groups_max;
  std::size_t gap_length = 1;
  for (std::size_t i = 0; i < groups_max; ++i) {
    std::size_t length = 0;
    while (i + length < groups_max && groups[i + length] == 0) ++length;
    if (length > gap_length) {
      gap_begin = i;
      gap_length = length;
    }
    i += length;
  }
  std::string text;
  for (std::size_t i = 0; i < groups_max; ++i) {
    if (i == gap_begin) {
      text += "::";
      i += gap_length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    char digits[4];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, groups[i], 16);
    if (error == std::errc()) text.append(digits, end);
  }
  return text;
}

}  // namespace

Address Address::any(Family family) {
  Address address;
  address.family = family;
  return address;
}

bool Address::parse(std::string_view text, Address* out) {
  Address address;
  if (text.find(':') == std::string_view::npos) {
    if (!parse_ipv4(text, address.bytes.data())) return false;
    address.family = Family::ipv4;
    *out = address;
    return true;
  }
  const std::size_t percent = text.find('%');
  if (!parse_ipv6(text.substr(0, percent), &address.bytes)) return false;
  if (percent != std::string_view::npos) {
    if (!is_link_local(address.bytes) || !parse_scope(text.substr(percent + 1), &address.scope)) return false;
  }
  address.family = Family::ipv6;
  *out = address.unmapped();
  return true;
}

Address Address::unmapped() const {
  if (family != Family::ipv6 || !is_mapped_ipv4(bytes)) return *this;
  Address address = any(Family::ipv4);
  std::copy_n(bytes.begin() + 12, 4, address.bytes.begin());
  return address;
}

std::string Address::text() const {
  switch (family) {
    case Family::ipv4:
      return ipv4_text(bytes.data());
    case Family::ipv6:
      return scope == 0 ? ipv6_text(bytes) : ipv6_text(bytes) + "%" + scope_text(scope);
    case Family::none:
      break;
  }
  return "";
}

bool Address::is_any() const {
  return family != Family::none && std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool Address::in_range(const Address& network, int bits) const {
  const int width = family == Family::ipv4 ? 32 : 128;
  if (family == Family::none || family != network.family || bits < 0 || bits > width) return false;
  if (network.scope != 0 && scope != network.scope) return false;
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(whole), network.bytes.begin()))
    return false;
  if (bits % 8 == 0) return true;
  return ((bytes[whole] ^ network.bytes[whole]) >> (8 - bits % 8)) == 0;
}

bool Address::lacks_interface() const {
  return family == Family::ipv6 && scope == 0 && is_link_local(bytes);
}

std::string Address::interface_fault(std::string_view text) {
  Address address;
  const std::size_t percent = text.find('%');
  if (percent == std::string_view::npos || !parse_ipv6(text.substr(0, percent), &address.bytes)) return "";
  if (!is_link_local(address.bytes)) return "only link-local addresses (fe80::/10) can have an interface";
  std::uint32_t number = 0;
  if (parse_scope(text.substr(percent + 1), &number)) return "";
  return "there is no interface " + in_quotes(text.substr(percent + 1));
}

std::string Endpoint::text() const {
  const std::string number = std::to_string(port);
  return address.family == Family::ipv6 ? "[" + address.text() + "]:" + number : address.text() + ":" + number;
}

}  // namespace ipdaemon
