// What an identity consists of; for this folder only.
#pragma once

#include <vector>

#include "tls/identity.hpp"
#include "tls/openssl.hpp"

namespace ipdaemon::tls {

struct Identity {
  CertificatePtr certificate;
  KeyPtr key;
  std::vector<CertificatePtr> chain;  // Sent along, nearest issuer first; no self-signed root.
};

}  // namespace ipdaemon::tls
