// How a new peer is judged: whether there is room for it, the lists of clients, the program's ConnectionRequest; then
// its socket gets its options and it becomes a connection.
#pragma once

#include <cstdint>

#include "net/socket.hpp"
#include "server/client_lists.hpp"

namespace ipdaemon {

struct Services;
class Listener;
class TlsSetup;

class Admission {
 public:
  Admission(Services& services, TlsSetup& tls);
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // Makes a connection of a peer, or closes it. Returns an error code if that needs what the system has not got now.
  int admit(Listener& listener, Socket&& socket, const Endpoint& peer);
  ClientLists& lists() { return lists_; }
  // Peers about which the program is being asked now are not admitted: the server is being shut down.
  void refuse_undecided() { ++shutdowns_; }
  void reset() { lists_.reset(); }

 private:
  bool is_full() const;
  bool make_room(const Listener& listener);
  // IPDAEMON_REFUSED_*.
  int why_refused(const Endpoint& peer);
  void apply_socket_options(Socket& socket);
  int add_connection(Socket&& socket, const Endpoint& peer, const Address& local);

  Services& services_;
  TlsSetup& tls_;
  ClientLists lists_;
  std::int64_t undecided_ = 0;  // Peers about which ConnectionRequest is being asked.
  std::uint32_t shutdowns_ = 0;
};

}  // namespace ipdaemon
