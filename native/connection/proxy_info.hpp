// What a PROXY header has told about a connection, for its settings. Few connections have one, and it is rarely asked
// for, so it lies beside the connections.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "net/address.hpp"

namespace ipdaemon {

struct ProxyInfo {
  std::string header;  // As ProxyHeader reads.
  Bytes tlvs;          // As they came.
  Endpoint peer;       // Who has sent it.
};

}  // namespace ipdaemon
