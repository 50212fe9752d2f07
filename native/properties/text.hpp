// Values to and from text, for do_config and for callers that are loose about types.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace ipdaemon {

// Decimal with an optional sign, or 0x and hexadecimal digits; blanks around it are ignored.
bool parse_integer(BytesView text, std::int64_t* out);
// True False 1 0 Yes No On Off, in any case; other numbers count as True unless they are 0.
bool parse_boolean(BytesView text, bool* out);

}  // namespace ipdaemon
