#include "server/proxy_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace ipdaemon {

namespace {

using State = ProxyParse::State;

constexpr BytesView signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t line_max = 107;  // Of version 1, its end included.
constexpr std::size_t fixed_length = 16;
constexpr std::size_t body_max = proxy_header_max - fixed_length;
constexpr std::size_t tlv_head = 3;
constexpr std::uint8_t tlv_checksum = 0x03;
constexpr std::uint8_t tlv_ssl = 0x20;
constexpr std::size_t ssl_head = 5;

ProxyParse refuse(const char* reason) {
  return {.state = State::refused, .reason = reason};
}

ProxyParse refuse_other() {
  return {.state = State::refused, .reason = "these bytes are no PROXY header", .is_other_protocol = true};
}

std::uint8_t byte_at(BytesView bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::size_t number_at(BytesView bytes, std::size_t at) {
  return static_cast<std::size_t>(byte_at(bytes, at)) << 8 | byte_at(bytes, at + 1);
}

bool is_digit(char character) {
  return character >= '0' && character <= '9';
}

// ---- Version 1 --------------------------------------------------------------------------------------

// Whether `text` is the beginning of a decimal number up to `maximum` without leading zeros, the empty text included.
bool may_be_number(BytesView text, int maximum) {
  if (text.size() > 1 && text[0] == '0') return false;
  int value = 0;
  for (const char character : text) {
    if (!is_digit(character)) return false;
    value = value * 10 + (character - '0');
    if (value > maximum) return false;
  }
  return true;
}

bool may_be_ipv4(BytesView text) {
  int parts = 1;
  for (;; ++parts) {
    const std::size_t dot = text.find('.');
    const BytesView part = text.substr(0, dot);
    if (!may_be_number(part, 255)) return false;
    if (dot == BytesView::npos) return parts <= 4;
    if (part.empty() || parts == 4) return false;
    text.remove_prefix(dot + 1);
  }
}

// The rest is judged when the address is complete.
bool may_be_ipv6(BytesView text) {
  std::size_t group = 0;
  for (const char character : text) {
    const bool is_hex =
        is_digit(character) || (character >= 'a' && character <= 'f') || (character >= 'A' && character <= 'F');
    if (!is_hex && character != ':' && character != '.') return false;
    group = is_hex ? group + 1 : 0;
    if (group > 4) return false;
  }
  return text.find(":::") == BytesView::npos;
}

// The fields of a line, one after another.
class Line {
 public:
  explicit Line(BytesView rest) : rest_(rest) {}

  // The field up to `end`; `complete` is false if it goes on.
  BytesView field(char end, bool* complete) {
    const std::size_t at = rest_.find(end);
    *complete = at != BytesView::npos;
    const BytesView text = rest_.substr(0, at);
    rest_.remove_prefix(*complete ? at + 1 : rest_.size());
    return text;
  }
  BytesView rest() const { return rest_; }

 private:
  BytesView rest_;
};

ProxyParse complete_line(BytesView bytes, BytesView rest) {
  return {.state = State::complete, .length = bytes.size() - rest.size()};
}

// A line that is not complete yet.
ProxyParse unfinished(BytesView bytes) {
  return bytes.size() >= line_max ? refuse("a header of version 1 has no end within 107 bytes") : ProxyParse{};
}

ProxyParse parse_unknown(BytesView bytes, BytesView rest, ProxyHeader* header) {
  if (rest.empty()) return unfinished(bytes);
  if (rest[0] != ' ' && rest[0] != '\r') return refuse("the protocol is not TCP4, TCP6 or UNKNOWN");
  if (rest[0] == '\r' && rest.size() > 1 && rest[1] != '\n') return refuse("CR is not followed by LF");
  const std::size_t end = rest.substr(0, line_max - (bytes.size() - rest.size())).find("\r\n");
  if (end == BytesView::npos) return unfinished(bytes);
  header->kind = ProxyHeader::Kind::unknown;
  header->text = "v1 UNKNOWN";
  return complete_line(bytes, rest.substr(end + 2));
}

ProxyParse parse_addresses(BytesView bytes, BytesView rest, bool is_ipv6, ProxyHeader* header) {
  Line line(rest);
  bool complete = false;
  for (Endpoint* endpoint : {&header->source, &header->destination}) {
    const BytesView text = line.field(' ', &complete);
    if (!(is_ipv6 ? may_be_ipv6(text) : may_be_ipv4(text))) return refuse("an address is malformed");
    if (!complete) return unfinished(bytes);
    if (is_ipv6 && text.find(':') == BytesView::npos) return refuse("an address is malformed");
    if (!Address::parse(text, &endpoint->address)) return refuse("an address is malformed");
  }
  for (Endpoint* endpoint : {&header->source, &header->destination}) {
    const BytesView text = line.field(endpoint == &header->source ? ' ' : '\r', &complete);
    if (!may_be_number(text, 65535)) return refuse("a port is malformed");
    if (!complete) return unfinished(bytes);
    if (text.empty()) return refuse("a port is malformed");
    std::from_chars(text.data(), text.data() + text.size(), endpoint->port);
  }
  if (line.rest().empty()) return unfinished(bytes);
  if (line.rest()[0] != '\n') return refuse("CR is not followed by LF");
  const ProxyParse parse = complete_line(bytes, line.rest().substr(1));
  return parse.length > line_max ? refuse("a header of version 1 has no end within 107 bytes") : parse;
}

std::string addresses_text(const ProxyHeader& header) {
  return header.source.address.text() + " " + header.destination.address.text() + " " +
         std::to_string(header.source.port) + " " + std::to_string(header.destination.port);
}

ProxyParse parse_line(BytesView bytes, ProxyHeader* header) {
  constexpr BytesView begin = "PROXY ";
  if (bytes.substr(0, begin.size()) != begin.substr(0, bytes.size())) return refuse_other();
  if (bytes.size() <= begin.size()) return {};
  const BytesView rest = bytes.substr(begin.size());
  for (const BytesView protocol : {BytesView("TCP4 "), BytesView("TCP6 "), BytesView("UNKNOWN")}) {
    if (rest.substr(0, protocol.size()) != protocol.substr(0, rest.size())) continue;
    if (rest.size() < protocol.size()) return {};
    const BytesView fields = rest.substr(protocol.size());
    if (protocol == "UNKNOWN") return parse_unknown(bytes, fields, header);
    const ProxyParse parse = parse_addresses(bytes, fields, protocol == "TCP6 ", header);
    if (parse.state != State::complete) return parse;
    header->kind = ProxyHeader::Kind::announced;
    header->text = "v1 PROXY " + std::string(protocol) + addresses_text(*header);
    return parse;
  }
  return refuse("the protocol is not TCP4, TCP6 or UNKNOWN");
}

// ---- Version 2 --------------------------------------------------------------------------------------

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78u : 0u);
    table[i] = value;
  }
  return table;
}

