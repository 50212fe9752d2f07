// The connections of a server: by id, which ids there have been, how many there are, and what has been counted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "connection/connection_table.hpp"
#include "connection/memory_keeper.hpp"
#include "connection/proxy_info.hpp"
#include "pump/counters.hpp"
#include "pump/deadlines.hpp"
#include "reactor/reactor.hpp"

namespace ipdaemon {

class Connections {
 public:
  Connections(Reactor& reactor, Deadlines& deadlines) : reactor_(reactor), memory_(deadlines) {}

  Connection* find(int id) const { return table_.find(id); }
  std::size_t size() const { return table_.size(); }
  std::vector<std::int32_t> ids() const { return table_.ids(); }
  template <typename Visit>
  void for_each(Visit visit) const {
    table_.for_each(visit);
  }
  // Bytes that all of them hold.
  std::int64_t memory() const;

  // The next id that no connection has.
  std::int32_t new_id();
  bool has_existed(int id) const;
  // Why there is no connection of that id, for a message.
  std::string absence(int id) const;

  // May throw std::bad_alloc, then nothing has changed.
  void add(std::int32_t id, std::unique_ptr<Connection> connection, std::unique_ptr<ProxyInfo> proxy);
  // What a PROXY header has told; null for a connection without one.
  const ProxyInfo* proxy_info(int id) const;
  // Takes one out, or all; they are freed when nothing on the stack uses them any more.
  void retire(std::int32_t id);
  void retire_all();
  // The server ends.
  void finish() { memory_.finish(); }

  // Those whose Connected has fired and whose Disconnected has not.
  std::int64_t connected_count() const { return connected_; }
  void count_connected() { ++connected_; }
  void count_disconnected() { --connected_; }
  // Those that have not ended.
  std::int64_t open_count() const { return open_; }
  std::int64_t handshaking_count() const { return handshaking_; }
  void count_handshaking() { ++handshaking_; }
  void count_handshaken() { --handshaking_; }
  // The one place where the end of a connection is counted: IPDAEMON_CLOSED_*, 0 for one that was not accepted after
  // all.
  void count_ended(int reason) {
    --open_;
    counters.close(reason);
  }

  Counters counters;

 private:
  Reactor& reactor_;
  ConnectionTable table_;
  std::unordered_map<std::int32_t, std::unique_ptr<ProxyInfo>> proxies_;
  MemoryKeeper memory_;
  std::int32_t last_id_ = 0;
  bool ids_began_anew_ = false;  // So every id has been given.
  std::int64_t connected_ = 0;
  std::int64_t open_ = 0;
  std::int64_t handshaking_ = 0;  // Of those, in their first handshake.
};

}  // namespace ipdaemon
