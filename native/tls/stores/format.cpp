#include "tls/stores/format.hpp"

#include <string>

#include "tls/openssl.hpp"
#include "tls/stores/encodings.hpp"
#include "tls/stores/import.hpp"

namespace ipdaemon::tls {

namespace {

bool is_der_key(BytesView der) {
  const unsigned char* at = as_bytes(der);
  const EncryptedKeyPtr encrypted(d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size())));
  return encrypted != nullptr || key_from_der(der) != nullptr;
}

StoreFormat detect_der(BytesView der) {
  const ErrorScope errors;
  const auto length = static_cast<long>(der.size());
  const unsigned char* at = as_bytes(der);
  if (const Pkcs12Ptr pkcs12(d2i_PKCS12(nullptr, &at, length)); pkcs12) return StoreFormat::pkcs12;
  if (is_der_key(der)) return StoreFormat::key;
  at = as_bytes(der);
  if (const Pkcs7Ptr pkcs7(d2i_PKCS7(nullptr, &at, length)); pkcs7) return StoreFormat::pkcs7;
  return certificate_from_der(der) ? StoreFormat::certificate : StoreFormat::unknown;
}

bool has_line(BytesView text, BytesView start) {
  return starts_with(text, start) || text.find("\n" + std::string(start)) != BytesView::npos;
}

StoreFormat detect_pem(BytesView text) {
  const bool only_pkcs7 =
      text.find("-----BEGIN CERTIFICATE") == BytesView::npos && text.find("PRIVATE KEY-----") == BytesView::npos &&
      (text.find("-----BEGIN PKCS7") != BytesView::npos || text.find("-----BEGIN PKCS #7") != BytesView::npos ||
       text.find("-----BEGIN CMS") != BytesView::npos);
  return only_pkcs7 ? StoreFormat::pem_pkcs7 : StoreFormat::pem;
}

StoreFormat detect_text(BytesView text) {
  text = without_blanks(text);
  if (starts_with(text, "\xef\xbb\xbf")) text = without_blanks(text.substr(3));
  if (text.empty()) return StoreFormat::unknown;
  if (starts_with(text, "-----BEGIN ")) return detect_pem(text);
  for (const char* start : {"---- BEGIN SSH2 PUBLIC KEY", "ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"}) {
    if (starts_with(text, start)) return StoreFormat::ssh;
  }
  if (starts_with(text, "PuTTY-User-Key-File-")) return StoreFormat::ppk;
  if (text.front() == '{') return StoreFormat::jwk;
  if (text.front() == '<') return StoreFormat::xml;
  // OpenSSL's own tools write words in front of the blocks.
  return has_line(text, "-----BEGIN ") ? detect_pem(text) : StoreFormat::unknown;
}

}  // namespace

const char* format_name(StoreFormat format) {
  switch (format) {
    case StoreFormat::unknown:
      break;
    case StoreFormat::pem:
      return "PEM";
    case StoreFormat::pem_pkcs7:
      return "PKCS#7 in PEM";
    case StoreFormat::pkcs12:
      return "PKCS#12 (PFX)";
    case StoreFormat::pkcs7:
      return "PKCS#7";
    case StoreFormat::key:
      return "a private key in DER";
    case StoreFormat::certificate:
      return "a certificate in DER";
    case StoreFormat::jks:
      return "a Java key store";
    case StoreFormat::jceks:
      return "a JCEKS key store";
    case StoreFormat::jwk:
      return "a JSON Web Key";
    case StoreFormat::ppk:
      return "a PuTTY key";
    case StoreFormat::xml:
      return "XML";
    case StoreFormat::ssh:
      return "an SSH public key";
  }
  return "no known format";
}

StoreFormat detect_format(BytesView content) {
  if (starts_with(content, BytesView("\xfe\xed\xfe\xed", 4))) return StoreFormat::jks;
  if (starts_with(content, BytesView("\xce\xce\xce\xce", 4))) return StoreFormat::jceks;
  if (starts_with(content, "0")) {
    const StoreFormat format = detect_der(content);
    if (format != StoreFormat::unknown) return format;
  }
  return detect_text(content);
}

}  // namespace ipdaemon::tls
