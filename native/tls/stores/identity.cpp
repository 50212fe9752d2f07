#include "tls/stores/identity.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <utility>

#include "ipdaemon.h"
#include "tls/stores/encodings.hpp"
#include "tls/stores/file.hpp"
#include "tls/stores/identity_openssl.hpp"
#include "tls/stores/import.hpp"
#include "tls/stores/names.hpp"
#include "tls/stores/store.hpp"

namespace ipdaemon::tls {

namespace {

using StoredCertificate = StoreContent::Certificate;
using StoredKey = StoreContent::Key;

constexpr std::size_t chain_length_max = 16;

// The kinds of key that a server can use. Of each kind, one certificate is enough.
constexpr const char* key_kinds[] = {"RSA", "RSA-PSS", "EC", "ED25519", "ED448"};

const char* kind_of(const EVP_PKEY* key) {
  for (const char* kind : key_kinds) {
    if (EVP_PKEY_is_a(key, kind) == 1) return kind;
  }
  return nullptr;
}

bool belongs(const X509* certificate, const EVP_PKEY* key) {
  const ErrorScope errors;
  return EVP_PKEY_eq(X509_get0_pubkey(certificate), key) == 1;
}

// A match by the store's own word goes before one of the public keys only: a renewed certificate may
// stand beside the old one with the same key.
const StoredKey* key_for(const StoredCertificate& certificate, const std::vector<StoredKey>& keys, bool* by_entry) {
  const StoredKey* found = nullptr;
  for (const StoredKey& key : keys) {
    if (!belongs(certificate.certificate.get(), key.key.get())) continue;
    *by_entry = !key.entry.empty() && key.entry == certificate.entry;
    if (*by_entry) return &key;
    if (found == nullptr) found = &key;
  }
  return found;
}

CertificatePtr shared(X509* certificate) {
  X509_up_ref(certificate);
  return CertificatePtr(certificate);
}

KeyPtr shared(EVP_PKEY* key) {
  EVP_PKEY_up_ref(key);
  return KeyPtr(key);
}

bool is_issuer(X509* issuer, X509* subject) {
  const ErrorScope errors;
  // The names alone do not distinguish a renewed authority from the old one.
  return X509_check_issued(issuer, subject) == X509_V_OK && X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
}

bool is_root(X509* certificate) {
  const ErrorScope errors;
  return X509_self_signed(certificate, 0) == 1;
}

// From the leaf upwards through the certificates at hand. The root is left out: whoever trusts it has it.
std::vector<CertificatePtr> chain_for(X509* leaf, const std::vector<X509*>& others) {
  std::vector<CertificatePtr> chain;
  X509* at = leaf;
  while (chain.size() < chain_length_max && !is_root(at)) {
    X509* issuer = nullptr;
    for (X509* other : others) {
      const bool used = X509_cmp(other, leaf) == 0 || std::any_of(chain.begin(), chain.end(), [&](const auto& one) {
                          return X509_cmp(other, one.get()) == 0;
                        });
      if (used || is_root(other) || !is_issuer(other, at)) continue;
      issuer = other;
      break;
    }
    if (issuer == nullptr) break;
    chain.push_back(shared(issuer));
    at = issuer;
  }
  return chain;
}

std::vector<X509*> all_of(const std::vector<StoredCertificate>& certificates) {
  std::vector<X509*> all;
  for (const StoredCertificate& one : certificates) all.push_back(one.certificate.get());
  return all;
}

std::string subject_of(const X509* certificate) {
  return name_text(X509_get_subject_name(certificate));
}

Identity identity_of(const StoredCertificate& certificate, const StoredKey& key, const std::vector<X509*>& others) {
  X509* leaf = certificate.certificate.get();
  return {shared(leaf), shared(key.key.get()), chain_for(leaf, others)};
}

// A certificate of the store with all that decides whether it is taken.
struct Candidate {
  const StoredCertificate* certificate = nullptr;
  const StoredKey* key = nullptr;
  bool by_entry = false;
  std::string subject;
  SubjectMatch match = SubjectMatch::none;
};

std::vector<Candidate> candidates_of(const StoreContent& content, BytesView wanted, bool any) {
  std::vector<Candidate> all;
  for (const StoredCertificate& certificate : content.certificates) {
    Candidate one;
    one.certificate = &certificate;
    one.key = key_for(certificate, content.keys, &one.by_entry);
    one.subject = subject_of(certificate.certificate.get());
    one.match = any ? SubjectMatch::exact : match_subject(wanted, one.subject);
    all.push_back(std::move(one));
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Candidate& a, const Candidate& b) { return a.by_entry && !b.by_entry; });
  return all;
}

// A few subjects of the store, those with a key if there are any.
bool refuse_subject(const std::vector<Candidate>& all, BytesView wanted, Problem* problem) {
  constexpr std::size_t shown_max = 3;
  const bool any_key = std::any_of(all.begin(), all.end(), [](const Candidate& one) { return one.key != nullptr; });
  std::string detail = "SSLCertSubject is " + name_in_quotes(wanted) + ", but the store has ";
  std::size_t shown = 0;
  std::size_t left = 0;
  for (const Candidate& one : all) {
    if (any_key && one.key == nullptr) continue;
    if (shown == shown_max) {
      ++left;
      continue;
    }
    if (shown++ > 0) detail += ", ";
    detail += name_in_quotes(one.subject);
  }
  if (left > 0) detail += " and " + std::to_string(left) + " more";
  return refuse(problem, IPDAEMON_ERROR_TLS_NO_MATCH, std::move(detail));
}

bool refuse_without_key(const StoreContent& content, const Candidate& one, Problem* problem) {
  std::string detail = "the certificate " + name_in_quotes(one.subject);
  if (!content.missing_key.empty()) {
    detail += " has no usable private key: " + content.missing_key;
  } else if (content.keys.empty()) {
    detail += " comes without a private key";
  } else {
    detail += " does not belong to the private key of the store";
  }
  return refuse(problem, IPDAEMON_ERROR_TLS_CERTIFICATE, std::move(detail));
}

bool refuse_without_certificate(const StoreContent& content, Problem* problem) {
  std::string detail = "the store has neither a certificate nor a private key";
  if (!content.keys.empty() || !content.missing_key.empty()) {
    detail =
        "the store has a private key but no certificate; add the certificate to the store, or set SSLCertEncoded to it";
  }
  return refuse(problem, IPDAEMON_ERROR_TLS_CERTIFICATE, std::move(detail));
}

// The certificates that match best, one for each kind of key.
bool select(const StoreContent& content, BytesView wanted, std::vector<Identity>* out, Problem* problem) {
  const bool any = without_blanks(wanted) == "*";
  if (content.certificates.empty()) return refuse_without_certificate(content, problem);
  const std::vector<Candidate> all = candidates_of(content, wanted, any);
  SubjectMatch best = SubjectMatch::none;
  for (const Candidate& one : all) best = std::max(best, one.match);
  if (best == SubjectMatch::none) return refuse_subject(all, wanted, problem);
  const std::vector<X509*> others = all_of(content.certificates);
  std::vector<const char*> kinds;
  const Candidate* without_key = nullptr;
  const Candidate* of_other_kind = nullptr;
  for (const Candidate& one : all) {
    if (one.match != best) continue;
    const char* kind = one.key != nullptr ? kind_of(one.key->key.get()) : nullptr;
    if (kind == nullptr) {
      const Candidate*& refused = one.key == nullptr ? without_key : of_other_kind;
      if (refused == nullptr) refused = &one;
    } else if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
      kinds.push_back(kind);
      out->push_back(identity_of(*one.certificate, *one.key, others));
    }
  }
  if (!out->empty()) return true;
  if (of_other_kind != nullptr) {
    return refuse(
        problem, IPDAEMON_ERROR_TLS_CERTIFICATE,
        "the certificate " + name_in_quotes(of_other_kind->subject) + " has a key of a type that TLS cannot use");
  }
  return refuse_without_key(content, *without_key, problem);
}

