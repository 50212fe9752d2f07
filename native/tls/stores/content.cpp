#include "tls/stores/content.hpp"

#include "ipdaemon.h"
#include "tls/stores/import.hpp"

namespace ipdaemon::tls {

bool refuse(Problem* problem, int code, std::string detail) {
  *problem = {code, std::move(detail)};
  return false;
}

bool refuse_store(Problem* problem, std::string detail) {
  return refuse(problem, IPDAEMON_ERROR_TLS_STORE, std::move(detail));
}

bool refuse_password(Problem* problem, BytesView password, const char* what) {
  refuse_store(problem, std::string("wrong password: SSLCertStorePassword ") +
                            (password.empty() ? "is empty, but it is needed for " : "does not open ") + what);
  problem->wrong_password = true;
  return false;
}

bool refuse_algorithm(Problem* problem, const char* what) {
  const char* remedy = legacy_context() == nullptr
                           ? " uses an old encryption that needs OpenSSL's legacy provider, which is not installed"
                           : " uses an encryption that this OpenSSL does not support";
  return refuse_store(problem, std::string(what) + remedy);
}

bool unlock_key(BytesView der, BytesView password, KeyPtr* out, Problem* problem) {
  const unsigned char* at = as_bytes(der);
  const EncryptedKeyPtr encrypted(d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!encrypted) return refuse_store(problem, "an encrypted private key is damaged");
  switch (unlock_pkcs8(encrypted.get(), password.empty() ? "" : password.data(), password.size(), out)) {
    case Unlocked::done:
      return true;
    case Unlocked::no_key:
      return refuse_store(problem, "this OpenSSL does not support this type of private key");
    case Unlocked::wrong_password:
      return refuse_password(problem, password, "the private key");
    case Unlocked::unknown_algorithm:
      break;
  }
  return refuse_algorithm(problem, "the private key");
}

}  // namespace ipdaemon::tls
