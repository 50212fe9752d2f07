// Events through shared memory: what the callbacks of ipdaemon_shared lay out, and what they take back.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "check.hpp"
#include "ipdaemon.h"

namespace {

constexpr std::size_t bytes_size = 16;

// The memory as the library sees it.
struct Layout {
  ipdaemon_shared shared = {};
  std::uint8_t bytes[bytes_size] = {};
};
static_assert(offsetof(Layout, bytes) == sizeof(ipdaemon_shared));

// The memory of the running test, and what its callee does. The callback itself gets no parameter.
class Memory : public Layout {
 public:
  explicit Memory(std::function<void()> callee);
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory();

  std::function<void()> callee;

 private:
  Memory* outer_;
};

Memory* current = nullptr;

void call_callee() {
  // A copy, because the callee may set another one.
  const std::function<void()> callee = current->callee;
  callee();
}

Memory::Memory(std::function<void()> then) : callee(std::move(then)), outer_(std::exchange(current, this)) {
  shared.callback = call_callee;
  shared.size = bytes_size;
}

Memory::~Memory() {
  current = outer_;
}

ipdaemon_value number(std::int64_t integer) {
  return {IPDAEMON_TYPE_INTEGER, 0, integer, nullptr, 0};
}

// Refers to `bytes`.
ipdaemon_value text(std::string_view bytes) {
  return {IPDAEMON_TYPE_TEXT, 0, 0, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

std::string_view view(const ipdaemon_value& value) {
  return {reinterpret_cast<const char*>(value.bytes), value.length};
}

bool is_inside(const ipdaemon_value& value) {
  return value.bytes >= current->bytes && value.bytes + value.length <= current->bytes + bytes_size;
}

}  // namespace

TEST("shared memory: an event brings its handle, its number and its parameters, bytes side by side behind them") {
  using namespace std::string_view_literals;
  int called = 0;
  Memory memory([&] {
    const ipdaemon_shared& shared = current->shared;
    ++called;
    CHECK_EQ(shared.handle, 77);
    CHECK_EQ(shared.event, IPDAEMON_EVENT_CONNECTED);
    CHECK_EQ(shared.count, 4);
    CHECK_EQ(shared.parameters[0].integer, -5'000'000'000);
    CHECK_EQ(view(shared.parameters[1]), "a\0b"sv);
    CHECK(shared.parameters[1].bytes == current->bytes);
    CHECK_EQ(shared.parameters[2].length, 0u);
    CHECK_EQ(view(shared.parameters[3]), "cd");
    CHECK(shared.parameters[3].bytes == current->bytes + 3);
    current->shared.result = 0;
  });
  ipdaemon_value parameters[] = {number(-5'000'000'000), text("a\0b"sv), text({}), text("cd")};
  CHECK_EQ(ipdaemon_shared_event(&memory.shared, 77, IPDAEMON_EVENT_CONNECTED, parameters, 4), 0);
  CHECK_EQ(called, 1);
}

TEST("shared memory: bytes that do not fit stay where they are, and later ones may fit") {
  const std::string large(bytes_size - 3, 'x');
  const std::string more(4, 'y');
  Memory memory([&] {
    const ipdaemon_value* parameters = current->shared.parameters;
    CHECK(is_inside(parameters[0]));
    CHECK(parameters[1].bytes == reinterpret_cast<const std::uint8_t*>(more.data()));
    CHECK(is_inside(parameters[2]));
    CHECK_EQ(view(parameters[2]), "end");
    current->shared.result = 0;
  });
  ipdaemon_value parameters[] = {text(large), text(more), text("end")};
  CHECK_EQ(ipdaemon_shared_event(&memory.shared, 1, 9, parameters, 3), 0);
}

TEST("shared memory: parameters that are named in the result are taken back, all others are left alone") {
  const std::string given = "given back";
  const std::string before = "before";
  Memory memory([&] {
    ipdaemon_shared& shared = current->shared;
    for (ipdaemon_value& parameter : shared.parameters) parameter = text("overwritten by an inner event");
    shared.parameters[1] = number(2);
    shared.parameters[2] = text(given);
    shared.result = 1 << 1 | 1 << 2;
  });
  ipdaemon_value parameters[] = {number(10), number(11), text(before), text(before)};
  CHECK_EQ(ipdaemon_shared_event(&memory.shared, 1, 8, parameters, 4), 0);
  CHECK_EQ(parameters[0].integer, 10);
  CHECK_EQ(parameters[1].integer, 2);
  CHECK_EQ(view(parameters[2]), given);
  CHECK(parameters[3].bytes == reinterpret_cast<const std::uint8_t*>(before.data()));
}

TEST("shared memory: a callee that says nothing stops the pumping, also behind an inner one that went through") {
  Memory memory([] {});
  ipdaemon_value parameters[] = {number(1)};
  CHECK_EQ(ipdaemon_shared_event(&memory.shared, 1, 6, parameters, 1), 1);
  CHECK_EQ(ipdaemon_shared_wait(&memory.shared, 1), 1);
  CHECK_EQ(ipdaemon_shared_batch(&memory.shared, 1, 1, nullptr, 0, 0), 1);

  memory.callee = [&] {
    memory.callee = [] { current->shared.result = 0; };
    CHECK_EQ(ipdaemon_shared_wait(&memory.shared, 1), 0);
  };
  CHECK_EQ(ipdaemon_shared_event(&memory.shared, 1, 6, parameters, 1), 1);
  CHECK_EQ(parameters[0].integer, 1);
}

TEST("shared memory: a batch brings connection, bytes, count and how much may be gathered; a wait brings its handle") {
  Memory memory([] {
    const ipdaemon_shared& shared = current->shared;
    CHECK_EQ(shared.event, IPDAEMON_SHARED_BATCH);
    CHECK_EQ(shared.count, 4);
    CHECK_EQ(shared.parameters[0].integer, 3);
    CHECK_EQ(view(shared.parameters[1]), "one\ntwo\n");
    CHECK_EQ(shared.parameters[2].integer, 2);
    // No such handle.
    CHECK_EQ(shared.parameters[3].integer, 0);
    current->shared.result = 0;
  });
  const std::string bytes = "one\ntwo\n";
  const auto* begin = reinterpret_cast<const std::uint8_t*>(bytes.data());
  CHECK_EQ(ipdaemon_shared_batch(&memory.shared, 9, 3, begin, bytes.size(), 2), 0);

  memory.callee = [] {
    CHECK_EQ(current->shared.event, IPDAEMON_SHARED_WAIT);
    CHECK_EQ(current->shared.handle, 9);
    CHECK_EQ(current->shared.count, 0);
    current->shared.result = 0;
  };
  CHECK_EQ(ipdaemon_shared_wait(&memory.shared, 9), 0);
}
