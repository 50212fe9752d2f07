// Application protocols (ALPN): which of SSLAlpnProtocols a client gets. For this folder only.
#pragma once

#include <string>

#include "base/bytes.hpp"

namespace ipdaemon::tls {

// A comma list in the form of the wire: each name behind its length, in one byte.
std::string protocol_list(BytesView names);
// The first of ours, in the form of the wire, that the client offers; empty if there is none.
BytesView common_protocol(BytesView ours, BytesView offered);
// What a client offers as it may stand in a message, a few names at most.
std::string protocol_names(BytesView offered);

}  // namespace ipdaemon::tls
