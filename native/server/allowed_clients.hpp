// Who may connect: the list of the AllowedClients setting, taken apart once, compared as addresses.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "net/address.hpp"

namespace ipdaemon {

class AllowedClients {
 public:
  // Parses "*", "10.0.0.0/8", "192.168.1.*", "::1", "name". Returns 0 or INVALID_VALUE with the
  // reason in `detail`; then nothing has changed. Names are looked up by resolve_names.
  int parse(BytesView list, std::string* detail);

  // Looks host names up, which may wait for a name server. Names without an address admit nobody;
  // they are returned.
  std::vector<std::string> resolve_names();
  bool has_names() const;

  bool admits(const Address& peer) const;

 private:
  struct Entry {
    Address network;
    int bits = 0;  // How many bits of the network count; all of them for a single address.
    std::string name;
    std::vector<Address> resolved;
  };
  static bool parse_entry(BytesView text, Entry* entry);

  bool everybody_ = true;
  std::vector<Entry> entries_;
};

}  // namespace ipdaemon
