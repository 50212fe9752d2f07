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
  Piece piece = first;
  Framer behind_last;
  batch->base = first.begin;
  batch->count = 0;
  do {
    const std::size_t begin = piece.begin - batch->base;
    batch->begins[batch->count] = static_cast<std::uint32_t>(begin);
    if (limit > 1) {
      std::int32_t* described =
          descriptor + BatchDescriptor::first_piece + batch->count * BatchDescriptor::numbers_per_piece;
      described[0] = static_cast<std::int32_t>(begin);
      described[1] = static_cast<std::int32_t>(piece.end - batch->base);
      described[2] = piece.eol ? 1 : 0;
    }
    batch->last = piece;
    behind_last = framer_;
    ++batch->count;
  } while (batch->count < limit && framer_.next(framing, data, batch->last.next, &piece) &&
           piece.end - batch->base <= Batch::bytes_max);
  framer_ = behind_last;
}

std::size_t Inbox::cut_back(const Batch& batch, std::size_t delivered) {
  framer_.reset();
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
  release();
  return true;
}

}  // namespace ipdaemon
