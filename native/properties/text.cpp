#include "properties/text.hpp"

#include <charconv>

namespace ipdaemon {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

BytesView trim(BytesView text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(BytesView a, BytesView b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

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

std::string in_quotes(BytesView text) {
  constexpr std::size_t length_max = 60;
  static constexpr char digits[] = "0123456789abcdef";
  std::string out = "'";
  for (const char c : text.substr(0, length_max)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  out += text.size() > length_max ? "...'" : "'";
  return out;
}

}  // namespace ipdaemon
