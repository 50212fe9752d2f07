// Where OpenSSL calls us; for this folder only.
#pragma once

#include "tls/openssl.hpp"
#include "tls/policy.hpp"

namespace ipdaemon::tls {

// Puts the callbacks of engines into a context: ClientHello, certificates, tickets, messages, and the secrets if they
// are logged.
void set_callbacks(SSL_CTX* handle, const Policy& policy, bool logs_keys);

}  // namespace ipdaemon::tls
