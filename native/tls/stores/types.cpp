#include "tls/stores/types.hpp"

#include "ipdaemon.h"

namespace ipdaemon::tls {

namespace {

constexpr StoreType store_types[] = {
    {IPDAEMON_SSL_CERT_STORE_TYPE_PFX_FILE, Holder::file, StoreFormat::pkcs12},
    {IPDAEMON_SSL_CERT_STORE_TYPE_PFX_BLOB, Holder::value, StoreFormat::pkcs12},
    {IPDAEMON_SSL_CERT_STORE_TYPE_JKS_FILE, Holder::file, StoreFormat::jks},
    {IPDAEMON_SSL_CERT_STORE_TYPE_JKS_BLOB, Holder::value, StoreFormat::jks},
    {IPDAEMON_SSL_CERT_STORE_TYPE_PEM_KEY_FILE, Holder::file, StoreFormat::pem},
    {IPDAEMON_SSL_CERT_STORE_TYPE_PEM_KEY_BLOB, Holder::value, StoreFormat::pem},
    {IPDAEMON_SSL_CERT_STORE_TYPE_PUBLIC_KEY_FILE, Holder::file, StoreFormat::certificate},
    {IPDAEMON_SSL_CERT_STORE_TYPE_PUBLIC_KEY_BLOB, Holder::value, StoreFormat::certificate},
    {IPDAEMON_SSL_CERT_STORE_TYPE_P7B_FILE, Holder::file, StoreFormat::pkcs7},
    {IPDAEMON_SSL_CERT_STORE_TYPE_P7B_BLOB, Holder::value, StoreFormat::pkcs7},
    {IPDAEMON_SSL_CERT_STORE_TYPE_PPK_FILE, Holder::file, StoreFormat::ppk},
    {IPDAEMON_SSL_CERT_STORE_TYPE_PPK_BLOB, Holder::value, StoreFormat::ppk},
    {IPDAEMON_SSL_CERT_STORE_TYPE_XML_FILE, Holder::file, StoreFormat::xml},
    {IPDAEMON_SSL_CERT_STORE_TYPE_XML_BLOB, Holder::value, StoreFormat::xml},
    {IPDAEMON_SSL_CERT_STORE_TYPE_JWK_FILE, Holder::file, StoreFormat::jwk},
    {IPDAEMON_SSL_CERT_STORE_TYPE_JWK_BLOB, Holder::value, StoreFormat::jwk},
    {IPDAEMON_SSL_CERT_STORE_TYPE_AUTO, Holder::either, StoreFormat::unknown},
};

}  // namespace

const StoreType* find_type(std::int64_t number) {
  for (const StoreType& type : store_types) {
    if (type.number == number) return &type;
  }
  return nullptr;
}

bool takes(StoreFormat type, StoreFormat content) {
  if (type == StoreFormat::unknown || type == content) return true;
  switch (type) {
    case StoreFormat::pem:
      return content == StoreFormat::pem_pkcs7;
    // Java writes PKCS#12 since its version 9.
    case StoreFormat::jks:
      return content == StoreFormat::pkcs12 || content == StoreFormat::jceks;
    case StoreFormat::pkcs7:
      return content == StoreFormat::pem_pkcs7 || content == StoreFormat::pem;
    case StoreFormat::certificate:
      return content == StoreFormat::pem;
    default:
      return false;
  }
}

int fitting_type(StoreFormat content, Holder holder) {
  if (content == StoreFormat::certificate || content == StoreFormat::pkcs7) return 0;
  for (const StoreType& type : store_types) {
    if (type.format == content && type.holder == holder) return type.number;
  }
  return 0;
}

}  // namespace ipdaemon::tls
