// A text or bytes that JavaScript has given, in memory of their own. Memory that is short is told, not thrown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace ipdaemon::addon {

class Text {
 public:
  // Makes room for `size` bytes, whatever was there before. False without memory.
  bool reserve(std::size_t size) {
    wipe();
    if (size <= capacity_) return true;
    bytes_.reset(new (std::nothrow) char[size]);
    capacity_ = bytes_ != nullptr ? size : 0;
    return bytes_ != nullptr;
  }
  // Empties it, and nothing of it stays in memory: it may be a password.
  void wipe() {
    // A pointer that the compiler cannot see through: nobody reads the bytes any more.
    static void* (*const volatile fill)(void*, int, std::size_t) = std::memset;
    if (size_ > 0) fill(bytes_.get(), 0, size_);
    size_ = 0;
  }
  void set_size(std::size_t size) { size_ = size; }

  char* data() { return bytes_.get(); }
  std::size_t capacity() const { return capacity_; }
  std::size_t size() const { return size_; }
  // Never null, so that an empty text is one, too.
  const std::uint8_t* begin() const {
    return bytes_ != nullptr ? reinterpret_cast<const std::uint8_t*>(bytes_.get())
                             : reinterpret_cast<const std::uint8_t*>("");
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}  // namespace ipdaemon::addon
