// What a connection owes to the program, beside ReadyToSend, which has its own rules (ready_to_send.hpp). It is
// fired in the order of the names, each when it is possible: Connection::fire_owed.
#pragma once

#include <cstdint>

namespace ipdaemon {

enum class Owing : std::uint8_t {
  connected = 1,  // The handshake is done and Connected has not fired.
  input = 2,      // The inbox may hold complete pieces.
  rest = 4,       // The peer has ended, and its last bytes have not been delivered.
  error = 8,      // Error goes before the end.
  end = 16,       // Disconnected, or Connected with an error code for what never came up.
};

class Owed {
 public:
  bool has(Owing what) const { return (bits_ & static_cast<std::uint8_t>(what)) != 0; }
  bool any() const { return bits_ != 0; }
  void add(Owing what) { bits_ |= static_cast<std::uint8_t>(what); }
  void set(Owing what, bool owed) { owed ? add(what) : remove(what); }
  void remove(Owing what) { bits_ &= static_cast<std::uint8_t>(~static_cast<unsigned>(what)); }
  // Whether it was owed, and is not any more.
  bool take(Owing what) {
    const bool was_owed = has(what);
    remove(what);
    return was_owed;
  }

 private:
  std::uint8_t bits_ = 0;
};

}  // namespace ipdaemon
