#include "properties/limits.hpp"

#include "base/text.hpp"
#include "ipdaemon.h"
#include "properties/text.hpp"

namespace ipdaemon {

namespace {

// Rows whose values must not get into a message.
bool is_secret(const Row& row) {
  if (!is_property(row)) return row.type == Type::OPAQUE;
  return row.id == IPDAEMON_PROPERTY_SSL_CERT_STORE || row.id == IPDAEMON_PROPERTY_SSL_CERT_STORE_PASSWORD ||
         row.id == IPDAEMON_PROPERTY_SSL_CERT_ENCODED;
}

int refuse(const Row& row, const ValueView& value, const std::string& wanted, std::string* detail) {
  const std::string got = is_number(value.type) ? std::to_string(value.number)
                          : is_secret(row)      ? length_of(value.bytes)
                                                : in_quotes(value.bytes);
  *detail = std::string(row.name) + " cannot be " + got + "; " + wanted;
  return IPDAEMON_ERROR_INVALID_VALUE;
}

std::string range_of(const Row& row) {
  return std::to_string(row.minimum) + " to " + std::to_string(row.maximum);
}

int convert_boolean(const Row& row, const ValueView& value, Stored* out, std::string* detail) {
  if (is_number(value.type)) {
    out->number = value.number != 0 ? 1 : 0;
    return 0;
  }
  bool truth = false;
  if (!parse_boolean(value.bytes, &truth)) return refuse(row, value, "use True or False", detail);
  out->number = truth ? 1 : 0;
  return 0;
}

int convert_number(const Row& row, const ValueView& value, Stored* out, std::string* detail) {
  std::int64_t number = value.number;
  if (!is_number(value.type) && !parse_integer(value.bytes, &number)) {
    return refuse(row, value, "a whole number from " + range_of(row) + " is needed", detail);
  }
  if (number < row.minimum || number > row.maximum) {
    return refuse(row, value, "it must be within " + range_of(row), detail);
  }
  out->number = number;
  return 0;
}

int convert_bytes(const Row& row, const ValueView& value, Stored* out, std::string* detail) {
  if (is_number(value.type)) {
    out->bytes = std::to_string(value.number);
  } else {
    out->bytes = value.bytes;
  }
  const auto length = static_cast<std::int64_t>(out->bytes.size());
  if (length < row.minimum || length > row.maximum) {
    *detail = std::string(row.name) + " cannot have " + std::to_string(length) + " bytes; its length must be within " +
              range_of(row);
    return IPDAEMON_ERROR_INVALID_VALUE;
  }
  if (row.type == Type::TEXT && BytesView(out->bytes).find('\0') != Bytes::npos) {
    return refuse(row, value, "it must not contain a NUL character", detail);
  }
  return 0;
}

}  // namespace

int convert(const Row& row, const ValueView& value, Stored* out, std::string* detail) {
  switch (row.type) {
    case Type::BOOLEAN:
      return convert_boolean(row, value, out, detail);
    case Type::INTEGER:
    case Type::FLAGS:
      return convert_number(row, value, out, detail);
    default:
      return convert_bytes(row, value, out, detail);
  }
}

Stored fallback_of(const Row& row) {
  Stored stored;
  if (is_number(row.type)) {
    parse_integer(row.fallback, &stored.number);
  } else {
    stored.bytes = row.fallback;
  }
  return stored;
}

}  // namespace ipdaemon
