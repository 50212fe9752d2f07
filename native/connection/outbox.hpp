// What waits to be sent on one connection: bytes, and behind them at most one file. Knows no socket.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.hpp"
#include "net/file.hpp"

namespace ipdaemon {

class Outbox {
 public:
  bool empty() const { return bytes_.size() == taken_ && file_ == nullptr; }
  std::size_t size() const { return bytes_.size() - taken_; }  // Bytes, without the file.

  void append(BytesView bytes);
  BytesView front() const { return BytesView(bytes_).substr(taken_); }
  void consume(std::size_t count);   // The first `count` bytes have been taken by the system.
  void withdraw(std::size_t count);  // The last `count` bytes shall not be sent after all.
  void clear();

  // A file follows the bytes; nothing can be appended until it is through.
  void append_file(File&& file);
  const File* file() const { return file_ ? &file_->file : nullptr; }
  std::int64_t file_offset() const { return file_->offset; }
  std::int64_t file_left() const { return file_->file.size() - file_->offset; }
  void consume_file(std::int64_t count);  // Drops the file when all of it is through.
  void drop_file();

  // Bytes, of files too, that were ever put in (and not withdrawn) or taken: the difference waits.
  std::uint64_t appended() const { return appended_; }
  std::uint64_t taken() const { return taken_total_; }
  void count_direct(std::size_t count) { appended_ += count, taken_total_ += count; }  // Went past the queue.

 private:
  struct FileTransfer {
    File file;
    std::int64_t offset = 0;
  };

  void release_if_empty();

  Bytes bytes_;
  std::size_t taken_ = 0;  // Bytes at the beginning of bytes_ that are gone already.
  std::unique_ptr<FileTransfer> file_;
  std::uint64_t appended_ = 0;
  std::uint64_t taken_total_ = 0;
};

}  // namespace ipdaemon
