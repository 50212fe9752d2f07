// Cuts a stream of bytes into the frames that a FramingSpec describes. As the framer, it knows bytes only, and keeps
// none: what is incomplete is shown again when more has come. It believes no length before the bytes are there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/bytes.hpp"
#include "connection/framer.hpp"
#include "connection/framing_spec.hpp"

namespace ipdaemon {

class FrameReader {
 public:
  // `owes_lf`: the CR before the first byte has ended a line, and an LF behind it belongs to that.
  FrameReader(std::shared_ptr<const FramingSpec> spec, bool owes_lf) : spec_(std::move(spec)) {
    state_.owes_lf = owes_lf;
  }

  const FramingSpec& spec() const { return *spec_; }
  // What is wrong, after Cut::malformed.
  const char* why() const { return why_; }
  // Whether the last piece was all of a frame, so that nothing but its place has to be known to cut it again.
  bool was_whole() const { return state_.was_whole; }
  // Where it began, with its header.
  std::size_t start() const { return start_; }
  bool owes_lf() const { return state_.owes_lf; }
  // Whether the stream is inside of a frame whose bytes are dropped.
  bool drops() const { return state_.inside == Inside::dropped || state_.inside == Inside::dropped_line; }

  // As Framer::next: of Cut::more, piece->next says from where on the bytes have to be kept. After Cut::skipped the
  // stream goes on at piece->next; Cut::too_long and Cut::malformed are final.
  Cut next(BytesView data, std::size_t from, Piece* piece) { return cut(data, from, false, piece); }
  // After the end of the stream.
  Cut rest(BytesView data, std::size_t from, Piece* piece);

  // What cannot be seen in the bytes.
  struct State {
    enum class Inside : std::uint8_t {
      nothing,
      dropped,       // A frame that is too long: `left` bytes are dropped,
      parts,         // or delivered in parts, after `strip` of them.
      dropped_line,  // Likewise a line: it is dropped to its end,
      line_parts,    // or goes on.
    };
    std::uint64_t left = 0;
    std::uint32_t strip = 0;
    std::uint32_t searched = 0;  // Bytes of a line that hold no end.
    Inside inside = Inside::nothing;
    bool owes_lf = false;
    bool was_whole = true;
  };
  State state() const { return state_; }
  void restore(const State& state) { state_ = state; }
  void reset() { state_ = State(); }

 private:
  struct Header {
    std::size_t length = 0;
    std::uint64_t value = 0;
  };
  struct End {
    std::size_t at = 0;
    std::size_t length = 0;  // 0 if there is none, or not yet.
    bool undecided = false;  // What stands at `at` may be the beginning of one.
  };
  using Inside = State::Inside;

  Cut cut(BytesView data, std::size_t from, bool is_final, Piece* piece);
  Cut next_frame(BytesView data, std::size_t begin, Piece* piece);
  Cut next_part(BytesView data, std::size_t begin, Piece* piece);
  Cut next_line(BytesView data, std::size_t begin, bool is_final, Piece* piece);
  bool drop(BytesView data, bool is_final, std::size_t* begin);
  bool is_line(char first) const;
  Cut read_header(BytesView bytes, Header* header);
  Cut read_field(BytesView bytes, Header* header);
  Cut read_varint(BytesView bytes, Header* header);
  Cut read_text(BytesView bytes, Header* header);
  Cut read_count(BytesView bytes, Header* header);
  End find_end(BytesView line, std::size_t from, std::size_t to, bool is_final) const;
  std::size_t end_at(BytesView bytes, bool is_final, bool* undecided) const;
  // The bytes of a frame without an LF at its end that syslog does not want.
  std::size_t end_of_text(BytesView data, std::size_t begin, std::size_t end) const;
  Cut malformed(const char* why) {
    why_ = why;
    return Cut::malformed;
  }

  const std::shared_ptr<const FramingSpec> spec_;
  State state_;
  std::size_t start_ = 0;
  const char* why_ = "";
};

}  // namespace ipdaemon
