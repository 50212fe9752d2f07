#include "server/tls_setup.hpp"

#include <algorithm>
#include <iterator>

#include "connection/services.hpp"
#include "ipdaemon.h"
#include "server/listening.hpp"
#include "tls/tls.hpp"

namespace ipdaemon {

TlsSetup::TlsSetup(Services& services, const Listening& listening)
    : services_(services), listening_(listening), tickets_(std::make_shared<tls::TicketKeys>()) {}

int TlsSetup::record_error(const tls::Problem& problem) {
  return services_.dispatcher.record_error(problem.code, problem.detail);
}

bool TlsSetup::in_use() const {
  return listening_.is_on() &&
         services_.settings.number(IPDAEMON_PROPERTY_SSL_START_MODE) != IPDAEMON_SSL_START_MODE_NONE;
}

void TlsSetup::reset() {
  wish_ = Wish();
  store_waits_ = false;
  identities_.reset();
  context_.reset();
  names_.reset();
  tickets_->give({});
  key_log_.reset();
  services_.certificate_choices.clear();
  services_.notices.clear_statuses();
}

// ---- Certificates ------------------------------------------------------------------------------------

tls::StoreQuery TlsSetup::query(const Wish& wish, const Row* row, const Stored* value) const {
  const auto bytes = [&](int property) {
    return row != nullptr && row->id == property ? BytesView(value->bytes) : services_.settings.bytes(property);
  };
  tls::StoreQuery result;
  result.type = row != nullptr && row->id == IPDAEMON_PROPERTY_SSL_CERT_STORE_TYPE
                    ? value->number
                    : services_.settings.number(IPDAEMON_PROPERTY_SSL_CERT_STORE_TYPE);
  result.store = bytes(IPDAEMON_PROPERTY_SSL_CERT_STORE);
  result.password = bytes(IPDAEMON_PROPERTY_SSL_CERT_STORE_PASSWORD);
  result.subject = wish.subject;
  result.encoded = wish.encoded;
  return result;
}

// Without a subject that was set, any certificate of the store will do.
tls::StoreQuery TlsSetup::wanted_now() const {
  tls::StoreQuery result = query(wish_, nullptr, nullptr);
  if (result.subject.empty() && result.encoded.empty()) result.subject = "*";
  return result;
}

// The properties read what is in force. That of `row` is in `value`, about to be stored.
void TlsSetup::show(const Row* row, Stored* value) {
  const auto put = [&](int property, const std::string& text) {
    WipedBytes& to =
        row != nullptr && row->id == property ? value->bytes : services_.settings.stored_property(property).bytes;
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
    next = build(nullptr, nullptr, identities, names_, &problem);
    if (!next) return record_error(problem);
    services_.notices.add_status(identities ? identities->warning() : std::string());
  }
  identities_ = std::move(identities);
  context_ = std::move(next);
  store_waits_ = false;
  if (identities_) warn_if_unused();
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
    if (in_use() && !names_ && !services_.dispatcher.wants(IPDAEMON_EVENT_SSL_CONNECTION_REQUEST)) {
      return services_.dispatcher.record_error(
          IPDAEMON_ERROR_TLS_NO_SERVER_CERTIFICATE,
          "the server is listening with TLS; set another certificate, or set Listening to False first");
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
    return record_error(problem);
  }
  if (code != 0) return code;
  wish_ = wish;
  show(&row, &value);
  return 0;
}

// ---- Contexts ----------------------------------------------------------------------------------------

namespace {

// Which setting is which part of the policy: the one place that knows.
struct NumberPart {
  int setting;
  std::int64_t tls::Policy::*part;
};
struct BytesPart {
  int setting;
  Bytes tls::Policy::*part;
};

constexpr NumberPart number_parts[] = {
    {IPDAEMON_SETTING_LOG_SSL_PACKETS, &tls::Policy::log_packets},
    {IPDAEMON_SETTING_REUSE_SSL_SESSION, &tls::Policy::reuse_sessions},
    {IPDAEMON_SETTING_SSL_CHECK_CRL, &tls::Policy::check_crl},
    {IPDAEMON_SETTING_SSL_CIPHER_STRENGTH, &tls::Policy::cipher_strength},
    {IPDAEMON_SETTING_SSL_ENABLED_PROTOCOLS, &tls::Policy::protocols},
    {IPDAEMON_SETTING_SSL_SECURITY_FLAGS, &tls::Policy::security_flags},
    {IPDAEMON_SETTING_SSL_STRICT_SNI, &tls::Policy::strict_names},
};
constexpr BytesPart bytes_parts[] = {
    {IPDAEMON_SETTING_OPENSSL_CA_DIR, &tls::Policy::ca_directory},
    {IPDAEMON_SETTING_OPENSSL_CA_FILE, &tls::Policy::ca_file},
    {IPDAEMON_SETTING_OPENSSL_CIPHER_LIST, &tls::Policy::cipher_list},
    {IPDAEMON_SETTING_SSL_ALPN_PROTOCOLS, &tls::Policy::alpn_protocols},
    {IPDAEMON_SETTING_SSL_CA_CERT_FILE_PATHS, &tls::Policy::ca_bundles},
    {IPDAEMON_SETTING_SSL_CA_CERTS, &tls::Policy::chain_certificates},
    {IPDAEMON_SETTING_SSL_ENABLED_CIPHER_SUITES, &tls::Policy::cipher_suites},
    {IPDAEMON_SETTING_SSL_SERVER_CA_CERTS, &tls::Policy::ca_certificates},
    {IPDAEMON_SETTING_TLS12_SIGNATURE_ALGORITHMS, &tls::Policy::tls12_signatures},
    {IPDAEMON_SETTING_TLS12_SUPPORTED_GROUPS, &tls::Policy::tls12_groups},
    {IPDAEMON_SETTING_TLS13_SIGNATURE_ALGORITHMS, &tls::Policy::tls13_signatures},
    {IPDAEMON_SETTING_TLS13_SUPPORTED_GROUPS, &tls::Policy::tls13_groups},
};

template <typename Parts>
bool has_part(const Parts& parts, int setting) {
  return std::any_of(std::begin(parts), std::end(parts), [&](const auto& part) { return part.setting == setting; });
}

}  // namespace

bool TlsSetup::is_policy(const Row& row) {
  return !is_property(row) && (has_part(number_parts, row.id) || has_part(bytes_parts, row.id));
}

tls::Policy TlsSetup::policy(const Row* row, const Stored* value) const {
  const auto stored = [&](int setting) -> const Stored& {
    const bool is_new = row != nullptr && !is_property(*row) && row->id == setting;
    return is_new ? *value : services_.settings.stored_setting(setting);
  };
  tls::Policy result;
  for (const NumberPart& part : number_parts) result.*part.part = stored(part.setting).number;
  for (const BytesPart& part : bytes_parts) result.*part.part = stored(part.setting).bytes;
  const bool is_authenticate =
      row != nullptr && is_property(*row) && row->id == IPDAEMON_PROPERTY_SSL_AUTHENTICATE_CLIENTS;
  result.authenticate_clients =
      (is_authenticate ? value->number : services_.settings.number(IPDAEMON_PROPERTY_SSL_AUTHENTICATE_CLIENTS)) != 0;
  return result;
}

std::shared_ptr<const tls::Context> TlsSetup::build(const Row* row, const Stored* value,
                                                    std::shared_ptr<const tls::Identities> identities,
                                                    std::shared_ptr<const tls::SniTable> names,
                                                    tls::Problem* problem) const {
  tls::Resources resources(tickets_);
  resources.names = std::move(names);
  resources.key_log = key_log_;
  return tls::Context::build(policy(row, value), std::move(identities), std::move(resources), problem);
}

int TlsSetup::set_policy(const Row& row, const Stored& value) {
  if (tls::unavailable_reason() != nullptr) return 0;  // Listening will say so.
  tls::Problem problem;
  const bool used = in_use();
  std::shared_ptr<const tls::Context> next = build(&row, &value, used ? identities_ : nullptr, names_, &problem);
  if (!next) return record_error(problem);
  if (used && !(context_ && context_->warning() == next->warning())) services_.notices.add_status(next->warning());
  context_ = used ? std::move(next) : nullptr;
  return 0;
}

std::shared_ptr<const tls::Context> TlsSetup::context(tls::Problem* problem) {
  if (!context_) {
    // For do_startssl in a mode that made Listening look for no certificate.
    if (!identities_ && !services_.settings.bytes(IPDAEMON_PROPERTY_SSL_CERT_STORE).empty()) {
      identities_ = tls::Identities::find(wanted_now(), problem);
      if (!identities_) return nullptr;
      show(nullptr, nullptr);
    }
    context_ = build(nullptr, nullptr, identities_, names_, problem);
  }
  return context_;
}

void TlsSetup::on_listening() {
  unused_reported_ = false;
  warn_if_unused();
}

// A certificate alone starts no TLS, which nobody would see from a server that answers unencrypted.
void TlsSetup::warn_if_unused() {
  const bool is_set = identities_ || !services_.settings.bytes(IPDAEMON_PROPERTY_SSL_CERT_STORE).empty();
  if (!is_set || unused_reported_ || in_use() || !listening_.is_on()) return;
  unused_reported_ = true;
  services_.notices.add_status(
      "a certificate is set, but the server listens unencrypted because SSLStartMode is 3 (None); set it to 1 "
      "(Implicit) "
      "for "
      "TLS from the first byte, or to 2 (Explicit) to start TLS with do_startssl");
}

}  // namespace ipdaemon
