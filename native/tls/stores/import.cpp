#include "tls/stores/import.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>
#include <vector>

namespace ipdaemon::tls {

namespace {

struct KeyContextFree {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, KeyContextFree>;

struct DigestContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, DigestContextFree>;

struct Pkcs8Free {
  void operator()(PKCS8_PRIV_KEY_INFO* key) const { PKCS8_PRIV_KEY_INFO_free(key); }
};
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, Pkcs8Free>;

struct NumberContextFree {
  void operator()(BN_CTX* context) const { BN_CTX_free(context); }
};

constexpr std::size_t rsa_bytes_max = 2048;  // 16384 bits, as OpenSSL has it.

bool fits_long(BytesView bytes) {
  return bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max());
}

BytesView without_leading_zeros(BytesView number) {
  while (!number.empty() && number.front() == '\0') number.remove_prefix(1);
  return number;
}

// Parameters of a key in the byte order of the machine, wiped at the end.
class KeyParameters {
 public:
  void add_number(const char* name, BytesView big_endian) {
    Secret bytes;
    append(&bytes, without_leading_zeros(big_endian));
    if (bytes.empty()) bytes.push_back('\0');
    if constexpr (std::endian::native == std::endian::little) std::reverse(bytes.begin(), bytes.end());
    add(name, OSSL_PARAM_UNSIGNED_INTEGER, std::move(bytes));
  }
  void add_text(const char* name, BytesView text) { add(name, OSSL_PARAM_UTF8_STRING, text); }
  void add_bytes(const char* name, BytesView bytes) { add(name, OSSL_PARAM_OCTET_STRING, bytes); }

  KeyPtr make(const char* kind) {
    list_.push_back({nullptr, 0, nullptr, 0, 0});
    const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(library_context(), kind, nullptr));
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, list_.data()) != 1) {
      return nullptr;
    }
    return KeyPtr(key);
  }

 private:
  void add(const char* name, unsigned type, BytesView value) {
    Secret bytes;
    append(&bytes, value);
    add(name, type, std::move(bytes));
  }
  void add(const char* name, unsigned type, Secret&& value) {
    const std::size_t length = value.size();
    // OpenSSL reads texts up to their zero, whatever the length says.
    value.push_back('\0');
    values_.push_back(std::move(value));
    list_.push_back({name, type, values_.back().data(), length, OSSL_PARAM_UNMODIFIED});
  }

  std::vector<Secret> values_;  // Their bytes stay where they are when the vector grows.
  std::vector<OSSL_PARAM> list_;
};

// A signature that verifies shows that both halves belong together, whatever the kind of key.
bool halves_fit(EVP_PKEY* key, const char* digest) {
  static constexpr unsigned char message[] = "ipdaemon";
  const DigestContextPtr signing(EVP_MD_CTX_new());
  const DigestContextPtr verifying(EVP_MD_CTX_new());
  std::size_t length = 0;
  if (!signing || !verifying ||
      EVP_DigestSignInit_ex(signing.get(), nullptr, digest, library_context(), nullptr, key, nullptr) != 1 ||
      EVP_DigestSign(signing.get(), nullptr, &length, message, sizeof message) != 1) {
    return false;
  }
  std::vector<unsigned char> signature(length);
  return EVP_DigestSign(signing.get(), signature.data(), &length, message, sizeof message) == 1 &&
         EVP_DigestVerifyInit_ex(verifying.get(), nullptr, digest, library_context(), nullptr, key, nullptr) == 1 &&
         EVP_DigestVerify(verifying.get(), signature.data(), length, message, sizeof message) == 1;
}

BignumPtr number_from(BytesView bytes) {
  return BignumPtr(BN_bin2bn(as_bytes(bytes), static_cast<int>(bytes.size()), nullptr));
}

