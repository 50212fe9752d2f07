#include "connection/outbox.hpp"

namespace ipdaemon {

void Outbox::append(BytesView bytes) {
  // What is gone is dropped when it outweighs the rest: each byte moves at most once.
  if (taken_ > bytes_.size() / 2) {
    bytes_.erase(0, taken_);
    taken_ = 0;
  }
  bytes_.append(bytes);
  appended_ += bytes.size();
}

void Outbox::consume(std::size_t count) {
  taken_ += count;
  taken_total_ += count;
  release_if_empty();
}

void Outbox::withdraw(std::size_t count) {
  bytes_.resize(bytes_.size() - count);
  appended_ -= count;
  release_if_empty();
}

void Outbox::clear() {
  drop_file();
  withdraw(size());
}

void Outbox::drop_file() {
  if (!file_) return;
  appended_ -= static_cast<std::uint64_t>(file_left());
  file_.reset();
}

void Outbox::append_file(File&& file) {
  file_ = std::make_unique<FileTransfer>(FileTransfer{std::move(file), 0});
  appended_ += static_cast<std::uint64_t>(file_left());
}

void Outbox::consume_file(std::int64_t count) {
  file_->offset += count;
  taken_total_ += static_cast<std::uint64_t>(count);
  if (file_left() <= 0) file_.reset();
}

void Outbox::release_if_empty() {
  // An idle connection keeps no buffer.
  if (taken_ == bytes_.size() && bytes_.capacity() > 0) {
    Bytes().swap(bytes_);
    taken_ = 0;
  }
}

}  // namespace ipdaemon
