#include "connection/inbox.hpp"

#include <algorithm>

namespace ipdaemon {

ReceiveTarget Inbox::target(char* buffer, std::size_t headroom) const {
  const std::size_t left = bytes_.size();
  const bool joined = left <= headroom;
  return {buffer, joined ? buffer + left : buffer, left, joined};
}

bool Inbox::join(const ReceiveTarget& target, std::size_t count, BytesView* whole) {
  if (target.joined && target.left == bytes_.size()) {
    copy_bytes(target.buffer, bytes_);
    *whole = {target.buffer, target.left + count};
    return true;
  }
  bytes_.append(target.at, count);
  return false;
}

void Inbox::cut_ahead(const Framing& framing, BytesView data, const Piece& first, std::size_t limit,
                      std::int32_t* descriptor, Batch* batch) {
  if (frames_ != nullptr) {
    // A part of a frame cannot be cut again by its place alone.
    const auto next = [&](std::size_t from, Piece* piece) {
      return frames_->was_whole() && frames_->next(data, from, piece) == Cut::piece;
    };
    FrameReader::State behind_last;
    cut_ahead_by(
        next, [&] { behind_last = frames_->state(); }, frames_->start(), first, limit, descriptor, batch);
    frames_->restore(behind_last);
    return;
  }
  const auto next = [&](std::size_t from, Piece* piece) { return framer_.next(framing, data, from, piece); };
  // Behind a piece, nothing has been searched.
  bool owes_lf = framer_.owes_lf();
  cut_ahead_by(
      next, [&] { owes_lf = framer_.owes_lf(); }, first.begin, first, limit, descriptor, batch);
  framer_.reset();
  framer_.set_owes_lf(owes_lf);
}

template <typename Next, typename Keep>
void Inbox::cut_ahead_by(Next next, Keep keep, std::size_t base, const Piece& first, std::size_t limit,
                         std::int32_t* descriptor, Batch* batch) {
  // Two, so that the last piece need not be copied while its fields are on their way to memory.
  Piece pieces[2] = {first, {}};
  std::size_t count = 0;
  std::size_t previous_next = base;
  while (true) {
    const Piece& piece = pieces[count % 2];
    batch->begins[count] = static_cast<std::uint32_t>(previous_next - base);
    if (limit > 1) {
      std::int32_t* described = descriptor + BatchDescriptor::first_piece + count * BatchDescriptor::numbers_per_piece;
      described[0] = static_cast<std::int32_t>(piece.begin - base);
      described[1] = static_cast<std::int32_t>(piece.end - base);
      described[2] = piece.eol ? 1 : 0;
    }
    previous_next = piece.next;
    keep();
    ++count;
    Piece& following = pieces[count % 2];
    if (count >= limit || !next(previous_next, &following) || following.end - base > Batch::bytes_max) break;
  }
  batch->base = base;
  batch->count = count;
  batch->last = pieces[(count - 1) % 2];
}

std::size_t Inbox::cut_back(const Batch& batch, std::size_t delivered) {
  framer_.reset();
  if (frames_ != nullptr) frames_->reset();
  return batch.base + batch.begins[delivered];
}

void Inbox::keep_rest(BytesView data, std::size_t done) {
  const BytesView rest = data.substr(done);
  if (!rest.empty()) {
    bytes_.assign(rest);
  } else if (!bytes_.empty()) {
    release();
  }
}

void Inbox::consume(std::size_t done) {
  if (done >= bytes_.size()) {
    release();
  } else if (done > 0) {
    bytes_.erase(0, done);
  }
}

bool Inbox::discard() {
  discarded_ = handing_out_;
  if (handing_out_) return false;  // The bytes may be on their way to a callback.
  framer_.reset();
  if (frames_ != nullptr) frames_->reset();
  release();
  return true;
}

void Inbox::set_frames(std::shared_ptr<const FramingSpec> spec) {
  const bool owes_lf = frames_ != nullptr ? frames_->owes_lf() : framer_.owes_lf();
  std::unique_ptr<FrameReader> frames;
  if (spec != nullptr) frames = std::make_unique<FrameReader>(std::move(spec), owes_lf);
  frames_ = std::move(frames);
  framer_.reset();
  framer_.set_owes_lf(frames_ == nullptr && owes_lf);
}

}  // namespace ipdaemon
