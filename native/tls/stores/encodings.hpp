// The small encodings that key stores are made of: base64, hexadecimal, numbers in network order, and
// texts as they may stand in a message. For this folder only.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "tls/stores/secret.hpp"

namespace ipdaemon::tls {

enum class Base64 { standard, url };
// Blanks and line ends are ignored, padding may be left out. False for anything else, and for no bytes.
bool decode_base64(BytesView text, Base64 alphabet, Secret* out);
bool decode_hex(BytesView text, Secret* out);
std::string hex_text(BytesView bytes);

// UTF-8 to UTF-16, high byte first; invalid UTF-8 is taken for ISO 8859-1.
Secret utf16_from_utf8(BytesView text);

bool starts_with(BytesView text, BytesView start);
BytesView without_blanks(BytesView text);  // None at both ends: space, tab, CR, LF.

// Why a PEM text, in which there is a BEGIN, has no lines that OpenSSL could read: the ends of line are written out as
// "\n", as in a variable of the environment, or are missing. Empty if that is not its fault.
std::string pem_line_fault(BytesView text);

// A file name or a subject in quotes, control characters escaped.
std::string name_in_quotes(BytesView text);

// Takes big-endian numbers and counted bytes off the front; false at the end of the bytes.
class Cursor {
 public:
  explicit Cursor(BytesView bytes) : rest_(bytes) {}

  BytesView rest() const { return rest_; }
  bool at_end() const { return rest_.empty(); }
  bool take(std::uint64_t count, BytesView* out);
  bool take_number(std::size_t bytes, std::uint64_t* out);
  // Bytes behind their count, which has that many bytes itself.
  bool take_counted(std::size_t count_bytes, BytesView* out);

 private:
  BytesView rest_;
};

}  // namespace ipdaemon::tls
