// What the reactor knows of a listener or a connection.
#pragma once

#include <memory>

#include "reactor/poller.hpp"

namespace ipdaemon {

class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // The socket can make progress. May close this and any other source: they stay in memory until
  // the outermost turn has ended.
  virtual void on_ready(const Ready& ready) = 0;

  // There was no memory for what on_ready wanted to do. Must not allocate.
  virtual void on_out_of_memory() = 0;

 private:
  friend class Reactor;
  std::unique_ptr<Source> next_retired_;
};

}  // namespace ipdaemon
