// Bytes that must not stay in memory: passwords, private keys and what contains them. A vector and no
// string, because a string keeps short texts inside itself, where no allocator can wipe them.
#pragma once

#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "tls/openssl.hpp"

namespace ipdaemon::tls {

template <typename Type>
struct WipingAllocator {
  using value_type = Type;

  WipingAllocator() = default;
  template <typename Other>
  explicit WipingAllocator(const WipingAllocator<Other>&) {}

  Type* allocate(std::size_t count) { return std::allocator<Type>().allocate(count); }
  void deallocate(Type* memory, std::size_t count) {
    OPENSSL_cleanse(memory, count * sizeof(Type));
    std::allocator<Type>().deallocate(memory, count);
  }
  bool operator==(const WipingAllocator&) const { return true; }
};

// Made only after find_openssl() has succeeded.
using Secret = std::vector<char, WipingAllocator<char>>;

inline BytesView view_of(const Secret& secret) {
  return {secret.data(), secret.size()};
}

inline void append(Secret* secret, BytesView bytes) {
  secret->insert(secret->end(), bytes.begin(), bytes.end());
}

}  // namespace ipdaemon::tls
