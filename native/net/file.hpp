// A regular file that is sent: opened, its size read once, read at positions. One file per system.
// Files whose size the system does not know, as those of /proc, are read when they are opened.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.hpp"
#include "net/transfer.hpp"

namespace ipdaemon {

class File {
 public:
  File() = default;
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  // Opens a regular file for reading; `path` is UTF-8. Returns false with the system's reason in
  // `reason` for anything that is not a readable regular file. Never waits (named pipes are refused), and
  // opens no device.
  static bool open(const std::string& path, File* out, std::string* reason);

  std::int64_t size() const { return size_; }  // When it was opened.
  bool valid() const { return handle_ != -1; }
  // Whether it has no handle any more, since it is in memory: only `read` serves.
  bool is_read() const { return !valid() && !content_.empty(); }
  std::intptr_t handle() const { return handle_; }
  // Reads up to `length` bytes at `offset`; a count of 0 is the end of the file.
  Transfer read(std::int64_t offset, void* buffer, std::size_t length) const;

 private:
  std::intptr_t handle_ = -1;
  std::int64_t size_ = 0;
  Bytes content_;  // Of a file that was read. Empty on systems where every file has a size.
};

}  // namespace ipdaemon
