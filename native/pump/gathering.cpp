#include "pump/gathering.hpp"

namespace ipdaemon {

thread_local constinit Gathering* Gathering::first_of_thread_ = nullptr;
thread_local constinit bool Gathering::thread_has_ended_ = false;

bool Gathering::add(Debtor& to, BytesView data, BytesView tail, std::size_t send_max) {
  const std::size_t length = data.size() + tail.size();
  if (length > send_max || thread_has_ended_) return false;
  if (to_ != &to || size_ + length > length_max) {
    flush();
    if (!to.can_gather()) return false;
  }
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(length_max);
  if (to_ == nullptr) link();
  to_ = &to;
  char* at = buffer_.get() + size_;
  copy_bytes(at, data);
  copy_bytes(at + data.size(), tail);
  size_ += length;
  return true;
}

void Gathering::flush() {
  if (to_ == nullptr) return;
  Debtor* to = to_;
  const BytesView bytes(buffer_.get(), size_);
  to_ = nullptr;
  size_ = 0;
  unlink();
  if (!bytes.empty()) to->write_gathered(bytes);
}

void Gathering::forget(const Debtor& to) {
  if (to_ != &to) return;
  to_ = nullptr;
  size_ = 0;
  unlink();
}

void Gathering::flush_thread() {
  while (first_of_thread_ != nullptr) first_of_thread_->flush();
}

void Gathering::end_thread() {
  thread_has_ended_ = true;
  flush_thread();
}

void Gathering::link() {
  next_ = first_of_thread_;
  if (next_ != nullptr) next_->link_ = &next_;
  link_ = &first_of_thread_;
  first_of_thread_ = this;
}

void Gathering::unlink() {
  if (link_ == nullptr) return;
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
  link_ = nullptr;
  next_ = nullptr;
}

}  // namespace ipdaemon
