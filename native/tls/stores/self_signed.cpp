#include "tls/stores/self_signed.hpp"

#include <algorithm>
#include <string>

#include "base/per_thread.hpp"
#include "base/text.hpp"
#include "ipdaemon.h"
#include "tls/openssl.hpp"
#include "tls/stores/secret.hpp"

namespace ipdaemon::tls {

namespace {

constexpr std::size_t names_length_max = 4096;
constexpr std::size_t name_length_max = 253;        // Of a host name, RFC 1035.
constexpr std::size_t common_name_length_max = 64;  // RFC 5280, upper bounds.
constexpr int days_max = 36500;
constexpr long earlier_s = 3600;  // For clients whose clocks are behind.

struct ExtensionFree {
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, ExtensionFree>;

bool is_host_character(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '.' || c == '_' || c == '*';
}

bool is_host_name(BytesView name) {
  return !name.empty() && name.size() <= name_length_max && std::all_of(name.begin(), name.end(), is_host_character);
}

// Something that can only be an address; whether it is one, OpenSSL decides.
bool looks_like_address(BytesView name) {
  const auto is_of_ipv4 = [](char c) { return is_digit(c) || c == '.'; };
  const auto is_of_ipv6 = [=](char c) { return is_of_ipv4(c) || (lower(c) >= 'a' && lower(c) <= 'f') || c == ':'; };
  return std::all_of(name.begin(), name.end(), is_of_ipv4) ||
         (std::count(name.begin(), name.end(), ':') >= 2 && std::all_of(name.begin(), name.end(), is_of_ipv6));
}

// The names in the words of OpenSSL's configuration, which have no comma and no colon of their own then.
bool alternative_names(BytesView names, std::string* out) {
  return each_entry(names, ',', [=](BytesView name) {
    const bool is_address = !name.empty() && looks_like_address(name);
    if (!is_address && !is_host_name(name)) return false;
    *out += (out->empty() ? "" : ",") + std::string(is_address ? "IP:" : "DNS:") + std::string(name);
    return true;
  });
}

bool add_extension(X509* certificate, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_nconf_nid(nullptr, &context, kind, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_serial_number(X509* certificate) {
  std::uint64_t number = 0;
  // Clients that have seen another certificate with the same issuer and number refuse this one. A positive
  // number, whatever the first bit.
  return RAND_bytes_ex(library_context(), reinterpret_cast<unsigned char*>(&number), sizeof number, 0) == 1 &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), number | 1) == 1;
}

// All but the names and the signature, which can only fail for want of memory.
bool fill(X509* certificate, EVP_PKEY* key, BytesView common_name, int days) {
  X509_NAME* name = X509_get_subject_name(certificate);
  return X509_set_version(certificate, X509_VERSION_3) == 1 && add_serial_number(certificate) &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, as_bytes(common_name),
                                    static_cast<int>(common_name.size()), -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
         X509_time_adj_ex(X509_getm_notBefore(certificate), 0, -earlier_s, nullptr) != nullptr &&
         X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, nullptr) != nullptr &&
         add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, NID_subject_key_identifier, "hash");
}

// The text, wiped where OpenSSL had it; empty if it cannot be written.
Secret written(const X509* certificate, const EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  char* text = nullptr;
  Secret pem;
  if (bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
      PEM_write_bio_X509(bio.get(), certificate) == 1) {
    const long length = BIO_get_mem_data(bio.get(), &text);
    append(&pem, {text, static_cast<std::size_t>(length)});
  }
  return pem;
}

// Returns 0 or an error code.
int make_pem(BytesView names, int days, Secret* pem) {
  const ErrorScope errors;
  const BytesView common_name = trim(names.substr(0, names.find(',')));
  std::string alternatives;
  if (days < 1 || days > days_max || names.size() > names_length_max || common_name.size() > common_name_length_max ||
      !alternative_names(names, &alternatives)) {
    return IPDAEMON_ERROR_INVALID_VALUE;
  }
  const KeyPtr key(EVP_PKEY_Q_keygen(library_context(), nullptr, "EC", "P-256"));
  const CertificatePtr certificate(X509_new_ex(library_context(), nullptr));
  if (!key || !certificate || !fill(certificate.get(), key.get(), common_name, days)) {
    return IPDAEMON_ERROR_TLS_CERTIFICATE;
  }
  if (!add_extension(certificate.get(), NID_subject_alt_name, alternatives.c_str())) {
    return IPDAEMON_ERROR_INVALID_VALUE;  // An invalid address.
  }
  if (X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0) *pem = written(certificate.get(), key.get());
  return pem->empty() ? IPDAEMON_ERROR_TLS_CERTIFICATE : 0;
}

}  // namespace

int make_self_signed(BytesView names, int days, BytesView* pem) {
  if (find_openssl() != nullptr) return IPDAEMON_ERROR_TLS_UNAVAILABLE;
  Secret& kept = PerThread<Secret>::get();
  kept.clear();
  const int code = make_pem(names, days, &kept);
  if (code == 0) *pem = view_of(kept);
  return code;
}

}  // namespace ipdaemon::tls
