// The file that the floors send in a download.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "bench/descriptor.hpp"

namespace bench {

struct File {
  Descriptor descriptor;
  std::int64_t size = 0;

  // No path, no file. Ends the program when it cannot be opened.
  explicit File(const std::string& path) {
    if (path.empty()) return;
    descriptor = Descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!descriptor.valid() || fstat(descriptor.number(), &status) != 0) {
      std::perror(path.c_str());
      std::exit(1);
    }
    size = status.st_size;
  }
};

}  // namespace bench
