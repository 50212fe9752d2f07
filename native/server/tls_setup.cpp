#include "server/tls_setup.hpp"

#include <algorithm>

#include "ipdaemon.h"
#include "server/server.hpp"
#include "tls/tls.hpp"

namespace ipdaemon {

namespace {

// How many certificates of SSLConnectionRequest are kept ready; a server with more names reads again.
constexpr std::size_t choices_max = 256;

// Without a subject that was set, any certificate of the store will do.
tls::StoreQuery any_if_none(tls::StoreQuery query) {
  if (query.subject.empty() && query.encoded.empty()) query.subject = "*";
  return query;
}

}  // namespace

TlsSetup::TlsSetup(Server& server) : server_(server), tickets_(std::make_shared<tls::TicketKeys>()) {}

int TlsSetup::fail(const tls::Problem& problem) {
  return server_.fail(problem.code, problem.detail);
}

bool TlsSetup::in_use() const {
  return server_.is_listening() && server_.number(IPDAEMON_PROPERTY_SSL_START_MODE) != IPDAEMON_SSL_START_MODE_NONE;
}

void TlsSetup::reset() {
  wish_ = Wish();
  store_waits_ = false;
  identities_.reset();
  context_.reset();
  choices_.clear();
  notices_.clear();
}

// ---- Certificates ------------------------------------------------------------------------------------

tls::StoreQuery TlsSetup::query(const Wish& wish, const Row* row, const Stored* value) const {
  const auto bytes = [&](int property) {
    return row != nullptr && row->id == property ? BytesView(value->bytes) : server_.bytes(property);
  };
  tls::StoreQuery result;
  result.type = row != nullptr && row->id == IPDAEMON_PROPERTY_SSL_CERT_STORE_TYPE
                    ? value->number
                    : server_.number(IPDAEMON_PROPERTY_SSL_CERT_STORE_TYPE);
  result.store = bytes(IPDAEMON_PROPERTY_SSL_CERT_STORE);
  result.password = bytes(IPDAEMON_PROPERTY_SSL_CERT_STORE_PASSWORD);
  result.subject = wish.subject;
  result.encoded = wish.encoded;
  return result;
}

// The properties read what is in force. That of `row` is in `value`, about to be stored.
void TlsSetup::show(const Row* row, Stored* value) {
  const auto put = [&](int property, const std::string& text) {
    WipedBytes& to = row != nullptr && row->id == property ? value->bytes : server_.stored_bytes(property);
    to = text;
  };
  put(IPDAEMON_PROPERTY_SSL_CERT_SUBJECT, identities_ ? identities_->subject() : std::string());
  put(IPDAEMON_PROPERTY_SSL_CERT_ENCODED, identities_ ? identities_->pem() : std::string());
}

// New handshakes use them, if they can be used.
int TlsSetup::adopt(std::shared_ptr<const tls::Identities> identities) {
  std::shared_ptr<const tls::Context> next;
  if (in_use()) {
    tls::Problem problem;
    next = build(nullptr, nullptr, identities, &problem);
    if (!next) return fail(problem);
    notice(identities ? identities->warning() : std::string());
  }
  identities_ = std::move(identities);
  context_ = std::move(next);
  store_waits_ = false;
  if (identities_) tell_if_unused();
  return 0;
}

int TlsSetup::set_certificate(const Row& row, Stored& value) {
  const bool is_subject = row.id == IPDAEMON_PROPERTY_SSL_CERT_SUBJECT;
  const bool is_encoded = row.id == IPDAEMON_PROPERTY_SSL_CERT_ENCODED;
  Wish wish = wish_;
  if (is_subject) wish = {std::string(value.bytes), {}};
  if (is_encoded) wish = {{}, value.bytes};
  const tls::StoreQuery query = this->query(wish, &row, &value);
  const bool wished = !wish.subject.empty() || !wish.encoded.empty();
  // Without a store, or before the subject is set, there is nothing to look for yet.
  if (!wished && (is_subject || is_encoded)) {
    if (in_use() && !server_.wants(IPDAEMON_EVENT_SSL_CONNECTION_REQUEST)) {
      return server_.fail(IPDAEMON_ERROR_TLS_NO_SERVER_CERTIFICATE,
                          "the server listens with TLS; set another certificate, or Listening to False first");
    }
    if (const int code = adopt(nullptr); code != 0) return code;
    wish_ = wish;
    show(&row, &value);
    return 0;
  }
  if (!wished || (query.store.empty() && wish.encoded.empty()) || tls::unavailable_reason() != nullptr) {
    wish_ = wish;
    return 0;
  }
  tls::Problem problem;
  std::shared_ptr<const tls::Identities> found = tls::Identities::find(query, &problem);
  int code = 0;
  if (found) {
    code = adopt(std::move(found));
  } else {
    // Type, store and password come one after another, the subject last: until then only what cannot be
    // set right by the next of them is told.
    const bool is_store = row.id == IPDAEMON_PROPERTY_SSL_CERT_STORE;
    const bool is_password = row.id == IPDAEMON_PROPERTY_SSL_CERT_STORE_PASSWORD;
    const bool is_last = is_subject || is_encoded || (is_password && store_waits_ && in_use());
    if (!is_last && (!is_store || problem.wrong_password || query.type == IPDAEMON_SSL_CERT_STORE_TYPE_USER)) {
      if (is_store) store_waits_ = true;
      return 0;
    }
    if (is_last && !in_use()) {
      // Nothing is chosen now. What was wished for is looked for again with the next of them.
      wish_ = wish;
      adopt(nullptr);
      show(nullptr, nullptr);
    }
    return fail(problem);
  }
  if (code != 0) return code;
  wish_ = wish;
  show(&row, &value);
  return 0;
}

std::shared_ptr<const tls::Identities> TlsSetup::find_choice(const tls::StoreQuery& query, tls::Problem* problem) {
  std::string state = tls::file_state(query);
  const auto same = [&](const Choice& choice) {
    return choice.type == query.type && choice.store == query.store && choice.password == query.password &&
           choice.subject == query.subject && choice.state == state;
  };
  const auto known = std::find_if(choices_.begin(), choices_.end(), same);
  if (known != choices_.end()) return known->identities;
  std::shared_ptr<const tls::Identities> found = tls::Identities::find(query, problem);
  if (!found) return nullptr;
  if (choices_.size() >= choices_max) choices_.erase(choices_.begin());
  choices_.push_back({query.type, WipedBytes(query.store), WipedBytes(query.password), std::string(query.subject),
                      std::move(state), found});
  return found;
}

// ---- Contexts ----------------------------------------------------------------------------------------

tls::ContextOptions TlsSetup::options(const Row* row, const Stored* value) const {
  const auto stored = [&](int position) -> const Stored& {
    return row != nullptr && !is_property(*row) && row->id == position ? *value : server_.stored_setting(position);
  };
  tls::ContextOptions result;
  result.protocols = stored(IPDAEMON_SETTING_SSL_ENABLED_PROTOCOLS).number;
  result.cipher_strength = stored(IPDAEMON_SETTING_SSL_CIPHER_STRENGTH).number;
  result.cipher_suites = stored(IPDAEMON_SETTING_SSL_ENABLED_CIPHER_SUITES).bytes;
  result.cipher_list = stored(IPDAEMON_SETTING_OPENSSL_CIPHER_LIST).bytes;
  result.tls12_groups = stored(IPDAEMON_SETTING_TLS12_SUPPORTED_GROUPS).bytes;
  result.tls13_groups = stored(IPDAEMON_SETTING_TLS13_SUPPORTED_GROUPS).bytes;
  result.tls12_signatures = stored(IPDAEMON_SETTING_TLS12_SIGNATURE_ALGORITHMS).bytes;
  result.tls13_signatures = stored(IPDAEMON_SETTING_TLS13_SIGNATURE_ALGORITHMS).bytes;
  result.chain_certificates = stored(IPDAEMON_SETTING_SSL_CA_CERTS).bytes;
  result.ca_file = stored(IPDAEMON_SETTING_OPENSSL_CA_FILE).bytes;
  result.ca_directory = stored(IPDAEMON_SETTING_OPENSSL_CA_DIR).bytes;
  result.ca_certificates = stored(IPDAEMON_SETTING_SSL_SERVER_CA_CERTS).bytes;
  result.ca_bundles = stored(IPDAEMON_SETTING_SSL_CA_CERT_FILE_PATHS).bytes;
  result.check_crl = stored(IPDAEMON_SETTING_SSL_CHECK_CRL).number;
  result.security_flags = stored(IPDAEMON_SETTING_SSL_SECURITY_FLAGS).number;
  result.reuse_sessions = stored(IPDAEMON_SETTING_REUSE_SSL_SESSION).number != 0;
  result.log_packets = stored(IPDAEMON_SETTING_LOG_SSL_PACKETS).number != 0;
  const bool is_authenticate =
      row != nullptr && is_property(*row) && row->id == IPDAEMON_PROPERTY_SSL_AUTHENTICATE_CLIENTS;
  result.authenticate_clients =
      (is_authenticate ? value->number : server_.number(IPDAEMON_PROPERTY_SSL_AUTHENTICATE_CLIENTS)) != 0;
  return result;
}

std::shared_ptr<const tls::Context> TlsSetup::build(const Row* row, const Stored* value,
                                                    std::shared_ptr<const tls::Identities> identities,
                                                    tls::Problem* problem) const {
  return tls::Context::build(options(row, value), std::move(identities), tickets_, problem);
}

int TlsSetup::set_policy(const Row& row, const Stored& value) {
  if (tls::unavailable_reason() != nullptr) return 0;  // Listening will say so.
  tls::Problem problem;
  const bool used = in_use();
  std::shared_ptr<const tls::Context> next = build(&row, &value, used ? identities_ : nullptr, &problem);
  if (!next) return fail(problem);
  if (used && !(context_ && context_->warning() == next->warning())) notice(next->warning());
  context_ = used ? std::move(next) : nullptr;
  return 0;
}

std::shared_ptr<const tls::Context> TlsSetup::context(tls::Problem* problem) {
  if (!context_) {
    // For do_startssl in a mode that made Listening look for no certificate.
    if (!identities_ && !server_.bytes(IPDAEMON_PROPERTY_SSL_CERT_STORE).empty()) {
      identities_ = tls::Identities::find(any_if_none(query(wish_, nullptr, nullptr)), problem);
      if (!identities_) return nullptr;
      show(nullptr, nullptr);
    }
    context_ = build(nullptr, nullptr, identities_, problem);
  }
  return context_;
}

int TlsSetup::prepare() {
  if (const char* reason = tls::unavailable_reason(); reason != nullptr) {
    return server_.fail(IPDAEMON_ERROR_TLS_UNAVAILABLE, reason);
  }
  const tls::StoreQuery query = any_if_none(this->query(wish_, nullptr, nullptr));
  tls::Problem problem;
  std::shared_ptr<const tls::Identities> found;
  if (!query.store.empty() || !query.encoded.empty()) {
    found = tls::Identities::find(query, &problem);
    if (!found) return fail(problem);
  } else if (!server_.wants(IPDAEMON_EVENT_SSL_CONNECTION_REQUEST)) {
    return server_.fail(IPDAEMON_ERROR_TLS_NO_SERVER_CERTIFICATE,
                        "set SSLCertStoreType, SSLCertStore and SSLCertSubject, or register SSLConnectionRequest");
  }
  std::shared_ptr<const tls::Context> next = build(nullptr, nullptr, found, &problem);
  if (!next) return fail(problem);
  identities_ = std::move(found);
  context_ = std::move(next);
  if (identities_) {
    if (wish_.subject.empty() && wish_.encoded.empty()) wish_.subject = "*";
    show(nullptr, nullptr);
  }
  store_waits_ = false;
  notices_.clear();
  notice(context_->warning());
  notice(tls::missing_fixes());
  notice(identities_ ? identities_->warning() : std::string());
  return 0;
}

void TlsSetup::on_listening() {
  unused_told_ = false;
  tell_if_unused();
}

// A certificate alone starts no TLS, which nobody would see from a server that answers in clear.
void TlsSetup::tell_if_unused() {
  const bool is_set = identities_ || !server_.bytes(IPDAEMON_PROPERTY_SSL_CERT_STORE).empty();
  if (!is_set || unused_told_ || in_use() || !server_.is_listening()) return;
  unused_told_ = true;
  notice(
      "a certificate is set, but the server listens in clear, as SSLStartMode is 3 (None); set it to 1 (Implicit) for "
      "TLS from the first byte on, or to 2 (Explicit) if do_startssl begins it");
}

// A program that sets certificates and never pumps must not collect them for ever.
void TlsSetup::notice(std::string text) {
  constexpr std::size_t notices_max = 16;
  if (text.empty() || std::find(notices_.begin(), notices_.end(), text) != notices_.end()) return;
  if (notices_.size() == notices_max) notices_.erase(notices_.begin());
  notices_.push_back(std::move(text));
}

std::vector<std::string> TlsSetup::take_notices() {
  std::vector<std::string> taken;
  taken.swap(notices_);
  return taken;
}

}  // namespace ipdaemon
