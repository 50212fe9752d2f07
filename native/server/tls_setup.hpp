// The TLS side of a server: which certificate, which context, whose handshakes are unfinished.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "properties/values.hpp"
#include "server/security.hpp"
#include "tls/context.hpp"

namespace ipdaemon {

class Server;

class TlsSetup {
 public:
  explicit TlsSetup(Server& server);

  // A new value of one of the five properties that choose the certificate. It may be changed, to what
  // was found. Returns 0 or an error code, set as the server's last error.
  int set_certificate(const Row& row, Stored& value);
  // A new value of any other row that handshakes depend on: refused if no handshake could work with it,
  // in force for the next one otherwise.
  int set_policy(const Row& row, const Stored& value);
  // Reads the certificate again and builds everything, so that no client has to meet what is wrong.
  int prepare();
  // The server listens from now on.
  void on_listening();
  // All of it to where it was at the beginning.
  void reset();

  // What a new handshake uses; null with the reason.
  std::shared_ptr<const tls::Context> context(tls::Problem* problem);
  // The certificates of a store that SSLConnectionRequest has named.
  std::shared_ptr<const tls::Identities> find_choice(const tls::StoreQuery& query, tls::Problem* problem);
  // What to tell with SSLStatus about the server as a whole.
  std::vector<std::string> take_notices();
  bool has_notices() const { return !notices_.empty(); }

  HandshakeList& handshakes() { return handshakes_; }

 private:
  struct Wish {
    std::string subject;  // As it was set, not as it was found.
    WipedBytes encoded;   // There may be a private key in it.
  };
  struct Choice {
    std::int64_t type = 0;
    WipedBytes store;
    WipedBytes password;
    std::string subject;
    std::string state;  // Of the file, if it is one.
    std::shared_ptr<const tls::Identities> identities;
  };

  // With `value` instead of what is stored for `row`, where that is not null.
  tls::ContextOptions options(const Row* row, const Stored* value) const;
  std::shared_ptr<const tls::Context> build(const Row* row, const Stored* value,
                                            std::shared_ptr<const tls::Identities> identities,
                                            tls::Problem* problem) const;
  tls::StoreQuery query(const Wish& wish, const Row* row, const Stored* value) const;
  int adopt(std::shared_ptr<const tls::Identities> identities);
  void show(const Row* row, Stored* value);
  void notice(std::string text);
  void tell_if_unused();
  bool in_use() const;
  int fail(const tls::Problem& problem);

  Server& server_;
  Wish wish_;
  bool store_waits_ = false;  // A new store, for its password.
  bool unused_told_ = false;  // Since listening began.
  std::shared_ptr<const tls::Identities> identities_;
  std::shared_ptr<tls::TicketKeys> tickets_;
  std::shared_ptr<const tls::Context> context_;  // Null: to be built.
  std::vector<Choice> choices_;
  std::vector<std::string> notices_;
  HandshakeList handshakes_;
};

}  // namespace ipdaemon