bool read_encoded(const StoreQuery& query, StoreContent* out, Problem* problem) {
  const auto is_certificate = [](StoreFormat format) {
    return format == StoreFormat::pem || format == StoreFormat::certificate;
  };
  BytesView encoded = query.encoded;
  StoreFormat format = detect_format(encoded);
  Secret decoded;
  if (!is_certificate(format) && decode_base64(encoded, Base64::standard, &decoded)) {
    encoded = view_of(decoded);
    format = detect_format(encoded);
  }
  if (!is_certificate(format)) {
    return refuse_store(problem, is_file(query.encoded) ? "SSLCertEncoded is a file name; use SSLCertStore for files"
                                                        : "SSLCertEncoded is not a certificate in PEM, DER or base64");
  }
  if (!read_content(format, encoded, query.password, out, problem)) {
    problem->detail = "SSLCertEncoded: " + problem->detail;
    return false;
  }
  return !out->certificates.empty() || refuse_store(problem, "SSLCertEncoded contains no certificate");
}

// The certificate of the query itself, with a key from beside it or from the store.
bool find_encoded(const StoreQuery& query, std::vector<Identity>* out, Problem* problem) {
  StoreContent content;
  if (!read_encoded(query, &content, problem)) return false;
  const StoredCertificate* certificate = &content.certificates.front();
  const StoredKey* key = nullptr;
  bool by_entry = false;
  for (const StoredCertificate& one : content.certificates) {
    key = key_for(one, content.keys, &by_entry);
    if (key == nullptr) continue;
    certificate = &one;
    break;
  }
  StoreContent store;
  if (key == nullptr && !query.store.empty()) {
    if (!open_store(query, &store, problem)) {
      if (problem->code == IPDAEMON_ERROR_TLS_NO_MATCH) {
        problem->detail = "SSLCertEncoded contains no private key, and " + problem->detail;
      }
      return false;
    }
    key = key_for(*certificate, store.keys, &by_entry);
  }
  const std::string subject = subject_of(certificate->certificate.get());
  if (key == nullptr) {
    std::string detail =
        "there is no private key for the certificate " + name_in_quotes(subject) + " of SSLCertEncoded, ";
    detail +=
        query.store.empty() ? "and SSLCertStore, where it could be, is empty" : "neither in it nor in SSLCertStore";
    if (!store.missing_key.empty()) detail += ": " + store.missing_key;
    return refuse(problem, IPDAEMON_ERROR_TLS_NO_MATCH, std::move(detail));
  }
  if (kind_of(key->key.get()) == nullptr) {
    return refuse(problem, IPDAEMON_ERROR_TLS_CERTIFICATE,
                  "the certificate " + name_in_quotes(subject) + " has a key of a type that TLS cannot use");
  }
  std::vector<X509*> others = all_of(content.certificates);
  for (X509* other : all_of(store.certificates)) others.push_back(other);
  out->push_back(identity_of(*certificate, *key, others));
  return true;
}

