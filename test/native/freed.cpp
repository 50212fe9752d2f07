#include "freed.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

// Every block of the native tests that new gives has its size in front.
namespace {

struct alignas(std::max_align_t) Header {
  std::size_t size;
};

char watched[256];
std::atomic<std::size_t> watched_length{0};
std::atomic<int> found{0};

void* allocate(std::size_t size) {
  auto* header = static_cast<Header*>(std::malloc(sizeof(Header) + size));
  if (header == nullptr) return nullptr;
  header->size = size;
  return header + 1;
}

void give_back(void* block) {
  if (block == nullptr) return;
  Header* header = static_cast<Header*>(block) - 1;
  if (const std::size_t length = watched_length; length > 0) {
    const char* begin = static_cast<const char*>(block);
    const char* end = begin + header->size;
    if (std::search(begin, end, watched, watched + length) != end) ++found;
  }
  std::free(header);
}

void* allocate_or_throw(std::size_t size) {
  void* block = allocate(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

void* operator new(std::size_t size) {
  return allocate_or_throw(size);
}
void* operator new[](std::size_t size) {
  return allocate_or_throw(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
void operator delete(void* block) noexcept {
  give_back(block);
}
void operator delete[](void* block) noexcept {
  give_back(block);
}
void operator delete(void* block, std::size_t) noexcept {
  give_back(block);
}
void operator delete[](void* block, std::size_t) noexcept {
  give_back(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept {
  give_back(block);
}
void operator delete[](void* block, const std::nothrow_t&) noexcept {
  give_back(block);
}

namespace ipdaemon::test {

void watch_freed(const std::string& text) {
  watched_length = 0;
  found = 0;
  std::copy_n(text.data(), std::min(text.size(), sizeof watched), watched);
  watched_length = std::min(text.size(), sizeof watched);
}

int freed_with_text() {
  return found;
}

}  // namespace ipdaemon::test
