// The engine's part of client authentication: what it shows to the program, and what tickets keep for it.
#include <memory>
#include <new>

#include "ipdaemon.h"
#include "tls/engine_callbacks.hpp"
#include "tls/openssl.hpp"
#include "tls/stores/names.hpp"
#include "tls/verify.hpp"

namespace ipdaemon::tls {

namespace {

constexpr const char* no_certificate_text = "the client presented no certificate";
constexpr const char* refused_text = "the program refused the certificate";

ClientCertificate describe(X509* certificate, const STACK_OF(X509) * chain, bool with_chain) {
  ClientCertificate result;
  result.pem = pem_text(certificate);
  result.subject = name_text(X509_get_subject_name(certificate));
  result.issuer = name_text(X509_get_issuer_name(certificate));
  for (int i = 0; with_chain && chain != nullptr && i < sk_X509_num(chain); ++i) {
    X509* other = sk_X509_value(chain, i);
    if (X509_cmp(other, certificate) != 0) result.pem += pem_text(other);
  }
  return result;
}

// Certificates one after another, for a ticket.
Bytes joined_der(const STACK_OF(X509) * chain) {
  Bytes joined;
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    unsigned char* der = nullptr;
    const int length = i2d_X509(sk_X509_value(chain, i), &der);
    if (length <= 0) continue;
    joined.append(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
    CRYPTO_free(der, "", 0);
  }
  return joined;
}

struct OwnedChainFree {
  void operator()(STACK_OF(X509) * chain) const {
    for (int i = 0; i < sk_X509_num(chain); ++i) X509_free(sk_X509_value(chain, i));
    sk_X509_free(chain);
  }
};
using OwnedChain = std::unique_ptr<STACK_OF(X509), OwnedChainFree>;

OwnedChain split_der(const unsigned char* der, std::size_t length) {
  OwnedChain chain(sk_X509_new_null());
  const unsigned char* const end = der + length;
  while (chain && der < end) {
    X509* certificate = X509_new_ex(library_context(), nullptr);
    if (certificate == nullptr) break;
    if (d2i_X509(&certificate, &der, static_cast<long>(end - der)) == nullptr) break;
    if (sk_X509_push(chain.get(), certificate) == 0) {
      X509_free(certificate);
      break;
    }
  }
  return chain;
}

}  // namespace

int Engine::Callbacks::certificate(X509_STORE_CTX* store, void*) {
  const auto* session =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Engine& engine = of(session);
  const Verdict verdict = verify_chain(store, engine.context_->policy());
  if (engine.judge(X509_STORE_CTX_get0_cert(store), X509_STORE_CTX_get0_untrusted(store), verdict)) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  }
  X509_STORE_CTX_set_error(store, verdict.error != X509_V_OK ? verdict.error : X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

// Tells of the certificate, null for none, and returns whether to go on.
bool Engine::judge(X509* certificate, const STACK_OF(X509) * chain, const Verdict& verdict) {
  judged_ = true;
  try {
    ClientCertificate shown;
    if (certificate != nullptr) {
      shown = describe(certificate, chain, events_.wants_certificate_chain());
      shown.status = verdict.text();
      shown.accept = verdict.error == X509_V_OK;
    } else {
      shown.status = no_certificate_text;
    }
    const bool good = shown.accept;
    if (events_.on_client_certificate(shown)) return true;
    if (certificate == nullptr) {
      problem_ = {IPDAEMON_ERROR_TLS_NO_CLIENT_CERTIFICATE, {}};
    } else {
      problem_ = {verdict.code(), good ? refused_text : shown.status};
    }
  } catch (const std::bad_alloc&) {
    problem_.code = IPDAEMON_ERROR_NO_BUFFERS;
  }
  return false;
}

// A ticket keeps the client's certificate; what led up to it goes along, to be judged again.
int Engine::Callbacks::make_ticket(SSL* session, void*) {
  try {
    const Bytes chain = joined_der(SSL_get_peer_cert_chain(session));
    if (!chain.empty()) SSL_SESSION_set1_ticket_appdata(SSL_get_session(session), chain.data(), chain.size());
    return 1;
  } catch (const std::bad_alloc&) {
    return 0;
  }
}

// A resumed session has shown no certificate: the one of before is judged by what counts today.
bool Engine::judge_again() {
  X509* certificate = SSL_get0_peer_certificate(session_);
  if (certificate == nullptr) return judge(nullptr, nullptr, {});
  OwnedChain kept;
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(session_);
  if (chain == nullptr) {
    void* der = nullptr;
    std::size_t length = 0;
    if (SSL_SESSION_get0_ticket_appdata(SSL_get_session(session_), &der, &length) == 1 && der != nullptr) {
      kept = split_der(static_cast<const unsigned char*>(der), length);
      chain = kept.get();
    }
  }
  const StoreContextPtr store(X509_STORE_CTX_new_ex(library_context(), nullptr));
  Verdict verdict{X509_V_ERR_OUT_OF_MEM};
  X509_STORE* trusted = SSL_CTX_get_cert_store(context_->handle());
  // OpenSSL only reads the chain.
  if (store && X509_STORE_CTX_init(store.get(), trusted, certificate, const_cast<STACK_OF(X509)*>(chain)) == 1) {
    X509_STORE_CTX_set_default(store.get(), "ssl_client");
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(store.get()), SSL_get_security_level(session_));
    verdict = verify_chain(store.get(), context_->policy());
  }
  return judge(certificate, chain, verdict);
}

}  // namespace ipdaemon::tls
