#include "convert.h"

#include <cmath>
#include <cstddef>
#include <cstring>

namespace ipdaemon::addon {
namespace {

constexpr double safe_integer_max = 9007199254740991.0;

}  // namespace

napi_value to_javascript(napi_env env, const ipdaemon_value& value) {
  napi_value result = nullptr;
  switch (value.type) {
    case IPDAEMON_TYPE_INTEGER:
    case IPDAEMON_TYPE_FLAGS:
      napi_create_int64(env, value.integer, &result);
      return result;
    case IPDAEMON_TYPE_BOOLEAN:
      napi_get_boolean(env, value.integer != 0, &result);
      return result;
    case IPDAEMON_TYPE_TEXT: {
      const char* begin = value.length == 0 ? "" : reinterpret_cast<const char*>(value.bytes);
      napi_create_string_utf8(env, begin, static_cast<std::size_t>(value.length), &result);
      return result;
    }
    case IPDAEMON_TYPE_BYTES:
    case IPDAEMON_TYPE_OPAQUE:
      return byte_string(env, value.bytes, value.length);
    default:
      napi_get_null(env, &result);
      return result;
  }
}

void wipe(std::string& text) {
  // A pointer that the compiler cannot see through: nobody reads the bytes any more.
  static void* (*const volatile fill)(void*, int, std::size_t) = std::memset;
  text.resize(text.capacity());
  fill(text.data(), 0, text.size());
  text.clear();
}

bool utf8_of(napi_env env, napi_value from, std::string& text) {
  std::size_t length = 0;
  if (napi_get_value_string_utf8(env, from, nullptr, 0, &length) != napi_ok) return false;
  // The terminating zero that Node-API writes needs a place, too.
  text.resize(length + 1);
  if (napi_get_value_string_utf8(env, from, text.data(), text.size(), &length) != napi_ok) return false;
  text.resize(length);
  return true;
}

bool bytes_of(napi_env env, napi_value from, const std::uint8_t** bytes, std::uint64_t* length) {
  napi_typedarray_type type = napi_int8_array;
  std::size_t count = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, from, &type, &count, &data, nullptr, nullptr) != napi_ok) return false;
  if (type != napi_uint8_array && type != napi_uint8_clamped_array) return false;
  *bytes = static_cast<const std::uint8_t*>(data);
  *length = count;
  return true;
}

bool from_javascript(napi_env env, napi_value from, ipdaemon_value& value, std::string& text) {
  napi_valuetype type = napi_undefined;
  napi_typeof(env, from, &type);
  if (type == napi_number) {
    double number = 0;
    napi_get_value_double(env, from, &number);
    if (!(std::abs(number) <= safe_integer_max) || std::trunc(number) != number) return false;
    value.type = IPDAEMON_TYPE_INTEGER;
    value.integer = static_cast<std::int64_t>(number);
    return true;
  }
  if (type == napi_boolean) {
    bool truth = false;
    napi_get_value_bool(env, from, &truth);
    value.type = IPDAEMON_TYPE_BOOLEAN;
    value.integer = truth ? 1 : 0;
    return true;
  }
  if (type == napi_string) {
    if (!utf8_of(env, from, text)) return false;
    value.type = IPDAEMON_TYPE_TEXT;
    value.bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    value.length = text.size();
    return true;
  }
  value.type = IPDAEMON_TYPE_BYTES;
  return bytes_of(env, from, &value.bytes, &value.length);
}

void change_parameter(napi_env env, napi_value from, ipdaemon_value& parameter, std::string& text) {
  ipdaemon_value value{};
  if (parameter.type == IPDAEMON_TYPE_BYTES) {
    std::size_t length = 0;
    if (napi_get_value_string_latin1(env, from, nullptr, 0, &length) != napi_ok) return;
    text.resize(length + 1);
    napi_get_value_string_latin1(env, from, text.data(), text.size(), &length);
    text.resize(length);
  } else {
    if (!from_javascript(env, from, value, text) || value.type != parameter.type) return;
    parameter.integer = value.integer;
    if (parameter.type != IPDAEMON_TYPE_TEXT) return;
  }
  parameter.bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  parameter.length = text.size();
}

}  // namespace ipdaemon::addon