// CRC-32C of a header whose checksum, at `at`, counts as four zeros.
std::uint32_t checksum_of(BytesView header, std::size_t at) {
  static constexpr std::array<std::uint32_t, 256> table = make_crc_table();
  std::uint32_t value = 0xffffffff;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const std::uint8_t byte = i >= at && i < at + 4 ? std::uint8_t{0} : byte_at(header, i);
    value = (value >> 8) ^ table[(value ^ byte) & 0xff];
  }
  return value ^ 0xffffffff;
}

// The values behind the addresses have to fill the header exactly. `bytes` may not have all of it yet.
ProxyParse check_tlvs(BytesView bytes, std::size_t at, std::size_t end) {
  while (at < end) {
    if (end - at < tlv_head) return refuse("what is left of the header is too short for a TLV");
    if (bytes.size() < at + tlv_head) return {};
    const std::size_t length = number_at(bytes, at + 1);
    if (length > end - at - tlv_head) return refuse("a TLV is longer than the header");
    if (byte_at(bytes, at) == tlv_checksum) {
      if (length != 4) return refuse("the checksum does not have 4 bytes");
      if (bytes.size() >= end) {
        const std::size_t value = at + tlv_head;
        const std::uint32_t sent =
            static_cast<std::uint32_t>(number_at(bytes, value) << 16 | number_at(bytes, value + 2));
        if (checksum_of(bytes.substr(0, end), value) != sent) return refuse("wrong checksum");
      }
    }
    at += tlv_head + length;
  }
  if (bytes.size() < end) return {};
  return {.state = State::complete, .length = end};
}

Address address_at(BytesView bytes, std::size_t at, bool is_ipv6) {
  Address address = Address::any(is_ipv6 ? Family::ipv6 : Family::ipv4);
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), is_ipv6 ? 16 : 4, address.bytes.begin());
  return address.unmapped();
}

void read_addresses(BytesView bytes, bool is_ipv6, ProxyHeader* header) {
  const std::size_t width = is_ipv6 ? 16 : 4;
  const std::size_t ports = fixed_length + 2 * width;
  header->kind = ProxyHeader::Kind::announced;
  header->source = {address_at(bytes, fixed_length, is_ipv6), static_cast<std::uint16_t>(number_at(bytes, ports))};
  header->destination = {address_at(bytes, fixed_length + width, is_ipv6),
                         static_cast<std::uint16_t>(number_at(bytes, ports + 2))};
  header->text = std::string("v2 PROXY ") + (is_ipv6 ? "TCP6 " : "TCP4 ") + addresses_text(*header);
}

