#include "proxies.hpp"

#include <string>

namespace ipdaemon::sim {
namespace {

Bytes number(std::size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 255)};
}

Bytes address_bytes(const Address& address) {
  return {address.bytes.begin(), address.bytes.begin() + (address.family == Family::ipv4 ? 4 : 16)};
}

Bytes line(const Endpoint& client) {
  const bool is_ipv4 = client.address.family == Family::ipv4;
  return std::string("PROXY ") + (is_ipv4 ? "TCP4 " : "TCP6 ") + client.address.text() + " " +
         (is_ipv4 ? "192.0.2.10 " : "2001:db8::10 ") + std::to_string(client.port) + " 443\r\n";
}

Bytes binary(char command, char family, const Bytes& body) {
  return Bytes("\r\n\r\n\0\r\nQUIT\n", 12) + command + family + number(body.size()) + body;
}

Bytes addresses(const Endpoint& client) {
  const Bytes address = address_bytes(client.address);
  return address + address + number(client.port) + number(443);
}

// A value without meaning.
Bytes filled(std::size_t length) {
  return length == 0 ? Bytes() : '\x04' + number(length) + Bytes(length, 'x');
}

Bytes binary_of(const Endpoint& client, const Bytes& values) {
  const char family = client.address.family == Family::ipv4 ? '\x11' : '\x21';
  return binary('\x21', family, addresses(client) + values);
}

Bytes wrong(int variant, const Endpoint& client) {
  switch (variant) {
    case 0:
      return "GET / HTTP/1.1\r\n";
    case 1:
      return "PROXY TCP4 10.0.0.1 10.0.0.2 65536 443\r\n";
    case 2:
      return binary_of(client, Bytes("\3\0\4\0\0\0\0", 7));  // A checksum that is none.
    case 3:
      return binary_of(client, Bytes("\4\0\7xx", 5));  // A value that is longer than what is left.
    case 4:
      return "PROXY UNKNOWN" + Bytes(100, ' ');
    default:
      return "\r\n\r\nnone";
  }
}

}  // namespace

Endpoint announced_client(const Endpoint& proxy) {
  Endpoint client = proxy;
  client.address.bytes[client.address.family == Family::ipv4 ? 1 : 13] ^= 0x80;
  return client;
}

Bytes header_bytes(const HeaderPlan& plan, const Endpoint& client) {
  const bool odd = plan.variant % 2 == 1;
  switch (plan.kind) {
    case HeaderKind::announced:
      return odd ? line(client) : binary_of(client, filled(plan.filling));
    case HeaderKind::local:
      return binary('\x20', '\0', filled(plan.filling));
    case HeaderKind::unnamed:
      return odd ? Bytes("PROXY UNKNOWN\r\n") : binary('\x21', '\x31', Bytes(216, 'u'));
    case HeaderKind::wrong:
      return wrong(plan.variant, client);
    case HeaderKind::half: {
      const Bytes whole = odd ? line(client) : binary_of(client, filled(plan.filling));
      return whole.substr(0, 1 + plan.filling % (whole.size() - 1));
    }
    default:
      return {};
  }
}

}  // namespace ipdaemon::sim
