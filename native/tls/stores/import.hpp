// Certificates and keys from their encodings into OpenSSL's objects, always in library_context().
// For this folder only.
#pragma once

#include "base/bytes.hpp"
#include "tls/openssl.hpp"
#include "tls/stores/secret.hpp"

namespace ipdaemon::tls {

// Null for anything but one certificate; with `more_may_follow`, bytes behind it are ignored.
CertificatePtr certificate_from_der(BytesView der, bool more_may_follow = false);
// The same certificate, in our context.
CertificatePtr reimported(const X509* certificate);

// An unencrypted key, of PKCS#8 or of an older form.
KeyPtr key_from_der(BytesView der);
KeyPtr key_from_pkcs8(const PKCS8_PRIV_KEY_INFO* key);

enum class Unlocked { done, no_key, wrong_password, unknown_algorithm };
// An encrypted PKCS#8 key. A null password is not the same as an empty one in all encryptions.
Unlocked unlock_pkcs8(const X509_SIG* key, const char* password, std::size_t length, KeyPtr* out);
// Whether the newest or the oldest error says that an algorithm is missing.
bool lacks_algorithm();

// Keys from their numbers, which are unsigned and big-endian. Null unless the private part fits the
// public one; with no factors, the key of RSA is slower.
struct RsaNumbers {
  Secret n, e, d, p, q, dp, dq, qi;
};
KeyPtr rsa_key(RsaNumbers numbers);
// `group` is P-256, P-384 or P-521; `point` is uncompressed.
KeyPtr ec_key(const char* group, BytesView point, const Secret& number);
// `kind` is ED25519 or ED448. An empty public key is not compared.
KeyPtr edwards_key(const char* kind, BytesView public_key, const Secret& private_key);

// Of all that an algorithm of library_context() gives: empty if it fails.
Bytes digest_of(const char* algorithm, BytesView bytes);

}  // namespace ipdaemon::tls
