// Where the server listens: LocalHost, LocalPort and UseIPv6 become a listening socket.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/address.hpp"
#include "net/socket.hpp"
#include "server/listener.hpp"

namespace ipdaemon {

struct Services;
class Admission;

class Listening {
 public:
  Listening(Services& services, Admission& admission) : services_(services), admission_(admission) {}

  bool is_on() const { return listener_ != nullptr; }
  // Returns 0, or an error code that is recorded.
  int start();
  void stop();
  // Peers that wait in the backlog are still taken, then the socket is closed.
  void drain();
  // Whether some of them have not been admitted yet.
  bool has_waiting() const;
  int set_backlog(int backlog) { return listener_->set_backlog(backlog); }

  // What the properties LocalHost and LocalPort and the setting UseIPv6 read.
  std::string local_host() const;
  std::int64_t local_port() const;
  std::int64_t use_ipv6() const;

 private:
  int local_endpoint(Endpoint* out, bool* dual_stack);
  int find_local_host(const std::string& host, Family family, Address* out);

  Services& services_;
  Admission& admission_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::unique_ptr<Listener>> draining_;  // Closed; have, or had, peers of their backlogs.
  int ipv6_in_force_ = 0;
};

}  // namespace ipdaemon
