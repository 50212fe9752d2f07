#include "connection/data_group.hpp"

#include <algorithm>
#include <new>

#include "connection/connection.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"

namespace ipdaemon {

namespace {

// Handlers that call more than a send, or are slow, get groups of one; after so many turns it is tried again.
constexpr int rest_turns = 64;
constexpr std::size_t limit_after_rest = 4;

}  // namespace

bool DataGroup::may_begin() const {
  const Dispatcher& dispatcher = services_.dispatcher;
  return !active_ && ahead_ == 0 && services_.owed.empty() && dispatcher.may_deliver() && !dispatcher.holds_data() &&
         dispatcher.wants(IPDAEMON_EVENT_DATA_IN);
}

// Returns whether it has served some of the sources that are ready.
bool DataGroup::serve() {
  const BatchDescriptor descriptor = services_.dispatcher.group_descriptor();
  if (descriptor.numbers == nullptr || descriptor.capacity < 2 || !may_begin()) return false;
  if (rest_ > 0 && --rest_ > 0) return false;
  if (services_.reactor.upcoming(1) == nullptr) return false;
  if (!collect(std::min(limit_, static_cast<std::size_t>(descriptor.capacity)))) return false;
  deliver(descriptor);
  return true;
}

// Reads ahead. Returns false if it is no group: then the first one is served alone, with what was read of it.
bool DataGroup::collect(std::size_t limit) {
  if (!buffer_) buffer_.reset(new (std::nothrow) char[bytes_max + TurnBuffers::receive_length]);
  if (!buffer_) return false;
  count_ = 0;
  std::size_t used = 0;
  for (bool more = true; more && count_ < limit && used < bytes_max;) {
    const Ready* ready = services_.reactor.upcoming(count_);
    if (ready == nullptr || ready->token == nullptr) break;
    auto* source = static_cast<Source*>(ready->token);
    if (!source->is_connection()) break;
    auto* connection = static_cast<Connection*>(static_cast<Debtor*>(source));
    GroupMember& member = members_[count_];
    member.connection = connection;
    member.begin = used;
    member.length = connection->may_join(*ready) ? connection->read_ahead(buffer_.get() + used, &member) : 0;
    if (member.length == 0) break;
    ++ahead_;
    ++count_;
    used += member.length;
    // The last one may be too long, or no piece: it is read, and served alone.
    more = used <= bytes_max && connection->cut_whole({buffer_.get() + member.begin, member.length}, &member);
    if (!more) --count_;
    if (!more) break;
  }
  if (count_ >= 2) return true;
  if (count_ == 1) members_[0].connection->restore(members_[0].before);
  return false;
}

void DataGroup::describe(std::int32_t* numbers) const {
  numbers[GroupDescriptor::cancelled] = 0;
  numbers[GroupDescriptor::delivered] = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    const GroupMember& member = members_[i];
    std::int32_t* described = numbers + GroupDescriptor::first_piece + i * GroupDescriptor::numbers_per_piece;
    described[0] = member.connection->id();
    described[1] = static_cast<std::int32_t>(member.begin + member.piece.begin);
    described[2] = static_cast<std::int32_t>(member.begin + member.piece.end);
    described[3] = member.piece.eol ? 1 : 0;
    described[4] = member.connection->may_gather_in_handler() ? static_cast<std::int32_t>(Gathering::piece_max) : 0;
  }
}

void DataGroup::deliver(BatchDescriptor descriptor) {
  Dispatcher& dispatcher = services_.dispatcher;
  const GroupMember& last = members_[count_ - 1];
  numbers_ = descriptor.numbers;
  describe(numbers_);
  active_ = true;
  settled_ = false;
  const BytesView bytes(buffer_.get(), last.begin + last.piece.end);
  const bool goes_on = dispatcher.fire_group(bytes, static_cast<int>(count_));
  if (!settled_) settle();
  if (!goes_on && dispatcher.was_stopped() && current_ != nullptr) services_.owed.put_after_others(current_);
  finish();
}

// From here on everything is as if those that the binding has begun with had been served alone.
void DataGroup::settle() {
  settled_ = true;
  numbers_[GroupDescriptor::cancelled] = 1;
  const auto begun = static_cast<std::size_t>(
      std::clamp<std::int32_t>(numbers_[GroupDescriptor::delivered], 0, static_cast<std::int32_t>(count_)));
  services_.reactor.skip(begun);
  for (std::size_t i = 0; i < begun; ++i) {
    members_[i].connection->begin_ahead(members_[i].length);
    members_[i].channel = nullptr;
  }
  ahead_ -= begun;
  for (std::size_t i = begun; i < count_; ++i) members_[i].connection->restore(members_[i].before);
  adapt(begun);
  if (begun == 0) return;
  services_.dispatcher.count_fired(begun - 1);  // Together they counted as one.
  current_ = members_[begun - 1].connection;
  pin_.emplace(*current_);
  current_->begin_alone();
}

void DataGroup::finish() {
  if (current_ != nullptr) current_->end_alone();
  current_ = nullptr;
  pin_.reset();
  active_ = false;
}

void DataGroup::adapt(std::size_t begun) {
  if (begun == count_) {
    limit_ = std::min(members_max, limit_ * 2);
    return;
  }
  limit_ = std::max(begun, std::size_t{1});
  if (limit_ > 1) return;
  limit_ = limit_after_rest;
  rest_ = rest_turns;
}

std::size_t DataGroup::take(const Channel& channel, char* at) {
  for (const GroupMember& member : members_) {
    if (member.channel != &channel) continue;
    copy_bytes(at, {buffer_.get() + member.begin, member.length});
    forget(channel);
    return member.length;
  }
  return 0;
}

void DataGroup::forget(const Channel& channel) {
  for (GroupMember& member : members_) {
    if (member.channel != &channel) continue;
    member.channel = nullptr;
    --ahead_;
    return;
  }
}

}  // namespace ipdaemon
