// The part of a context about certificates: its own, and the authorities that count for those of clients.
#include <memory>
#include <utility>

#include "base/text.hpp"
#include "ipdaemon.h"
#include "tls/context.hpp"
#include "tls/openssl.hpp"
#include "tls/stores/encodings.hpp"
#include "tls/stores/identity_openssl.hpp"
#include "tls/stores/names.hpp"
#include "tls/verify.hpp"

namespace ipdaemon::tls {

namespace {

// Bytes of the certificates that a client may present. They have to fit into its ticket, too.
constexpr long client_chain_max = 32 * 1024;
// Bytes of the names of authorities that are sent to clients.
constexpr int names_max = 48 * 1024;

// By the names that the lists have for what a kind of key can do.
bool can_sign(const EVP_PKEY* key, const std::string& list, bool is_tls13) {
  const auto has = [&](const std::string& name) { return list.find(name) != std::string::npos; };
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return is_tls13 ? has("rsa_pss_rsae") : has("RSA+");
    case EVP_PKEY_RSA_PSS:
      return has("rsa_pss_pss");
    case EVP_PKEY_EC:
      return is_tls13 ? has("ecdsa_secp" + std::to_string(EVP_PKEY_get_bits(key)) + "r1") : has("ECDSA+");
    case EVP_PKEY_ED25519:
      return has("ed25519");
    case EVP_PKEY_ED448:
      return has("ed448");
    default:
      return true;
  }
}

BioPtr reader(BytesView text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// The certificates of a PEM text; false if there is none, or one that cannot be read.
bool read_certificates(BytesView pem, CertificateList* out) {
  const ErrorScope errors;
  const BioPtr bio = reader(pem);
  if (!bio) return false;
  for (;;) {
    CertificatePtr certificate(X509_new_ex(library_context(), nullptr));
    if (!certificate) return false;
    X509* into = certificate.get();
    if (PEM_read_bio_X509(bio.get(), &into, nullptr, nullptr) == nullptr) {
      // The object is gone if it was taken apart before the error.
      if (into == nullptr) certificate.release();
      break;
    }
    out->push_back(std::move(certificate));
  }
  return !out->empty() && ErrorScope::is(ERR_LIB_PEM, PEM_R_NO_START_LINE);
}

Problem no_certificates(const char* setting, BytesView pem) {
  const std::string fault = pem_line_fault(pem);
  return {IPDAEMON_ERROR_INVALID_VALUE,
          setting + (fault.empty() ? " has a block that is not a PEM certificate" : ": " + fault)};
}

Problem unusable(const Identity& identity) {
  std::string detail =
      name_in_quotes(name_text(X509_get_subject_name(identity.certificate.get()))) + ": " + ErrorScope::text();
  if (ErrorScope::is(ERR_LIB_SSL, SSL_R_EE_KEY_TOO_SMALL) || ErrorScope::is(ERR_LIB_SSL, SSL_R_CA_KEY_TOO_SMALL) ||
      ErrorScope::is(ERR_LIB_SSL, SSL_R_CA_MD_TOO_WEAK)) {
    detail += "; use a stronger one, or lower the requirements with OpenSSLCipherList=DEFAULT@SECLEVEL=1 or 0";
  }
  return {IPDAEMON_ERROR_TLS_CERTIFICATE, std::move(detail)};
}

struct ChainFree {
  void operator()(STACK_OF(X509) * chain) const { sk_X509_free(chain); }
};
using Chain = std::unique_ptr<STACK_OF(X509), ChainFree>;

// What goes out behind a certificate: what its store had, then what SSLCACerts adds.
Chain chain_of(const Identity& identity, const CertificateList& more) {
  Chain chain(sk_X509_new_null());
  if (!chain) return chain;
  for (const auto& certificate : identity.chain) sk_X509_push(chain.get(), certificate.get());
  for (const auto& certificate : more) {
    bool there = X509_cmp(certificate.get(), identity.certificate.get()) == 0;
    for (const auto& other : identity.chain) there = there || X509_cmp(certificate.get(), other.get()) == 0;
    // Everybody has the roots that count.
    if (!there && X509_self_signed(certificate.get(), 0) != 1) sk_X509_push(chain.get(), certificate.get());
  }
  return chain;
}

}  // namespace

// A list without anything that our keys can do would turn a version off in silence.
bool Context::check_signatures(Problem* problem) const {
  const bool tls12 = (policy_.protocols & IPDAEMON_SSL_PROTOCOL_TLS1_2) != 0;
  bool is_sha1 = false;
  const auto usable = [&](const std::string& all, bool is_tls13) {
    if (all.empty()) return true;
    std::string list;
    each_entry(all, ':', [&](BytesView entry) {
      const bool refused = entry.find("+SHA1") != BytesView::npos && !allows_sha1();
      is_sha1 |= refused;
      if (!refused) list += ":" + std::string(entry);
      return true;
    });
    for (const Identity& identity : identities_->all()) {
      if (can_sign(identity.key.get(), list, is_tls13)) return true;
    }
    return false;
  };
  const char* setting = nullptr;
  if (tls12 && !usable(tls12_signatures_, false)) setting = "TLS12SignatureAlgorithms";
  if (allows_tls13_ && !usable(tls13_signatures_, true)) setting = "TLS13SignatureAlgorithms";
  if (setting == nullptr) return true;
  *problem = {IPDAEMON_ERROR_INVALID_VALUE, std::string(setting) +
                                                " has no algorithm that the key of the server certificate can use" +
                                                (is_sha1 ? "; SHA-1 needs OpenSSLCipherList=DEFAULT@SECLEVEL=0" : "")};
  return false;
}

bool Context::set_identities(Problem* problem) {
  if (!policy_.chain_certificates.empty() && !read_certificates(policy_.chain_certificates, &more_chain_)) {
    *problem = no_certificates("SSLCACerts", policy_.chain_certificates);
    return false;
  }
  if (!identities_) return true;
  for (const Identity& identity : identities_->all()) {
    const Chain chain = chain_of(identity, more_chain_);
    if (!chain ||
        SSL_CTX_use_cert_and_key(handle_, identity.certificate.get(), identity.key.get(), chain.get(), 1) != 1) {
      *problem = unusable(identity);
      return false;
    }
  }
  return check_signatures(problem);
}

// That a client gets one of them must not fail in its handshake.
bool Context::check_names(Problem* problem) {
  if (policy_.strict_names) own_names_ = SniTable::of(identities_);
  if (!resources_.names) return true;
  const SessionPtr scratch(SSL_new(handle_));
  for (const SniTable::Entry& entry : resources_.names->all()) {
    if (scratch && choose(scratch.get(), *entry.identities, problem)) continue;
    *problem = {IPDAEMON_ERROR_TLS_STORE,
                "SSLSniCertificates: the file " + name_in_quotes(entry.file) + ": " + problem->detail};
    return false;
  }
  return true;
}

std::shared_ptr<const Identities> Context::identities_for(BytesView server_name) const {
  return resources_.names ? resources_.names->find(server_name) : nullptr;
}

bool Context::takes_name(BytesView server_name, const std::string& shown, Problem* problem) const {
  if (policy_.strict_names && !own_names_->find(server_name)) {
    *problem = {IPDAEMON_ERROR_TLS_HANDSHAKE, server_name.empty()
                                                  ? "the client asks for no server name; SSLStrictSNI is True"
                                                  : "the client asks for " + name_in_quotes(shown) +
                                                        ", which no certificate has; SSLStrictSNI is True"};
    return false;
  }
  if (identities_ || !resources_.names) return true;
  *problem = {IPDAEMON_ERROR_TLS_NO_SERVER_CERTIFICATE, "no certificate in SSLSniCertificates has the name " +
                                                            name_in_quotes(shown) +
                                                            " that the client asks for, and SSLCertStore is empty"};
  return false;
}

bool Context::choose(SSL* session, const Identities& identities, Problem* problem) const {
  SSL_certs_clear(session);
  for (const Identity& identity : identities.all()) {
    const Chain chain = chain_of(identity, more_chain_);
    if (!chain || SSL_use_cert_and_key(session, identity.certificate.get(), identity.key.get(), chain.get(), 1) != 1) {
      *problem = unusable(identity);
      return false;
    }
  }
  return true;
}

bool Context::set_client_trust(Problem* problem) {
  // Judged also while nobody is asked, so that a bad value is refused where it is set.
  CertificateList named;
  if (!policy_.ca_certificates.empty() && !read_certificates(policy_.ca_certificates, &named)) {
    *problem = no_certificates("SSLServerCACerts", policy_.ca_certificates);
    return false;
  }
  X509_STORE* store = SSL_CTX_get_cert_store(handle_);
  if (!policy_.ca_file.empty() && SSL_CTX_load_verify_file(handle_, policy_.ca_file.c_str()) != 1) {
    *problem = {IPDAEMON_ERROR_INVALID_VALUE, "OpenSSLCAFile is " + name_in_quotes(policy_.ca_file) +
                                                  ", which cannot be read as PEM certificates: " + ErrorScope::text()};
    return false;
  }
  if (!policy_.ca_directory.empty() && SSL_CTX_load_verify_dir(handle_, policy_.ca_directory.c_str()) != 1) {
    *problem = {IPDAEMON_ERROR_INVALID_VALUE,
                "OpenSSLCADir is " + name_in_quotes(policy_.ca_directory) + ": " + ErrorScope::text()};
    return false;
  }
  for (const auto& certificate : named) X509_STORE_add_cert(store, certificate.get());
  if (!policy_.authenticate_clients) return true;
  // The certificate of a client without trust would be judged by what the system trusts.
  if (policy_.ca_file.empty() && policy_.ca_directory.empty() && named.empty()) load_first_bundle();
  set_verify_flags(store, policy_);
  SSL_CTX_set_max_cert_list(handle_, client_chain_max);
  SSL_CTX_set_verify(handle_, SSL_VERIFY_PEER, nullptr);
  name_authorities(named);
  return true;
}

// The first of SSLCACertFilePaths that is there. If none is, no authority is known, which is not an error.
void Context::load_first_bundle() {
  std::string file;
  const bool none = each_entry(policy_.ca_bundles, ';', [&](BytesView entry) {
    file = entry;
    return file.empty() || SSL_CTX_load_verify_file(handle_, file.c_str()) != 1;
  });
  const std::string who =
      none ? "no certificate authority is known, so only SSLClientAuthentication can accept clients"
           : "the certificate authorities in " + name_in_quotes(file) + ", those of public web sites, are trusted";
  warn("SSLAuthenticateClients without SSLServerCACerts, OpenSSLCAFile or OpenSSLCADir: " + who);
}

// Tells clients which authorities count. Not those of the system's bundle, which would be a long list.
void Context::name_authorities(const CertificateList& named) {
  STACK_OF(X509_NAME)* names = sk_X509_NAME_new_null();
  if (names == nullptr) return;
  if (!policy_.ca_file.empty()) SSL_add_file_cert_subjects_to_stack(names, policy_.ca_file.c_str());
  for (const auto& certificate : named) {
    X509_NAME* name = X509_NAME_dup(X509_get_subject_name(certificate.get()));
    if (name != nullptr && sk_X509_NAME_push(names, name) == 0) X509_NAME_free(name);
  }
  int length = 0;
  for (int i = 0; i < sk_X509_NAME_num(names); ++i) {
    length += i2d_X509_NAME(sk_X509_NAME_value(names, i), nullptr) + 2;
  }
  if (length > names_max) {
    // Too many for one message. Without names a client may offer any certificate.
    for (int i = 0; i < sk_X509_NAME_num(names); ++i) X509_NAME_free(sk_X509_NAME_value(names, i));
    sk_X509_NAME_free(names);
    return;
  }
  SSL_CTX_set_client_CA_list(handle_, names);
}

}  // namespace ipdaemon::tls
