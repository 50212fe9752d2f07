// One object for each thread, freed when the thread ends. In place of a thread_local object with a destructor: mingw
// gives back the memory of those before it calls their destructors.
#pragma once

#include <memory>
#include <utility>

namespace ipdaemon {

class ThreadObject {
 public:
  ThreadObject() = default;
  ThreadObject(const ThreadObject&) = delete;
  ThreadObject& operator=(const ThreadObject&) = delete;
  virtual ~ThreadObject() = default;
};

// Keeps an object until the calling thread ends. One file per system.
void free_at_thread_end(std::unique_ptr<ThreadObject> object);

template <typename Type>
class PerThread {
 public:
  // That of the calling thread, null before `get`.
  static Type* find() { return current_ != nullptr ? &current_->value : nullptr; }

  // The same, made if there is none.
  static Type& get() {
    if (current_ == nullptr) {
      auto made = std::make_unique<Object>();
      Object* const address = made.get();
      free_at_thread_end(std::move(made));
      current_ = address;
    }
    return current_->value;
  }

 private:
  struct Object final : ThreadObject {
    ~Object() override { current_ = nullptr; }
    Type value;
  };
  static inline thread_local constinit Object* current_ = nullptr;
};

}  // namespace ipdaemon
