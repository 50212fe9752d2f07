#include "tls/stores/encodings.hpp"

#include "base/text.hpp"

namespace ipdaemon::tls {

namespace {

constexpr char hex_digits[] = "0123456789abcdef";

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int base64_value(char c, Base64 alphabet) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == (alphabet == Base64::url ? '-' : '+')) return 62;
  if (c == (alphabet == Base64::url ? '_' : '/')) return 63;
  return -1;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Takes one character off the front; false if it is not well-formed.
bool take_utf8(BytesView* text, std::uint32_t* out) {
  const auto first = static_cast<unsigned char>(text->front());
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xc2 ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || length > text->size()) return false;
  std::uint32_t character = length == 1 ? first : first & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>((*text)[i]);
    if ((byte & 0xc0) != 0x80) return false;
    character = character << 6 | (byte & 0x3f);
  }
  constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (character < smallest[length] || character > 0x10ffff || (character >= 0xd800 && character < 0xe000)) return false;
  text->remove_prefix(length);
  *out = character;
  return true;
}

void append_unit(Secret* out, std::uint32_t unit) {
  out->push_back(static_cast<char>(unit >> 8 & 0xff));
  out->push_back(static_cast<char>(unit & 0xff));
}

}  // namespace

bool decode_base64(BytesView text, Base64 alphabet, Secret* out) {
  out->clear();
  out->reserve(text.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (is_blank(c)) continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const int value = base64_value(c, alphabet);
    if (value < 0 || padding > 0) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    if (++digits % 4 == 0) {
      out->push_back(static_cast<char>(bits >> 16 & 0xff));
      out->push_back(static_cast<char>(bits >> 8 & 0xff));
      out->push_back(static_cast<char>(bits & 0xff));
    }
  }
  const std::size_t over = digits % 4;
  if (over == 1 || (padding > 0 && (over == 0 || over + padding != 4))) return false;
  // The bits behind the last byte have to be zero, so that one value has one text only.
  if (over == 2) {
    if ((bits & 0x0f) != 0) return false;
    out->push_back(static_cast<char>(bits >> 4 & 0xff));
  } else if (over == 3) {
    if ((bits & 0x03) != 0) return false;
    out->push_back(static_cast<char>(bits >> 10 & 0xff));
    out->push_back(static_cast<char>(bits >> 2 & 0xff));
  }
  return !out->empty();
}

bool decode_hex(BytesView text, Secret* out) {
  out->clear();
  if (text.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return false;
    out->push_back(static_cast<char>(high << 4 | low));
  }
  return true;
}

std::string hex_text(BytesView bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += hex_digits[byte >> 4];
    out += hex_digits[byte & 15];
  }
  return out;
}

Secret utf16_from_utf8(BytesView text) {
  Secret out;
  out.reserve(2 * text.size());
  for (BytesView rest = text; !rest.empty();) {
    std::uint32_t character = 0;
    if (!take_utf8(&rest, &character)) {
      out.clear();
      for (const char c : text) append_unit(&out, static_cast<unsigned char>(c));
      return out;
    }
    if (character < 0x10000) {
      append_unit(&out, character);
    } else {
      append_unit(&out, 0xd800 + ((character - 0x10000) >> 10));
      append_unit(&out, 0xdc00 + ((character - 0x10000) & 0x3ff));
    }
  }
  return out;
}

bool starts_with(BytesView text, BytesView start) {
  return text.substr(0, start.size()) == start;
}

BytesView without_blanks(BytesView text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string pem_line_fault(BytesView text) {
  constexpr BytesView begin = "-----BEGIN ";
  constexpr BytesView dashes = "-----";
  const std::size_t start = text.find(begin);
  if (start == BytesView::npos) return "";
  const std::size_t end = text.find(dashes, start + begin.size());
  if (end == BytesView::npos) return "";
  const BytesView rest = text.substr(end + dashes.size());
  for (const char* written : {"\\n", "\\r\\n"}) {
    if (!starts_with(rest, written)) continue;
    const std::string escaped = written[1] == 'n' ? "\\\\n" : "\\\\r\\\\n";
    return "its line ends are written as " + std::string(written) +
           "; turn them into real ones first, with text.replaceAll('" + escaped + "', '\\n')";
  }
  const std::size_t next = rest.find_first_not_of(" \t\r");
  if (next == BytesView::npos || rest[next] == '\n') return "";
  return "its line ends are missing; PEM text needs them";
}

std::string name_in_quotes(BytesView text) {
  constexpr std::size_t length_max = 250;
  return in_quotes(text, length_max);
}

bool Cursor::take(std::uint64_t count, BytesView* out) {
  if (count > rest_.size()) return false;
  *out = rest_.substr(0, static_cast<std::size_t>(count));
  rest_.remove_prefix(static_cast<std::size_t>(count));
  return true;
}

bool Cursor::take_number(std::size_t bytes, std::uint64_t* out) {
  BytesView number;
  if (!take(bytes, &number)) return false;
  *out = 0;
  for (const char c : number) *out = *out << 8 | static_cast<unsigned char>(c);
  return true;
}

bool Cursor::take_counted(std::size_t count_bytes, BytesView* out) {
  std::uint64_t count = 0;
  return take_number(count_bytes, &count) && take(count, out);
}

}  // namespace ipdaemon::tls
