#include "tls/tls.hpp"

#include "tls/openssl.hpp"

namespace ipdaemon::tls {

const char* unavailable_reason() {
  return find_openssl();
}

std::string library_version() {
  if (find_openssl() != nullptr) return "no TLS";
  return std::string(OpenSSL_version(OPENSSL_VERSION)) + ", " + openssl_origin();
}

bool add_seed(BytesView bytes) {
  if (find_openssl() != nullptr) return false;
  const ErrorScope errors;
  EVP_RAND_CTX* generator = RAND_get0_primary(library_context());
  return generator != nullptr &&
         EVP_RAND_reseed(generator, 0, nullptr, 0, reinterpret_cast<const unsigned char*>(bytes.data()),
                         bytes.size()) == 1;
}

}  // namespace ipdaemon::tls
