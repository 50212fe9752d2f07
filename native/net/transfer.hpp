// The result of one read or write.
#pragma once

#include <cstdint>

namespace ipdaemon {

struct Transfer {
  std::int64_t count = 0;  // Bytes moved. Receiving: 0 without an error is the peer's end of data.
  int error = 0;           // 0 or a code of ipdaemon_errors.def; would-block is always 10035.
};

}  // namespace ipdaemon
