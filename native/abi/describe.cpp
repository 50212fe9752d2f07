// The tables of the .def files as data for any language: one function, by table, row and column.

#include <algorithm>
#include <concepts>
#include <cstring>
#include <iterator>

#include "abi/values.hpp"
#include "ipdaemon.h"
#include "properties/row.hpp"

namespace ipdaemon {
namespace {

// A number, or text.
struct Cell {
  template <std::integral Number>
  constexpr Cell(Number value) : number(value) {}     // NOLINT: rows are written as plain literals below.
  constexpr Cell(const char* value) : text(value) {}  // NOLINT
  std::int64_t number = 0;
  const char* text = nullptr;
};

// The columns of each table, then its rows, which have a cell for each of them.

constexpr int row_columns[] = {
    IPDAEMON_COLUMN_ID,      IPDAEMON_COLUMN_SYMBOL,  IPDAEMON_COLUMN_NAME,    IPDAEMON_COLUMN_TYPE,
    IPDAEMON_COLUMN_PER,     IPDAEMON_COLUMN_ACCESS,  IPDAEMON_COLUMN_WHEN,    IPDAEMON_COLUMN_MINIMUM,
    IPDAEMON_COLUMN_MAXIMUM, IPDAEMON_COLUMN_DEFAULT, IPDAEMON_COLUMN_SUMMARY,
};
#define IPD_ROW(id, NAME, name, type, per, access, when, minimum, maximum, fallback, summary) \
  {id, #NAME, name, #type, #per, #access, #when, minimum, maximum, fallback, summary},
constexpr Cell property_cells[][11] = {
#define IPD_PROPERTY IPD_ROW
#include "ipdaemon_properties.def"
#undef IPD_PROPERTY
};
constexpr Cell setting_cells[][11] = {
#define IPD_SETTING IPD_ROW
#include "ipdaemon_settings.def"
#undef IPD_SETTING
};
#undef IPD_ROW

constexpr int event_columns[] = {IPDAEMON_COLUMN_ID, IPDAEMON_COLUMN_SYMBOL, IPDAEMON_COLUMN_NAME,
                                 IPDAEMON_COLUMN_SUMMARY};
constexpr Cell event_cells[][4] = {
#define IPD_EVENT(id, NAME, name, summary) {id, #NAME, name, summary},
#define IPD_PARAMETER(id, EVENT, key, type, direction, summary)
#include "ipdaemon_events.def"
#undef IPD_EVENT
#undef IPD_PARAMETER
};

constexpr int parameter_columns[] = {IPDAEMON_COLUMN_ID,   IPDAEMON_COLUMN_GROUP,     IPDAEMON_COLUMN_NAME,
                                     IPDAEMON_COLUMN_TYPE, IPDAEMON_COLUMN_DIRECTION, IPDAEMON_COLUMN_SUMMARY};
constexpr Cell parameter_cells[][6] = {
#define IPD_EVENT(id, NAME, name, summary)
#define IPD_PARAMETER(id, EVENT, key, type, direction, summary) {id, #EVENT, key, #type, #direction, summary},
#include "ipdaemon_events.def"
#undef IPD_EVENT
#undef IPD_PARAMETER
};

constexpr int constant_columns[] = {IPDAEMON_COLUMN_GROUP, IPDAEMON_COLUMN_SYMBOL, IPDAEMON_COLUMN_NAME,
                                    IPDAEMON_COLUMN_ID, IPDAEMON_COLUMN_SUMMARY};
constexpr Cell constant_cells[][5] = {
#define IPD_CONSTANT(GROUP, group, NAME, name, value, summary) {group, #NAME, name, value, summary},
#include "ipdaemon_constants.def"
#undef IPD_CONSTANT
#define IPD_COUNTER(id, NAME, name, metric, labels, summary) {"Counter", #NAME, name, id, summary},
#define IPD_GAUGE(id, NAME, name, metric, summary) {"Counter", #NAME, name, id, summary},
#include "ipdaemon_counters.def"
#define IPD_REFUSED(number, NAME, name, word, summary, advice) {"Refused", #NAME, name, number, summary},
#include "ipdaemon_counters.def"
#define IPD_CLOSED(number, NAME, name, word, summary, advice) {"Closed", #NAME, name, number, summary},
#include "ipdaemon_counters.def"
};

constexpr int error_columns[] = {IPDAEMON_COLUMN_ID, IPDAEMON_COLUMN_SYMBOL, IPDAEMON_COLUMN_NAME,
                                 IPDAEMON_COLUMN_SUMMARY};
constexpr Cell error_cells[][4] = {
#define IPD_ERROR(code, NAME, sentence) {code, #NAME, #NAME, sentence},
#include "ipdaemon_errors.def"
#undef IPD_ERROR
};

constexpr int call_columns[] = {IPDAEMON_COLUMN_SYMBOL, IPDAEMON_COLUMN_NAME, IPDAEMON_COLUMN_CALLABLE,
                                IPDAEMON_COLUMN_SUMMARY};
constexpr Cell call_cells[][4] = {
#define IPD_CALL(NAME, name, inside_callback, summary) {#NAME, name, #inside_callback, summary},
#define IPD_CALL_ERROR(CALL, ERROR, who, when)
#define IPD_CALL_OTHERS(CALL, which, when)
#include "ipdaemon_calls.def"
#undef IPD_CALL
#undef IPD_CALL_ERROR
#undef IPD_CALL_OTHERS
};

constexpr int call_error_columns[] = {IPDAEMON_COLUMN_GROUP, IPDAEMON_COLUMN_ID, IPDAEMON_COLUMN_NAME,
                                      IPDAEMON_COLUMN_WHO, IPDAEMON_COLUMN_SUMMARY};
constexpr Cell call_error_cells[][5] = {
#define IPD_CALL(NAME, name, inside_callback, summary)
#define IPD_CALL_ERROR(CALL, ERROR, who, when) {#CALL, int{IPDAEMON_ERROR_##ERROR}, #ERROR, #who, when},
#define IPD_CALL_OTHERS(CALL, which, when) {#CALL, 0, which, "ALL", when},
#include "ipdaemon_calls.def"
#undef IPD_CALL
#undef IPD_CALL_ERROR
#undef IPD_CALL_OTHERS
};

// Null if there is none.
template <std::size_t width, std::size_t count>
const Cell* find_cell(const int (&columns)[width], const Cell (&rows)[count][width], std::int32_t row,
                      std::int32_t column) {
  if (row < 0 || static_cast<std::size_t>(row) >= count) return nullptr;
  const int* found = std::find(std::begin(columns), std::end(columns), column);
  return found != std::end(columns) ? &rows[row][found - columns] : nullptr;
}

const Cell* find_cell(std::int32_t table, std::int32_t row, std::int32_t column) {
  switch (table) {
    case IPDAEMON_TABLE_PROPERTIES:
      return find_cell(row_columns, property_cells, row, column);
    case IPDAEMON_TABLE_SETTINGS:
      return find_cell(row_columns, setting_cells, row, column);
    case IPDAEMON_TABLE_EVENTS:
      return find_cell(event_columns, event_cells, row, column);
    case IPDAEMON_TABLE_PARAMETERS:
      return find_cell(parameter_columns, parameter_cells, row, column);
    case IPDAEMON_TABLE_CONSTANTS:
      return find_cell(constant_columns, constant_cells, row, column);
    case IPDAEMON_TABLE_ERRORS:
      return find_cell(error_columns, error_cells, row, column);
    case IPDAEMON_TABLE_CALLS:
      return find_cell(call_columns, call_cells, row, column);
    case IPDAEMON_TABLE_CALL_ERRORS:
      return find_cell(call_error_columns, call_error_cells, row, column);
    default:
      return nullptr;
  }
}

}  // namespace
}  // namespace ipdaemon

extern "C" int32_t ipdaemon_describe(int32_t table, int32_t row, int32_t column, ipdaemon_value* out) {
  using namespace ipdaemon;
  if (out != nullptr) *out = ipdaemon_value{};
  const Cell* const cell = find_cell(table, row, column);
  if (cell == nullptr) return IPDAEMON_ERROR_UNKNOWN_NAME;
  if (out == nullptr) return 0;
  *out = to_abi(cell->text == nullptr ? ValueView::integer(cell->number)
                                      : ValueView::text(BytesView(cell->text, std::strlen(cell->text))));
  return 0;
}
