// Which certificate store, and which certificate in it.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.hpp"

namespace ipdaemon::tls {

// Where to look for a certificate: the values of the properties SSLCertStoreType, SSLCertStore,
// SSLCertStorePassword, SSLCertSubject and SSLCertEncoded. With `encoded`, that certificate is meant
// and the subject says nothing.
struct StoreQuery {
  std::int64_t type = 0;
  BytesView store;
  BytesView password;
  BytesView subject;
  BytesView encoded;
};

// Tells a renewed file from the one of before; empty for a store that is not a file.
std::string file_state(const StoreQuery& query);

}  // namespace ipdaemon::tls
