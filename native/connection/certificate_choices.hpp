// The certificates that SSLConnectionRequest has named, kept ready, as most clients ask for one of a few names.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/wiped_bytes.hpp"
#include "tls/stores/identity.hpp"

namespace ipdaemon {

class CertificateChoices {
 public:
  // Null with the reason. A file that has changed is read again.
  std::shared_ptr<const tls::Identities> find(const tls::StoreQuery& query, tls::Problem* problem);
  void clear() { choices_.clear(); }

 private:
  struct Choice {
    std::int64_t type = 0;
    WipedBytes store;
    WipedBytes password;
    std::string subject;
    std::string state;  // Of the file, if it is one.
    std::shared_ptr<const tls::Identities> identities;
  };

  std::vector<Choice> choices_;
};

}  // namespace ipdaemon
