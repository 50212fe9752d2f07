// How a new peer is judged: whether there is room for it, AllowedClients, the program's ConnectionRequest; then its
// socket gets its options and it becomes a connection.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/socket.hpp"
#include "server/allowed_clients.hpp"

namespace ipdaemon {

struct Services;
class Listener;
class TlsSetup;

class Admission {
 public:
  Admission(Services& services, TlsSetup& tls) : services_(services), tls_(tls) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // Makes a connection of a peer, or closes it. Returns an error code if that needs what the system has not got now.
  int admit(Listener& listener, Socket&& socket, const Endpoint& peer);
  // A new value of AllowedClients; an error code with the reason if it cannot be one.
  int set_allowed_clients(BytesView list, std::string* detail);
  // Looks up the names in AllowedClients again. Those that have no address are reported.
  void resolve_names();
  // Peers about which the program is being asked now are not admitted: the server is being shut down.
  void refuse_undecided() { ++shutdowns_; }
  void reset() { allowed_clients_ = AllowedClients(); }

 private:
  bool is_full() const;
  bool make_room(const Listener& listener);
  bool is_accepted(const Endpoint& peer);
  void apply_socket_options(Socket& socket);
  int add_connection(Socket&& socket, const Endpoint& peer, const Address& local);
  void report_unknown(std::vector<std::string> names);

  Services& services_;
  TlsSetup& tls_;
  AllowedClients allowed_clients_;
  std::int64_t undecided_ = 0;  // Peers about which ConnectionRequest is being asked.
  std::uint32_t shutdowns_ = 0;
};

}  // namespace ipdaemon
