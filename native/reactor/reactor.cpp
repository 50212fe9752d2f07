#include "reactor/reactor.hpp"

#include <new>

namespace ipdaemon {

void Reactor::serve(const Ready& ready) {
  auto* source = static_cast<Source*>(ready.token);
  const Source::Pin pin(*source);
  try {
    source->on_ready(ready);
  } catch (const std::bad_alloc&) {
    source->on_out_of_memory();
  }
}

void Reactor::retire(std::unique_ptr<Source> source) {
  for (int i = next_; i < count_; ++i) {
    Ready& ready = ready_[static_cast<std::size_t>(i)];
    if (ready.token == source.get()) ready.token = nullptr;
  }
  // A chain through the sources themselves: retiring must not need memory.
  source->next_retired_ = std::move(retired_);
  retired_ = std::move(source);
}

void Reactor::free_retired() {
  // One at a time: freeing the chain by its first link would recurse.
  std::unique_ptr<Source> rest = std::move(retired_);
  while (rest) {
    std::unique_ptr<Source> source = std::move(rest);
    rest = std::move(source->next_retired_);
    if (source->pins_ > 0) retire(std::move(source));
  }
}

}  // namespace ipdaemon
