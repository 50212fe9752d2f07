// Whether every character is a byte can be seen in JavaScript only after the text was made one piece,
// which for a short reply takes longer than all the rest of sending it. V8 knows without looking.
//
// That is outside of Node-API: it takes a napi_value for what it is in Node, a V8 handle. So the
// function is looked up by its name, and JavaScript uses it only in versions of Node in which that is
// known, and after it has answered rightly (bindings/choose.ts). Everybody else looks at the text.
#include "wide_text.h"

#include <cstddef>

#if __has_include(<dlfcn.h>)
#include <dlfcn.h>
#endif

#include "api.h"
#include "convert.h"

namespace ipdaemon::addon {
namespace {

// A function of the host; null where there is none of that name, as on Windows, which forms names otherwise.
void* find_in_host([[maybe_unused]] const char* function) {
#ifdef RTLD_DEFAULT
  return dlsym(RTLD_DEFAULT, function);
#else
  return nullptr;
#endif
}

// bool v8::String::IsOneByte() const
using IsOneByte = bool (*)(napi_value string);
const auto is_one_byte = reinterpret_cast<IsOneByte>(find_in_host("_ZNK2v86String9IsOneByteEv"));

// mayBeWide(text: string): true | undefined;
napi_value call_is_one_byte(napi_env env, napi_callback_info info) {
  std::size_t argc = 1;
  napi_value string = nullptr;
  if (napi_get_cb_info(env, info, &argc, &string, nullptr, nullptr) != napi_ok) return throw_failure(env);
  // Nothing costs nothing to make.
  if (is_one_byte(string)) return nullptr;
  napi_value unknown = boolean_value(env, true);
  return unknown != nullptr ? unknown : throw_failure(env);
}

}  // namespace

napi_callback may_be_wide() {
  return is_one_byte == nullptr ? nullptr : call_is_one_byte;
}

}  // namespace ipdaemon::addon
