#include "connection/frame_reader.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ipdaemon {

namespace {

using Kind = FramingSpec::Kind;
using Over = FramingSpec::Over;

constexpr std::size_t count_digits_max = 10;
constexpr const char* no_number_detail = "the length field of a frame is not a number";
constexpr const char* below_zero_detail = "the length field of a frame is too small";
constexpr const char* varint_detail = "the length field of a frame is a varint of more than 5 bytes";
constexpr const char* count_detail = "a message does not begin with its length, up to 10 digits and a blank";

unsigned byte_at(BytesView bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

// The value of a digit of a text field, or -1.
int digit_of(char c, bool is_hexadecimal) {
  if (is_digit(c)) return c - '0';
  const char letter = lower(c);
  return is_hexadecimal && letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

}  // namespace

Cut FrameReader::cut(BytesView data, std::size_t from, bool is_final, Piece* piece) {
  std::size_t begin = from;
  if (state_.owes_lf && begin < data.size()) {
    if (data[begin] == '\n') ++begin;
    state_.owes_lf = false;
  }
  const bool goes_on = drop(data, is_final, &begin);
  if (goes_on && spec_->kind == Kind::syslog && state_.inside == Inside::nothing) {
    while (begin < data.size() && data[begin] == '\n') ++begin;
  }
  piece->begin = piece->next = start_ = begin;
  if (!goes_on || begin >= data.size()) return Cut::more;
  if (state_.inside == Inside::parts) return next_part(data, begin, piece);
  if (state_.inside == Inside::line_parts || is_line(data[begin])) return next_line(data, begin, is_final, piece);
  return next_frame(data, begin, piece);
}

Cut FrameReader::rest(BytesView data, std::size_t from, Piece* piece) {
  const Cut found = cut(data, from, true, piece);
  if (found != Cut::more || piece->next >= data.size()) return found;
  piece->begin = piece->next;
  piece->end = piece->next = data.size();
  piece->eol = false;
  reset();
  return Cut::piece;
}

// Drops what is left of a frame that is too long. Returns false if more of it is to come.
bool FrameReader::drop(BytesView data, bool is_final, std::size_t* begin) {
  if (state_.inside == Inside::dropped) {
    const auto count = std::min<std::uint64_t>(state_.left, data.size() - *begin);
    *begin += static_cast<std::size_t>(count);
    state_.left -= count;
    if (state_.left > 0) return false;
    state_.inside = Inside::nothing;
  } else if (state_.inside == Inside::dropped_line) {
    const End end = find_end(data.substr(*begin), 0, data.size() - *begin, is_final);
    *begin += end.at + end.length;
    if (end.length == 0) return false;
    state_.inside = Inside::nothing;
  }
  return true;
}

// ---- Frames whose length stands in front ------------------------------------------------------------

Cut FrameReader::next_frame(BytesView data, std::size_t begin, Piece* piece) {
  Header header;
  if (const Cut found = read_header(data.substr(begin), &header); found != Cut::piece) return found;
  const std::int64_t body = static_cast<std::int64_t>(header.value) + spec_->adjust;
  if (body < 0) return malformed(below_zero_detail);
  const std::uint64_t length = header.length + static_cast<std::uint64_t>(body);
  const std::uint64_t wanted =
      spec_->strip == FramingSpec::strip_header ? header.length : static_cast<std::uint64_t>(spec_->strip);
  const std::uint64_t strip = std::min(wanted, length);
  if (length <= spec_->max) {
    if (data.size() - begin < length) return Cut::more;
    piece->begin = begin + static_cast<std::size_t>(strip);
    piece->next = begin + static_cast<std::size_t>(length);
    piece->end = end_of_text(data, piece->begin, piece->next);
    piece->eol = true;
    state_.was_whole = true;
    return Cut::piece;
  }
  if (spec_->over == Over::close) return Cut::too_long;
  if (spec_->over == Over::skip) {
    state_.inside = Inside::dropped;
    state_.left = static_cast<std::uint64_t>(body);
    piece->next = begin + header.length;
    return Cut::skipped;
  }
  state_.inside = Inside::parts;
  state_.left = length;
  state_.strip = static_cast<std::uint32_t>(strip);
  return next_part(data, begin, piece);
}

// Of a frame that is too long: parts of `max` bytes, whatever the packets.
Cut FrameReader::next_part(BytesView data, std::size_t begin, Piece* piece) {
  const std::size_t stripped = std::min<std::size_t>(state_.strip, data.size() - begin);
  state_.strip -= static_cast<std::uint32_t>(stripped);
  state_.left -= stripped;
  piece->begin = piece->next = begin + stripped;
  if (state_.strip > 0) return Cut::more;
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(state_.left, spec_->max));
  if (data.size() - piece->begin < length) return Cut::more;
  state_.left -= length;
  state_.was_whole = false;
  piece->eol = state_.left == 0;
  piece->next = piece->begin + length;
  piece->end = piece->eol ? end_of_text(data, piece->begin, piece->next) : piece->next;
  if (piece->eol) state_.inside = Inside::nothing;
  return Cut::piece;
}

std::size_t FrameReader::end_of_text(BytesView data, std::size_t begin, std::size_t end) const {
  return spec_->kind == Kind::syslog && end > begin && data[end - 1] == '\n' ? end - 1 : end;
}

// Cut::piece if the header is complete, Cut::more if it is not. What is wrong with it is seen at its first wrong byte,
// so that the outcome does not depend on the packets.
Cut FrameReader::read_header(BytesView bytes, Header* header) {
  if (spec_->kind != Kind::length) return read_count(bytes, header);
  if (bytes.size() <= spec_->offset) return Cut::more;
  const BytesView field = bytes.substr(spec_->offset);
  Cut found = Cut::more;
  switch (spec_->field) {
    case FramingSpec::Notation::varint:
      found = read_varint(field, header);
      break;
    case FramingSpec::Notation::decimal:
    case FramingSpec::Notation::hexadecimal:
    case FramingSpec::Notation::bcd:
      found = read_text(field.substr(0, spec_->field_length), header);
      break;
    default:
      found = read_field(field, header);
      break;
  }
  header->length += spec_->offset;
  return found;
}

Cut FrameReader::read_field(BytesView bytes, Header* header) {
  const std::size_t length = spec_->field_length;
  if (bytes.size() < length) return Cut::more;
  for (std::size_t at = 0; at < length; ++at) {
    const std::size_t from = spec_->field == FramingSpec::Notation::little_endian ? length - 1 - at : at;
    header->value = header->value << 8 | byte_at(bytes, from);
  }
  header->length = length;
  return Cut::piece;
}

Cut FrameReader::read_varint(BytesView bytes, Header* header) {
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const std::uint64_t byte = byte_at(bytes, at);
    header->value |= (byte & 0x7f) << (7 * at);
    if (byte < 0x80) {
      header->length = at + 1;
      return Cut::piece;
    }
    if (at + 1 == FramingSpec::varint_length_max) return malformed(varint_detail);
  }
  return Cut::more;
}

