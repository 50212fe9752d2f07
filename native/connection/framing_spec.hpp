// What the settings Framing and DefaultFraming say, KIND[,option=value ...], taken apart once and never changed: how
// frames are marked, how long they may be, and what happens to longer ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace ipdaemon {

struct FramingSpec {
  enum class Kind : std::uint8_t { length, eols, octets, syslog };
  // How the field in front of a frame of kind `length` is written.
  enum class Notation : std::uint8_t { big_endian, little_endian, varint, decimal, hexadecimal, bcd };
  // What becomes of a frame that is longer than `max`.
  enum class Over : std::uint8_t { close, skip, split };

  static constexpr std::int32_t strip_header = -1;
  static constexpr std::size_t varint_length_max = 5;
  static constexpr std::size_t ends_max = 16;
  static constexpr std::size_t end_length_max = 255;

  Kind kind = Kind::length;
  Notation field = Notation::big_endian;
  Over over = Over::close;
  std::uint8_t field_length = 0;  // Bytes; of a varint, how many there may be.
  std::uint32_t offset = 0;
  std::int32_t adjust = 0;
  std::int32_t strip = strip_header;
  std::uint32_t max = 0;
  std::vector<Bytes> ends;
  std::array<bool, 256> begins_end{};  // The bytes that some end begins with.

  // Of an empty text, null: the properties decide. `line_length_max` is the max that `eols` has without one. Returns 0,
  // or INVALID_VALUE with the reason in `detail`, in which the setting is called `name`.
  static int parse(BytesView text, BytesView name, std::uint32_t line_length_max,
                   std::shared_ptr<const FramingSpec>* out, std::string* detail);

  // With every option written out; parses to the same.
  std::string text() const;
};

}  // namespace ipdaemon
