#include "tls/store.hpp"

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "ipdaemon.h"
#include "tls/encodings.hpp"
#include "tls/import.hpp"

namespace ipdaemon::tls {

namespace {

constexpr std::size_t store_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t path_bytes_max = 4096;

// The store types by their numbers of ipdaemon_constants.def: what they hold, and whether in a file.
enum class Holder { file, value, either };
struct StoreType {
  int number;
  Holder holder;
  StoreFormat format;
};
constexpr StoreType store_types[] = {
    {2, Holder::file, StoreFormat::pkcs12},      {3, Holder::value, StoreFormat::pkcs12},
    {4, Holder::file, StoreFormat::jks},         {5, Holder::value, StoreFormat::jks},
    {6, Holder::file, StoreFormat::pem},         {7, Holder::value, StoreFormat::pem},
    {8, Holder::file, StoreFormat::certificate}, {9, Holder::value, StoreFormat::certificate},
    {11, Holder::file, StoreFormat::pkcs7},      {12, Holder::value, StoreFormat::pkcs7},
    {14, Holder::file, StoreFormat::ppk},        {15, Holder::value, StoreFormat::ppk},
    {16, Holder::file, StoreFormat::xml},        {17, Holder::value, StoreFormat::xml},
    {18, Holder::file, StoreFormat::jwk},        {19, Holder::value, StoreFormat::jwk},
    {99, Holder::either, StoreFormat::unknown},
};

const StoreType* find_type(std::int64_t number) {
  for (const StoreType& type : store_types) {
    if (type.number == number) return &type;
  }
  return nullptr;
}

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
      return "a Java key store of the kind JCEKS";
    case StoreFormat::jwk:
      return "a JSON Web Key";
    case StoreFormat::ppk:
      return "a PuTTY key";
    case StoreFormat::xml:
      return "XML";
    case StoreFormat::ssh:
      return "a public key of SSH";
  }
  return "none of the formats that are known";
}

// Whether a store type that is meant for one format takes content of another.
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

// The number of the store type that the content would have been right for; 0 if there is none, or none
// that a server could use.
int fitting_type(StoreFormat content, Holder holder) {
  if (content == StoreFormat::certificate || content == StoreFormat::pkcs7) return 0;
  for (const StoreType& type : store_types) {
    if (type.format == content && type.holder == holder) return type.number;
  }
  return 0;
}

std::filesystem::path path_of(BytesView name) {
  return std::filesystem::path(std::u8string(name.begin(), name.end()));
}

bool can_be_path(BytesView value) {
  return !value.empty() && value.size() < path_bytes_max && value.find('\0') == BytesView::npos;
}

// A value in the place of a file name can be a key, which must not get into a message.
bool may_be_content(BytesView value) {
  constexpr std::size_t name_bytes_max = 64;  // That has no dot.
  return detect_format(value) != StoreFormat::unknown || value.find_first_of("\r\n") != BytesView::npos ||
         (value.size() > name_bytes_max && value.find('.') == BytesView::npos);
}

bool read_file(BytesView name, Secret* out, Problem* problem) {
  const auto fail = [&](const std::string& why) {
    return refuse_store(problem, "the file " + name_in_quotes(name) + " cannot be read: " + why);
  };
  const auto no_name = [&] {
    return refuse_store(problem, "SSLCertStore is no file name, which this SSLCertStoreType needs");
  };
  if (!can_be_path(name)) return no_name();
  try {
    const std::filesystem::path path = path_of(name);
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::not_found) {
      if (may_be_content(name)) return no_name();
      return fail(std::make_error_code(std::errc::no_such_file_or_directory).message());
    }
    if (error) return may_be_content(name) ? no_name() : fail(error.message());
    if (status.type() != std::filesystem::file_type::regular) return fail("it is no regular file");
    std::ifstream file;
    // Unbuffered: a buffer of the stream's own would keep parts of the key.
    file.rdbuf()->pubsetbuf(nullptr, 0);
    errno = 0;
    file.open(path, std::ios::binary);
    if (!file) return fail(errno != 0 ? std::generic_category().message(errno) : "it cannot be opened");
    constexpr std::size_t step = 64 * 1024;
    for (std::size_t length = 0;;) {
      out->resize(length + step);
      file.read(out->data() + length, static_cast<std::streamsize>(step));
      length += static_cast<std::size_t>(file.gcount());
      if (length > store_bytes_max) return fail("it is larger than any key store");
      if (file) continue;
      if (!file.eof()) return fail("reading it failed");
      out->resize(length);
      return true;
    }
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}

bool is_der_key(BytesView der) {
  const unsigned char* at = as_bytes(der);
  const SealedPtr sealed(d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size())));
  return sealed != nullptr || key_from_der(der) != nullptr;
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

