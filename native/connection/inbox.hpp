// What a connection has received and the program has not been given: bytes, and what cuts them, a framer, or a frame
// reader where there is a Framing. Knows no socket, no event and no server. A connection without unfinished input has
// no buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/bytes.hpp"
#include "connection/frame_reader.hpp"
#include "connection/framer.hpp"
#include "pump/events.hpp"

namespace ipdaemon {

// Where the next bytes are received to: behind what is left of the read before, so that lines are found in one run.
struct ReceiveTarget {
  char* buffer;
  char* at;
  std::size_t left;  // Bytes of the read before, which belong in front.
  bool joined;       // There is room for them there.
};

// Pieces that were cut ahead of their delivery.
struct Batch {
  static constexpr std::size_t pieces_max = 256;
  // A program that keeps one line of a batch may keep the memory of the whole batch with it.
  static constexpr std::size_t bytes_max = 8 * 1024;

  std::size_t base = 0;  // Where the first piece begins, with what stands in front of a frame.
  std::size_t count = 0;
  Piece last;
  std::uint32_t begins[pieces_max];  // Of each piece, from `base` on.
};

class Inbox {
 public:
  explicit Inbox(std::uint32_t line_length_max) : line_length_max_(line_length_max) {}

  std::uint32_t line_length_max() const { return line_length_max_; }
  bool empty() const { return bytes_.empty(); }
  std::size_t size() const { return bytes_.size(); }
  BytesView bytes() const { return bytes_; }

  // `buffer` has room for headroom bytes in front of what is received.
  ReceiveTarget target(char* buffer, std::size_t headroom) const;
  // `count` bytes have come to the target. Returns true if they and what was left can be handed out from there, as
  // `whole`; false if they are in here now. Callbacks may have run since the target was asked for.
  bool join(const ReceiveTarget& target, std::size_t count, BytesView* whole);

  // Handing out: until end_handing_out nothing in here moves. Discarding meanwhile is done at the end.
  void begin_handing_out() {
    handing_out_ = true;
    discarded_ = false;
  }
  void end_handing_out() { handing_out_ = false; }
  bool is_handing_out() const { return handing_out_; }
  bool is_discarded() const { return discarded_; }

  // The next piece of `data` from `from` on; see Framer and FrameReader.
  Cut next(const Framing& framing, BytesView data, std::size_t from, Piece* piece) {
    if (frames_ != nullptr) return frames_->next(data, from, piece);
    return framer_.next(framing, data, from, piece) ? Cut::piece : Cut::more;
  }
  // After the peer's end.
  Cut rest(const Framing& framing, std::size_t from, Piece* piece) {
    if (frames_ != nullptr) return frames_->rest(bytes_, from, piece);
    return framer_.rest(framing, bytes_, from, piece) ? Cut::piece : Cut::more;
  }
  // Cuts as many pieces behind `first` as may be cut ahead, at most `limit`, and describes them in `descriptor` if
  // limit is more than 1.
  void cut_ahead(const Framing& framing, BytesView data, const Piece& first, std::size_t limit,
                 std::int32_t* descriptor, Batch* batch);
  // Only `delivered` pieces of the batch were: where to go on.
  std::size_t cut_back(const Batch& batch, std::size_t delivered);

  // As it is before a piece is cut that may have to be cut again.
  Framer framer() const { return framer_; }
  void restore(const Framer& framer) { framer_ = framer; }

  // `done` bytes of `data`, which is not in here, were handed out; the rest is kept.
  void keep_rest(BytesView data, std::size_t done);
  // `done` of the bytes in here were handed out.
  void consume(std::size_t done);
  // All of it is unwanted. Returns false if that has to wait for the end of handing out.
  bool discard();
  void framing_changed() { framer_.forget_search(); }

  // Whether a piece has begun of which nothing is kept.
  bool is_inside_piece() const { return frames_ != nullptr && frames_->drops(); }
  // The Framing in force; null if the properties decide. A change counts from the next byte on.
  const FrameReader* frames() const { return frames_.get(); }
  void set_frames(std::shared_ptr<const FramingSpec> spec);

 private:
  template <typename Next, typename Keep>
  void cut_ahead_by(Next next, Keep keep, std::size_t base, const Piece& first, std::size_t limit,
                    std::int32_t* descriptor, Batch* batch);
  void release() { Bytes().swap(bytes_); }

  Bytes bytes_;
  Framer framer_;
  std::unique_ptr<FrameReader> frames_;
  std::uint32_t line_length_max_;
  bool handing_out_ = false;
  bool discarded_ = false;  // While handing out.
};

}  // namespace ipdaemon