bool find_all(const StoreQuery& query, std::vector<Identity>* out, Problem* problem) {
  if (!without_blanks(query.encoded).empty()) return find_encoded(query, out, problem);
  StoreContent content;
  if (!open_store(query, &content, problem)) return false;
  return select(content, query.subject, out, problem);
}

Bytes der_of(const X509* certificate) {
  const ErrorScope errors;
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate, &der);
  if (length <= 0) return {};
  Bytes bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return bytes;
}

std::string date_text(const ASN1_TIME* time) {
  std::tm date{};
  if (ASN1_TIME_to_tm(time, &date) != 1) return "an unknown date";
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d:%02d UTC", date.tm_year + 1900, date.tm_mon + 1,
                date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec);
  return text;
}

std::string warning_of(const X509* certificate) {
  const ErrorScope errors;
  const ASN1_TIME* first = X509_get0_notBefore(certificate);
  const ASN1_TIME* last = X509_get0_notAfter(certificate);
  const std::string name = "the certificate " + name_in_quotes(subject_of(certificate));
  // 0 is a date that cannot be read.
  if (X509_cmp_current_time(last) < 0) return name + " expired on " + date_text(last);
  if (X509_cmp_current_time(first) > 0) return name + " is not valid before " + date_text(first);
  return std::string();
}

}  // namespace

