// Memory that a crowd of connections has had, seen from the system's side.
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "check.hpp"
#include "connection/memory_keeper.hpp"

namespace ipdaemon {

namespace {

// What the process has of the machine's memory; 0 where the system does not tell so.
std::size_t resident() {
  std::size_t pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*s %zu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

bool never() {
  return false;
}

}  // namespace

TEST("the memory of a crowd goes back to the system when the crowd has gone") {
#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  test::skip("this allocator is not asked to");
#endif
  Deadlines deadlines(monotonic_ms());
  MemoryKeeper keeper(deadlines);
  constexpr std::size_t block = 1024;
  std::vector<std::unique_ptr<char[]>> blocks(50'000);
  for (auto& one : blocks) one = std::make_unique<char[]>(block);
  // Above the others: what lies below is not given back by itself.
  const auto last = std::make_unique<char[]>(block);
  keeper.note(1000);
  const std::size_t before = resident();
  blocks.clear();
  keeper.note(0);
  REQUIRE(keeper.is_set());
  deadlines.expire(keeper.due_ms() + Deadlines::tick_ms, never);
  CHECK(!keeper.is_set());
  CHECK(resident() + 40'000 * block < before);
}

TEST("a server whose connections come and go keeps its memory") {
  Deadlines deadlines(monotonic_ms());
  MemoryKeeper keeper(deadlines);
  for (const std::size_t count : {10U, 255U, 10U, 0U}) keeper.note(count);
  CHECK(!keeper.is_set());
  for (const std::size_t count : {1000U, 300U, 900U, 250U, 1000U}) keeper.note(count);
  CHECK(!keeper.is_set());
  keeper.note(249);
  CHECK(keeper.is_set());
  // The next wave has come meanwhile: its end is another one.
  keeper.note(1000);
  deadlines.expire(keeper.due_ms() + Deadlines::tick_ms, never);
  CHECK(!keeper.is_set());
  keeper.note(10);
  CHECK(keeper.is_set());
}

}  // namespace ipdaemon
