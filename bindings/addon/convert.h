// JavaScript values to ipdaemon_value and back: the only place that looks at types.
#pragma once

#include <node_api.h>

#include <cstdint>

#include "ipdaemon.h"
#include "text.h"

namespace ipdaemon::addon {

// How the way in from JavaScript went.
enum class Reading : std::uint8_t {
  done,
  other_type,  // Not what can be read there.
  failed,      // No memory, or Node-API does not give it.
};

// A string with one character per byte. Null when it is longer than strings can be, or Node-API fails.
inline napi_value byte_string(napi_env env, const std::uint8_t* bytes, std::uint64_t length) {
  napi_value text = nullptr;
  const char* begin = length == 0 ? "" : reinterpret_cast<const char*>(bytes);
  if (napi_create_string_latin1(env, begin, static_cast<std::size_t>(length), &text) != napi_ok) return nullptr;
  return text;
}

// Null when Node-API fails.
inline napi_value number_value(napi_env env, std::int32_t number) {
  napi_value value = nullptr;
  return napi_create_int32(env, number, &value) == napi_ok ? value : nullptr;
}
inline napi_value boolean_value(napi_env env, bool truth) {
  napi_value value = nullptr;
  return napi_get_boolean(env, truth, &value) == napi_ok ? value : nullptr;
}

// INTEGER and FLAGS become numbers, BOOLEAN a boolean, TEXT a string, BYTES and OPAQUE a string with
// one character per byte, NONE null. Null (of C++) as byte_string.
napi_value to_javascript(napi_env env, const ipdaemon_value& value);

// The error of a value of this length that to_javascript could not make.
std::int32_t failure_code(std::uint64_t length);

// Reads a property value: a safe integer, a boolean, a string (as TEXT), or a Uint8Array (as BYTES,
// which points into the array). `text` holds what a string becomes.
Reading from_javascript(napi_env env, napi_value from, ipdaemon_value& value, Text& text);

// Writes what a handler gave back over a parameter, in the parameter's own type; undefined and
// values of another type leave it as it is. BYTES are a string with one character per byte.
// False when it failed.
bool change_parameter(napi_env env, napi_value from, ipdaemon_value& parameter, Text& text);

// The bytes of a Uint8Array.
Reading bytes_of(napi_env env, napi_value from, const std::uint8_t** bytes, std::uint64_t* length);

// A string as UTF-8, and as one byte for each character.
Reading utf8_of(napi_env env, napi_value from, Text& text);
Reading latin1_of(napi_env env, napi_value from, Text& text);

}  // namespace ipdaemon::addon
