#include "pump/dispatcher.hpp"

#include <algorithm>
#include <new>

#include "ipdaemon.h"

namespace ipdaemon {

int Dispatcher::record_error(int code, std::string detail) {
  last_error_.code = code;
  last_error_.detail = std::move(detail);
  return code;
}

bool Dispatcher::fire(Debtor* debtor, int event, ValueView* parameters, int count) {
  return run_callback(debtor, [&] { return sink_.event(event, parameters, count); });
}

std::size_t Dispatcher::fire_batch(Debtor* debtor, std::int32_t connection_id, BatchDescriptor batch, BytesView bytes,
                                   int count) {
  // Batches nest when a callback pumps. The outer one was cancelled by that; its count must survive.
  std::int32_t* const outer_numbers = batch_numbers_;
  const std::int32_t outer_delivered = outer_numbers != nullptr ? outer_numbers[BatchDescriptor::delivered] : 0;
  batch_numbers_ = batch.numbers;
  batch.numbers[BatchDescriptor::cancelled] = 0;
  batch.numbers[BatchDescriptor::delivered] = 0;
  run_callback(debtor, [&] { return sink_.data_batch(connection_id, bytes, count); });
  const std::int32_t delivered = std::clamp(batch.numbers[BatchDescriptor::delivered], 0, count);
  batch_numbers_ = outer_numbers;
  if (outer_numbers != nullptr) {
    outer_numbers[BatchDescriptor::cancelled] = 1;
    outer_numbers[BatchDescriptor::delivered] = outer_delivered;
  }
  return static_cast<std::size_t>(delivered);
}

void Dispatcher::fire_status(Debtor* debtor, std::int32_t connection_id, BytesView message) {
  if (!wants(IPDAEMON_EVENT_SSL_STATUS)) return;
  ValueView parameters[] = {ValueView::integer(connection_id), ValueView::text(message)};
  fire(debtor, IPDAEMON_EVENT_SSL_STATUS, parameters, 2);
}

void Dispatcher::fire_error(Debtor* debtor, std::int32_t connection_id, int code, BytesView detail) {
  if (!wants(IPDAEMON_EVENT_ERROR)) return;
  std::string text;
  try {
    text = error_text(code, detail);
  } catch (const std::bad_alloc&) {
    // The code says enough.
  }
  ValueView parameters[] = {ValueView::integer(connection_id), ValueView::integer(code), ValueView::text(text)};
  fire(debtor, IPDAEMON_EVENT_ERROR, parameters, 3);
}

}  // namespace ipdaemon
