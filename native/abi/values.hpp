// Values of the ABI to those of the library and back.
#pragma once

#include "base/bytes.hpp"
#include "ipdaemon.h"
#include "properties/values.hpp"

namespace ipdaemon {

static_assert(static_cast<int>(Type::INTEGER) == IPDAEMON_TYPE_INTEGER &&
              static_cast<int>(Type::BOOLEAN) == IPDAEMON_TYPE_BOOLEAN &&
              static_cast<int>(Type::TEXT) == IPDAEMON_TYPE_TEXT &&
              static_cast<int>(Type::BYTES) == IPDAEMON_TYPE_BYTES &&
              static_cast<int>(Type::FLAGS) == IPDAEMON_TYPE_FLAGS &&
              static_cast<int>(Type::OPAQUE) == IPDAEMON_TYPE_OPAQUE);

inline ipdaemon_value to_abi(const ValueView& value) {
  return {static_cast<std::int32_t>(value.type), 0, value.number, as_bytes(value.bytes), value.bytes.size()};
}

// False for a value of no known type.
inline bool from_abi(const ipdaemon_value& value, ValueView* out) {
  if (value.type < IPDAEMON_TYPE_INTEGER || value.type > IPDAEMON_TYPE_OPAQUE) return false;
  out->type = static_cast<Type>(value.type);
  out->number = value.integer;
  out->bytes = is_number(out->type) ? BytesView() : as_view(value.bytes, value.length);
  return true;
}

}  // namespace ipdaemon
