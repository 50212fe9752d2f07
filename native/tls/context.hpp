// What all handshakes of a server have in common: versions, suites, certificates, trust. Immutable
// once built; connections keep the one they started with, so a setting can change at any time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tls/identity.hpp"

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct x509_st X509;

namespace ipdaemon::tls {

struct CertificatePtrFree;
using CertificateList = std::vector<std::unique_ptr<X509, CertificatePtrFree>>;

// The keys that seal session tickets: those of one server, whatever contexts it builds. A new key each
// twelve hours; tickets of the key before are still taken, and renewed.
class TicketKeys {
 public:
  struct Key {
    std::array<unsigned char, 16> name{};
    std::array<unsigned char, 32> cipher{};
    std::array<unsigned char, 32> mac{};
    std::int64_t made_s = 0;
  };

  ~TicketKeys();
  // The key to seal with, made or renewed when it is time; null if no random bytes can be had.
  const Key* current(std::int64_t now_s);
  // The key of a ticket, `renew` if it shall be replaced; null when it is not, or no longer, known.
  const Key* find(const unsigned char* name, std::int64_t now_s, bool* renew);

  static constexpr std::int64_t life_s = 12 * 60 * 60;

 private:
  Key current_;
  Key previous_;
};

// The values of the settings and properties of TLS, by their names.
struct ContextOptions {
  std::int64_t protocols = 0;
  std::int64_t cipher_strength = 0;
  std::string cipher_suites;
  std::string cipher_list;
  std::string tls12_groups;
  std::string tls13_groups;
  std::string tls12_signatures;
  std::string tls13_signatures;
  std::string chain_certificates;
  std::string ca_file;
  std::string ca_directory;
  std::string ca_certificates;
  std::string ca_bundles;
  std::int64_t check_crl = 0;
  std::int64_t security_flags = 0;
  bool authenticate_clients = false;
  std::int64_t reuse_sessions = 1;
  std::int64_t log_packets = 0;
};

class Context {
 public:
  // `identities` may be null: then each connection has to choose its own. Null with the reason in
  // `problem`.
  static std::shared_ptr<const Context> build(const ContextOptions& options,
                                              std::shared_ptr<const Identities> identities,
                                              std::shared_ptr<TicketKeys> tickets, Problem* problem);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const ContextOptions& options() const { return options_; }
  const std::shared_ptr<const Identities>& identities() const { return identities_; }
  TicketKeys& tickets() const { return *tickets_; }
  // Something that whoever starts a server should know; empty if there is nothing.
  const std::string& warning() const { return warning_; }

  // For this folder.
  SSL_CTX* handle() const { return handle_; }
  // Lets one connection use other certificates than those of the context. False with the reason.
  bool choose(SSL* session, const Identities& identities, Problem* problem) const;
  // What a session shall be good for. Before OpenSSL looks for the one that the client brings.
  bool bind_session(SSL* session, const Identities* identities, BytesView server_name) const;
  // What depends on the version that a client will get.
  bool set_lists(SSL* session, bool tls13) const;
  bool allows_tls13() const { return allows_tls13_; }

 private:
  Context(const ContextOptions& options, std::shared_ptr<const Identities> identities,
          std::shared_ptr<TicketKeys> tickets);
  bool set_up(Problem* problem);
  bool set_versions(Problem* problem);
  bool set_suites(Problem* problem);
  bool keep_strong_suites(Problem* problem);
  bool set_groups(Problem* problem);
  bool set_signatures(Problem* problem);
  bool allows_sha1() const;
  bool set_identities(Problem* problem);
  bool check_signatures(Problem* problem) const;
  bool set_client_trust(Problem* problem);
  void load_first_bundle();
  void warn(const std::string& text);
  void name_authorities(const CertificateList& named);
  void set_sessions();

  ContextOptions options_;
  std::shared_ptr<const Identities> identities_;
  std::shared_ptr<TicketKeys> tickets_;
  SSL_CTX* handle_ = nullptr;
  CertificateList more_chain_;  // Of SSLCACerts.
  std::vector<int> tls12_groups_;
  std::string tls12_signatures_;
  std::string tls13_signatures_;
  std::string warning_;
  bool allows_tls13_ = false;
};

// What the setting SSLEnabledProtocols means together with SSLEnabledCipherSuites: a version none of
// whose suites is allowed is not in force.
std::int64_t protocols_in_force(std::int64_t protocols, BytesView cipher_suites);
// Whether TLS12SupportedGroups, or TLS13SupportedGroups, can have it. Needs no OpenSSL.
bool is_group(BytesView name, bool tls13);
// Whether a name is one that the settings of signature algorithms take, of TLS 1.3 or of TLS 1.2.
bool is_signature_algorithm(BytesView name, bool tls13);

}  // namespace ipdaemon::tls
