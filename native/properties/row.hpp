// The rows of the .def files as data: what a property or setting is called, what it takes and when.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ipdaemon.h"

#define IPD_INT_MAX 2147483647LL
#define IPD_UINT_MAX 4294967295LL

namespace ipdaemon {

// The enumerators are spelled as in the rows.
enum class Type : std::uint8_t { NONE = 0, INTEGER = 1, BOOLEAN = 2, TEXT = 3, BYTES = 4, FLAGS = 5, OPAQUE = 6 };
enum class Per : std::uint8_t { SERVER, CONNECTION };
enum class Access : std::uint8_t { READ_WRITE, READ_ONLY, WRITE_ONLY };
enum class When : std::uint8_t { ALWAYS, NOT_LISTENING };

inline bool is_number(Type type) {
  return type == Type::INTEGER || type == Type::BOOLEAN || type == Type::FLAGS;
}

struct Row {
  int id;
  const char* symbol;
  const char* name;
  Type type;
  Per per;
  Access access;
  When when;
  std::int64_t minimum;
  std::int64_t maximum;
  const char* fallback;
  const char* summary;
};

inline constexpr Row property_rows[] = {
#define IPD_PROPERTY(id, NAME, name, type, per, access, when, minimum, maximum, fallback, summary) \
  {id, #NAME, name, Type::type, Per::per, Access::access, When::when, minimum, maximum, fallback, summary},
#include "ipdaemon_properties.def"
#undef IPD_PROPERTY
};
inline constexpr std::size_t property_count = sizeof property_rows / sizeof property_rows[0];

inline constexpr Row setting_rows[] = {
#define IPD_SETTING(id, NAME, name, type, per, access, when, minimum, maximum, fallback, summary) \
  {id, #NAME, name, Type::type, Per::per, Access::access, When::when, minimum, maximum, fallback, summary},
#include "ipdaemon_settings.def"
#undef IPD_SETTING
};
inline constexpr std::size_t setting_count = sizeof setting_rows / sizeof setting_rows[0];

// Where a property id stands in property_rows; property_count if nowhere.
constexpr std::size_t property_position(int id) {
  if (id >= 0 && static_cast<std::size_t>(id) < property_count && property_rows[id].id == id) {
    return static_cast<std::size_t>(id);
  }
  for (std::size_t position = 0; position < property_count; ++position) {
    if (property_rows[position].id == id) return position;
  }
  return property_count;
}

// Whether a row is one of property_rows.
inline bool is_property(const Row& row) {
  const std::size_t position = property_position(row.id);
  return position < property_count && &property_rows[position] == &row;
}

constexpr bool rows_are_in_order() {
  for (std::size_t position = 1; position < property_count; ++position) {
    if (property_rows[position - 1].id >= property_rows[position].id) return false;
  }
  for (std::size_t position = 0; position < setting_count; ++position) {
    if (setting_rows[position].id != static_cast<int>(position) + 1) return false;
  }
  return true;
}
static_assert(rows_are_in_order(), "properties rise by id, settings are numbered from 1 without gaps");

}  // namespace ipdaemon
