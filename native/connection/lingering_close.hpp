// Sockets whose connections are over for the program. They wait briefly for the end of what the peer still sends,
// because closing with unread input would reset the connection and could destroy our last bytes on their way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "net/socket.hpp"
#include "pump/deadlines.hpp"
#include "reactor/source.hpp"

namespace ipdaemon {

class LingeringCloses;
struct Services;

class LingeringClose final : public Source, public Deadline {
 public:
  static constexpr std::int64_t time_max_ms = 1000;
  static constexpr std::int64_t bytes_max = 1 << 20;

  LingeringClose(Services& services, Socket&& socket) : services_(services), socket_(std::move(socket)) {}

  // Takes over from a connection that was watched, or was not. Returns false if the socket cannot be watched.
  bool start(bool watched);
  void on_ready(const Ready& ready) override;
  void on_out_of_memory() override { end(); }
  void on_deadline(std::int64_t) override { end(); }
  // Closes now. Input that is there already is read first.
  void give_way();
  void end();

 private:
  friend class LingeringCloses;
  Services& services_;
  Socket socket_;
  std::int64_t left_ = bytes_max;
  LingeringClose* older_ = nullptr;
  LingeringClose* newer_ = nullptr;
};

// Those of a server. Each costs a descriptor that no limit of connections counts, so they have one of their own, and
// the oldest gives way: it has waited longest, and its peer had the most time to read.
class LingeringCloses {
 public:
  explicit LingeringCloses(Services& services) : services_(services) {}

  // Keeps a socket that we have ended until the peer's end, for a moment, if that can be done.
  void add(Socket&& socket, bool watched);
  bool empty() const { return oldest_ == nullptr; }
  LingeringClose* oldest() { return oldest_; }

  // How many descriptors this process may have, 0 for any number.
  void set_descriptor_limit(std::int64_t limit) { descriptor_limit_ = limit; }
  void remove(LingeringClose& close);
  void end_all() {
    while (!empty()) oldest()->end();
  }
  // Lets the oldest give way until there are no more than may be: `most`, or a smaller share of the descriptors, or as
  // many as connections are missing to their maximum, since those places were meant to be taken. So ending many
  // connections at once cuts nobody short.
  void keep_to_limit();
  // Whether a failed handshake may linger, so that its peer can read the alert. Such a peer is nobody yet and pushes
  // nobody out.
  bool has_room_for_alert() const { return count_ < own_limit(); }

 private:
  // Enough for a thousand ends in a second by peers that take a quarter of it to end theirs. Servers with many
  // connections have more, see keep_to_limit.
  static constexpr std::int64_t most = 256;
  std::int64_t own_limit() const;

  Services& services_;
  LingeringClose* oldest_ = nullptr;
  LingeringClose* newest_ = nullptr;
  std::int64_t count_ = 0;
  std::int64_t descriptor_limit_ = 0;
};

}  // namespace ipdaemon
