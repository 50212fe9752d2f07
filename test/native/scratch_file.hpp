// Files for the duration of a test.
#pragma once

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

#include "check.hpp"
#include "net/file.hpp"

namespace ipdaemon::test {

// A file with a name of its own, gone at the end.
class ScratchFile {
 public:
  explicit ScratchFile(std::string_view content) {
    const std::string name = "ipdaemon-test-" + std::to_string(std::random_device()()) + "-" + std::to_string(++count);
    path_ = (std::filesystem::temp_directory_path() / name).string();
    write(content);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile() {
    std::error_code error;
    std::filesystem::remove(path_, error);
  }

  void write(std::string_view content) const {
    std::ofstream stream(path_, std::ios::binary | std::ios::trunc);
    stream << content;
    stream.flush();
    REQUIRE(stream.good());
  }
  const std::string& path() const { return path_; }

 private:
  inline static int count = 0;
  std::string path_;
};

inline File opened(const std::string& path) {
  File file;
  std::string reason;
  REQUIRE(File::open(path, &file, &reason));
  return file;
}

}  // namespace ipdaemon::test
