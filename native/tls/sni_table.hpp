// Which certificate a client gets for the server name that it asks for.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.hpp"
#include "tls/problem.hpp"
#include "tls/stores/identity.hpp"

namespace ipdaemon::tls {

// Certificates by the DNS names in them. Immutable once built, and shared by contexts.
class SniTable {
 public:
  // Reads what SSLSniCertificates lists: PEM files, and directories with such files, separated by semicolons.
  // False with the reason if one of them cannot be used; an empty list gives none.
  static bool read(BytesView list, std::shared_ptr<const SniTable>* out, Problem* problem);
  // The names of these certificates only.
  static std::shared_ptr<const SniTable> of(const std::shared_ptr<const Identities>& identities);

  // By the name itself, or else by a name with * in the place of its first label. Null if there is none.
  std::shared_ptr<const Identities> find(BytesView name) const;

  struct Entry {
    std::string file;
    std::shared_ptr<const Identities> identities;
  };
  const std::vector<Entry>& all() const { return entries_; }
  // Names that are in several of them, and certificates that are not valid now; empty if there is nothing to tell.
  std::string warning() const;

 private:
  bool add_file(const std::string& file, Problem* problem);
  bool add_directory(const std::string& directory, Problem* problem);
  bool add(Entry entry);

  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> names_;  // The number of the entry.
  std::vector<std::string> doubles_;                    // What to tell of names that come again.
};

}  // namespace ipdaemon::tls
