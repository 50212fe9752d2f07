// OpenSSL as this folder uses it. Nothing outside native/tls includes this file.
//
// The functions are called by their usual names, from within namespace ipdaemon::tls. There the names
// stand for pointers, which find() fills at run time: with the functions of the host process, such as
// the OpenSSL that Node has inside, or with those of the system's libssl. So the library needs no
// OpenSSL to be loaded, and the host's security fixes are ours. Built with IPDAEMON_OPENSSL_LINKED
// the names are the functions themselves.
//
// A function that is not in openssl_functions.def cannot be used: the build of the native tests, which
// link no OpenSSL, fails.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#if OPENSSL_VERSION_MAJOR != 3
#error "OpenSSL's headers of version 3 are needed"
#endif

namespace ipdaemon::tls {

#ifndef IPDAEMON_OPENSSL_LINKED
#define IPD_FUNCTION(name) extern decltype(&::name) name;
#include "tls/openssl_functions.def"
#undef IPD_FUNCTION
#endif

// Fills the pointers at the first call, from any thread. Null, or why OpenSSL cannot be used.
const char* find_openssl();
// Where it was found: "in this process", the name of a file, or "linked". Null if it was not.
const char* openssl_origin();

// Our own set of providers: what we load does not change the cryptography of the host, and what the
// host loads does not change ours. Null until find_openssl has succeeded.
OSSL_LIB_CTX* library_context();
// The same with old algorithms, for reading old key stores only; null when they cannot be had.
OSSL_LIB_CTX* legacy_context();

// The error queue belongs to the thread, and so to the host as well: what a scope adds is taken away
// at its end. text() is the newest error as words, without file names or numbers.
class ErrorScope {
 public:
  ErrorScope() { ERR_set_mark(); }
  ~ErrorScope() { ERR_pop_to_mark(); }
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;

  static unsigned long last() { return ERR_peek_last_error(); }
  static std::string text();
  // Whether the newest or the oldest error is this one.
  static bool is(int library, int reason);
};

// Owners of OpenSSL's objects.
#define IPD_OWNED(Name, Type, function)                       \
  struct Name##Free {                                         \
    void operator()(Type* object) const { function(object); } \
  };                                                          \
  using Name = std::unique_ptr<Type, Name##Free>;

IPD_OWNED(BioPtr, BIO, BIO_free_all)
IPD_OWNED(BignumPtr, BIGNUM, BN_clear_free)
IPD_OWNED(CertificatePtr, X509, X509_free)
IPD_OWNED(CrlPtr, X509_CRL, X509_CRL_free)
IPD_OWNED(KeyPtr, EVP_PKEY, EVP_PKEY_free)
IPD_OWNED(Pkcs12Ptr, PKCS12, PKCS12_free)
IPD_OWNED(Pkcs7Ptr, PKCS7, PKCS7_free)
IPD_OWNED(EncryptedKeyPtr, X509_SIG, X509_SIG_free)
IPD_OWNED(SessionPtr, SSL, SSL_free)
IPD_OWNED(SslContextPtr, SSL_CTX, SSL_CTX_free)
IPD_OWNED(StorePtr, X509_STORE, X509_STORE_free)
IPD_OWNED(StoreContextPtr, X509_STORE_CTX, X509_STORE_CTX_free)
#undef IPD_OWNED

}  // namespace ipdaemon::tls
