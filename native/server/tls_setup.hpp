// The TLS side of a server: which certificate, and which context its handshakes begin with.
#pragma once

#include <memory>
#include <string>

#include "base/wiped_bytes.hpp"
#include "properties/values.hpp"
#include "tls/context.hpp"

namespace ipdaemon {

class Listening;
struct Services;

class TlsSetup {
 public:
  TlsSetup(Services& services, const Listening& listening);

  // Whether handshakes depend on a row, beside the properties of the certificate.
  static bool is_policy(const Row& row);

  // A new value of one of the five properties that choose the certificate. It may be changed, to what
  // was found. Returns 0 or an error code, which is recorded.
  int set_certificate(const Row& row, Stored& value);
  // A new value of any other row that handshakes depend on: refused if no handshake could work with it,
  // in force for the next one otherwise.
  int set_policy(const Row& row, const Stored& value);
  // A new value of SSLTicketKeys, of SSLSniCertificates, of SSLKeyLogFile.
  int set_ticket_keys(BytesView list);
  int set_sni_certificates(BytesView list);
  int set_key_log(BytesView path);
  // Reads the files again and builds everything, so that no client has to meet what is wrong.
  int prepare();
  // The same for Reload, in two steps. With an error code, which is recorded, nothing has changed.
  struct Fresh {
    std::shared_ptr<const tls::Identities> identities;
    std::shared_ptr<const tls::SniTable> names;
    tls::TicketKeys::List keys;
    std::string key_notice;
    std::shared_ptr<const tls::Context> context;
  };
  int read_again(Fresh* out);
  void replace(Fresh&& fresh);
  // The server listens from now on.
  void on_listening();
  // All of it to where it was at the beginning.
  void reset();

  // What a new handshake uses; null with the reason.
  std::shared_ptr<const tls::Context> context(tls::Problem* problem);

 private:
  struct Wish {
    std::string subject;  // As it was set, not as it was found.
    WipedBytes encoded;   // There may be a private key in it.
  };

  // With `value` instead of what is stored for `row`, where that is not null.
  tls::Policy policy(const Row* row, const Stored* value) const;
  std::shared_ptr<const tls::Context> build(const Row* row, const Stored* value,
                                            std::shared_ptr<const tls::Identities> identities,
                                            std::shared_ptr<const tls::SniTable> names, tls::Problem* problem) const;
  tls::StoreQuery query(const Wish& wish, const Row* row, const Stored* value) const;
  tls::StoreQuery wanted_now() const;
  int adopt(std::shared_ptr<const tls::Identities> identities);
  void show(const Row* row, Stored* value);
  void warn_if_unused();
  int read_stores(Fresh* out);
  int build_fresh(Fresh* fresh);
  void tell_warnings(std::string key_notice);
  std::string key_log_notice() const;
  bool in_use() const;
  int record_error(const tls::Problem& problem);

  Services& services_;
  const Listening& listening_;
  Wish wish_;
  bool store_waits_ = false;      // A new store, for its password.
  bool unused_reported_ = false;  // Since listening began.
  std::shared_ptr<const tls::Identities> identities_;
  std::shared_ptr<const tls::SniTable> names_;  // Of SSLSniCertificates; may be null.
  std::shared_ptr<tls::TicketKeys> tickets_;
  std::shared_ptr<tls::KeyLog> key_log_;
  std::shared_ptr<const tls::Context> context_;  // Null: to be built.
};

}  // namespace ipdaemon
