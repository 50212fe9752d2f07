// The simulated clients. Each has a plan drawn at its birth: what it sends and how fast, how it reads,
// and how it ends. It acts by happenings of the world; the server sees it only through its sockets.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tls_sim.hpp"
#include "world.hpp"

namespace ipdaemon::sim {

enum class Reading : std::uint8_t { eager, slow, bytewise, late, never };
enum class Ending : std::uint8_t {
  after_sending,  // Half close: its end right behind its last byte; it goes on reading.
  after_server,   // When the server has ended.
  after_answer,   // When as many bytes came back as it sent, or a time-out has passed.
  by_reset,       // At some step.
  never,          // Stays, silent.
};

struct PeerPlan {
  std::uint16_t port = 0;
  Family family = Family::ipv4;
  std::int64_t start_us = 0;
  Bytes to_send;
  std::size_t chunk_max = 1000;
  std::int64_t gap_us_max = 20000;
  Reading reading = Reading::eager;
  Ending ending = Ending::after_sending;
  int reset_after_steps = 0;
  bool ignores_end = false;  // Never closes, whatever the server does.
  bool writes_after_end = false;
  TlsPlan tls;
  bool waits_for_tls = false;  // Begins in clear, until the server starts TLS.
  Bytes before_tls;            // What it says until then.
  HeaderPlan header;           // In front of everything.
};

class Peers {
 public:
  Peers(World* world, Choices* choices);

  int add(const PeerPlan& plan);
  // Which link a peer that the server names is; -1 for none.
  int find(const std::string& address, int port) const;
  const PeerPlan& plan(int link) const { return peers_[static_cast<std::size_t>(link)].plan; }
  // The server has started TLS behind `heard_from` of its bytes.
  void start_tls(int link, std::size_t heard_from);
  int count() const { return static_cast<int>(peers_.size()); }

 private:
  struct Peer {
    PeerPlan plan;
    Bytes header;
    std::size_t header_sent = 0;
    std::size_t sent = 0;
    int steps = 0;
    int stalls = 0;
    int reads = 0;
    bool read_planned = false;
    bool end_planned = false;
    bool write_planned = false;
    std::size_t sent_before_tls = 0;
    std::int64_t gives_up_us = 0;
  };

  Peer& peer(int link) { return peers_[static_cast<std::size_t>(link)]; }
  void connect(int link, int tries);
  void plan_write(int link, std::int64_t delay_us);
  void write(int link);
  bool write_header(int link);
  void write_sealed(int link);
  bool says_goodbye(int link);
  void give_up(int link);
  void finish(int link);
  void plan_read(int link);
  void read(int link);
  void see_end(int link);
  bool steps_on(int link);

  World& world_;
  Choices& choices_;
  SessionStore sessions_;
  std::vector<Peer> peers_;
  std::map<std::string, int> by_name_;
};

}  // namespace ipdaemon::sim
