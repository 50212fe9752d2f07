// What all handshakes of a server have in common: versions, suites, certificates, trust. Immutable
// once built; connections keep the one they started with, so a setting can change at any time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tls/key_log.hpp"
#include "tls/policy.hpp"
#include "tls/problem.hpp"
#include "tls/sni_table.hpp"
#include "tls/stores/identity.hpp"
#include "tls/tickets.hpp"

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct x509_st X509;

namespace ipdaemon::tls {

struct CertificatePtrFree;
using CertificateList = std::vector<std::unique_ptr<X509, CertificatePtrFree>>;

// What a context uses beside its policy and its certificates.
struct Resources {
  Resources(std::shared_ptr<TicketKeys> ticket_keys) : tickets(std::move(ticket_keys)) {}

  std::shared_ptr<TicketKeys> tickets;
  std::shared_ptr<const SniTable> names;  // Certificates by server name; may be null.
  std::shared_ptr<KeyLog> key_log;        // May be null.
};

class Context {
 public:
  // `identities` may be null: then each connection has to choose its own. Null with the reason in
  // `problem`.
  static std::shared_ptr<const Context> build(const Policy& policy, std::shared_ptr<const Identities> identities,
                                              Resources resources, Problem* problem);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const Policy& policy() const { return policy_; }
  const std::shared_ptr<const Identities>& identities() const { return identities_; }
  KeyLog* key_log() const { return resources_.key_log.get(); }
  TicketKeys& tickets() const { return *resources_.tickets; }
  // Something that whoever starts a server should know; empty if there is nothing.
  const std::string& warning() const { return warning_; }

  // For this folder.
  SSL_CTX* handle() const { return handle_; }
  // Lets one connection use other certificates than those of the context. False with the reason.
  bool choose(SSL* session, const Identities& identities, Problem* problem) const;
  // The certificates for a server name; null if it has none of its own.
  std::shared_ptr<const Identities> identities_for(BytesView server_name) const;
  // Whether a client that asks for a name without certificates of its own gets those of the server. False with the
  // reason, in which the name is as it may be shown.
  bool takes_name(BytesView server_name, const std::string& shown, Problem* problem) const;
  // The application protocols in the form of the wire.
  const std::string& protocols() const { return protocols_; }
  // What a session shall be good for. Before OpenSSL looks for the one that the client brings.
  bool bind_session(SSL* session, const Identities* identities, BytesView server_name, BytesView protocol) const;
  // What depends on the version that a client will get.
  bool set_lists(SSL* session, bool tls13) const;
  bool allows_tls13() const { return allows_tls13_; }

 private:
  Context(const Policy& policy, std::shared_ptr<const Identities> identities, Resources resources);
  bool set_up(Problem* problem);
  bool set_versions(Problem* problem);
  bool set_suites(Problem* problem);
  bool keep_strong_suites(Problem* problem);
  bool set_groups(Problem* problem);
  bool set_signatures(Problem* problem);
  bool allows_sha1() const;
  bool set_identities(Problem* problem);
  bool check_names(Problem* problem);
  bool check_signatures(Problem* problem) const;
  bool set_client_trust(Problem* problem);
  void load_first_bundle();
  void warn(const std::string& text);
  void name_authorities(const CertificateList& named);
  void set_sessions();

  Policy policy_;
  std::shared_ptr<const Identities> identities_;
  Resources resources_;
  std::shared_ptr<const SniTable> own_names_;  // Of `identities_`, where the names decide.
  std::string protocols_;
  SSL_CTX* handle_ = nullptr;
  CertificateList more_chain_;  // Of SSLCACerts.
  std::vector<int> tls12_groups_;
  std::string tls12_signatures_;
  std::string tls13_signatures_;
  std::string warning_;
  bool allows_tls13_ = false;
};

}  // namespace ipdaemon::tls
