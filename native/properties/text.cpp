#include "properties/text.hpp"

#include <charconv>

#include "base/text.hpp"

namespace ipdaemon {

bool parse_integer(BytesView text, std::int64_t* out) {
  text = trim(text);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && lower(text[1]) == 'x') {
    text.remove_prefix(2);
    base = 16;
    if (text.front() == '-') return false;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool parse_boolean(BytesView text, bool* out) {
  text = trim(text);
  for (const char* word : {"true", "yes", "on"}) {
    if (equal_ignoring_case(text, word)) return *out = true, true;
  }
  for (const char* word : {"false", "no", "off"}) {
    if (equal_ignoring_case(text, word)) return *out = false, true;
  }
  std::int64_t number = 0;
  if (!parse_integer(text, &number)) return false;
  *out = number != 0;
  return true;
}

}  // namespace ipdaemon
