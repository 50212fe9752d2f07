// What the functions that JavaScript calls get, and what most of them give.
#pragma once

#include <node_api.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "api.h"
#include "convert.h"
#include "lifetime.h"

namespace ipdaemon::addon {

// The arguments of a call, `count` of them. Those at the places that are bits of `integers` are integers; anything else
// there counts as 0, which is neither a handle nor a connection.
template <std::size_t count, unsigned integers = (1U << count) - 1>
struct Arguments {
  Arguments(napi_env from, napi_callback_info info) : env(from) {
    std::size_t argc = count;
    void* data = nullptr;
    if (napi_get_cb_info(env, info, &argc, values.data(), nullptr, &data) != napi_ok) return;
    for (std::size_t i = 0; i < count; ++i) {
      if ((integers >> i & 1) == 0) continue;
      const napi_status status = napi_get_value_int32(env, values[i], &numbers[i]);
      if (status == napi_number_expected)
        numbers[i] = 0;
      else if (status != napi_ok)
        return;
    }
    environment = static_cast<Environment*>(data);
  }

  ipdaemon_t handle() const { return environment->own(integer(0)); }
  std::int32_t integer(std::size_t position) const { return numbers[position]; }

  napi_env env;
  Environment* environment = nullptr;  // Null when the arguments could not be had.
  std::array<napi_value, count> values{};
  std::array<std::int32_t, count> numbers{};
};

// What Node-API calls: a function over its arguments.
template <typename Taken, napi_value (*function)(const Taken& arguments)>
napi_value entry(napi_env env, napi_callback_info info) {
  const Taken arguments(env, info);
  return arguments.environment != nullptr ? function(arguments) : throw_failure(env);
}

inline napi_value made(napi_env env, napi_value value) {
  return value != nullptr ? value : throw_failure(env);
}

inline napi_value number(napi_env env, std::int32_t value) {
  return made(env, number_value(env, value));
}

}  // namespace ipdaemon::addon
