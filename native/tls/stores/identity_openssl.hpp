// What an identity consists of; for this folder only.
#pragma once

#include <vector>

#include "tls/openssl.hpp"
#include "tls/stores/identity.hpp"

namespace ipdaemon::tls {

struct Identity {
  CertificatePtr certificate;
  KeyPtr key;
  std::vector<CertificatePtr> chain;  // Sent along, nearest issuer first; no self-signed root.
};

}  // namespace ipdaemon::tls
