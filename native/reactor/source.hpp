// What the reactor knows of a listener or a connection.
#pragma once

#include <cstdint>
#include <memory>

#include "reactor/poller.hpp"

namespace ipdaemon {

class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // Keeps a source in memory for a function that uses it again after something that may have pumped.
  class Pin {
   public:
    explicit Pin(Source& source) : source_(source) { ++source.pins_; }
    ~Pin() { --source_.pins_; }
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;

   private:
    Source& source_;
  };

  // The socket can make progress. May close this and any other source; this one stays in memory meanwhile.
  virtual void on_ready(const Ready& ready) = 0;

  // Whether it is a connection, of which several may be served together.
  virtual bool is_connection() const { return false; }

  // There was no memory for what on_ready wanted to do. Must not allocate.
  virtual void on_out_of_memory() = 0;

 private:
  friend class Reactor;
  std::unique_ptr<Source> next_retired_;
  std::uint32_t pins_ = 0;
};

}  // namespace ipdaemon
