// JavaScript values to ipdaemon_value and back: the only place that looks at types.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <string>

#include "ipdaemon.h"

namespace ipdaemon::addon {

// A string with one character per byte.
inline napi_value byte_string(napi_env env, const std::uint8_t* bytes, std::uint64_t length) {
  napi_value text = nullptr;
  const char* begin = length == 0 ? "" : reinterpret_cast<const char*>(bytes);
  napi_create_string_latin1(env, begin, static_cast<std::size_t>(length), &text);
  return text;
}

// INTEGER and FLAGS become numbers, BOOLEAN a boolean, TEXT a string, BYTES and OPAQUE a string with
// one character per byte, NONE null.
napi_value to_javascript(napi_env env, const ipdaemon_value& value);

// Reads a property value: a safe integer, a boolean, a string (as TEXT), or a Uint8Array (as BYTES,
// which points into the array). `text` holds what a string becomes. False for anything else.
bool from_javascript(napi_env env, napi_value from, ipdaemon_value& value, std::string& text);

// Writes what a handler gave back over a parameter, in the parameter's own type; undefined and
// values of another type leave it as it is. BYTES are a string with one character per byte.
void change_parameter(napi_env env, napi_value from, ipdaemon_value& parameter, std::string& text);

// The bytes of a Uint8Array. False for anything else.
bool bytes_of(napi_env env, napi_value from, const std::uint8_t** bytes, std::uint64_t* length);

// A string as UTF-8. False for anything else.
// Empties it so that nothing of it stays in memory.
void wipe(std::string& text);
bool utf8_of(napi_env env, napi_value from, std::string& text);

// An integer argument; 0, which is no handle and no connection, for anything else.
inline std::int32_t integer_from(napi_env env, napi_value from) {
  std::int32_t integer = 0;
  if (napi_get_value_int32(env, from, &integer) != napi_ok) return 0;
  return integer;
}

}  // namespace ipdaemon::addon
