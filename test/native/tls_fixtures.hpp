// Keys, certificates and what stores are made of, made at run time for the tests of TLS. The functions
// of OpenSSL that only tests need are found here, so that the library does not ask for them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/library.hpp"
#include "check.hpp"
#include "tls/openssl.hpp"
#include "tls/stores/identity.hpp"

namespace ipdaemon::tls::fixture {

#ifndef IPDAEMON_OPENSSL_LINKED
inline void* find_function(const char* name) {
  if (void* function = find_in_process(name)) return function;
  for (const char* const* file = openssl_files; *file != nullptr; ++file) {
    void* library = load_library(*file);
    if (library != nullptr) return find_in_library(library, name);
  }
  return nullptr;
}
#define IPD_TEST_FUNCTION(name) inline const auto name = reinterpret_cast<decltype(&::name)>(find_function(#name));
#else
#define IPD_TEST_FUNCTION(name) using ::name;
#endif
IPD_TEST_FUNCTION(ASN1_INTEGER_set)
IPD_TEST_FUNCTION(EVP_CIPHER_CTX_free)
IPD_TEST_FUNCTION(EVP_CIPHER_CTX_new)
IPD_TEST_FUNCTION(EVP_CIPHER_CTX_set_padding)
IPD_TEST_FUNCTION(EVP_EncryptInit_ex)
IPD_TEST_FUNCTION(EVP_EncryptUpdate)
IPD_TEST_FUNCTION(EVP_PKEY_get_bn_param)
IPD_TEST_FUNCTION(EVP_PKEY_get_raw_private_key)
IPD_TEST_FUNCTION(EVP_aes_256_cbc)
IPD_TEST_FUNCTION(BN_bn2bin)
IPD_TEST_FUNCTION(BN_num_bits)
IPD_TEST_FUNCTION(PEM_write_bio_PKCS7)
IPD_TEST_FUNCTION(PEM_write_bio_PrivateKey_traditional)
IPD_TEST_FUNCTION(PKCS12_add_cert)
IPD_TEST_FUNCTION(PKCS12_add_key_ex)
IPD_TEST_FUNCTION(PKCS12_add_localkeyid)
IPD_TEST_FUNCTION(PKCS12_add_safe_ex)
IPD_TEST_FUNCTION(PKCS12_add_safes_ex)
IPD_TEST_FUNCTION(PKCS12_set_mac)
IPD_TEST_FUNCTION(PKCS7_add_certificate)
IPD_TEST_FUNCTION(PKCS7_content_new)
IPD_TEST_FUNCTION(PKCS7_new)
IPD_TEST_FUNCTION(PKCS7_set_type)
IPD_TEST_FUNCTION(X509_NAME_free)
IPD_TEST_FUNCTION(X509_NAME_new)
IPD_TEST_FUNCTION(X509_gmtime_adj)
IPD_TEST_FUNCTION(X509_set_subject_name)
IPD_TEST_FUNCTION(i2d_PKCS12_bio)
IPD_TEST_FUNCTION(i2d_PKCS7_bio)
IPD_TEST_FUNCTION(i2d_PrivateKey)
#undef IPD_TEST_FUNCTION

inline void need_openssl() {
  if (const char* why = find_openssl()) test::skip(why);
}

// Fields in the order of the certificate: the country first, as a rule.
struct Field {
  const char* name;
  std::string_view value;
};
using Fields = std::vector<Field>;

struct NameFree {
  void operator()(X509_NAME* name) const { X509_NAME_free(name); }
};
using NamePtr = std::unique_ptr<X509_NAME, NameFree>;

inline NamePtr make_name(const Fields& fields, int encoding = MBSTRING_UTF8) {
  NamePtr name(X509_NAME_new());
  for (const Field& field : fields) {
    REQUIRE(X509_NAME_add_entry_by_txt(name.get(), field.name, encoding, as_bytes(field.value),
                                       static_cast<int>(field.value.size()), -1, 0) == 1);
  }
  return name;
}

// RSA, P-256, P-384, P-521, ED25519 or ED448.
inline KeyPtr make_key(const std::string& kind) {
  EVP_PKEY* key = nullptr;
  if (kind == "RSA") {
    key = EVP_PKEY_Q_keygen(library_context(), nullptr, "RSA", std::size_t{2048});
  } else if (kind[0] == 'P') {
    key = EVP_PKEY_Q_keygen(library_context(), nullptr, "EC", kind.c_str());
  } else {
    key = EVP_PKEY_Q_keygen(library_context(), nullptr, kind.c_str());
  }
  REQUIRE(key != nullptr);
  return KeyPtr(key);
}

// A certificate with its key, and who signed it.
struct Made {
  KeyPtr key;
  CertificatePtr certificate;
};

// Valid from a day ago for some days, or expired for negative ones; self-signed without an issuer.
inline Made make_certificate(const Fields& subject, KeyPtr key, const Made* issuer = nullptr, int days = 30) {
  static long serial = 0;
  constexpr long day = 24 * 60 * 60;
  Made made{std::move(key), CertificatePtr(X509_new_ex(library_context(), nullptr))};
  X509* certificate = made.certificate.get();
  const NamePtr name = make_name(subject);
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), days < 0 ? 2 * days * day : -day);
  X509_gmtime_adj(X509_getm_notAfter(certificate), days * day);
  X509_set_subject_name(certificate, name.get());
  X509_set_issuer_name(certificate, issuer != nullptr ? X509_get_subject_name(issuer->certificate.get()) : name.get());
  X509_set_pubkey(certificate, made.key.get());
  EVP_PKEY* signer = issuer != nullptr ? issuer->key.get() : made.key.get();
  const bool has_own_digest = EVP_PKEY_is_a(signer, "ED25519") == 1 || EVP_PKEY_is_a(signer, "ED448") == 1;
  REQUIRE(X509_sign(certificate, signer, has_own_digest ? nullptr : EVP_sha256()) > 0);
  return made;
}

inline Made make_certificate(const char* common_name, const char* kind = "P-256", const Made* issuer = nullptr) {
  return make_certificate({{"CN", common_name}}, make_key(kind), issuer);
}

inline std::string content_of(BIO* bio) {
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio, &text);
  return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : std::string();
}

// What `write` puts into a BIO.
template <typename Write>
std::string written(Write write) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  REQUIRE(write(bio.get()) == 1);
  return content_of(bio.get());
}

inline std::string der_of(const X509* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate, &der);
  REQUIRE(length > 0);
  const std::string result(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return result;
}

// Unencrypted PKCS#8 in PEM, or encrypted with a password.
inline std::string key_pem(const EVP_PKEY* key, const char* password = nullptr) {
  return written([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key, password != nullptr ? EVP_aes_256_cbc() : nullptr, password,
                                         password != nullptr ? static_cast<int>(std::string(password).size()) : 0,
                                         nullptr, nullptr);
  });
}

}  // namespace ipdaemon::tls::fixture
