// A text or bytes that JavaScript has given, in memory of their own. Memory that is short is told, not thrown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace ipdaemon::addon {

class Text {
 public:
  // Makes room for `size` bytes, whatever was there before. False without memory.
  bool reserve(std::size_t size) {
    size_ = 0;
    if (size <= capacity_) return true;
    bytes_.reset(new (std::nothrow) char[size]);
    capacity_ = bytes_ != nullptr ? size : 0;
    return bytes_ != nullptr;
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
