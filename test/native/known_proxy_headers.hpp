// The PROXY headers of proxy_headers.def, for the parser and for a whole server.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace ipdaemon::test {

struct KnownProxyHeader {
  const char* name;
  std::size_t refused_at;  // How many bytes prove that it cannot be used; 0: it can be.
  const char* text;
  std::string bytes;
};

inline std::string from_hex(BytesView hex) {
  std::string bytes;
  for (; !hex.empty(); hex.remove_prefix(2)) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(0, 2)), nullptr, 16));
  }
  return bytes;
}

inline const std::vector<KnownProxyHeader>& known_proxy_headers() {
  static const std::vector<KnownProxyHeader> headers = {
#define PROXY_HEADER(name, refused_at, text, bytes) {name, refused_at, text, from_hex(bytes)},
#include "proxy_headers.def"
#undef PROXY_HEADER
  };
  return headers;
}

}  // namespace ipdaemon::test