std::shared_ptr<const Identities> Identities::find(const StoreQuery& query, Problem* problem) {
  *problem = {};
  if (const char* why = find_openssl()) {
    refuse(problem, IPDAEMON_ERROR_TLS_UNAVAILABLE, why);
    return nullptr;
  }
  const ErrorScope errors;
  std::vector<Identity> all;
  if (!find_all(query, &all, problem)) return nullptr;
  return std::make_shared<const Identities>(std::move(all));
}

bool Identities::find_by_names(const std::string& file, std::vector<std::shared_ptr<const Identities>>* out,
                               Problem* problem) {
  const ErrorScope errors;
  Secret bytes;
  std::string why;
  bool exists = false;
  if (!load_file(file, &bytes, &why, &exists)) return refuse_store(problem, why);
  const StoreFormat format = detect_format(view_of(bytes));
  if (format != StoreFormat::pem)
    return refuse_store(problem, std::string("it is not ") + format_name(StoreFormat::pem));
  StoreContent content;
  if (!read_content(format, view_of(bytes), {}, &content, problem)) return false;
  const std::vector<Candidate> all = candidates_of(content, {}, true);
  if (all.empty()) return refuse_without_certificate(content, problem);
  const std::vector<X509*> others = all_of(content.certificates);
  // One for each kind of key, as in a store.
  std::vector<std::pair<std::vector<std::string>, std::vector<Identity>>> sets;
  for (const Candidate& one : all) {
    const char* kind = one.key != nullptr ? kind_of(one.key->key.get()) : nullptr;
    if (kind == nullptr) continue;
    std::vector<std::string> names = dns_names_of(one.certificate->certificate.get());
    auto set = std::find_if(sets.begin(), sets.end(), [&](const auto& other) { return other.first == names; });
    if (set == sets.end()) set = sets.emplace(sets.end(), std::move(names), std::vector<Identity>());
    const bool has_kind = std::any_of(set->second.begin(), set->second.end(),
                                      [&](const Identity& other) { return kind_of(other.key.get()) == kind; });
    if (!has_kind) set->second.push_back(identity_of(*one.certificate, *one.key, others));
  }
  for (auto& set : sets) out->push_back(std::make_shared<const Identities>(std::move(set.second)));
  return !sets.empty() || refuse_without_key(content, all.front(), problem);
}

Identities::Identities(std::vector<Identity> all) : all_(std::move(all)) {
  const ErrorScope errors;
  if (all_.empty()) return;
  subject_ = subject_of(all_.front().certificate.get());
  pem_ = pem_text(all_.front().certificate.get());
  Bytes certificates;
  for (const Identity& identity : all_) {
    certificates += der_of(identity.certificate.get());
    for (const CertificatePtr& one : identity.chain) certificates += der_of(one.get());
  }
  fingerprint_ = hex_text(digest_of("SHA256", certificates));
}

Identities::~Identities() = default;

std::vector<std::string> Identities::dns_names() const {
  return all_.empty() ? std::vector<std::string>() : dns_names_of(all_.front().certificate.get());
}

std::string Identities::warning() const {
  std::string text;
  for (const Identity& identity : all_) {
    const std::string one = warning_of(identity.certificate.get());
    if (!one.empty()) text += (text.empty() ? "" : "; ") + one;
  }
  return text;
}

}  // namespace ipdaemon::tls
