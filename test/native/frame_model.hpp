// A model of the frame reader: a slow reference that sees the whole stream at once.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "check.hpp"
#include "connection/framing_spec.hpp"

namespace ipdaemon::frame_test {

using Kind = FramingSpec::Kind;
using Over = FramingSpec::Over;

inline std::shared_ptr<const FramingSpec> spec_of(const std::string& text) {
  std::shared_ptr<const FramingSpec> spec;
  std::string detail;
  FramingSpec::parse(text, "Framing", 2048, &spec, &detail);
  if (spec == nullptr) test::report_failure(__FILE__, __LINE__, text + ": " + detail);
  return spec;
}

// What comes out, in order: [frame] [part> ! for skipped, # for too long, ? for malformed.
inline std::string shown_piece(BytesView text, bool eol) {
  return "[" + std::string(text) + (eol ? "]" : ">");
}

// All of the stream is known.
class FrameModel {
 public:
  FrameModel(const FramingSpec& spec, std::string stream) : spec_(spec), stream_(std::move(stream)) {}

  std::string run() {
    while (!ended_ && at_ < stream_.size()) {
      if (spec_.kind == Kind::syslog && stream_[at_] == '\n') {
        ++at_;
      } else if (spec_.kind == Kind::eols || (spec_.kind == Kind::syslog && !is_counted())) {
        line();
      } else {
        frame();
      }
    }
    return out_;
  }

 private:
  bool is_counted() const { return stream_[at_] >= '1' && stream_[at_] <= '9'; }

  std::size_t end_in(std::size_t at) const {
    if (spec_.kind == Kind::syslog) return stream_[at] == '\n' ? 1 : 0;
    for (const Bytes& end : spec_.ends) {
      if (stream_.compare(at, end.size(), end) == 0) return end.size();
    }
    return 0;
  }

  void line() {
    std::size_t end = at_;
    while (end < stream_.size() && end_in(end) == 0) ++end;
    const std::size_t length = end < stream_.size() ? end_in(end) : 0;
    const bool is_long = end - at_ > spec_.max;
    if (is_long && spec_.over == Over::close) {
      end_with('#');
      return;
    }
    if (is_long && spec_.over == Over::skip) {
      out_ += '!';
    } else {
      for (; end - at_ > spec_.max; at_ += spec_.max) out_ += shown_piece(stream_.substr(at_, spec_.max), false);
      out_ += shown_piece(stream_.substr(at_, end - at_), length > 0);
    }
    at_ = end + length;
  }

  // Reads the header. Returns 0 if it is good, 'm' if the stream ends in it, or '?'.
  char header(std::size_t* length, std::uint64_t* value) const {
    std::size_t at = at_ + spec_.offset;
    *value = 0;
    std::size_t digits = spec_.field_length;
    if (spec_.kind != Kind::length) {
      for (std::size_t i = 0;; ++i, ++at) {
        if (at >= stream_.size()) return 'm';
        if (stream_[at] == ' ' && i > 0) break;
        if (stream_[at] < (i == 0 ? '1' : '0') || stream_[at] > '9' || i == 10) return '?';
        *value = *value * 10 + static_cast<unsigned>(stream_[at] - '0');
      }
      *length = at + 1 - at_;
      return 0;
    }
    std::string digits_seen;
    for (std::size_t i = 0; i < digits; ++i, ++at) {
      if (at >= stream_.size()) return 'm';
      const auto byte = static_cast<unsigned char>(stream_[at]);
      switch (spec_.field) {
        case FramingSpec::Notation::big_endian:
          *value = *value * 256 + byte;
          break;
        case FramingSpec::Notation::little_endian:
          *value += std::uint64_t{byte} << (8 * i);
          break;
        case FramingSpec::Notation::varint:
          *value += (std::uint64_t{byte} & 127) << (7 * i);
          if (byte >= 128 && i == 4) return '?';
          if (byte < 128) digits = i + 1;
          break;
        case FramingSpec::Notation::bcd:
          if (byte % 16 > 9 || byte / 16 > 9) return '?';
          *value = *value * 100 + byte / 16 * 10 + byte % 16;
          break;
        case FramingSpec::Notation::decimal:
          if (byte == ' ' && digits_seen.empty()) {
            if (i + 1 == digits) return '?';
            break;
          }
          if (byte < '0' || byte > '9') return '?';
          digits_seen += stream_[at];
          *value = *value * 10 + byte - '0';
          break;
        case FramingSpec::Notation::hexadecimal: {
          static const std::string hex = "0123456789abcdef0123456789ABCDEF";
          const std::size_t place = hex.find(stream_[at]);
          if (place == std::string::npos) return '?';
          *value = *value * 16 + place % 16;
          break;
        }
      }
    }
    *length = at - at_;
    return 0;
  }

  void frame() {
    std::size_t length = 0;
    std::uint64_t value = 0;
    const char wrong = header(&length, &value);
    if (wrong == 'm') {
      rest();
      return;
    }
    const std::int64_t body = static_cast<std::int64_t>(value) + spec_.adjust;
    if (wrong == '?' || body < 0) {
      end_with('?');
      return;
    }
    const std::uint64_t total = length + static_cast<std::uint64_t>(body);
    const std::size_t left = stream_.size() - at_;
    const std::uint64_t wanted = spec_.strip < 0 ? length : static_cast<std::uint64_t>(spec_.strip);
    const std::uint64_t strip = std::min(wanted, total);
    if (total <= spec_.max) {
      if (left < total) {
        rest();
        return;
      }
      out_ += shown_piece(text(at_ + strip, at_ + total), true);
      at_ += total;
      return;
    }
    if (spec_.over == Over::close) {
      end_with('#');
      return;
    }
    if (spec_.over == Over::skip) {
      out_ += '!';
      at_ += std::min<std::uint64_t>(left, total);
      return;
    }
    split(total, strip);
  }

  void split(std::uint64_t total, std::uint64_t strip) {
    if (stream_.size() - at_ < strip) {
      at_ = stream_.size();
      return;
    }
    at_ += strip;
    for (std::uint64_t left = total - strip;;) {
      const std::uint64_t part = std::min<std::uint64_t>(left, spec_.max);
      if (stream_.size() - at_ < part) {
        if (at_ < stream_.size()) rest();
        return;
      }
      left -= part;
      out_ += shown_piece(left == 0 ? text(at_, at_ + part) : stream_.substr(at_, part), left == 0);
      at_ += part;
      if (left == 0) return;
    }
  }

  std::string text(std::size_t begin, std::size_t end) const {
    std::string found = stream_.substr(begin, end - begin);
    if (spec_.kind == Kind::syslog && !found.empty() && found.back() == '\n') found.pop_back();
    return found;
  }

  void rest() {
    out_ += shown_piece(stream_.substr(at_), false);
    at_ = stream_.size();
  }

  void end_with(char how) {
    out_ += how;
    ended_ = true;
  }

  const FramingSpec& spec_;
  const std::string stream_;
  std::string out_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace ipdaemon::frame_test
