// The world in which the server runs: peers and their connections, descriptors, files, time. It does
// what a system does, in an order and with troubles that come from Choices. Time passes only when a
// poller waits, a little with each call, and where the fault plan lets it jump.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "choices.hpp"
#include "net/socket.hpp"
#include "net/transfer.hpp"
#include "proxies.hpp"
#include "reactor/poller.hpp"

namespace ipdaemon::sim {

// How often each trouble comes, in cases per thousand.
struct Faults {
  int short_transfers = 0;  // A call moves less than it could.
  int would_block = 0;      // A call refuses although it could; comes in bursts.
  int peer_resets = 0;      // At any call, a peer resets its connection.
  int interleavings = 0;    // At any call, something of the outside world happens first.
  int accept_errors = 0;    // Descriptors or buffers are used up; comes in bursts.
  int listen_errors = 0;
  int option_errors = 0;
  int poller_errors = 0;
  int late_timers = 0;      // A wait ends later than asked for.
  int clock_steps = 0;      // A call takes long.
  int signals = 0;          // A wait ends early and empty.
  int partial_reports = 0;  // A wait reports only some of what is ready.
  int file_errors = 0;
  bool random_order = false;  // What is ready is reported in any order.
};

// What the world tells the checker.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_accepted(int link) = 0;
  virtual void on_server_read(int link, std::int64_t count) = 0;
  virtual void on_server_wrote(int link, BytesView bytes) = 0;
  virtual void on_server_tries_to_write(int link) = 0;
  virtual void on_wait() = 0;  // The server is going to sleep.
  virtual void on_server_closed(int link, bool reset) = 0;
  virtual void on_peer_did(int link, const char* what, std::int64_t count) = 0;
  virtual void on_accept_error(std::uint16_t port, int error) = 0;
  virtual void on_misuse(const std::string& what) = 0;  // The server broke a rule of the platform.
};

class TlsEnd;

// One TCP connection, both ends of it.
struct Link {
  Endpoint peer;
  Endpoint local;
  Endpoint client;  // Who the peer is by its PROXY header, or by itself.
  HeaderKind header = HeaderKind::none;
  std::size_t header_size = 0;  // What stands in front of what the client says.
  // What the peer sent.
  Bytes sent;                  // All of it, from the first byte on.
  std::size_t read_count = 0;  // How much of it the server has read.
  bool peer_ended = false;     // FIN
  bool peer_reset = false;
  bool error_pending = false;  // The reset was not reported by a call yet.
  // What the server sent.
  Bytes outgoing;  // Taken by the system, not yet read by the peer.
  Bytes received;  // Read by the peer.
  std::int64_t taken_count = 0;
  std::int64_t window = 65536;
  bool server_ended = false;  // FIN
  bool server_closed = false;
  bool server_reset = false;
  std::int64_t server_ended_us = 0;
  std::int64_t late_input_us = 0;
  bool late_input = false;  // The peer sent after the server had closed, and lost what was on the way to it.
  bool refused = false;     // There was nobody to connect to.
  int descriptor = -1;
  int block_receive = 0, block_send = 0;  // Would-blocks still to come of a burst.
  bool receive_refused = false;           // By the last call that wanted to read, although there was something.
  bool established = false;               // In a backlog or accepted.
  std::shared_ptr<TlsEnd> tls;            // The peer's end of TLS, once it speaks that.
  bool accepted = false;

  std::size_t unread() const { return sent.size() - read_count; }
  bool dead() const { return peer_reset || server_reset; }
};

class SimPoller;

class World {
 public:
  World(Choices* choices, const Faults& faults, Observer* observer);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // The world that the platform files of this executable talk to.
  static World* current();

  // ---- Time and happenings
  std::int64_t now_us() const { return now_us_; }
  const std::int64_t* clock() const { return &now_us_; }
  void at(std::int64_t time_us, std::function<void()> happening);
  void after(std::int64_t delay_us, std::function<void()> happening) { at(now_us_ + delay_us, std::move(happening)); }
  bool anything_to_come() const { return !happenings_.empty(); }
  // Lets time pass, at most until `time_us`; stops early once `done` is true.
  void run_until(std::int64_t time_us, const std::function<bool()>& done);
  void stop_faults() { faults_ = Faults{}, accept_blocked_until_us_ = 0; }
  // What the server's clock says. Looking at it takes a moment, so that a loop that does nothing else
  // comes to an end, and is found out.
  std::int64_t read_clock();
  // At the start of every system call: a moment passes, and troubles come.
  void moment();

  // ---- The peers' side
  int new_link(const Endpoint& peer);
  bool connect(int link, std::uint16_t port);         // False when nobody takes it now: full backlog or no listener.
  std::size_t peer_write(int link, BytesView bytes);  // Returns how many bytes fitted.
  void peer_end(int link);
  void peer_reset(int link);
  std::size_t peer_read(int link, std::size_t length);
  // Whether the peer has read everything and the server's end.
  bool peer_sees_end(int link) const;
  Link& link(int index) { return *links_[static_cast<std::size_t>(index)]; }
  int link_count() const { return static_cast<int>(links_.size()); }
  void on_server_wrote(std::function<void(int)> tell) { tell_peer_ = std::move(tell); }

