// A pipe by which any thread ends a wait of another in poll(2).
#pragma once

#include <memory>
#include <utility>

namespace ipdaemon {

// Owns a descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();
  int number() const { return number_; }

 private:
  int number_;
};

class WakePipe {
 public:
  // Null with the error code in `error` when the system has no more descriptors.
  static std::unique_ptr<WakePipe> create(int* error);

  // Readable from a wake until drain.
  int number() const { return reading_.number(); }
  // From any thread.
  void wake() const;
  void drain() const;

 private:
  WakePipe(Descriptor reading, Descriptor writing) : reading_(std::move(reading)), writing_(std::move(writing)) {}

  const Descriptor reading_;
  const Descriptor writing_;
};

}  // namespace ipdaemon