// Digits of ten or sixteen, one in a byte or two. Blanks may stand before the first decimal one.
Cut FrameReader::read_text(BytesView bytes, Header* header) {
  const bool is_packed = spec_->field == FramingSpec::Notation::bcd;
  const bool is_hexadecimal = spec_->field == FramingSpec::Notation::hexadecimal;
  bool has_digit = false;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (is_packed) {
      const unsigned high = byte_at(bytes, at) >> 4;
      const unsigned low = byte_at(bytes, at) & 15;
      if (high > 9 || low > 9) return malformed(no_number_detail);
      header->value = header->value * 100 + high * 10 + low;
      continue;
    }
    if (spec_->field == FramingSpec::Notation::decimal && bytes[at] == ' ' && !has_digit) {
      if (at + 1 == spec_->field_length) return malformed(no_number_detail);
      continue;
    }
    const int digit = digit_of(bytes[at], is_hexadecimal);
    if (digit < 0) return malformed(no_number_detail);
    has_digit = true;
    header->value = header->value * (is_hexadecimal ? 16 : 10) + static_cast<unsigned>(digit);
  }
  header->length = spec_->field_length;
  return bytes.size() < header->length ? Cut::more : Cut::piece;
}

// RFC 6587: digits, the first of them no 0, and a blank.
Cut FrameReader::read_count(BytesView bytes, Header* header) {
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (bytes[at] == ' ' && at > 0) {
      header->length = at + 1;
      return Cut::piece;
    }
    const bool is_good = is_digit(bytes[at]) && (at > 0 || bytes[at] != '0') && at < count_digits_max;
    if (!is_good) return malformed(count_detail);
    header->value = header->value * 10 + static_cast<unsigned>(digit_of(bytes[at], false));
  }
  return Cut::more;
}

