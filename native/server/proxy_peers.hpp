// Trusted peers from whom a PROXY header is awaited. They are no connections yet: no event has told of them, and the
// address that counts is not known before the header is complete.
//
//   accepted, and trusted by its real address
//        |
//        v
//     waiting ---- header complete ----> Admission::decide, with the client's address and the bytes behind the header
//        |
//        | the first byte that cannot belong to a header, an end, DefaultConnectionTimeout,
//        | another peer needs the place, the server is shut down
//        v
//      closed: counted, and what the operator has to know is reported
#pragma once

#include <cstdint>
#include <string>

#include "pump/deadlines.hpp"
#include "reactor/source.hpp"
#include "server/arrival.hpp"
#include "server/proxy_header.hpp"

namespace ipdaemon {

class Admission;
class ProxyPeers;
struct Services;

class ProxyPeer final : public Source, public Deadline {
 public:
  ProxyPeer(ProxyPeers& peers, Arrival&& arrival) : peers_(peers), arrival_(std::move(arrival)) {}

  // Watches the socket. Returns 0 or an error code.
  int start();
  std::int64_t accepted_ms() const { return arrival_.accepted_ms; }

  void on_ready(const Ready& ready) override;
  void on_out_of_memory() override;
  void on_deadline(std::int64_t now_ms) override;

 private:
  friend class ProxyPeers;

  bool read();
  void rest();
  std::int64_t late_ms() const;
  void schedule(std::int64_t now_ms);

  ProxyPeers& peers_;
  Arrival arrival_;  // Its input is what has come of the header.
  bool rests_ = false;
  ProxyPeer* older_ = nullptr;
  ProxyPeer* newer_ = nullptr;
};

// Those of a server, the oldest first. Has a deadline for the Error that tells of the bad headers since the last one.
class ProxyPeers final : public Deadline {
 public:
  ProxyPeers(Services& services, Admission& admission) : services_(services), admission_(admission) {}
  ProxyPeers(const ProxyPeers&) = delete;
  ProxyPeers& operator=(const ProxyPeers&) = delete;

  void on_deadline(std::int64_t now_ms) override;
  // Waits for the header of a peer that was just accepted. Returns 0 or an error code.
  int add(Arrival&& arrival);
  std::int64_t count() const { return count_; }
  const ProxyPeer* oldest() const { return oldest_; }
  // The oldest ends without a word: another peer needs its place.
  void give_way();
  // All of them: the server is shut down, reset or closed.
  void end_all();
  // Forgets what is not reported yet.
  void reset();

 private:
  friend class ProxyPeer;
  static constexpr std::int64_t report_interval_ms = 10'000;

  // Each takes the peer out; it may be gone from memory when they return.
  void hand_on(ProxyPeer& peer, ProxyHeader&& header, std::size_t length);
  void refuse(ProxyPeer& peer, int reason, const std::string& problem);
  void close(ProxyPeer& peer, int reason);
  void take_out(ProxyPeer& peer);
  void report(const std::string& detail);
  void tell(const std::string& detail, std::int64_t more);

  Services& services_;
  Admission& admission_;
  ProxyPeer* oldest_ = nullptr;
  ProxyPeer* newest_ = nullptr;
  std::int64_t count_ = 0;
  std::int64_t reported_ms_ = 0;
  std::int64_t unreported_ = 0;  // Refused since then,
  std::string last_problem_;     // and why, the last of them.
  bool has_reported_ = false;
};

}  // namespace ipdaemon
