// Bytes of which nothing stays in memory: passwords, private keys, and values that may be such. They are
// never kept inside of the object, as short strings are, and never moved but by the pointer.
#pragma once

#include <cstring>
#include <memory>
#include <utility>

#include "base/bytes.hpp"

namespace ipdaemon {

// In a way that the compiler cannot leave out because nobody reads the bytes any more.
inline void wipe(char* bytes, std::size_t length) {
  static void* (*const volatile fill)(void*, int, std::size_t) = std::memset;
  fill(bytes, 0, length);
}

class WipedBytes {
 public:
  WipedBytes() = default;
  explicit WipedBytes(BytesView bytes)
      : bytes_(bytes.empty() ? nullptr : std::make_unique_for_overwrite<char[]>(bytes.size())), size_(bytes.size()) {
    if (size_ > 0) std::memcpy(bytes_.get(), bytes.data(), size_);
  }
  WipedBytes(const WipedBytes& other) : WipedBytes(BytesView(other)) {}
  WipedBytes(WipedBytes&& other) noexcept : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
  ~WipedBytes() {
    if (size_ > 0) wipe(bytes_.get(), size_);
  }
  // What was there before goes with the parameter.
  WipedBytes& operator=(WipedBytes other) noexcept {
    bytes_.swap(other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }
  WipedBytes& operator=(BytesView bytes) { return *this = WipedBytes(bytes); }
  WipedBytes& operator=(const char* text) { return *this = WipedBytes(text); }

  operator BytesView() const { return {bytes_.get(), size_}; }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  void clear() { *this = WipedBytes(); }
  friend bool operator==(const WipedBytes& a, BytesView b) { return BytesView(a) == b; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

}  // namespace ipdaemon