// The private exponent for one factor, which some formats leave out.
bool exponent_for(BytesView exponent, BytesView factor, Secret* out) {
  const std::unique_ptr<BN_CTX, NumberContextFree> context(BN_CTX_new());
  const BignumPtr d = number_from(exponent);
  const BignumPtr p = number_from(factor);
  const BignumPtr rest(BN_new());
  if (!context || !d || !p || !rest || BN_sub_word(p.get(), 1) != 1 ||
      BN_div(nullptr, rest.get(), d.get(), p.get(), context.get()) != 1) {
    return false;
  }
  out->assign(factor.size(), '\0');
  return BN_bn2binpad(rest.get(), reinterpret_cast<unsigned char*>(out->data()), static_cast<int>(out->size())) >= 0;
}

enum class Attempt { done, no_key, failed, unknown_algorithm };

Attempt unlock_in(OSSL_LIB_CTX* context, const X509_SIG* key, const char* password, std::size_t length, KeyPtr* out) {
  const ErrorScope errors;
  const Pkcs8Ptr plain(PKCS8_decrypt_ex(key, password, static_cast<int>(length), context, nullptr));
  if (!plain) return lacks_algorithm() ? Attempt::unknown_algorithm : Attempt::failed;
  *out = key_from_pkcs8(plain.get());
  return *out ? Attempt::done : Attempt::no_key;
}

}  // namespace

CertificatePtr certificate_from_der(BytesView der, bool more_may_follow) {
  const ErrorScope errors;
  if (!fits_long(der)) return nullptr;
  X509* certificate = X509_new_ex(library_context(), nullptr);
  if (certificate == nullptr) return nullptr;
  const unsigned char* at = as_bytes(der);
  const bool read = d2i_X509(&certificate, &at, static_cast<long>(der.size())) != nullptr;
  // The pointer is null now if there was nothing to keep.
  CertificatePtr owned(certificate);
  if (!read || (!more_may_follow && at != as_bytes(der) + der.size())) return nullptr;
  // Without a public key that can be read, it is of no use to anybody here.
  return X509_get0_pubkey(owned.get()) != nullptr ? std::move(owned) : nullptr;
}

CertificatePtr reimported(const X509* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate, &der);
  if (length <= 0) return nullptr;
  CertificatePtr result = certificate_from_der({reinterpret_cast<const char*>(der), static_cast<std::size_t>(length)});
  OPENSSL_free(der);
  return result;
}

KeyPtr key_from_der(BytesView der) {
  const ErrorScope errors;
  if (!fits_long(der)) return nullptr;
  const unsigned char* at = as_bytes(der);
  return KeyPtr(d2i_AutoPrivateKey_ex(nullptr, &at, static_cast<long>(der.size()), library_context(), nullptr));
}

KeyPtr key_from_pkcs8(const PKCS8_PRIV_KEY_INFO* key) {
  const ErrorScope errors;
  return KeyPtr(EVP_PKCS82PKEY_ex(key, library_context(), nullptr));
}

Unlocked unlock_pkcs8(const X509_SIG* key, const char* password, std::size_t length, KeyPtr* out) {
  Attempt attempt = unlock_in(library_context(), key, password, length, out);
  // Not only for an algorithm that is missing: the errors do not show that reliably.
  if ((attempt == Attempt::unknown_algorithm || attempt == Attempt::failed) && legacy_context() != nullptr) {
    attempt = unlock_in(legacy_context(), key, password, length, out);
  }
  switch (attempt) {
    case Attempt::done:
      return Unlocked::done;
    case Attempt::no_key:
      return Unlocked::no_key;
    case Attempt::failed:
      return Unlocked::wrong_password;
    case Attempt::unknown_algorithm:
      break;
  }
  return Unlocked::unknown_algorithm;
}

bool lacks_algorithm() {
  return ErrorScope::is(ERR_LIB_EVP, ERR_R_UNSUPPORTED) || ErrorScope::is(ERR_LIB_EVP, EVP_R_UNKNOWN_CIPHER) ||
         ErrorScope::is(ERR_LIB_EVP, EVP_R_UNKNOWN_DIGEST) || ErrorScope::is(ERR_LIB_EVP, EVP_R_UNSUPPORTED_CIPHER) ||
         ErrorScope::is(ERR_LIB_EVP, EVP_R_UNKNOWN_PBE_ALGORITHM) ||
         ErrorScope::is(ERR_LIB_EVP, EVP_R_UNSUPPORTED_PRF) ||
         ErrorScope::is(ERR_LIB_EVP, EVP_R_UNSUPPORTED_KEY_DERIVATION_FUNCTION);
}

