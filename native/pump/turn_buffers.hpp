// Memory for the bytes of one turn: where they are received to, and where they are encrypted. Pumps nest, because
// callbacks pump, and each level has its own buffers: those of the outer one hold what a callback is being told.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "tls/engine.hpp"

namespace ipdaemon {

class TurnBuffers {
 public:
  static constexpr std::size_t headroom = 16 * 1024;  // For what is left of the read before.
  static constexpr std::size_t receive_length = 64 * 1024;

  // For what is received, at most headroom + receive_length bytes, and in TLS a record more.
  char* receive_buffer() { return of_level(receive_, headroom + receive_length + tls::Engine::record_max); }
  // For what is received and still encrypted.
  char* ciphertext_buffer() { return of_level(ciphertext_, receive_length); }
  // For what is encrypted on its way to the system; empty. Never in use while a callback runs.
  Bytes& encrypt_buffer() {
    encrypted_.clear();
    return encrypted_;
  }

  // A pump begins, or ends, within those that run already.
  void enter_level() { ++level_; }
  void leave_level() {
    --level_;
    // The outermost buffer is kept, those of nested pumps are rarely needed again.
    const auto kept = static_cast<std::size_t>(std::max(level_, 1));
    if (receive_.size() > kept) receive_.resize(kept);
    if (ciphertext_.size() > kept) ciphertext_.resize(kept);
  }

 private:
  using Levels = std::vector<std::unique_ptr<char[]>>;

  char* of_level(Levels& buffers, std::size_t length) const {
    const auto level = static_cast<std::size_t>(std::max(level_ - 1, 0));
    while (buffers.size() <= level) buffers.push_back(std::make_unique_for_overwrite<char[]>(length));
    return buffers[level].get();
  }

  int level_ = 0;  // Pumps on the stack.
  Levels receive_;
  Levels ciphertext_;
  Bytes encrypted_;
};

}  // namespace ipdaemon
