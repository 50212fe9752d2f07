// TLS: bytes in, bytes out, behind the connection. Nothing above this folder knows OpenSSL.
#pragma once

#include <string>

#include "base/bytes.hpp"

namespace ipdaemon::tls {

// Why TLS cannot be used, for the message of TLS_UNAVAILABLE; null when it can.
const char* unavailable_reason();

// Name and version of the OpenSSL in use, and where it was found.
std::string library_version();

// Which fixes the OpenSSL in use lacks, for SSLStatus and BuildInfo; empty when none is known.
std::string missing_fixes();
// Of OpenSSL 3.minor.patch, inside of this process or of the system.
std::string missing_fixes_of(unsigned minor, unsigned patch, bool in_process);

// Mixes bytes into the random generator. They count as nothing: it has seeded itself from the system.
// False when that fails.
bool add_seed(BytesView bytes);

}  // namespace ipdaemon::tls
