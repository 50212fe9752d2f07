// A certificate to try TLS with: its own issuer, so no client trusts it unless it is told to.
#pragma once

#include "base/bytes.hpp"

namespace ipdaemon::tls {

// A new key of P-256 and its certificate as PEM text, which stays until this thread calls again. Returns 0 or an
// error code.
int make_self_signed(BytesView names, int days, BytesView* pem);

}  // namespace ipdaemon::tls
