// The one place where callbacks begin and end. It knows which may run now, keeps the last error of the call around
// them, and learns from their results whether the pumping goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "properties/errors.hpp"
#include "properties/values.hpp"
#include "pump/debtor.hpp"
#include "pump/events.hpp"
#include "pump/gathering.hpp"
#include "pump/owed_list.hpp"

namespace ipdaemon {

class Dispatcher {
 public:
  // What holds for the pump that runs now; a nested one has its own.
  struct Pumping {
    bool stopped = false;     // A callback has ended it.
    bool holds_data = false;  // Pumps are nested so deeply that no DataIn may begin,
    bool is_mute = false;     // or that no callback may.
  };

  Dispatcher(EventSink& sink, OwedList& owed, Gathering& gathering) : sink_(sink), owed_(owed), gathering_(gathering) {}

  // ---- Which callbacks may run ----
  bool wants(int event) const { return !silenced_ && sink_.wants(event); }
  // Whether the pumping that runs now goes on, and whether it may run callbacks.
  bool goes_on() const { return !pumping_.stopped && !silenced_; }
  bool may_deliver() const { return goes_on() && !is_mute(); }
  // Pumps nest because callbacks pump, and their depth has a bound. Behind it a pump still moves bytes, time-outs
  // and events, so that whatever waits inside a callback comes to its end, but no DataIn begins, which is what waits
  // most. Should the other callbacks pump, too, a pump runs none at all, and only properties show what has happened.
  bool holds_data() const { return pumping_.holds_data; }
  bool is_mute() const { return pumping_.is_mute; }
  bool in_callback() const { return callback_depth_ > 0; }
  // Whether a blocking wait may go on.
  bool may_wait() { return sink_.may_wait(); }

  // A pump begins, or ends and gives back what held before.
  Pumping exchange(Pumping next) { return std::exchange(pumping_, next); }
  bool was_stopped() const { return pumping_.stopped; }
  // Whether a callback has asked to stop, and not any more.
  bool take_stop() { return std::exchange(pumping_.stopped, false); }

  // No events any more: the handle was closed, or is to be reset.
  bool is_silenced() const { return silenced_; }
  void silence() { silenced_ = true; }
  void end_silence() { silenced_ = false; }

  // ---- Running them ----
  // Runs a callback about `debtor`, which may be null. Returns false if nothing more may be delivered now: the
  // callback ended the pumping, or the handle is being closed or reset.
  template <typename Call>
  bool run_callback(Debtor* debtor, Call call);
  bool fire(Debtor* debtor, int event, ValueView* parameters, int count);
  void fire_status(Debtor* debtor, std::int32_t connection_id, BytesView message);
  void fire_error(Debtor* debtor, std::int32_t connection_id, int code, BytesView detail);
  bool fire_data_in(Debtor* debtor, std::int32_t connection_id, BytesView text, bool eol) {
    return run_callback(debtor, [&] { return sink_.data_in(connection_id, text, eol); });
  }
  // What callbacks have put into INOUT parameters may be gone now.
  void forget_changes() { sink_.forget_changes(); }
  // How many have ever run.
  std::uint64_t fired() const { return fired_; }

  void count_fired(std::uint64_t more) { fired_ += more; }

  // Pieces of several connections, see DataGroup, which knows whose handlers run.
  BatchDescriptor group_descriptor() const { return sink_.group_descriptor(); }
  bool fire_group(BytesView bytes, int count) {
    return run_callback(nullptr, [&] { return sink_.data_group(bytes, count); });
  }

  // Pieces that were cut ahead: where they are described, and their delivery. Returns how many were delivered.
  BatchDescriptor batch_descriptor() const { return sink_.batch_descriptor(); }
  std::size_t fire_batch(Debtor* debtor, std::int32_t connection_id, BatchDescriptor batch, BytesView bytes, int count);
  // Something changed that decides what is delivered next.
  void cancel_batch() {
    if (batch_numbers_ != nullptr) batch_numbers_[BatchDescriptor::cancelled] = 1;
  }
  bool in_batch() const { return batch_numbers_ != nullptr; }

  // ---- The last error of the call that runs now ----
  // Returns `code`.
  int record_error(int code, std::string detail = {});
  const LastError& last_error() const { return last_error_; }
  void clear_last_error() {
    if (last_error_.code != 0) last_error_ = LastError();
  }

 private:
  class Frame;

  EventSink& sink_;
  OwedList& owed_;
  Gathering& gathering_;
  Pumping pumping_;
  bool silenced_ = false;
  int callback_depth_ = 0;
  std::uint64_t fired_ = 0;
  std::int32_t* batch_numbers_ = nullptr;  // Of the batch that is being delivered.
  LastError last_error_;
};

// Around a callback: the last error of the outer call survives it, and its debtor stays in memory.
class Dispatcher::Frame {
 public:
  Frame(Dispatcher& dispatcher, Debtor* debtor) : dispatcher_(dispatcher), debtor_(debtor) {
    if (dispatcher_.last_error_.code != 0) outer_error_ = std::move(dispatcher_.last_error_);
    ++dispatcher_.callback_depth_;
    ++dispatcher_.fired_;
    if (debtor_ != nullptr) {
      pin_.emplace(*debtor_);
      debtor_->enter_callback();
    }
  }
  ~Frame() {
    --dispatcher_.callback_depth_;
    dispatcher_.gathering_.callback_returned();
    if (debtor_ != nullptr) debtor_->leave_callback();
    if (outer_error_.code != 0 || dispatcher_.last_error_.code != 0) dispatcher_.last_error_ = std::move(outer_error_);
  }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

 private:
  Dispatcher& dispatcher_;
  Debtor* debtor_;
  std::optional<Source::Pin> pin_;
  LastError outer_error_;
};

template <typename Call>
bool Dispatcher::run_callback(Debtor* debtor, Call call) {
  if (!may_deliver()) return false;
  const Frame frame(*this, debtor);
  if (call() != 0) {
    pumping_.stopped = true;
    if (debtor != nullptr) owed_.put_after_others(debtor);
  }
  return may_deliver();
}

}  // namespace ipdaemon
