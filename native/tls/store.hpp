// Certificate stores: bytes in one of several formats, read into certificates and private keys. Each
// format has its own file, store_*.cpp. For this folder only.
#pragma once

#include <string>
#include <vector>

#include "tls/identity.hpp"
#include "tls/openssl.hpp"
#include "tls/secret.hpp"

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

// The readers: false with the reason in `problem`, and then what they added is not to be used.
bool read_pem(BytesView content, BytesView password, StoreContent* out, Problem* problem);
bool read_pkcs12(BytesView content, BytesView password, StoreContent* out, Problem* problem);
bool read_pkcs7(BytesView der, StoreContent* out, Problem* problem);
bool read_jks(BytesView content, BytesView password, StoreContent* out, Problem* problem);
bool read_jwk(BytesView content, StoreContent* out, Problem* problem);
bool read_ppk(BytesView content, BytesView password, StoreContent* out, Problem* problem);
bool read_xml(BytesView content, StoreContent* out, Problem* problem);
// A private key in DER, encrypted or not.
bool read_key(BytesView der, BytesView password, StoreContent* out, Problem* problem);
// The encrypted PKCS#8 key in `der`.
bool unlock_key(BytesView der, BytesView password, KeyPtr* out, Problem* problem);
// Whatever detect_format found.
bool read_content(StoreFormat format, BytesView content, BytesView password, StoreContent* out, Problem* problem);

// The store of the query, be it a file or a value. Not every store that can be opened has a certificate
// or a key in it.
bool open_store(const StoreQuery& query, StoreContent* out, Problem* problem);

// Whether the value can be taken for a file name, and there is such a file.
bool is_file(BytesView value);

// For the readers and for those who call them.
bool refuse(Problem* problem, int code, std::string detail);
bool refuse_store(Problem* problem, std::string detail);  // With TLS_STORE.
bool refuse_password(Problem* problem, BytesView password, const char* what);
bool refuse_algorithm(Problem* problem, const char* what);

}  // namespace ipdaemon::tls
