// The lists of clients of a server, one for each setting that is such a list.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "ipdaemon.h"
#include "server/client_list.hpp"

namespace ipdaemon {

class Notices;
class Settings;

class ClientLists {
 public:
  ClientLists(const Settings& settings, Notices& notices) : settings_(settings), notices_(notices) {}

  bool allows(const Address& peer) const { return lists_[allowed].contains(peer); }
  bool denies(const Address& peer) const { return lists_[denied].contains(peer); }
  bool has_no_limits(const Address& peer) const { return lists_[unlimited].contains(peer); }
  // Whether the PROXY header of this peer is believed, and of any.
  bool trusts(const Address& peer) const { return lists_[trusted].contains(peer); }
  bool trusts_nobody() const { return lists_[trusted].empty(); }

  // A new value of one of the settings; an error code with the reason if it cannot be one.
  int set(int setting, BytesView text, std::string* detail);

  enum Which : std::size_t { allowed, denied, unlimited, trusted, count };
  using All = std::array<ClientList, count>;
  // Reads the files that settings name, into `next`: with an error code and the reason, nothing has changed, and
  // otherwise not before `replace`.
  int read_files(All* next, std::string* detail) const;
  // Puts these in place. Looks up names again; those that have no address are reported.
  void replace(All&& next);
  // Both: listening begins.
  int prepare(std::string* detail);
  All all() const { return lists_; }
  void reset() { lists_ = none(); }

 private:
  static All none() {
    return {ClientList("AllowedClients", true), ClientList("DeniedClients"), ClientList("UnlimitedClients"),
            ClientList("ProxyTrustedClients")};
  }
  void resolve_names(Which which, ClientList* list);

  static constexpr std::array<int, count> ids = {IPDAEMON_SETTING_ALLOWED_CLIENTS, IPDAEMON_SETTING_DENIED_CLIENTS,
                                                 IPDAEMON_SETTING_UNLIMITED_CLIENTS,
                                                 IPDAEMON_SETTING_PROXY_TRUSTED_CLIENTS};

  const Settings& settings_;
  Notices& notices_;
  All lists_ = none();
};

}  // namespace ipdaemon
