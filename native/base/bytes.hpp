// Bytes viewed and bytes owned, under one name for all layers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace ipdaemon {

// Bytes are kept as char, so that string_view's searches (memchr, memmem) serve them.
using BytesView = std::string_view;
using Bytes = std::string;

inline BytesView as_view(const std::uint8_t* bytes, std::uint64_t length) {
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length)};
}

// No bytes may lie nowhere, which memcpy does not allow.
inline void copy_bytes(char* to, BytesView from) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
}

inline const std::uint8_t* as_bytes(BytesView view) {
  return reinterpret_cast<const std::uint8_t*>(view.data());
}

}  // namespace ipdaemon
