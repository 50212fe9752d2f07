// Cuts a stream of bytes into the pieces that DataIn delivers: by end-of-line string, by lines of any
// kind, by records, or not at all. Knows bytes only: no socket, no connection, no event.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace ipdaemon {

// What decides where to cut. The first that applies wins: record_length > 0, single_line_mode,
// eol not empty; otherwise everything at hand is one piece.
struct Framing {
  BytesView eol;
  std::int32_t record_length = 0;
  bool single_line_mode = false;
  std::uint32_t line_length_max = 2048;
};

// A piece within the bytes given to next: [begin, end) is delivered, the stream goes on at `next`.
struct Piece {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t next = 0;
  bool eol = true;
};

// What comes of looking for a piece. A framer finds pieces or needs more; the others come from a FrameReader.
enum class Cut : std::uint8_t {
  more,       // More bytes are needed.
  piece,      // There is one.
  skipped,    // A frame is too long, and its bytes are dropped from here on.
  too_long,   // A frame is too long, which ends the connection.
  malformed,  // What stands there cannot be a frame, which ends it, too.
};

// One per connection. Remembers what cannot be seen in the bytes: an LF to be swallowed after a CR
// that ended a line, and how far an unfinished line was searched already.
class Framer {
 public:
  // Finds the next piece of `data` from `from` on. Returns false if more bytes are needed; then
  // `piece->next` says from where on the bytes have to be kept. Calling again with more bytes appended
  // does not search again what was searched, as long as `from` is the same distance from the end of
  // what was kept; after a change of framing call `forget_search` first.
  bool next(const Framing& framing, BytesView data, std::size_t from, Piece* piece);

  // What is left when the peer has ended: all of it, eol False (True without framing). Returns false
  // if nothing is left.
  bool rest(const Framing& framing, BytesView data, std::size_t from, Piece* piece);

  void forget_search() { searched_ = 0; }
  // Input was discarded: a swallowed LF is owed no longer.
  void reset() { searched_ = 0, swallow_lf_ = false; }
  // Whether an LF that comes next belongs to the line before.
  bool owes_lf() const { return swallow_lf_; }
  void set_owes_lf(bool owes) { swallow_lf_ = owes; }

 private:
  bool next_line(const Framing& framing, BytesView data, std::size_t begin, Piece* piece);
  bool next_single_line(const Framing& framing, BytesView data, std::size_t begin, Piece* piece);

  std::uint32_t searched_ = 0;  // Bytes from `from` on that hold no end of line.
  bool swallow_lf_ = false;
};

}  // namespace ipdaemon
