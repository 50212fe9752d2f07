// The lists of clients that settings hold, such as AllowedClients: taken apart once, files included, and matched as
// sorted ranges of addresses, so that a list of a hundred thousand entries costs a peer no more than a short one.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "net/address.hpp"

namespace ipdaemon {

// Addresses as ranges that are sorted once, when all have been added.
class AddressRanges {
 public:
  // All whose first `bits` bits are those of `network`, and whose interface is the network's if that has one.
  void add(const Address& network, int bits);
  void sort();
  bool contains(const Address& address) const;
  bool empty() const { return ipv4_.empty() && ipv6_.empty(); }

 private:
  // The interface, 0 for any, in front of the address.
  using Key = std::array<std::uint8_t, 20>;
  template <typename Bound>
  using Ranges = std::vector<std::pair<Bound, Bound>>;  // The first and the last of each; none overlaps another.

  static Key key_of(std::uint32_t scope, const Address& address);

  Ranges<std::uint32_t> ipv4_;
  Ranges<Key> ipv6_;
};

class ClientList {
 public:
  // The name of its setting is for messages. Until it is parsed, it has everybody in it or nobody.
  explicit ClientList(const char* setting, bool everybody = false) : setting_(setting), everybody_(everybody) {}

  // Parses "*", "10.0.0.0/8", "192.168.1.*", "::1", "name", and "@FILE" with an entry a line; reads the files. Returns
  // 0, INVALID_VALUE or FILE_UNUSABLE with the reason in `detail`; then nothing has changed. Names are looked up by
  // resolve_names.
  int parse(BytesView list, std::string* detail);

  // Looks host names up, which may wait for a name server. Names without an address match nobody; they are returned.
  std::vector<std::string> resolve_names();
  bool has_names() const { return !names_.empty(); }
  bool empty() const { return !everybody_ && ranges_.empty() && names_.empty(); }
  bool has_files() const { return has_files_; }
  const char* setting() const { return setting_; }

  bool contains(const Address& peer) const { return everybody_ || ranges_.contains(peer) || resolved_.contains(peer); }

 private:
  int parse_file(const std::string& path, std::string* detail);
  bool parse_entry(BytesView text);
  std::string fault_of(BytesView entry) const;

  const char* setting_;
  bool everybody_;
  bool has_files_ = false;
  AddressRanges ranges_;
  std::vector<std::string> names_;
  AddressRanges resolved_;  // What the names stand for.
};

}  // namespace ipdaemon
