// The listening socket: accepts in bounded bursts. When the system has no descriptor or memory left (EMFILE, ENFILE,
// ENOBUFS, ENOMEM), it reports one Error, leaves peers in the backlog and tries again soon; see suspend.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/socket.hpp"
#include "pump/deadlines.hpp"
#include "reactor/source.hpp"
#include "server/arrival.hpp"

namespace ipdaemon {

class Admission;
struct Services;

class Listener final : public Source, public Deadline {
 public:
  Listener(Services& services, Admission& admission) : services_(services), admission_(admission) {}

  int open(const Endpoint& local, const ListenOptions& options);
  void close();
  // Resets the peers in the backlog, as closing does, and gives how many there were. Not more than `count_max`: they
  // may be coming faster than they go.
  std::int64_t refuse_waiting(std::int64_t count_max);
  int set_backlog(int backlog) { return socket_.listen_again(backlog); }
  // Takes the peers that wait in the backlog, at most `count_max`, and closes. They are admitted by the next pumps.
  void drain(std::int64_t count_max);
  bool has_waiting() const { return admitted_ < waiting_.size(); }
  // Whether it admits peers.
  bool is_open() const { return socket_.valid() || is_draining_; }
  const Endpoint& local() const { return local_; }
  // The local address of every connection, if there is one address for all.
  Address specific_address() const { return local_.address.is_any() ? Address() : local_.address; }

  void on_ready(const Ready& ready) override;
  void on_out_of_memory() override;
  void on_deadline(std::int64_t now_ms) override;

 private:
  static constexpr int burst_max = 64;
  static constexpr std::int64_t retry_ms = 100;

  int take_next(Arrival* out);
  void admit_waiting();
  void suspend(int code);
  void rest();

  Services& services_;
  Admission& admission_;
  Socket socket_;
  Endpoint local_;
  // How many peers to accept per turn. Grows while they keep coming, so that a lone peer costs no
  // second call that only finds nobody.
  int burst_ = 1;
  std::uint32_t suspensions_ = 0;  // How often so far.
  std::vector<Arrival> waiting_;   // Taken from the backlog of a listener that is closed.
  std::size_t admitted_ = 0;       // How many of them have been admitted.
  bool is_draining_ = false;       // They are being admitted.
  bool suspended_ = false;         // Not watched until the deadline.
  bool trouble_reported_ = false;  // Error has fired for the present spell of failures.
};

}  // namespace ipdaemon
