// The place of TLS: bytes in, bytes out, behind the connection. Nothing above this folder knows
// OpenSSL. For now it only says that TLS is not there, so that a wish for it fails closed.
#pragma once

namespace ipdaemon::tls {

// Why TLS cannot be used, for the message of TLS_UNAVAILABLE; null when it can.
inline const char* unavailable_reason() {
  return "this build has no TLS; set SSLStartMode to 3 (None) to listen in clear";
}

}  // namespace ipdaemon::tls
