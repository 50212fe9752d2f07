// PKCS#7: here a bag of certificates without keys.
#include "tls/stores/import.hpp"
#include "tls/stores/readers.hpp"

namespace ipdaemon::tls {

bool read_pkcs7(BytesView der, StoreContent* out, Problem* problem) {
  const ErrorScope errors;
  const unsigned char* at = as_bytes(der);
  const Pkcs7Ptr pkcs7(d2i_PKCS7(nullptr, &at, static_cast<long>(der.size())));
  if (!pkcs7) return refuse_store(problem, "the PKCS#7 content is damaged: " + ErrorScope::text());
  const bool is_signed = PKCS7_type_is_signed(pkcs7.get());
  const STACK_OF(X509)* certificates = is_signed && pkcs7->d.sign != nullptr ? pkcs7->d.sign->cert : nullptr;
  // Without any, the count is -1.
  for (int i = 0; i < sk_X509_num(certificates); ++i) {
    CertificatePtr certificate = reimported(sk_X509_value(certificates, i));
    if (!certificate) return refuse_store(problem, "a certificate in the PKCS#7 content is damaged");
    out->add(std::move(certificate));
  }
  return true;
}

}  // namespace ipdaemon::tls
