// The formats of certificate stores, and which of them some bytes are in. For this folder only.
#pragma once

#include "base/bytes.hpp"

namespace ipdaemon::tls {

enum class StoreFormat {
  unknown,
  pem,        // Certificates, keys, PKCS#7 in PEM.
  pem_pkcs7,  // PKCS#7 alone in PEM.
  pkcs12,
  pkcs7,
  key,          // A private key in DER.
  certificate,  // A certificate in DER.
  jks,
  jceks,
  jwk,
  ppk,
  xml,
  ssh,  // A public key of SSH.
};
StoreFormat detect_format(BytesView content);
// For messages: "PEM", "a PuTTY key".
const char* format_name(StoreFormat format);

}  // namespace ipdaemon::tls
