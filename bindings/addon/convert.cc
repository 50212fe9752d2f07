#include "convert.h"

#include <cmath>
#include <cstddef>

namespace ipdaemon::addon {
namespace {

constexpr double safe_integer_max = 9007199254740991.0;
// V8's longest string where pointers have 64 bits.
constexpr std::uint64_t string_length_max = 536'870'888;

// `read` is a function of Node-API that gives the length of a string, or copies it.
template <typename Read>
Reading string_of(Text& text, Read read) {
  std::size_t length = 0;
  const napi_status status = read(nullptr, 0, &length);
  if (status != napi_ok) return status == napi_string_expected ? Reading::other_type : Reading::failed;
  // The terminating zero that Node-API writes needs a place, too.
  if (!text.reserve(length + 1)) return Reading::failed;
  if (read(text.data(), length + 1, &length) != napi_ok) return Reading::failed;
  text.set_size(length);
  return Reading::done;
}

}  // namespace

napi_value to_javascript(napi_env env, const ipdaemon_value& value) {
  napi_value result = nullptr;
  switch (value.type) {
    case IPDAEMON_TYPE_INTEGER:
    case IPDAEMON_TYPE_FLAGS:
      return napi_create_int64(env, value.integer, &result) == napi_ok ? result : nullptr;
    case IPDAEMON_TYPE_BOOLEAN:
      return boolean_value(env, value.integer != 0);
    case IPDAEMON_TYPE_TEXT: {
      const char* begin = value.length == 0 ? "" : reinterpret_cast<const char*>(value.bytes);
      const auto length = static_cast<std::size_t>(value.length);
      return napi_create_string_utf8(env, begin, length, &result) == napi_ok ? result : nullptr;
    }
    case IPDAEMON_TYPE_BYTES:
    case IPDAEMON_TYPE_OPAQUE:
      return byte_string(env, value.bytes, value.length);
    default:
      return napi_get_null(env, &result) == napi_ok ? result : nullptr;
  }
}

std::int32_t failure_code(std::uint64_t length) {
  return length > string_length_max ? IPDAEMON_ERROR_MESSAGE_TOO_LONG : IPDAEMON_ERROR_OUT_OF_MEMORY;
}

Reading utf8_of(napi_env env, napi_value from, Text& text) {
  return string_of(text, [&](char* to, std::size_t size, std::size_t* length) {
    return napi_get_value_string_utf8(env, from, to, size, length);
  });
}

Reading latin1_of(napi_env env, napi_value from, Text& text) {
  return string_of(text, [&](char* to, std::size_t size, std::size_t* length) {
    return napi_get_value_string_latin1(env, from, to, size, length);
  });
}

Reading bytes_of(napi_env env, napi_value from, const std::uint8_t** bytes, std::uint64_t* length) {
  bool is_array = false;
  napi_typedarray_type type = napi_int8_array;
  std::size_t count = 0;
  void* data = nullptr;
  if (napi_is_typedarray(env, from, &is_array) != napi_ok) return Reading::failed;
  if (!is_array) return Reading::other_type;
  if (napi_get_typedarray_info(env, from, &type, &count, &data, nullptr, nullptr) != napi_ok) return Reading::failed;
  if (type != napi_uint8_array && type != napi_uint8_clamped_array) return Reading::other_type;
  *bytes = static_cast<const std::uint8_t*>(data);
  *length = count;
  return Reading::done;
}

Reading from_javascript(napi_env env, napi_value from, ipdaemon_value& value, Text& text) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, from, &type) != napi_ok) return Reading::failed;
  if (type == napi_number) {
    double number = 0;
    if (napi_get_value_double(env, from, &number) != napi_ok) return Reading::failed;
    if (!(std::abs(number) <= safe_integer_max) || std::trunc(number) != number) return Reading::other_type;
    value.type = IPDAEMON_TYPE_INTEGER;
    value.integer = static_cast<std::int64_t>(number);
    return Reading::done;
  }
  if (type == napi_boolean) {
    bool truth = false;
    if (napi_get_value_bool(env, from, &truth) != napi_ok) return Reading::failed;
    value.type = IPDAEMON_TYPE_BOOLEAN;
    value.integer = truth ? 1 : 0;
    return Reading::done;
  }
  if (type == napi_string) {
    const Reading reading = utf8_of(env, from, text);
    value.type = IPDAEMON_TYPE_TEXT;
    value.bytes = text.begin();
    value.length = text.size();
    return reading;
  }
  value.type = IPDAEMON_TYPE_BYTES;
  return bytes_of(env, from, &value.bytes, &value.length);
}

bool change_parameter(napi_env env, napi_value from, ipdaemon_value& parameter, Text& text) {
  ipdaemon_value value{};
  const bool is_bytes = parameter.type == IPDAEMON_TYPE_BYTES;
  const Reading reading = is_bytes ? latin1_of(env, from, text) : from_javascript(env, from, value, text);
  if (reading != Reading::done) return reading == Reading::other_type;
  if (!is_bytes) {
    if (value.type != parameter.type) return true;
    parameter.integer = value.integer;
    if (parameter.type != IPDAEMON_TYPE_TEXT) return true;
  }
  parameter.bytes = text.begin();
  parameter.length = text.size();
  return true;
}

}  // namespace ipdaemon::addon
