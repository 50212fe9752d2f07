#include "memory_sim.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

#include "choices.hpp"

namespace ipdaemon::sim {
namespace {

// In front of every block, so that freeing knows whose it was.
struct alignas(std::max_align_t) Header {
  std::size_t size;
  bool of_library;
};

bool in_library = false;
MemoryPlan plan;
std::int64_t requests = 0;
std::int64_t failures = 0;
std::int64_t blocks_held = 0;
std::int64_t bytes_held = 0;

bool fails_now() {
  const std::int64_t position = requests++;
  if (plan.first >= 0 && position >= plan.first && position < plan.first + plan.count) return true;
  return plan.per_ten_thousand > 0 &&
         splitmix64(&plan.seed) % 10000 < static_cast<std::uint64_t>(plan.per_ten_thousand);
}

void* allocate(std::size_t size) {
  if (in_library && fails_now()) {
    ++failures;
    return nullptr;
  }
  if (size > SIZE_MAX - sizeof(Header)) return nullptr;
  auto* header = static_cast<Header*>(std::malloc(sizeof(Header) + size));
  if (header == nullptr) return nullptr;
  header->size = size;
  header->of_library = in_library;
  if (in_library) {
    ++blocks_held;
    bytes_held += static_cast<std::int64_t>(size);
  }
  return header + 1;
}

void give_back(void* block) {
  if (block == nullptr) return;
  Header* header = static_cast<Header*>(block) - 1;
  if (header->of_library) {
    --blocks_held;
    bytes_held -= static_cast<std::int64_t>(header->size);
  }
  std::free(header);
}

}  // namespace

void plan_memory(const MemoryPlan& wanted) {
  plan = wanted;
  requests = 0;
  failures = 0;
}

void stop_memory_failures() {
  plan.first = -1;
  plan.per_ten_thousand = 0;
}

std::int64_t memory_failures() {
  return failures;
}
std::int64_t library_allocations() {
  return blocks_held;
}
std::int64_t library_bytes() {
  return bytes_held;
}

void (*after_library_call)() = nullptr;

LibraryCode::LibraryCode() : before_(in_library) {
  in_library = true;
}
LibraryCode::~LibraryCode() {
  in_library = before_;
  if (!in_library && after_library_call != nullptr) after_library_call();
}
SimulatorCode::SimulatorCode() : before_(in_library) {
  in_library = false;
}
SimulatorCode::~SimulatorCode() {
  in_library = before_;
}

namespace {
void* allocate_or_throw(std::size_t size) {
  void* block = allocate(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
}  // namespace

}  // namespace ipdaemon::sim

void* operator new(std::size_t size) {
  return ipdaemon::sim::allocate_or_throw(size);
}
void* operator new[](std::size_t size) {
  return ipdaemon::sim::allocate_or_throw(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return ipdaemon::sim::allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return ipdaemon::sim::allocate(size);
}
void operator delete(void* block) noexcept {
  ipdaemon::sim::give_back(block);
}
void operator delete[](void* block) noexcept {
  ipdaemon::sim::give_back(block);
}
void operator delete(void* block, std::size_t) noexcept {
  ipdaemon::sim::give_back(block);
}
void operator delete[](void* block, std::size_t) noexcept {
  ipdaemon::sim::give_back(block);
}
void operator delete(void* block, const std::nothrow_t&) noexcept {
  ipdaemon::sim::give_back(block);
}
void operator delete[](void* block, const std::nothrow_t&) noexcept {
  ipdaemon::sim::give_back(block);
}