KeyPtr rsa_key(RsaNumbers numbers) {
  const ErrorScope errors;
  for (const Secret* number :
       {&numbers.n, &numbers.e, &numbers.d, &numbers.p, &numbers.q, &numbers.dp, &numbers.dq, &numbers.qi}) {
    if (number->size() > rsa_bytes_max + 1) return nullptr;
  }
  if (numbers.n.empty() || numbers.e.empty() || numbers.d.empty()) return nullptr;
  KeyParameters parameters;
  parameters.add_number(OSSL_PKEY_PARAM_RSA_N, view_of(numbers.n));
  parameters.add_number(OSSL_PKEY_PARAM_RSA_E, view_of(numbers.e));
  parameters.add_number(OSSL_PKEY_PARAM_RSA_D, view_of(numbers.d));
  if (!numbers.p.empty() && !numbers.q.empty() && !numbers.qi.empty()) {
    const BytesView d = view_of(numbers.d);
    if (numbers.dp.empty() && !exponent_for(d, view_of(numbers.p), &numbers.dp)) return nullptr;
    if (numbers.dq.empty() && !exponent_for(d, view_of(numbers.q), &numbers.dq)) return nullptr;
    parameters.add_number(OSSL_PKEY_PARAM_RSA_FACTOR1, view_of(numbers.p));
    parameters.add_number(OSSL_PKEY_PARAM_RSA_FACTOR2, view_of(numbers.q));
    parameters.add_number(OSSL_PKEY_PARAM_RSA_EXPONENT1, view_of(numbers.dp));
    parameters.add_number(OSSL_PKEY_PARAM_RSA_EXPONENT2, view_of(numbers.dq));
    parameters.add_number(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, view_of(numbers.qi));
  }
  KeyPtr key = parameters.make("RSA");
  return key && halves_fit(key.get(), "SHA256") ? std::move(key) : nullptr;
}

KeyPtr ec_key(const char* group, BytesView point, const Secret& number) {
  const ErrorScope errors;
  constexpr std::size_t number_bytes_max = 67;  // Of P-521, with a leading zero.
  if (number.empty() || number.size() > number_bytes_max) return nullptr;
  KeyParameters parameters;
  parameters.add_text(OSSL_PKEY_PARAM_GROUP_NAME, group);
  parameters.add_bytes(OSSL_PKEY_PARAM_PUB_KEY, point);
  parameters.add_number(OSSL_PKEY_PARAM_PRIV_KEY, view_of(number));
  KeyPtr key = parameters.make("EC");
  return key && halves_fit(key.get(), "SHA256") ? std::move(key) : nullptr;
}

KeyPtr edwards_key(const char* kind, BytesView public_key, const Secret& private_key) {
  const ErrorScope errors;
  KeyPtr key(EVP_PKEY_new_raw_private_key_ex(library_context(), kind, nullptr, as_bytes(view_of(private_key)),
                                             private_key.size()));
  if (!key || public_key.empty()) return key;
  unsigned char own[64];
  std::size_t length = sizeof own;
  if (EVP_PKEY_get_raw_public_key(key.get(), own, &length) != 1) return nullptr;
  return BytesView(reinterpret_cast<const char*>(own), length) == public_key ? std::move(key) : nullptr;
}

Bytes digest_of(const char* algorithm, BytesView bytes) {
  const ErrorScope errors;
  unsigned char digest[EVP_MAX_MD_SIZE];
  std::size_t length = 0;
  if (EVP_Q_digest(library_context(), algorithm, nullptr, bytes.data(), bytes.size(), digest, &length) != 1) return {};
  return Bytes(reinterpret_cast<const char*>(digest), length);
}

}  // namespace ipdaemon::tls
