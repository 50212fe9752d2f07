// The tables of the .def files as data for any language: one function, by table, row and column.

#include <cstring>

#include "abi/values.hpp"
#include "ipdaemon.h"
#include "properties/errors.hpp"
#include "properties/row.hpp"

namespace ipdaemon {
namespace {

struct EventRow {
  int id;
  const char* symbol;
  const char* name;
  const char* summary;
};
constexpr EventRow event_rows[] = {
#define IPD_EVENT(id, NAME, name, summary) {id, #NAME, name, summary},
#define IPD_PARAMETER(id, EVENT, key, type, direction, summary)
#include "ipdaemon_events.def"
#undef IPD_EVENT
#undef IPD_PARAMETER
};

struct ParameterRow {
  int event;
  const char* symbol;
  const char* key;
  const char* type;
  const char* direction;
  const char* summary;
};
constexpr ParameterRow parameter_rows[] = {
#define IPD_EVENT(id, NAME, name, summary)
#define IPD_PARAMETER(id, EVENT, key, type, direction, summary) {id, #EVENT, key, #type, #direction, summary},
#include "ipdaemon_events.def"
#undef IPD_EVENT
#undef IPD_PARAMETER
};

struct ConstantRow {
  const char* symbol_of_group;
  const char* group;
  const char* symbol;
  const char* name;
  std::int64_t value;
  const char* summary;
};
constexpr ConstantRow constant_rows[] = {
#define IPD_CONSTANT(GROUP, group, NAME, name, value, summary) {#GROUP, group, #NAME, name, value, summary},
#include "ipdaemon_constants.def"
#undef IPD_CONSTANT
};

struct CallRow {
  const char* symbol;
  const char* name;
  const char* inside_callback;
  const char* ends_handle;
};
constexpr CallRow call_rows[] = {
#define IPD_CALL(NAME, name, inside_callback, ends_handle) {#NAME, name, #inside_callback, #ends_handle},
#include "ipdaemon_calls.def"
#undef IPD_CALL
};

const char* const type_names[] = {"NONE", "INTEGER", "BOOLEAN", "TEXT", "BYTES", "FLAGS", "OPAQUE"};
const char* const per_names[] = {"SERVER", "CONNECTION"};
const char* const access_names[] = {"READ_WRITE", "READ_ONLY", "WRITE_ONLY"};
const char* const when_names[] = {"ALWAYS", "NOT_LISTENING"};

template <typename Enum, std::size_t count>
const char* name_of(const char* const (&names)[count], Enum value) {
  return names[static_cast<std::size_t>(value)];
}

// A cell: a number, or text; null text for a column that a table does not have.
struct Cell {
  bool is_number = false;
  std::int64_t number = 0;
  const char* text = nullptr;
  Cell() = default;
  Cell(const char* value) : text(value) {}  // NOLINT: fields are written as plain literals below.
  static Cell of(std::int64_t value) {
    Cell cell;
    cell.is_number = true;
    cell.number = value;
    return cell;
  }
};

Cell cell_of(const Row& row, int column) {
  switch (column) {
    case IPDAEMON_COLUMN_ID:
      return Cell::of(row.id);
    case IPDAEMON_COLUMN_NAME:
      return row.name;
    case IPDAEMON_COLUMN_SUMMARY:
      return row.summary;
    case IPDAEMON_COLUMN_TYPE:
      return name_of(type_names, row.type);
    case IPDAEMON_COLUMN_PER:
      return name_of(per_names, row.per);
    case IPDAEMON_COLUMN_ACCESS:
      return name_of(access_names, row.access);
    case IPDAEMON_COLUMN_WHEN:
      return name_of(when_names, row.when);
    case IPDAEMON_COLUMN_MINIMUM:
      return Cell::of(row.minimum);
    case IPDAEMON_COLUMN_MAXIMUM:
      return Cell::of(row.maximum);
    case IPDAEMON_COLUMN_DEFAULT:
      return row.fallback;
    case IPDAEMON_COLUMN_SYMBOL:
      return row.symbol;
    default:
      return {};
  }
}

Cell cell_of(const EventRow& row, int column) {
  switch (column) {
    case IPDAEMON_COLUMN_ID:
      return Cell::of(row.id);
    case IPDAEMON_COLUMN_NAME:
      return row.name;
    case IPDAEMON_COLUMN_SUMMARY:
      return row.summary;
    case IPDAEMON_COLUMN_SYMBOL:
      return row.symbol;
    default:
      return {};
  }
}

Cell cell_of(const ParameterRow& row, int column) {
  switch (column) {
    case IPDAEMON_COLUMN_ID:
      return Cell::of(row.event);
    case IPDAEMON_COLUMN_NAME:
      return row.key;
    case IPDAEMON_COLUMN_SUMMARY:
      return row.summary;
    case IPDAEMON_COLUMN_TYPE:
      return row.type;
    case IPDAEMON_COLUMN_GROUP:
      return row.symbol;
    case IPDAEMON_COLUMN_DIRECTION:
      return row.direction;
    default:
      return {};
  }
}

Cell cell_of(const ConstantRow& row, int column) {
  switch (column) {
    case IPDAEMON_COLUMN_ID:
      return Cell::of(row.value);
    case IPDAEMON_COLUMN_NAME:
      return row.name;
    case IPDAEMON_COLUMN_SUMMARY:
      return row.summary;
    case IPDAEMON_COLUMN_GROUP:
      return row.group;
    case IPDAEMON_COLUMN_SYMBOL:
      return row.symbol;
    default:
      return {};
  }
}

Cell cell_of(const ErrorRow& row, int column) {
  switch (column) {
    case IPDAEMON_COLUMN_ID:
      return Cell::of(row.code);
    case IPDAEMON_COLUMN_NAME:
    case IPDAEMON_COLUMN_SYMBOL:
      return row.symbol;
    case IPDAEMON_COLUMN_SUMMARY:
      return row.sentence;
    default:
      return {};
  }
}

Cell cell_of(const CallRow& row, int column) {
  switch (column) {
    case IPDAEMON_COLUMN_NAME:
      return row.name;
    case IPDAEMON_COLUMN_CALLABLE:
      return row.inside_callback;
    case IPDAEMON_COLUMN_SYMBOL:
      return row.symbol;
    default:
      return {};
  }
}

template <typename Table, std::size_t count>
Cell cell_at(const Table (&rows)[count], std::int32_t row, std::int32_t column) {
  if (row < 0 || static_cast<std::size_t>(row) >= count) return {};
  return cell_of(rows[row], column);
}

Cell cell_at(std::int32_t table, std::int32_t row, std::int32_t column) {
  switch (table) {
    case IPDAEMON_TABLE_PROPERTIES:
      return cell_at(property_rows, row, column);
    case IPDAEMON_TABLE_SETTINGS:
      return cell_at(setting_rows, row, column);
    case IPDAEMON_TABLE_EVENTS:
      return cell_at(event_rows, row, column);
    case IPDAEMON_TABLE_PARAMETERS:
      return cell_at(parameter_rows, row, column);
    case IPDAEMON_TABLE_CONSTANTS:
      return cell_at(constant_rows, row, column);
    case IPDAEMON_TABLE_ERRORS:
      return cell_at(error_rows, row, column);
    case IPDAEMON_TABLE_CALLS:
      return cell_at(call_rows, row, column);
    default:
      return {};
  }
}

}  // namespace
}  // namespace ipdaemon

extern "C" int32_t ipdaemon_describe(int32_t table, int32_t row, int32_t column, ipdaemon_value* out) {
  using namespace ipdaemon;
  const Cell cell = cell_at(table, row, column);
  if (out != nullptr) *out = ipdaemon_value{};
  if (!cell.is_number && cell.text == nullptr) return IPDAEMON_ERROR_UNKNOWN_NAME;
  if (out == nullptr) return 0;
  *out = to_abi(cell.is_number ? ValueView::integer(cell.number)
                               : ValueView::text(BytesView(cell.text, std::strlen(cell.text))));
  return 0;
}
