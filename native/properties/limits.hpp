// Checks a value against its row and brings it into the row's type: the one place that says what is
// wrong with a value.
#pragma once

#include <string>

#include "properties/row.hpp"
#include "properties/values.hpp"

namespace ipdaemon {

// Converts `value` to what `row` stores. Returns 0, or INVALID_VALUE with the reason in `detail`.
int convert(const Row& row, const ValueView& value, Stored* out, std::string* detail);

// The value a row has after open.
Stored fallback_of(const Row& row);

}  // namespace ipdaemon
