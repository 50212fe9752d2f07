// Members of TlsSetup: what its files say, when they are named, when listening begins, and when they are read again.

#include <utility>

#include "base/text.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"
#include "server/listening.hpp"
#include "server/tls_setup.hpp"
#include "tls/ticket_key_list.hpp"
#include "tls/tls.hpp"

namespace ipdaemon {

int TlsSetup::read_stores(Fresh* out) {
  const Settings& settings = services_.settings;
  tls::Problem problem;
  const tls::StoreQuery query = wanted_now();
  if (!query.store.empty() || !query.encoded.empty()) {
    out->identities = tls::Identities::find(query, &problem);
    if (!out->identities) return record_error(problem);
  }
  const BytesView files = settings.stored_setting(IPDAEMON_SETTING_SSL_SNI_CERTIFICATES).bytes;
  return tls::SniTable::read(files, &out->names, &problem) ? 0 : record_error(problem);
}

int TlsSetup::build_fresh(Fresh* fresh) {
  tls::Problem problem;
  fresh->context = build(nullptr, nullptr, fresh->identities, fresh->names, &problem);
  if (!fresh->context) return record_error(problem);
  const BytesView list = services_.settings.stored_setting(IPDAEMON_SETTING_SSL_TICKET_KEYS).bytes;
  return tls::read_ticket_keys(list, &fresh->keys, &fresh->key_notice, &problem) ? 0 : record_error(problem);
}

int TlsSetup::prepare() {
  if (const char* reason = tls::unavailable_reason(); reason != nullptr) {
    return services_.dispatcher.record_error(IPDAEMON_ERROR_TLS_UNAVAILABLE, reason);
  }
  Fresh fresh;
  if (const int code = read_stores(&fresh); code != 0) return code;
  if (!fresh.identities && !fresh.names && !services_.dispatcher.wants(IPDAEMON_EVENT_SSL_CONNECTION_REQUEST)) {
    return services_.dispatcher.record_error(
        IPDAEMON_ERROR_TLS_NO_SERVER_CERTIFICATE,
        "set SSLCertStoreType, SSLCertStore and SSLCertSubject, or register SSLConnectionRequest");
  }
  if (const int code = build_fresh(&fresh); code != 0) return code;
  identities_ = std::move(fresh.identities);
  names_ = std::move(fresh.names);
  context_ = std::move(fresh.context);
  tickets_->give(std::move(fresh.keys));
  if (identities_) {
    if (wish_.subject.empty() && wish_.encoded.empty()) wish_.subject = "*";
    show(nullptr, nullptr);
  }
  store_waits_ = false;
  services_.notices.clear_statuses();
  services_.notices.add_status(context_->warning());
  services_.notices.add_status(tls::missing_fixes());
  tell_warnings(std::move(fresh.key_notice));
  services_.notices.add_status(key_log_notice());
  return 0;
}

int TlsSetup::read_again(Fresh* out) {
  if (tls::unavailable_reason() != nullptr) return 0;
  if (const int code = read_stores(out); code != 0) return code;
  return build_fresh(out);
}

void TlsSetup::replace(Fresh&& fresh) {
  if (!fresh.context) return;
  const bool used = in_use();
  // What nobody has chosen yet is still not chosen.
  if (used || identities_) identities_ = std::move(fresh.identities);
  names_ = std::move(fresh.names);
  context_ = used ? std::move(fresh.context) : nullptr;
  tickets_->give(std::move(fresh.keys));
  services_.certificate_choices.clear();
  if (identities_) show(nullptr, nullptr);
  if (used) tell_warnings(std::move(fresh.key_notice));
}

void TlsSetup::tell_warnings(std::string key_notice) {
  services_.notices.add_status(identities_ ? identities_->warning() : std::string());
  services_.notices.add_status(names_ ? names_->warning() : std::string());
  services_.notices.add_status(std::move(key_notice));
}

int TlsSetup::set_sni_certificates(BytesView list) {
  if (tls::unavailable_reason() != nullptr) return 0;  // Listening will say so.
  tls::Problem problem;
  std::shared_ptr<const tls::SniTable> names;
  if (!tls::SniTable::read(list, &names, &problem)) return record_error(problem);
  const bool used = in_use();
  if (used && !identities_ && !names && !services_.dispatcher.wants(IPDAEMON_EVENT_SSL_CONNECTION_REQUEST)) {
    return services_.dispatcher.record_error(
        IPDAEMON_ERROR_TLS_NO_SERVER_CERTIFICATE,
        "the server is listening with TLS; set another certificate, or set Listening to False first");
  }
  std::shared_ptr<const tls::Context> next = build(nullptr, nullptr, used ? identities_ : nullptr, names, &problem);
  if (!next) return record_error(problem);
  if (used && names) services_.notices.add_status(names->warning());
  names_ = std::move(names);
  context_ = used ? std::move(next) : nullptr;
  return 0;
}

int TlsSetup::set_ticket_keys(BytesView list) {
  tls::TicketKeys::List keys;
  std::string notice;
  tls::Problem problem;
  if (!tls::read_ticket_keys(list, &keys, &notice, &problem)) return record_error(problem);
  tickets_->give(std::move(keys));
  if (in_use()) services_.notices.add_status(std::move(notice));
  return 0;
}

int TlsSetup::set_key_log(BytesView path) {
  std::shared_ptr<tls::KeyLog> log;
  std::string reason;
  if (!path.empty()) {
    log = tls::KeyLog::open(std::string(path), &reason);
    if (!log) {
      return services_.dispatcher.record_error(IPDAEMON_ERROR_FILE_UNUSABLE,
                                               "SSLKeyLogFile is " + in_quotes(path) + ": " + reason);
    }
  }
  key_log_.swap(log);
  context_.reset();  // The next handshake builds another.
  if (!in_use()) return 0;
  tls::Problem problem;
  if (!context(&problem)) {
    key_log_.swap(log);
    return record_error(problem);
  }
  services_.notices.add_status(key_log_notice());
  return 0;
}

std::string TlsSetup::key_log_notice() const {
  return key_log_ ? "the secrets of all TLS connections are written to " + in_quotes(key_log_->path()) +
                        ", as SSLKeyLogFile says"
                  : std::string();
}

}  // namespace ipdaemon
