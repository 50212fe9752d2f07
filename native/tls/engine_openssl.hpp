// Where OpenSSL calls us; for this folder only.
#pragma once

#include "tls/context.hpp"
#include "tls/openssl.hpp"

namespace ipdaemon::tls {

// Puts our callbacks into a context: ClientHello, certificates, tickets, messages.
void set_callbacks(SSL_CTX* handle, const Context* context);

}  // namespace ipdaemon::tls
