// The first bytes of a client, until its ClientHello is complete: a session of OpenSSL takes a hundred
// times the memory, so it begins when there is something for it to answer. Knows records and the length
// of the message, nothing more: anything but a ClientHello is due as soon as OpenSSL would refuse it.
#pragma once

#include <array>
#include <cstddef>

#include "base/bytes.hpp"

namespace ipdaemon::tls {

class HelloBuffer {
 public:
  // Takes what has come. True when it is time for a session: then `all` is what has come from the first
  // byte on, valid as long as `fresh` and this are not changed.
  bool add(BytesView fresh, BytesView* all);
  // What was kept, to be given away.
  Bytes take();
  std::size_t size() const { return kept_.size(); }

  // Whoever sends as much without completing a ClientHello has paid for a session.
  static constexpr std::size_t kept_max = 24 * 1024;

 private:
  bool is_due(BytesView all);

  Bytes kept_;
  std::size_t record_ = 0;               // Where the first record begins that is not complete.
  std::size_t message_ = 0;              // How much of the message the records before it hold.
  int empty_ = 0;                        // Records without content in a row.
  std::array<unsigned char, 4> head_{};  // The first bytes of the message: kind and length.
};

}  // namespace ipdaemon::tls