// ---- Lines ------------------------------------------------------------------------------------------

bool FrameReader::is_line(char first) const {
  if (spec_->kind == Kind::syslog) return !is_digit(first) || first == '0';
  return spec_->kind == Kind::eols;
}

Cut FrameReader::next_line(BytesView data, std::size_t begin, bool is_final, Piece* piece) {
  const std::size_t limit = spec_->max;
  const BytesView line = data.substr(begin);
  // An end counts if it begins at `limit` at the latest.
  const End end = find_end(line, state_.searched, std::min(line.size(), limit + 1), is_final);
  state_.searched = 0;
  if (end.length > 0) {
    piece->end = begin + end.at;
    piece->next = piece->end + end.length;
    piece->eol = true;
    state_.was_whole = state_.inside == Inside::nothing;
    state_.inside = Inside::nothing;
    return Cut::piece;
  }
  if (end.undecided || line.size() <= limit) {
    state_.searched = static_cast<std::uint32_t>(end.at);
    return Cut::more;
  }
  if (spec_->over == Over::close) return Cut::too_long;
  piece->end = piece->next = begin + limit;
  if (spec_->over == Over::skip) {
    state_.inside = Inside::dropped_line;
    return Cut::skipped;
  }
  piece->eol = false;
  state_.was_whole = false;
  // What follows is the same line, whatever it begins with.
  state_.inside = Inside::line_parts;
  return Cut::piece;
}

// The first end that begins in [from, to) of `line`. Without one, `at` is where the search goes on.
FrameReader::End FrameReader::find_end(BytesView line, std::size_t from, std::size_t to, bool is_final) const {
  if (spec_->kind != Kind::eols) {
    const std::size_t found = from < to ? line.substr(0, to).find('\n', from) : BytesView::npos;
    return found != BytesView::npos ? End{found, 1, false} : End{to, 0, false};
  }
  const bool is_single = spec_->ends.size() == 1;
  for (std::size_t at = from; at < to; ++at) {
    if (is_single) {
      at = line.substr(0, to).find(spec_->ends.front().front(), at);
      if (at == BytesView::npos) break;
    } else if (!spec_->begins_end[byte_at(line, at)]) {
      continue;
    }
    bool undecided = false;
    const std::size_t length = end_at(line.substr(at), is_final, &undecided);
    if (length > 0 || undecided) return {at, length, undecided};
  }
  return {to, 0, false};
}

// The length of the end that `bytes` begin with. As none is the beginning of another there is one at most, and none can
// still come where it is.
std::size_t FrameReader::end_at(BytesView bytes, bool is_final, bool* undecided) const {
  for (const Bytes& end : spec_->ends) {
    const BytesView head = bytes.substr(0, end.size());
    if (head == end) return end.size();
    if (!is_final && head.size() < end.size() && BytesView(end).substr(0, head.size()) == head) *undecided = true;
  }
  return 0;
}

}  // namespace ipdaemon
