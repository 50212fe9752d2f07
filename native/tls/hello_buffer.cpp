#include "tls/hello_buffer.hpp"

#include <algorithm>
#include <utility>

namespace ipdaemon::tls {

namespace {

constexpr std::size_t header_length = 5;
// OpenSSL refuses a little less when it sees the header; what lies between is complete before it is refused.
constexpr std::size_t record_max = 17 * 1024;
// OpenSSL refuses one more.
constexpr int empty_max = 32;
constexpr unsigned char handshake_record = 22;
constexpr unsigned char client_hello = 1;
constexpr unsigned char version_major = 3;

}  // namespace

bool HelloBuffer::add(BytesView fresh, BytesView* all) {
  if (kept_.empty()) {
    *all = fresh;
    if (is_due(fresh)) return true;
    kept_.assign(fresh);
    return false;
  }
  kept_.append(fresh);
  *all = kept_;
  return is_due(kept_);
}

Bytes HelloBuffer::take() {
  return std::exchange(kept_, {});
}

bool HelloBuffer::is_due(BytesView all) {
  if (all.size() >= kept_max) return true;
  for (;;) {
    const BytesView rest = all.substr(record_);
    if (rest.size() < header_length) return false;
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(rest[at]); };
    if (record_ == 0 && (byte(0) & 0x80) != 0 && byte(2) == client_hello) {
      // The form of SSL 2, in which old clients ask for TLS.
      return rest.size() >= 2U + (static_cast<std::size_t>(byte(0) & 0x7f) << 8 | byte(1));
    }
    const std::size_t length = static_cast<std::size_t>(byte(3)) << 8 | byte(4);
    if (byte(1) != version_major || length > record_max) return true;
    if (rest.size() < header_length + length) return false;
    if (byte(0) != handshake_record) return true;
    for (std::size_t i = 0; i < length && message_ + i < head_.size(); ++i) {
      head_[message_ + i] = byte(header_length + i);
    }
    record_ += header_length + length;
    empty_ = length == 0 ? empty_ + 1 : 0;
    if (empty_ > empty_max) return true;
    message_ += length;
    if (message_ < head_.size()) continue;
    const std::size_t wanted = head_.size() + (static_cast<std::size_t>(head_[1]) << 16 | head_[2] << 8 | head_[3]);
    if (head_[0] != client_hello || message_ >= wanted) return true;
  }
}

}  // namespace ipdaemon::tls
