// DataIn of several connections in one call of the program's binding. What the poller has reported is read ahead of
// the callbacks, as long as each read is one whole piece, and delivered together.
//
// Nobody can tell. Any call of the program settles the group: from then on things are as if each connection had been
// served alone, up to the one whose handler runs. What was read of the others lies before what the system still has
// of them, and they are served in their turn. So what a handler does changes what comes next as ever.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "connection/framer.hpp"
#include "pump/pump.hpp"
#include "reactor/source.hpp"

namespace ipdaemon {

class Channel;
class Connection;
struct Services;

// What was read of one connection, and the piece that it is.
struct GroupMember {
  Connection* connection = nullptr;
  const Channel* channel = nullptr;  // Null when nothing of it is ahead any more.
  std::size_t begin = 0;             // In the group's buffer.
  std::size_t length = 0;
  Piece piece;    // From `begin` on.
  Framer before;  // As it was before the piece was cut.
};

class DataGroup final : public Together {
 public:
  // A program that keeps one text of a group may keep the memory of all of them.
  static constexpr std::size_t bytes_max = 8 * 1024;
  static constexpr std::size_t members_max = 64;

  explicit DataGroup(Services& services) : services_(services) {}

  bool serve() override;

  // A call of the program begins.
  void call_begins() {
    if (active_ && !settled_) settle();
  }
  // What was read of a connection and not delivered: moves it to `at`. Returns how much it was.
  std::size_t take(const Channel& channel, char* at);
  void forget(const Channel& channel);

 private:
  bool may_begin() const;
  bool collect(std::size_t limit);
  void describe(std::int32_t* numbers) const;
  void deliver(BatchDescriptor descriptor);
  void settle();
  void finish();
  void adapt(std::size_t begun);

  Services& services_;
  std::unique_ptr<char[]> buffer_;
  std::array<GroupMember, members_max> members_;
  std::size_t count_ = 0;  // Members that are delivered together.
  std::size_t ahead_ = 0;  // Connections of which something was read and not delivered.
  std::int32_t* numbers_ = nullptr;
  bool active_ = false;
  bool settled_ = false;
  Connection* current_ = nullptr;  // Whose handler runs, once that is settled.
  std::optional<Source::Pin> pin_;
  std::size_t limit_ = members_max;
  int rest_ = 0;  // How many turns to go without a group.
};

}  // namespace ipdaemon
