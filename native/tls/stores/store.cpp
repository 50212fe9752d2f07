#include "tls/stores/store.hpp"

#include "ipdaemon.h"
#include "tls/stores/encodings.hpp"
#include "tls/stores/file.hpp"
#include "tls/stores/import.hpp"
#include "tls/stores/readers.hpp"
#include "tls/stores/types.hpp"

namespace ipdaemon::tls {

namespace {

bool refuse_format(Problem* problem, const StoreType& type, StoreFormat found) {
  std::string detail = std::string("it looks like ") + format_name(found);
  if (found == StoreFormat::unknown) {
    detail = type.format == StoreFormat::unknown
                 ? "its format is not recognised"
                 : std::string("it is not ") + format_name(type.format) + ", or damaged";
  } else if (const int number = fitting_type(found, type.holder); number != 0) {
    detail += ", so SSLCertStoreType must be " + std::to_string(number);
  } else {
    detail += ", which does not match SSLCertStoreType " + std::to_string(type.number);
  }
  return refuse_store(problem, std::move(detail));
}

// The content as the type wants it: as it is, or as base64 of it.
bool read_as(const StoreType& type, bool may_be_base64, BytesView content, BytesView password, StoreContent* out,
             Problem* problem) {
  const auto is_right = [&](StoreFormat format) {
    return format != StoreFormat::unknown && takes(type.format, format);
  };
  StoreFormat format = detect_format(content);
  Secret decoded;
  if (may_be_base64 && !is_right(format) && decode_base64(content, Base64::standard, &decoded)) {
    const StoreFormat inner = detect_format(view_of(decoded));
    if (inner != StoreFormat::unknown) {
      content = view_of(decoded);
      format = inner;
    }
  }
  if (!is_right(format)) {
    std::string fault = format == StoreFormat::unknown ? pem_line_fault(content) : "";
    return fault.empty() ? refuse_format(problem, type, format) : refuse_store(problem, std::move(fault));
  }
  return read_content(format, content, password, out, problem);
}

// A private key in DER, encrypted or not.
bool read_key(BytesView der, BytesView password, StoreContent* out, Problem* problem) {
  const ErrorScope errors;
  KeyPtr key = key_from_der(der);
  if (!key && !unlock_key(der, password, &key, problem)) return false;
  out->add(std::move(key));
  return true;
}

}  // namespace

bool read_content(StoreFormat format, BytesView content, BytesView password, StoreContent* out, Problem* problem) {
  switch (format) {
    case StoreFormat::unknown:
      break;
    case StoreFormat::pem:
    case StoreFormat::pem_pkcs7:
      return read_pem(content, password, out, problem);
    case StoreFormat::pkcs12:
      return read_pkcs12(content, password, out, problem);
    case StoreFormat::pkcs7:
      return read_pkcs7(content, out, problem);
    case StoreFormat::key:
      return read_key(content, password, out, problem);
    case StoreFormat::certificate: {
      CertificatePtr certificate = certificate_from_der(content);
      if (!certificate) return refuse_store(problem, "the certificate is damaged");
      out->add(std::move(certificate));
      return true;
    }
    case StoreFormat::jks:
      return read_jks(content, password, out, problem);
    case StoreFormat::jceks:
      return refuse_store(problem,
                          "JCEKS key stores are not supported; convert it with keytool "
                          "-importkeystore -srckeystore OLD -srcstoretype JCEKS -destkeystore NEW.pfx -deststoretype "
                          "PKCS12");
    case StoreFormat::jwk:
      return read_jwk(content, out, problem);
    case StoreFormat::ppk:
      return read_ppk(content, password, out, problem);
    case StoreFormat::xml:
      return read_xml(content, out, problem);
    case StoreFormat::ssh:
      return refuse(problem, IPDAEMON_ERROR_TLS_CERTIFICATE, "an SSH public key is not a certificate");
  }
  return refuse_store(problem, "its format is not recognised");
}

bool open_store(const StoreQuery& query, StoreContent* out, Problem* problem) {
  switch (query.type) {
    case IPDAEMON_SSL_CERT_STORE_TYPE_USER:
    case IPDAEMON_SSL_CERT_STORE_TYPE_MACHINE:
      return refuse(problem, IPDAEMON_ERROR_TLS_NO_MATCH,
                    "Windows certificate stores do not exist on this system; use a PEM or PFX file, "
                    "SSLCertStoreType 6 or 2");
    case IPDAEMON_SSL_CERT_STORE_TYPE_SSH_PUBLIC_KEY_BLOB:
    case IPDAEMON_SSL_CERT_STORE_TYPE_SSH_PUBLIC_KEY_FILE:
      return refuse(
          problem, IPDAEMON_ERROR_TLS_CERTIFICATE,
          "SSLCertStoreType " + std::to_string(query.type) + " is an SSH public key, which is not a certificate");
    case IPDAEMON_SSL_CERT_STORE_TYPE_SECURITY_KEY:
      return refuse(problem, IPDAEMON_ERROR_NOT_AVAILABLE,
                    "SSLCertStoreType 20 means a security key, which needs PKCS#11 and is not supported");
    default:
      break;
  }
  const StoreType* type = find_type(query.type);
  if (type == nullptr) {
    return refuse(problem, IPDAEMON_ERROR_INVALID_VALUE,
                  "SSLCertStoreType is " + std::to_string(query.type) + ", which is not one of its values");
  }
  if (query.store.empty()) return refuse_store(problem, "SSLCertStore is empty");
  const bool from_file = type->holder == Holder::file || (type->holder == Holder::either && is_file(query.store));
  if (!from_file) {
    if (query.store.size() > store_bytes_max) return refuse_store(problem, "SSLCertStore is too large for a key store");
    if (read_as(*type, true, query.store, query.password, out, problem)) return true;
    if (type->holder == Holder::either && can_be_path(query.store) && !may_be_content(query.store)) {
      problem->detail += "; there is no file " + name_in_quotes(query.store) + " either";
    }
    return false;
  }
  Secret content;
  if (!read_file(query.store, &content, problem)) return false;
  if (read_as(*type, type->holder == Holder::either, view_of(content), query.password, out, problem)) return true;
  problem->detail += " (file " + name_in_quotes(query.store) + ")";
  return false;
}

}  // namespace ipdaemon::tls