bool refuse_format(Problem* problem, const StoreType& type, StoreFormat found) {
  std::string detail = std::string("it looks like ") + format_name(found);
  if (found == StoreFormat::unknown) {
    detail = type.format == StoreFormat::unknown
                 ? "its format is not recognised"
                 : std::string("it is not ") + format_name(type.format) + ", or damaged";
  } else if (const int number = fitting_type(found, type.holder); number != 0) {
    detail += ", so SSLCertStoreType has to be " + std::to_string(number);
  } else {
    detail += ", which SSLCertStoreType " + std::to_string(type.number) + " is not for";
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

}  // namespace

bool refuse(Problem* problem, int code, std::string detail) {
  *problem = {code, std::move(detail)};
  return false;
}

bool refuse_store(Problem* problem, std::string detail) {
  return refuse(problem, IPDAEMON_ERROR_TLS_STORE, std::move(detail));
}

bool refuse_password(Problem* problem, BytesView password, const char* what) {
  refuse_store(problem, std::string("wrong password: SSLCertStorePassword ") +
                            (password.empty() ? "is empty, but it is needed for " : "does not open ") + what);
  problem->wrong_password = true;
  return false;
}

bool refuse_algorithm(Problem* problem, const char* what) {
  const char* remedy = legacy_context() == nullptr
                           ? " is encrypted in an old way that needs OpenSSL's legacy provider, which is not installed"
                           : " is encrypted in a way that this OpenSSL does not know";
  return refuse_store(problem, std::string(what) + remedy);
}

bool is_file(BytesView value) {
  if (!can_be_path(value)) return false;
  try {
    std::error_code error;
    return std::filesystem::is_regular_file(path_of(value), error) && !error;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return false;
  }
}

std::string file_state(const StoreQuery& query) {
  const StoreType* type = find_type(query.type);
  if (type == nullptr || type->holder == Holder::value || !can_be_path(query.store)) return {};
  try {
    std::error_code error;
    const std::filesystem::path path = path_of(query.store);
    const auto size = std::filesystem::file_size(path, error);
    if (error) return {};
    const auto time = std::filesystem::last_write_time(path, error);
    // Some libraries count the time of files in a type that has no text.
    const auto since_epoch = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch());
    return std::to_string(size) + "@" + std::to_string(since_epoch.count());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return {};
  }
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

bool unlock_key(BytesView der, BytesView password, KeyPtr* out, Problem* problem) {
  const unsigned char* at = as_bytes(der);
  const SealedPtr sealed(d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!sealed) return refuse_store(problem, "an encrypted private key is damaged");
  switch (unlock_pkcs8(sealed.get(), password.empty() ? "" : password.data(), password.size(), out)) {
    case Unlocked::done:
      return true;
    case Unlocked::no_key:
      return refuse_store(problem, "the private key is of a kind that this OpenSSL does not know");
    case Unlocked::wrong_password:
      return refuse_password(problem, password, "the private key");
    case Unlocked::unknown_algorithm:
      break;
  }
  return refuse_algorithm(problem, "the private key");
}

bool read_key(BytesView der, BytesView password, StoreContent* out, Problem* problem) {
  const ErrorScope errors;
  KeyPtr key = key_from_der(der);
  if (!key && !unlock_key(der, password, &key, problem)) return false;
  out->add(std::move(key));
  return true;
}

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
                          "Java key stores of the kind JCEKS are not supported; convert it with keytool "
                          "-importkeystore -srckeystore OLD -srcstoretype JCEKS -destkeystore NEW.pfx -deststoretype "
                          "PKCS12");
    case StoreFormat::jwk:
      return read_jwk(content, out, problem);
    case StoreFormat::ppk:
      return read_ppk(content, password, out, problem);
    case StoreFormat::xml:
      return read_xml(content, out, problem);
    case StoreFormat::ssh:
      return refuse(problem, IPDAEMON_ERROR_TLS_CERTIFICATE, "a public key of SSH is no certificate");
  }
  return refuse_store(problem, "its format is not recognised");
}

bool open_store(const StoreQuery& query, StoreContent* out, Problem* problem) {
  switch (query.type) {
    case 0:
    case 1:
      return refuse(problem, IPDAEMON_ERROR_TLS_NO_MATCH,
                    "there are no certificate stores of Windows on this system; use a PEM or PFX file, "
                    "SSLCertStoreType 6 or 2");
    case 10:
    case 13:
      return refuse(
          problem, IPDAEMON_ERROR_TLS_CERTIFICATE,
          "SSLCertStoreType " + std::to_string(query.type) + " is a public key of SSH, which is no certificate");
    case 20:
      return refuse(problem, IPDAEMON_ERROR_NOT_AVAILABLE,
                    "SSLCertStoreType 20 is a security key, which needs PKCS#11");
    default:
      break;
  }
  const StoreType* type = find_type(query.type);
  if (type == nullptr) {
    return refuse(problem, IPDAEMON_ERROR_INVALID_VALUE,
                  "SSLCertStoreType is " + std::to_string(query.type) + ", which is none of its values");
  }
  if (query.store.empty()) return refuse_store(problem, "SSLCertStore is empty");
  const bool from_file = type->holder == Holder::file || (type->holder == Holder::either && is_file(query.store));
  if (!from_file) {
    if (query.store.size() > store_bytes_max) return refuse_store(problem, "SSLCertStore is larger than any key store");
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
