// How a new peer is judged: whether there is room for it, whether a PROXY header has to come first, the lists of
// clients, the program's ConnectionRequest; then its socket gets its options and it becomes a connection.
#pragma once

#include <cstdint>

#include "connection/address_blocks.hpp"
#include "net/socket.hpp"
#include "server/arrival.hpp"
#include "server/client_lists.hpp"
#include "server/proxy_peers.hpp"

namespace ipdaemon {

struct Services;
class Listener;
class TlsSetup;

class Admission {
 public:
  Admission(Services& services, TlsSetup& tls);
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // Makes a connection of a peer, lets it wait for its PROXY header, or closes it. Returns an error code if that needs
  // what the system has not got now.
  int admit(const Listener& listener, Arrival& arrival);
  // What is behind the header, or where none is awaited: makes a connection of a peer, or closes it. Returns as admit.
  int decide(Arrival& arrival);
  // Whether DeniedClients and the limits of a block of addresses let it pass; counted if they do not. The place is
  // taken then, and given back at its end unless a connection keeps it. One that `is_exempt` is in no block.
  bool let_pass(const Address& address, bool is_exempt, AddressBlocks::Place* place);
  // New limits of blocks. May throw std::bad_alloc, then nothing has changed.
  void set_block_limits(const AddressBlocks::Limits& limits);
  ClientLists& lists() { return lists_; }
  ProxyPeers& proxy_peers() { return proxy_peers_; }
  const ProxyPeers& proxy_peers() const { return proxy_peers_; }
  // Peers about which the program is being asked now are not admitted: the server is being shut down.
  void refuse_undecided() { ++shutdowns_; }
  // Whether there are such peers.
  bool is_asking() const { return undecided_ > 0; }
  void reset();

 private:
  std::int64_t now_us() const;
  bool is_full() const;
  bool make_room(const Listener& listener);
  // IPDAEMON_REFUSED_*.
  int why_refused(const Arrival& arrival);
  void apply_socket_options(Socket& socket);
  bool would_let_pass(const Arrival& arrival) const;
  int add_connection(Arrival& arrival, AddressBlocks::Place& place);

  Services& services_;
  TlsSetup& tls_;
  ClientLists lists_;
  ProxyPeers proxy_peers_;
  std::int64_t undecided_ = 0;  // Peers about which ConnectionRequest is being asked.
  std::uint32_t shutdowns_ = 0;
};

}  // namespace ipdaemon
