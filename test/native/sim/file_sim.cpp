// Files of the simulated world.
#include "net/file.hpp"

#include <utility>

#include "memory_sim.hpp"
#include "world.hpp"

namespace ipdaemon {

using sim::SimulatorCode;
using sim::World;

File::File(File&& other) noexcept : handle_(std::exchange(other.handle_, -1)), size_(std::exchange(other.size_, 0)) {}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    File gone(std::move(*this));
    handle_ = std::exchange(other.handle_, -1);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

File::~File() {
  const SimulatorCode guard;
  if (handle_ != -1) World::current()->close_file(static_cast<int>(handle_));
}

bool File::open(const std::string& path, File* out, std::string* reason) {
  const SimulatorCode guard;
  File fresh;
  fresh.handle_ = World::current()->open_file(path, &fresh.size_, reason);
  if (!fresh.valid()) return false;
  *out = std::move(fresh);
  return true;
}

Transfer File::read(std::int64_t offset, void* buffer, std::size_t length) const {
  const SimulatorCode guard;
  return World::current()->read_file(static_cast<int>(handle_), offset, buffer, length);
}

}  // namespace ipdaemon
