// What both ends of the TLS benchmarks agree on, so that every server does the same work: one version,
// AES-128-GCM, X25519; P-256 only because TLS 1.2 would else refuse a certificate with such a key.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "bench/arguments.hpp"
#include "bench/program.hpp"

namespace bench {

template <auto Free>
struct Freed {
  template <class Type>
  void operator()(Type* object) const {
    Free(object);
  }
};
template <class Type, auto Free>
using Owned = std::unique_ptr<Type, Freed<Free>>;

inline int version_of(Arguments& arguments) {
  const std::string version = arguments.text("--tls", "1.3");
  if (version != "1.2" && version != "1.3") arguments.fail("--tls must be 1.2 or 1.3");
  return version == "1.2" ? TLS1_2_VERSION : TLS1_3_VERSION;
}

[[noreturn]] inline void fail_with_openssl(const char* what) {
  std::fprintf(stderr, "bench: %s\n", what);
  ERR_print_errors_fp(stderr);
  std::exit(1);
}

inline Owned<SSL_CTX, SSL_CTX_free> make_context(const SSL_METHOD* method, int version) {
  Owned<SSL_CTX, SSL_CTX_free> context(SSL_CTX_new(method));
  SSL_CTX* raw = context.get();
  if (raw == nullptr || SSL_CTX_set_min_proto_version(raw, version) != 1 ||
      SSL_CTX_set_max_proto_version(raw, version) != 1 ||
      SSL_CTX_set_ciphersuites(raw, "TLS_AES_128_GCM_SHA256") != 1 ||
      SSL_CTX_set_cipher_list(raw, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256") != 1 ||
      SSL_CTX_set1_groups_list(raw, "X25519:P-256") != 1) {
    fail_with_openssl("no context");
  }
  return context;
}

}  // namespace bench
