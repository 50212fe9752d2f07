#include "tls/verify.hpp"

#include "ipdaemon.h"

namespace ipdaemon::tls {

namespace {

constexpr int chain_depth_max = 10;

bool is_revocation_unknown(int error) {
  switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
      return true;
    default:
      return false;
  }
}

bool is_authority_unknown(int error) {
  switch (error) {
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return true;
    default:
      return false;
  }
}

// The verification that runs on this thread: OpenSSL's callback carries nothing of ours.
struct Running {
  const Policy& policy;
  Verdict verdict;
};
thread_local Running* running = nullptr;

bool is_self_signed(X509_STORE_CTX* store) {
  X509* certificate = X509_STORE_CTX_get_current_cert(store);
  return certificate != nullptr && X509_self_signed(certificate, 0) == 1;
}

bool is_overlooked(X509_STORE_CTX* store, int error) {
  const std::int64_t flags = running->policy.security_flags;
  const int depth = X509_STORE_CTX_get_error_depth(store);
  if (error == X509_V_ERR_CERT_NOT_YET_VALID || error == X509_V_ERR_CERT_HAS_EXPIRED) {
    return (flags & security_flags::validity) != 0;
  }
  if (is_authority_unknown(error)) return (flags & security_flags::authority) != 0;
  if (error == X509_V_ERR_INVALID_PURPOSE) return (flags & security_flags::usage) != 0;
  if (!is_revocation_unknown(error)) return false;
  if (running->policy.check_crl == IPDAEMON_SSL_CHECK_CRL_IF_AVAILABLE) return true;
  if (depth == 0) return (flags & security_flags::revocation_of_leaf) != 0;
  // A list for the client's own certificate is demanded; those of its issuers count if they are there.
  if (error == X509_V_ERR_UNABLE_TO_GET_CRL) return true;
  const std::int64_t wanted =
      is_self_signed(store) ? security_flags::revocation_of_root : security_flags::revocation_between;
  return (flags & wanted) != 0;
}

int on_step(int ok, X509_STORE_CTX* store) {
  if (ok == 1) return 1;
  const int error = X509_STORE_CTX_get_error(store);
  if (!is_overlooked(store, error)) {
    // The rest would cost time that a peer without a certificate that counts shall not have.
    running->verdict.error = error;
    return 0;
  }
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return 1;
}

}  // namespace

int Verdict::code() const {
  return is_revocation_unknown(error) ? IPDAEMON_ERROR_TLS_PEER_UNCHECKED : IPDAEMON_ERROR_TLS_CHAIN;
}

std::string Verdict::text() const {
  return error == X509_V_OK ? "OK" : X509_verify_cert_error_string(error);
}

Verdict verify_chain(X509_STORE_CTX* store, const Policy& policy) {
  Running mine{policy, {}};
  X509_STORE_CTX_set_verify_cb(store, on_step);
  running = &mine;
  const int done = X509_verify_cert(store);
  running = nullptr;
  if (done <= 0 && mine.verdict.error == X509_V_OK) {
    const int error = X509_STORE_CTX_get_error(store);
    mine.verdict.error = error != X509_V_OK ? error : X509_V_ERR_UNSPECIFIED;
  }
  return mine.verdict;
}

void set_verify_flags(X509_STORE* store, const Policy& policy) {
  // An authority that is named counts, whether or not it is a root.
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
  if (policy.check_crl != 0) flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
  X509_STORE_set_flags(store, flags);
  X509_STORE_set_depth(store, chain_depth_max);
}

}  // namespace ipdaemon::tls
