// Judges client certificates. For this folder only.
#pragma once

#include <string>

#include "tls/openssl.hpp"
#include "tls/policy.hpp"

namespace ipdaemon::tls {

struct Verdict {
  int error = X509_V_OK;  // The first that is not overlooked.
  // The error of ipdaemon_errors.def that refusing because of it has.
  int code() const;
  std::string text() const;  // "OK" if there is none.
};

// Verifies the chain that `store` was made for, by the policy's flags, up to the first error that is not overlooked.
Verdict verify_chain(X509_STORE_CTX* store, const Policy& policy);

// The flags that `store` needs for the policy.
void set_verify_flags(X509_STORE* store, const Policy& policy);

}  // namespace ipdaemon::tls
