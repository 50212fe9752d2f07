#include "tls/stores/json.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ipdaemon::tls {

namespace {

constexpr int nesting_max = 16;
constexpr std::size_t members_max = 1000;  // Each is compared with those before it.

bool take_hex(BytesView text, std::uint32_t* out) {
  if (text.size() < 4) return false;
  *out = 0;
  for (const char c : text.substr(0, 4)) {
    const bool is_letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!is_digit(c) && !is_letter) return false;
    *out = *out << 4 | static_cast<std::uint32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return true;
}

class JsonReader {
 public:
  explicit JsonReader(BytesView text) : rest_(text) {}

  bool read(Json* out) {
    skip_blanks();
    if (!read_value(out, 0)) return false;
    skip_blanks();
    return rest_.empty();
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && BytesView(" \t\r\n").find(rest_.front()) != BytesView::npos) rest_.remove_prefix(1);
  }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take_between_blanks(char c) {
    skip_blanks();
    if (!take(c)) return false;
    skip_blanks();
    return true;
  }

  bool read_value(Json* out, int depth) {
    if (rest_.empty() || depth > nesting_max) return false;
    switch (rest_.front()) {
      case '{':
        return read_object(out, depth);
      case '[':
        return read_array(out, depth);
      case '"':
        out->kind = Json::Kind::string;
        return read_string(&out->text);
      case 't':
        return read_word("true", Json::Kind::boolean, out);
      case 'f':
        return read_word("false", Json::Kind::boolean, out);
      case 'n':
        return read_word("null", Json::Kind::null, out);
      default:
        return read_number(out);
    }
  }

  bool read_word(BytesView word, Json::Kind kind, Json* out) {
    if (rest_.substr(0, word.size()) != word) return false;
    out->kind = kind;
    out->text = rest_.substr(0, word.size());
    rest_.remove_prefix(word.size());
    return true;
  }

  bool read_object(Json* out, int depth) {
    out->kind = Json::Kind::object;
    take('{');
    skip_blanks();
    if (take('}')) return true;
    do {
      skip_blanks();
      BytesView name;
      if (!read_string(&name) || !take_between_blanks(':') || out->names.size() >= members_max ||
          out->member(name) != nullptr) {
        return false;
      }
      out->names.push_back(name);
      out->items.emplace_back();
      if (!read_value(&out->items.back(), depth + 1)) return false;
      skip_blanks();
    } while (take(','));
    return take('}');
  }

  bool read_array(Json* out, int depth) {
    out->kind = Json::Kind::array;
    take('[');
    skip_blanks();
    if (take(']')) return true;
    do {
      skip_blanks();
      out->items.emplace_back();
      if (!read_value(&out->items.back(), depth + 1)) return false;
      skip_blanks();
    } while (take(','));
    return take(']');
  }

  bool read_string(BytesView* out) {
    if (!take('"')) return false;
    std::size_t at = 0;
    while (at < rest_.size() && rest_[at] != '"') {
      if (static_cast<unsigned char>(rest_[at]) < 0x20) return false;
      if (rest_[at] != '\\') {
        ++at;
        continue;
      }
      std::uint32_t unit = 0;
      if (at + 1 >= rest_.size()) return false;
      const char escape = rest_[at + 1];
      if (escape == 'u' ? !take_hex(rest_.substr(at + 2), &unit)
                        : BytesView("\"\\/bfnrt").find(escape) == BytesView::npos) {
        return false;
      }
      at += escape == 'u' ? 6 : 2;
    }
    if (at >= rest_.size()) return false;
    *out = rest_.substr(0, at);
    rest_.remove_prefix(at + 1);
    return true;
  }

  std::size_t digits_at(std::size_t at) const {
    std::size_t end = at;
    while (end < rest_.size() && is_digit(rest_[end])) ++end;
    return end - at;
  }
  bool is_at(std::size_t at, BytesView characters) const {
    return at < rest_.size() && characters.find(rest_[at]) != BytesView::npos;
  }

  bool read_number(Json* out) {
    std::size_t at = is_at(0, "-") ? 1 : 0;
    const std::size_t whole = digits_at(at);
    if (whole == 0 || (whole > 1 && rest_[at] == '0')) return false;
    at += whole;
    if (is_at(at, ".")) {
      const std::size_t fraction = digits_at(at + 1);
      if (fraction == 0) return false;
      at += 1 + fraction;
    }
    if (is_at(at, "eE")) {
      at += is_at(at + 1, "+-") ? 2 : 1;
      const std::size_t exponent = digits_at(at);
      if (exponent == 0) return false;
      at += exponent;
    }
    out->kind = Json::Kind::number;
    out->text = rest_.substr(0, at);
    rest_.remove_prefix(at);
    return true;
  }

  BytesView rest_;
};

void append_utf8(Secret* out, std::uint32_t character) {
  if (character < 0x80) {
    out->push_back(static_cast<char>(character));
  } else if (character < 0x800) {
    out->push_back(static_cast<char>(0xc0 | character >> 6));
    out->push_back(static_cast<char>(0x80 | (character & 0x3f)));
  } else {
    // A half of a surrogate pair stays one: no text that matters here has any.
    out->push_back(static_cast<char>(0xe0 | character >> 12));
    out->push_back(static_cast<char>(0x80 | (character >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (character & 0x3f)));
  }
}

}  // namespace

const Json* Json::member(BytesView name) const {
  const auto found = std::find(names.begin(), names.end(), name);
  return found != names.end() ? &items[static_cast<std::size_t>(found - names.begin())] : nullptr;
}

Secret Json::string() const {
  Secret out;
  if (kind != Kind::string) return out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 >= text.size()) {
      out.push_back(text[i]);
      continue;
    }
    const char escape = text[++i];
    std::uint32_t unit = 0;
    switch (escape) {
      case 'b':
        out.push_back('\b');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 't':
        out.push_back('\t');
        break;
      case 'u':
        if (take_hex(text.substr(i + 1), &unit)) append_utf8(&out, unit);
        i += 4;
        break;
      default:
        out.push_back(escape);
    }
  }
  return out;
}

bool parse_json(BytesView text, Json* out) {
  *out = {};
  return JsonReader(text).read(out);
}

}  // namespace ipdaemon::tls