  // ---- Files
  void add_file(const std::string& path, Bytes content) { files_.push_back({path, std::move(content)}); }
  Bytes file_content(const std::string& path) const;  // Empty when there is no such file.
  void shrink_file(const std::string& path, std::size_t size);

  // ---- The server's side: what the platform files call
  int create_socket(Family family, int* descriptor);
  int listen(const Endpoint& local, const ListenOptions& options, int* descriptor);
  int listen_again(int descriptor, int backlog);
  int accept(int descriptor, int* accepted, Endpoint* peer);
  Transfer receive(int descriptor, void* buffer, std::size_t length);
  bool has_input(int descriptor);
  Transfer send(int descriptor, const BytesView* pieces, int count);
  Transfer send_file(int descriptor, int file, std::int64_t offset, std::int64_t length);
  int shut_down_send(int descriptor);
  void close(int descriptor, bool reset);
  int set_option(int descriptor, SocketOption option, int value);
  int get_option(int descriptor, SocketOption option, int* value);
  int local_endpoint(int descriptor, Endpoint* out);
  int pending_error(int descriptor);
  int open_file(const std::string& path, std::int64_t* size, std::string* reason);
  void close_file(int descriptor);
  Transfer read_file(int descriptor, std::int64_t offset, void* buffer, std::size_t length);

  SimPoller* new_poller(int* error);
  void drop_poller(SimPoller* poller);
  int watch(SimPoller* poller, int descriptor, Interest interest, void* token, bool already);
  void forget(SimPoller* poller, int descriptor);
  int wait(SimPoller* poller, Ready* ready, int ready_max, int timeout_ms);
  // Whether poll(2) would call it readable: a socket, a listener, or a poller's descriptor.
  bool readable(int descriptor);

  // ---- For the checker
  int open_descriptors() const { return open_descriptors_; }
  bool listening_on(std::uint16_t port) const;
  int backlog_of(std::uint16_t port) const;
  std::int64_t calls() const { return calls_; }
  std::uint64_t transfers() const { return transfers_; }  // Calls that moved bytes or peers.
  bool link_writable(const Link& link) const;
  int injected_errors() const { return injected_errors_; }

 private:
  struct Happening {
    std::int64_t time_us;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const Happening& other) const {
      return time_us != other.time_us ? time_us > other.time_us : order > other.order;
    }
  };
  struct Listener {
    Endpoint local;
    ListenOptions options;
    std::deque<int> backlog;
    int descriptor = -1;
  };
  enum class Kind : std::uint8_t { none, listener, link, bare, file, poller };
  // What a poller watches a descriptor for.
  struct Watch {
    SimPoller* poller = nullptr;
    Interest interest = Interest::none;
    void* token = nullptr;
    bool candidate = false;       // In the poller's list of what may be ready.
    std::uint64_t collected = 0;  // By which collection it was looked at last.
  };
  struct Descriptor {
    Kind kind = Kind::none;
    int index = -1;
    std::vector<Watch> watches;  // One for each poller that watches it.

    Watch* watch_of(const SimPoller* poller);  // Null if it does not watch it.
  };
  struct SimFile {
    std::string path;
    Bytes content;
  };

  int new_descriptor(Kind kind, int index);
  void free_descriptor(int descriptor);
  Descriptor* find(int descriptor, Kind kind, const char* call);
  Ready state_of(const Descriptor& entry, Interest interest) const;
  void touch(int descriptor);
  int collect(SimPoller* poller, Ready* ready, int ready_max);
  std::string owner_of(const SimPoller* poller);
  void run_next();
  void run_due();
  bool take_block(int* left);

  Choices& choices_;
  Faults faults_;
  Observer& observer_;
  std::int64_t now_us_ = 1000000;
  std::uint64_t order_ = 0;
  std::priority_queue<Happening> happenings_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<SimFile> files_;
  std::vector<Descriptor> descriptors_;
  std::set<int> free_descriptors_;
  std::vector<std::unique_ptr<SimPoller>> pollers_;
  std::function<void(int)> tell_peer_;
  std::int64_t accept_blocked_until_us_ = 0;
  int accept_block_error_ = 0;
  std::uint16_t next_port_ = 49152;
  int open_descriptors_ = 0;
  std::int64_t calls_ = 0;
  int clock_reads_ = 0;  // Since the last call.
  std::uint64_t transfers_ = 0;
  std::uint64_t collections_ = 0;
  int injected_errors_ = 0;
};

// One poller: which descriptors may be ready, and a count that finds a server that spins.
class SimPoller {
 public:
  int descriptor = -1;
  std::deque<int> candidates;
  std::int64_t calls_at_last_wait = 0;
  int waits_without_calls = 0;
  std::int64_t reported_at_us = 0;
};

}  // namespace ipdaemon::sim
