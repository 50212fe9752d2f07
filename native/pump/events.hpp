// Events on their way out of the server, and the sink that carries them to whoever registered.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "properties/values.hpp"

namespace ipdaemon {

// Where a batch of pieces is described for its receiver: see ipdaemon_register_data_batch.
struct BatchDescriptor {
  std::int32_t* numbers = nullptr;
  std::int32_t capacity = 0;

  static constexpr int cancelled = 0;
  static constexpr int delivered = 1;
  static constexpr int first_piece = 2;
  static constexpr int numbers_per_piece = 3;
};

// The same for pieces of several connections: see ipdaemon_register_data_group.
struct GroupDescriptor {
  static constexpr int cancelled = 0;
  static constexpr int delivered = 1;
  static constexpr int first_piece = 2;
  static constexpr int numbers_per_piece = 5;
};

// Implemented by the ABI. The results are those of ipdaemon_callback: 0 to go on.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // `parameters` are those of the event's rows; INOUT ones are updated, their bytes stay until the
  // next event.
  virtual int event(int event, ValueView* parameters, int count) = 0;
  // They may be gone now.
  virtual void forget_changes() = 0;
  virtual int data_in(std::int32_t connection_id, BytesView bytes, bool eol) = 0;
  virtual int data_batch(std::int32_t connection_id, BytesView bytes, int count) = 0;
  virtual int data_group(BytesView, int) { return 0; }
  // Whether a blocking wait shall go on.
  virtual bool may_wait() = 0;
  virtual bool wants(int event) const = 0;
  // No numbers when no batches are wanted.
  virtual BatchDescriptor batch_descriptor() const = 0;
  virtual BatchDescriptor group_descriptor() const { return {}; }
};

}  // namespace ipdaemon
