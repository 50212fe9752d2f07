// The entry of `ipdaemon_failing`: the addon with two functions more, by which a test lets one step fail. A step is a
// call of Node-API, or memory that is asked for by the addon and by the core in it (but not by the C++ library).
#include "addon/failing.h"

#include <cstdlib>
#include <new>

#include "calls.h"
#include "lifetime.h"

namespace ipdaemon::failing {
namespace {

// Of the thread that is to fail; a test has one.
thread_local constinit int counted = 0;
thread_local constinit int wanted = 0;
thread_local constinit const char* what = nullptr;

// failAt(step: number): void; 0 for none. Counting begins anew.
napi_value fail_at(napi_env env, napi_callback_info info) {
  std::size_t argc = 1;
  napi_value step = nullptr;
  wanted = 0;
  if ((napi_get_cb_info)(env, info, &argc, &step, nullptr, nullptr) != napi_ok) return nullptr;
  int number = 0;
  if ((napi_get_value_int32)(env, step, &number) != napi_ok) return nullptr;
  counted = 0;
  what = nullptr;
  wanted = number;
  return nullptr;
}

// failed(): string; the step that has failed since failAt, '' if none has.
napi_value failed(napi_env env, napi_callback_info) {
  napi_value name = nullptr;
  const char* text = what != nullptr ? what : "";
  return (napi_create_string_utf8)(env, text, NAPI_AUTO_LENGTH, &name) == napi_ok ? name : nullptr;
}

bool add(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function = nullptr;
  return (napi_create_function)(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) == napi_ok &&
         (napi_set_named_property)(env, exports, name, function) == napi_ok;
}

}  // namespace

bool fails(const char* step) {
  if (wanted == 0) return false;
  counted += 1;
  if (counted != wanted) return false;
  what = step;
  return true;
}

}  // namespace ipdaemon::failing

// The address sanitizer has its own.
#if !defined(__SANITIZE_ADDRESS__)

using ipdaemon::failing::fails;

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return fails("new") ? nullptr : std::malloc(size > 0 ? size : 1);
}
void* operator new(std::size_t size) {
  void* memory = operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new[](std::size_t size, const std::nothrow_t& nothrow) noexcept {
  return operator new(size, nothrow);
}
void* operator new[](std::size_t size) {
  return operator new(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

#endif

NAPI_MODULE_INIT() {
  ipdaemon::addon::Environment* environment = ipdaemon::addon::Environment::create(env);
  if (environment == nullptr || !ipdaemon::addon::define_calls(exports, *environment)) return nullptr;
  return ipdaemon::failing::add(env, exports, "failAt", ipdaemon::failing::fail_at) &&
                 ipdaemon::failing::add(env, exports, "failed", ipdaemon::failing::failed)
             ? exports
             : nullptr;
}
