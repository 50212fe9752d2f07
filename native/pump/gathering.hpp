// Small sends of a running callback are gathered and leave in one system call: when the callback has returned,
// when another connection sends, before anything waits.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "base/bytes.hpp"
#include "pump/batch_pace.hpp"
#include "pump/debtor.hpp"

namespace ipdaemon {

class Gathering {
 public:
  static constexpr std::size_t length_max = 64 * 1024;
  static constexpr std::size_t piece_max = 4 * 1024;

  Gathering() = default;
  ~Gathering() { unlink(); }
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;

  // Adds a send of at most `send_max` bytes to what is gathered. Returns false if it has to go its own way.
  bool add(Debtor& to, BytesView data, BytesView tail, std::size_t send_max);
  // Gives what is gathered to its connection.
  void flush();
  // A callback has returned.
  void callback_returned() {
    if (to_ != nullptr && !across_callbacks_) flush();
  }
  // What is gathered for `to` is given up.
  void forget(const Debtor& to);
  std::size_t size() const { return size_; }
  std::size_t size(const Debtor& to) const { return to_ == &to ? size_ : 0; }

  // Of all servers of the calling thread: a pump of any of them may wait.
  static void flush_thread();
  // The thread may end in the middle of a callback: nothing is gathered from now on.
  static void end_thread();

  // While the pieces of one read are delivered, what their callbacks send stays gathered from one callback to the next,
  // as long as they are quick.
  class Across {
   public:
    Across(Gathering& gathering, BatchPace& pace)
        : gathering_(gathering), pace_(pace), outer_(gathering.across_callbacks_) {
      gathering_.across_callbacks_ = true;
      pace_.forget();
    }
    ~Across() {
      gathering_.across_callbacks_ = outer_;
      pace_.forget();
      gathering_.flush();
    }
    Across(const Across&) = delete;
    Across& operator=(const Across&) = delete;

   private:
    Gathering& gathering_;
    BatchPace& pace_;
    const bool outer_;
  };
  // Not while a nested pump runs.
  bool set_across_callbacks(bool across) { return std::exchange(across_callbacks_, across); }

 private:
  void link();
  void unlink();

  // Those of this thread that have gathered something.
  static thread_local constinit Gathering* first_of_thread_;
  static thread_local constinit bool thread_has_ended_;

  std::unique_ptr<char[]> buffer_;
  Debtor* to_ = nullptr;
  std::size_t size_ = 0;
  bool across_callbacks_ = false;
  Gathering* next_ = nullptr;
  Gathering** link_ = nullptr;  // What points to this one; null when it is not in the list.
};

}  // namespace ipdaemon
