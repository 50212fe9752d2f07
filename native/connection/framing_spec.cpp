#include "connection/framing_spec.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "ipdaemon.h"
#include "properties/text.hpp"

namespace ipdaemon {

namespace {

using Kind = FramingSpec::Kind;
using Over = FramingSpec::Over;

constexpr std::int64_t offset_max = 64;
constexpr std::int64_t strip_max = 65535;
constexpr std::int64_t adjust_max = 65535;
constexpr std::int64_t max_max = 2147483647;
constexpr std::uint32_t length_max = 1048576;
constexpr std::uint32_t message_max = 65536;

constexpr const char* kinds_wanted = "use length=TYPE, eols=END|END..., octets or syslog";
constexpr const char* types_wanted =
    "use u8, u16be, u16le, u24be, u24le, u32be, u32le, varint, dec1 to dec10, hex2 to hex8 or bcd1 to bcd4";
constexpr const char* ends_wanted = "use 1 to 16 ends of 1 to 255 bytes, | between";
constexpr const char* escapes_wanted = "use \\r \\n \\t \\0 \\\\ \\, \\| or \\x and two hexadecimal digits";

struct FixedType {
  const char* name;
  FramingSpec::Notation field;
  std::uint8_t length;
};

constexpr FixedType fixed_types[] = {
    {"u8", FramingSpec::Notation::big_endian, 1},       {"u16be", FramingSpec::Notation::big_endian, 2},
    {"u16le", FramingSpec::Notation::little_endian, 2}, {"u24be", FramingSpec::Notation::big_endian, 3},
    {"u24le", FramingSpec::Notation::little_endian, 3}, {"u32be", FramingSpec::Notation::big_endian, 4},
    {"u32le", FramingSpec::Notation::little_endian, 4}, {"varint", FramingSpec::Notation::varint, 5},
};

// Types whose name ends in the length of the field.
struct CountedType {
  const char* name;
  FramingSpec::Notation field;
  std::int64_t minimum;
  std::int64_t maximum;
};

constexpr CountedType counted_types[] = {
    {"dec", FramingSpec::Notation::decimal, 1, 10},
    {"hex", FramingSpec::Notation::hexadecimal, 2, 8},
    {"bcd", FramingSpec::Notation::bcd, 1, 4},
};

struct Escape {
  char letter;
  char byte;
};

constexpr Escape escapes[] = {{'r', '\r'}, {'n', '\n'}, {'t', '\t'}, {'0', '\0'}, {'\\', '\\'}, {',', ','}, {'|', '|'}};

constexpr const char* over_names[] = {"close", "skip", "split"};

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  return lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : -1;
}

// The first `separator` that no backslash stands before.
std::size_t find_unescaped(BytesView text, char separator) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == separator) {
      return at;
    }
  }
  return BytesView::npos;
}

bool unescape(BytesView text, Bytes* out) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\') {
      *out += text[at];
      continue;
    }
    if (++at == text.size()) return false;
    if (text[at] == 'x') {
      const int high = at + 1 < text.size() ? hex_digit(text[at + 1]) : -1;
      const int low = at + 2 < text.size() ? hex_digit(text[at + 2]) : -1;
      if (high < 0 || low < 0) return false;
      *out += static_cast<char>(high * 16 + low);
      at += 2;
      continue;
    }
    const auto* escape = std::find_if(std::begin(escapes), std::end(escapes),
                                      [&](const Escape& candidate) { return candidate.letter == text[at]; });
    if (escape == std::end(escapes)) return false;
    *out += escape->byte;
  }
  return true;
}

void append_escaped(BytesView end, std::string* out) {
  static constexpr char digits[] = "0123456789abcdef";
  for (const char c : end) {
    const auto* escape = std::find_if(std::begin(escapes), std::end(escapes),
                                      [&](const Escape& candidate) { return candidate.byte == c; });
    if (escape != std::end(escapes)) {
      *out += '\\';
      *out += escape->letter;
    } else if (c > ' ' && c < 0x7f) {
      *out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      *out += "\\x";
      *out += digits[byte >> 4];
      *out += digits[byte & 15];
    }
  }
}

