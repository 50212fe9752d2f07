// Certificate stores: bytes in one of several formats, read into certificates and private keys. For this folder only.
#pragma once

#include "tls/stores/content.hpp"
#include "tls/stores/format.hpp"
#include "tls/stores/query.hpp"

namespace ipdaemon::tls {

// Whatever detect_format found. False with the reason in `problem`, and then what was added is not to be used.
bool read_content(StoreFormat format, BytesView content, BytesView password, StoreContent* out, Problem* problem);

// The store of the query, be it a file or a value. Not every store that can be opened has a certificate
// or a key in it.
bool open_store(const StoreQuery& query, StoreContent* out, Problem* problem);

}  // namespace ipdaemon::tls
