// What a certificate store holds, and what its readers share: refusals, and the keys that a password opens. For this
// folder only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "tls/openssl.hpp"
#include "tls/problem.hpp"

namespace ipdaemon::tls {

// What a store holds, in its order.
struct StoreContent {
  // Certificate and key with the same entry belong together, says the store; empty when it says nothing.
  struct Certificate {
    CertificatePtr certificate;
    Bytes entry;
  };
  struct Key {
    KeyPtr key;
    Bytes entry;
  };
  std::vector<Certificate> certificates;
  std::vector<Key> keys;
  // Why one of its private keys is not in `keys`, when the rest of the store is usable.
  std::string missing_key;

  void add(CertificatePtr certificate, Bytes entry = {}) {
    certificates.push_back({std::move(certificate), std::move(entry)});
  }
  void add(KeyPtr key, Bytes entry = {}) { keys.push_back({std::move(key), std::move(entry)}); }
};

// The encrypted PKCS#8 key in `der`.
bool unlock_key(BytesView der, BytesView password, KeyPtr* out, Problem* problem);

// For the readers and for those who call them.
bool refuse(Problem* problem, int code, std::string detail);
bool refuse_store(Problem* problem, std::string detail);  // With TLS_STORE.
bool refuse_password(Problem* problem, BytesView password, const char* what);
bool refuse_algorithm(Problem* problem, const char* what);

}  // namespace ipdaemon::tls