std::string type_name(const FramingSpec& spec) {
  for (const FixedType& type : fixed_types) {
    if (type.field == spec.field && type.length == spec.field_length) return type.name;
  }
  for (const CountedType& type : counted_types) {
    if (type.field == spec.field) return type.name + std::to_string(spec.field_length);
  }
  return {};
}

// Takes one text apart. What is wrong is said in the setting's name.
class Parser {
 public:
  Parser(BytesView name, FramingSpec* spec, std::string* detail) : name_(name), spec_(*spec), detail_(*detail) {}

  bool parse(BytesView text, std::uint32_t line_length_max) {
    std::size_t end = find_unescaped(text, ',');
    if (!parse_kind(text.substr(0, end), line_length_max)) return false;
    while (end != BytesView::npos) {
      text = text.substr(end + 1);
      end = find_unescaped(text, ',');
      if (!parse_option(trim(text.substr(0, end)))) return false;
    }
    return true;
  }

 private:
  enum : unsigned { has_offset = 1, has_adjust = 2, has_strip = 4, has_max = 8, has_over = 16 };

  // `Framing cannot be 'x'; use ...`, or `max of Framing cannot be ...`.
  bool refuse(BytesView option, BytesView value, const std::string& wanted) {
    detail_ = option.empty() ? std::string() : std::string(option) + " of ";
    detail_ += std::string(name_) + " cannot be " + in_quotes(value) + "; " + wanted;
    return false;
  }

  bool parse_kind(BytesView text, std::uint32_t line_length_max) {
    const std::size_t equals = text.find('=');
    const BytesView word = trim(text.substr(0, equals));
    const BytesView value = equals == BytesView::npos ? BytesView() : text.substr(equals + 1);
    const bool has_value = equals != BytesView::npos;
    if (has_value && equal_ignoring_case(word, "length")) {
      spec_.max = length_max;
      return parse_type(trim(value));
    }
    if (has_value && equal_ignoring_case(word, "eols")) {
      spec_.kind = Kind::eols;
      spec_.max = line_length_max;
      spec_.over = Over::split;
      return parse_ends(value);
    }
    const bool octets = equal_ignoring_case(word, "octets");
    if (has_value || (!octets && !equal_ignoring_case(word, "syslog"))) return refuse({}, trim(text), kinds_wanted);
    spec_.kind = octets ? Kind::octets : Kind::syslog;
    spec_.max = message_max;
    return true;
  }

  bool parse_type(BytesView text) {
    for (const FixedType& type : fixed_types) {
      if (!equal_ignoring_case(text, type.name)) continue;
      spec_.field = type.field;
      spec_.field_length = type.length;
      return true;
    }
    for (const CountedType& type : counted_types) {
      std::int64_t count = 0;
      const bool fits = text.size() > 3 && equal_ignoring_case(text.substr(0, 3), type.name) && is_digit(text[3]) &&
                        text[3] != '0' && parse_integer(text.substr(3), &count);
      if (!fits || count < type.minimum || count > type.maximum) continue;
      spec_.field = type.field;
      spec_.field_length = static_cast<std::uint8_t>(count);
      return true;
    }
    return refuse("length", text, types_wanted);
  }

  bool parse_ends(BytesView text) {
    BytesView left = text;
    for (std::size_t end = 0; end != BytesView::npos; left = left.substr(end == BytesView::npos ? 0 : end + 1)) {
      end = find_unescaped(left, '|');
      const BytesView escaped = left.substr(0, end);
      Bytes bytes;
      if (!unescape(escaped, &bytes)) return refuse("eols", escaped, escapes_wanted);
      if (bytes.empty() || bytes.size() > FramingSpec::end_length_max || spec_.ends.size() == FramingSpec::ends_max) {
        return refuse("eols", text, ends_wanted);
      }
      for (const Bytes& other : spec_.ends) {
        const std::size_t common = std::min(bytes.size(), other.size());
        if (bytes.compare(0, common, other, 0, common) != 0) continue;
        return refuse(
            "eols", text,
            "no end may be the beginning of another; for lines that end in CR, LF or both use SingleLineMode");
      }
      spec_.begins_end[static_cast<unsigned char>(bytes.front())] = true;
      spec_.ends.push_back(std::move(bytes));
    }
    return true;
  }

