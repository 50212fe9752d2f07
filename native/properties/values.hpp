// Values on their way in and out, and where the values of rows are stored.
#pragma once

#include <cstdint>
#include <type_traits>

#include "base/bytes.hpp"
#include "base/wiped_bytes.hpp"
#include "properties/row.hpp"

namespace ipdaemon {

// A value as it comes from or goes to a caller; the bytes belong to somebody else.
struct ValueView {
  Type type = Type::INTEGER;
  std::int64_t number = 0;
  BytesView bytes;

  static ValueView integer(std::int64_t number) { return {Type::INTEGER, number, {}}; }
  static ValueView boolean(bool value) { return {Type::BOOLEAN, value ? 1 : 0, {}}; }
  static ValueView text(BytesView text) { return {Type::TEXT, 0, text}; }
  static ValueView raw(BytesView bytes) { return {Type::BYTES, 0, bytes}; }
};

// The value of a row of the server: a number or bytes, by the row's type. The bytes may be a password or
// the content of a certificate store.
struct Stored {
  std::int64_t number = 0;
  WipedBytes bytes;
};

inline ValueView view_of(const Row& row, const Stored& stored) {
  return {row.type, stored.number, is_number(row.type) ? BytesView() : BytesView(stored.bytes)};
}

// The values a connection keeps: one field for each row that is per connection and can be written,
// called as in the row.
template <Type type>
using Field =
    std::conditional_t<type == Type::INTEGER, std::int32_t, std::conditional_t<type == Type::BOOLEAN, bool, Bytes>>;

#define IPD_FIELD_SERVER_READ_WRITE(type, NAME)
#define IPD_FIELD_SERVER_READ_ONLY(type, NAME)
#define IPD_FIELD_CONNECTION_READ_ONLY(type, NAME)
#define IPD_FIELD_CONNECTION_WRITE_ONLY(type, NAME)
#define IPD_FIELD_CONNECTION_READ_WRITE(type, NAME) Field<Type::type> NAME{};

struct ConnectionProperties {
#define IPD_PROPERTY(id, NAME, name, type, per, access, when, minimum, maximum, fallback, summary) \
  IPD_FIELD_##per##_##access(type, NAME)
#include "ipdaemon_properties.def"
#undef IPD_PROPERTY

  // Reads or writes the field of a row. False if the row has none.
  bool read(int id, ValueView* out) const;
  bool write(int id, Stored&& value);
};

}  // namespace ipdaemon
