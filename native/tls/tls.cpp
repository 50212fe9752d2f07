#include "tls/tls.hpp"

#include <iterator>

#include "tls/openssl.hpp"

namespace ipdaemon::tls {

const char* unavailable_reason() {
  return find_openssl();
}

std::string library_version() {
  if (find_openssl() != nullptr) return "no TLS";
  return std::string(OpenSSL_version(OPENSSL_VERSION)) + ", " + openssl_origin();
}

std::string missing_fixes() {
  if (find_openssl() != nullptr) return {};
  return missing_fixes_of(OPENSSL_version_minor(), OPENSSL_version_patch(),
                          BytesView(openssl_origin()) == "in this process");
}

std::string missing_fixes_of(unsigned minor, unsigned patch, bool in_process) {
  // From which patch on each branch has the fixes of January 2026 (CVE-2025-15467 and others). 3.1 and 3.2 were given
  // up before; later branches began with them.
  constexpr unsigned never = 1000;
  constexpr unsigned fixed_from[] = {19, never, never, 6, 4, 5, 1};
  if (minor >= std::size(fixed_from) || patch >= fixed_from[minor]) return {};
  const std::string version = "3." + std::to_string(minor);
  std::string text = "OpenSSL " + version + "." + std::to_string(patch) + " lacks fixes for serious vulnerabilities";
  text += fixed_from[minor] == never ? " and no longer receives fixes"
                                     : ", which came with " + version + "." + std::to_string(fixed_from[minor]);
  return text + (in_process ? ": update the program that includes it, such as Node.js"
                            : ", unless the system's packages include them: update the system's OpenSSL");
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