const char* name_without_addresses(std::uint8_t kind) {
  switch (kind) {
    case 0x12:
      return "v2 PROXY UDP4";
    case 0x22:
      return "v2 PROXY UDP6";
    case 0x31:
    case 0x32:
      return "v2 PROXY UNIX";
    default:
      return "v2 PROXY UNSPEC";
  }
}

// What of it has come, up to 16 bytes that say how long it is.
ProxyParse check_fixed_part(BytesView bytes) {
  if (bytes.substr(0, signature.size()) != signature.substr(0, bytes.size())) return refuse_other();
  if (bytes.size() <= 12) return {};
  if (byte_at(bytes, 12) >> 4 != 2) return refuse("the version is neither 1 nor 2");
  const int command = byte_at(bytes, 12) & 15;
  if (command > 1) return refuse("the command is neither LOCAL nor PROXY");
  if (bytes.size() <= 13) return {};
  const std::uint8_t kind = byte_at(bytes, 13);
  if (command == 1 && (kind >> 4 > 3 || (kind & 15) > 2)) return refuse("the address family is unknown");
  if (bytes.size() < fixed_length) return {};
  const std::size_t length = number_at(bytes, 14);
  if (length > body_max) return refuse("it would be longer than 4096 bytes");
  const std::size_t addresses = command == 0 ? 0 : kind == 0x11 ? 12 : kind == 0x21 ? 36 : 0;
  if (length < addresses) return refuse("it is too short for its addresses");
  return {};
}

ProxyParse parse_binary(BytesView bytes, ProxyHeader* header) {
  if (const ProxyParse parse = check_fixed_part(bytes); parse.state == State::refused) return parse;
  if (bytes.size() < fixed_length) return {};
  header->version = 2;
  const std::size_t end = fixed_length + number_at(bytes, 14);
  const bool is_local = (byte_at(bytes, 12) & 15) == 0;
  const std::uint8_t kind = byte_at(bytes, 13);
  if (is_local || (kind != 0x11 && kind != 0x21)) {
    if (bytes.size() < end) return {};
    header->kind = is_local ? ProxyHeader::Kind::local : ProxyHeader::Kind::unknown;
    header->text = is_local ? "v2 LOCAL" : name_without_addresses(kind);
    return {.state = State::complete, .length = end};
  }
  const bool is_ipv6 = kind == 0x21;
  const std::size_t tlvs = fixed_length + (is_ipv6 ? 36 : 12);
  const ProxyParse parse = check_tlvs(bytes, tlvs, end);
  if (parse.state != State::complete) return parse;
  read_addresses(bytes, is_ipv6, header);
  header->tlvs = bytes.substr(tlvs, end - tlvs);
  return parse;
}

// ---- Values as text ---------------------------------------------------------------------------------

std::string hex(BytesView bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char character : bytes) {
    const auto byte = static_cast<std::uint8_t>(character);
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

// Calls `take` with the type and the value of each; false if they do not fill `bytes` exactly.
template <typename Take>
bool each_tlv(BytesView bytes, Take take) {
  while (!bytes.empty()) {
    if (bytes.size() < tlv_head) return false;
    const std::size_t length = number_at(bytes, 1);
    if (length > bytes.size() - tlv_head) return false;
    take(bytes.substr(0, 1), bytes.substr(tlv_head, length));
    bytes.remove_prefix(tlv_head + length);
  }
  return true;
}

}  // namespace

ProxyParse parse_proxy_header(BytesView bytes, ProxyHeader* header) {
  if (bytes.empty()) return {};
  return bytes[0] == 'P' ? parse_line(bytes, header) : parse_binary(bytes, header);
}

std::string proxy_tlvs_text(BytesView tlvs) {
  std::string text;
  const auto add = [&text](BytesView prefix, BytesView type, BytesView value) {
    if (!text.empty()) text += ' ';
    text.append(prefix);
    text += hex(type) + "=" + hex(value);
  };
  each_tlv(tlvs, [&](BytesView type, BytesView value) {
    const bool is_ssl = byte_at(type, 0) == tlv_ssl && value.size() >= ssl_head;
    const BytesView inner = is_ssl ? value.substr(ssl_head) : BytesView();
    // One whose content is malformed stays in one piece.
    if (!is_ssl || !each_tlv(inner, [](BytesView, BytesView) {})) {
      add("", type, value);
      return;
    }
    add("", type, value.substr(0, ssl_head));
    each_tlv(inner, [&](BytesView inner_type, BytesView inner_value) { add("20.", inner_type, inner_value); });
  });
  return text;
}

}  // namespace ipdaemon
