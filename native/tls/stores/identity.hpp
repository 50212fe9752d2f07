// Who the server is towards clients: certificates with their private keys, out of a certificate store.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tls/problem.hpp"
#include "tls/stores/query.hpp"

namespace ipdaemon::tls {

struct Identity;  // Of identity_openssl.hpp: certificate, key, chain.

// The certificates that a query found, at most one for each kind of key, the best first: a client gets
// the one that it can use. Immutable, shared by contexts and connections, also between threads.
class Identities {
 public:
  // Null with the reason in `problem`.
  static std::shared_ptr<const Identities> find(const StoreQuery& query, Problem* problem);

  // All certificates of a PEM file that have a private key there, those with the same DNS names together. False with
  // the reason.
  static bool find_by_names(const std::string& file, std::vector<std::shared_ptr<const Identities>>* out,
                            Problem* problem);

  explicit Identities(std::vector<Identity> all);
  ~Identities();
  Identities(const Identities&) = delete;
  Identities& operator=(const Identities&) = delete;

  const std::vector<Identity>& all() const { return all_; }
  // The full subject and the PEM text of the first one.
  const std::string& subject() const { return subject_; }
  const std::string& pem() const { return pem_; }
  // Tells these certificates from others: a hash over them.
  const std::string& fingerprint() const { return fingerprint_; }
  // The DNS names of the first one, in small letters.
  std::vector<std::string> dns_names() const;
  // What is worth knowing though the certificate is served, such as that it has expired; empty if
  // nothing is. Looks at the time of the call.
  std::string warning() const;

 private:
  std::vector<Identity> all_;
  std::string subject_;
  std::string pem_;
  std::string fingerprint_;
};

}  // namespace ipdaemon::tls