  bool parse_option(BytesView text) {
    const std::size_t equals = text.find('=');
    const std::string option = lower(trim(text.substr(0, equals)));
    const BytesView value = equals == BytesView::npos ? BytesView() : trim(text.substr(equals + 1));
    if (option == "max") return parse_number(option, value, has_max, 1, max_max, &spec_.max);
    if (option == "over") return parse_over(value);
    if (spec_.kind == Kind::length) {
      if (option == "offset") return parse_number(option, value, has_offset, 0, offset_max, &spec_.offset);
      if (option == "adjust") return parse_number(option, value, has_adjust, -adjust_max, adjust_max, &spec_.adjust);
      if (option == "strip" && equal_ignoring_case(value, "header")) return is_first(option, has_strip);
      if (option == "strip") return parse_number(option, value, has_strip, 0, strip_max, &spec_.strip);
    }
    detail_ = std::string(name_) + " has no option " + in_quotes(option) +
              (spec_.kind == Kind::length ? " here; use offset, adjust, strip, max or over" : " here; use max or over");
    return false;
  }

  template <typename Number>
  bool parse_number(BytesView option, BytesView value, unsigned flag, std::int64_t least, std::int64_t most,
                    Number* out) {
    std::int64_t number = 0;
    if (!parse_integer(value, &number) || number < least || number > most) {
      const char* header = option == "strip" ? "header or " : "";
      return refuse(option, value,
                    std::string("use ") + header + std::to_string(least) + " to " + std::to_string(most));
    }
    *out = static_cast<Number>(number);
    return is_first(option, flag);
  }

  bool parse_over(BytesView value) {
    for (const Over over : {Over::close, Over::skip, Over::split}) {
      if (!equal_ignoring_case(value, over_names[static_cast<int>(over)])) continue;
      spec_.over = over;
      return is_first("over", has_over);
    }
    return refuse("over", value, "use close, skip or split");
  }

  bool is_first(BytesView option, unsigned flag) {
    if ((seen_ & flag) != 0) {
      detail_ = std::string(name_) + " has the option " + in_quotes(option) + " twice; leave one of them out";
      return false;
    }
    seen_ |= flag;
    return true;
  }

  BytesView name_;
  FramingSpec& spec_;
  std::string& detail_;
  unsigned seen_ = 0;
};

}  // namespace

int FramingSpec::parse(BytesView text, BytesView name, std::uint32_t line_length_max,
                       std::shared_ptr<const FramingSpec>* out, std::string* detail) {
  if (text.empty()) {
    out->reset();
    return 0;
  }
  auto spec = std::make_shared<FramingSpec>();
  if (!Parser(name, spec.get(), detail).parse(text, line_length_max)) return IPDAEMON_ERROR_INVALID_VALUE;
  *out = std::move(spec);
  return 0;
}

std::string FramingSpec::text() const {
  std::string out;
  switch (kind) {
    case Kind::length:
      out = "length=" + type_name(*this) + ",offset=" + std::to_string(offset) + ",adjust=" + std::to_string(adjust) +
            ",strip=" + (strip == strip_header ? "header" : std::to_string(strip));
      break;
    case Kind::eols:
      out = "eols=";
      for (const Bytes& end : ends) {
        if (&end != &ends.front()) out += '|';
        append_escaped(end, &out);
      }
      break;
    case Kind::octets:
      out = "octets";
      break;
    case Kind::syslog:
      out = "syslog";
      break;
  }
  return out + ",max=" + std::to_string(max) + ",over=" + over_names[static_cast<int>(over)];
}

}  // namespace ipdaemon
