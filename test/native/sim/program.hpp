// The programs under test: servers written on the C ABI whose callbacks do what programs do, and what
// programs should not do but may. Every call and event goes through the log checker.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "choices.hpp"
#include "ipdaemon.h"
#include "log_checker.hpp"
#include "peers.hpp"

namespace ipdaemon::sim {

enum class Mode : std::uint8_t { echo, sink, talk, broadcast, files };
enum class Retry : std::uint8_t { on_event, by_pumping, never };
enum class Secure : std::uint8_t { never, at_once, later };
enum class Pump : std::uint8_t { doevents, poll, outer_loop };

struct ServerPlan {
  Mode mode = Mode::echo;
  Retry retry = Retry::on_event;
  Pump pump = Pump::doevents;
  Bytes eol;
  bool single_line = false;
  std::int64_t record_length = 0;
  std::int64_t line_length_max = 0;
  std::int64_t timeout_s = 0;
  std::int64_t idle_s = 0;
  bool linger = true;
  std::int64_t max_connections = 0;
  std::int64_t out_buffer = 0;
  std::int64_t backlog = 5;
  std::int64_t select_wait_ms = 20;
  int ipv6 = 0;
  bool share_port = false;
  int allowed_clients = 0;
  int batch_capacity = 0;
  // Limits of time, 0 for none.
  std::int64_t piece_s = 0;
  std::int64_t send_s = 0;
  std::int64_t life_s = 0;
  int drains = 0;           // Per thousand, like those below.
  int proxies = 0;          // ProxyProtocol.
  bool trusts_all = false;  // Otherwise those of IPv4.
  int tls_changes = 0;      // Settings of TLS, and Reload.
  int group_capacity = 0;
  std::uint64_t group_seed = 0;
  int crowd = 0;              // Peers besides, which write little at about the same time.
  bool requests = true;       // A ConnectionRequest callback is registered.
  bool greeting = false;      // Sent from ReadyToSend.
  bool deep = false;          // Pumps from every DataIn.
  bool waits_deep = false;    // Waits for ReadyToSend inside of callbacks, however many wait already.
  bool fails_always = false;  // DataIn of every other connection fails, always.
  bool gateway = false;  // Pumps from the first DataIn until nothing comes any more, and ends whoever sends meanwhile.
  Secure secure = Secure::never;
  bool authenticates = false;
  std::int64_t handshake_s = -1;  // -1: as it is by default.
  int tls_version = 0;            // 0: both, or 12 or 13.
  bool sees_hello = false;        // SSLConnectionRequest, SSLClientAuthentication, SSLStatus are registered.
  bool sees_certificates = false;
  bool sees_status = false;
  bool logs_packets = false;
  bool resumes = true;
  int refusals = 0;  // Of peers by the ConnectionRequest callback, per thousand.
  // What callbacks do beside their work, per thousand each.
  int disconnects = 0, disconnects_others = 0, pumps = 0, shutdowns = 0, resets = 0, closes = 0, framings = 0,
      pauses = 0, timeouts = 0, sends_others = 0, stops = 0, interrupts = 0, other_handles = 0, listens = 0,
      configs = 0, batches = 0, big_sends = 0, files = 0, start_ssls = 0, verdicts = 0, choices = 0, computes = 0,
      host_ends = 0;
};

class Program {
 public:
  Program(World* world, LogChecker* checker, Peers* peers, Choices* choices, Log* log)
      : world_(*world), checker_(*checker), peers_(*peers), choices_(*choices), log_(*log) {}

  // A server by the plan, listening if the system lets it. Returns its number, or -1.
  int open(const ServerPlan& plan);
  std::uint16_t port(int server) const { return servers_[static_cast<std::size_t>(server)]->port; }
  int server_count() const { return static_cast<int>(servers_.size()); }
  bool is_open(int server) const { return servers_[static_cast<std::size_t>(server)]->open; }
  ipdaemon_t handle(int server) const { return servers_[static_cast<std::size_t>(server)]->handle; }

  void pump(int server);
  // Something that a program does between two pumps.
  void act(int server);
  void look(int server);  // Checks what can be read from outside.
  void resume_all(int server);
  void shut_down(int server);
  void close(int server);
  void calm() { calm_ = true; }  // From now on, only the work.
  // Whether callbacks cannot run any more, as in a host that is being ended.
  bool host_has_ended() const { return host_ended_; }

  // What the long pump of a gateway came to.
  struct Session {
    bool done = false;
    std::int64_t grown = 0;  // Bytes that the library held in addition when everybody else had gone.
    int descriptors = 0;     // The most at a time.
    int served = 0;          // Connections that came and went.
  };
  const Session& session() const { return session_; }
  bool listen(int server);

 private:
  struct Talk {
    std::deque<Bytes> waiting;  // Refused sends that will be tried again.
    bool greeted = false;
    bool paused = false;
  };
  // DataIn of several connections, and what was gathered of their answers.
  struct Group {
    std::vector<std::int32_t> words;
    Bytes text;
    std::vector<std::int32_t> sends;
    std::unique_ptr<SeededChoices> draws;  // Of its own, see draw_groups.
  };
  struct Server {
    Program* program = nullptr;
    int number = 0;
    ipdaemon_t handle = 0;
    ServerPlan plan;
    std::uint16_t port = 0;
    bool open = false;
    bool listening = false;
    bool was_reset = false;
    std::vector<std::int32_t> words;
    Group group;
    std::map<int, Talk> talks;
  };

  static std::int32_t on_event(void* user, ipdaemon_t handle, std::int32_t event, ipdaemon_value* parameters,
                               std::int32_t count);
  static std::int32_t on_batch(void* user, ipdaemon_t handle, std::int32_t id, const std::uint8_t* bytes,
                               std::uint64_t length, std::int32_t count);
  static std::int32_t on_group(void* user, ipdaemon_t handle, const std::uint8_t* bytes, std::uint64_t length,
                               std::int32_t count);
  static std::int32_t on_wait(void* user, ipdaemon_t handle);

  int on_request(Server& server, ipdaemon_value* parameters);
  int on_connected(Server& server, ipdaemon_value* parameters);
  int on_ready(Server& server, int id);
  int on_data(Server& server, int id, BytesView text, bool eol);
  int on_member(Server& server, int id, BytesView text, bool eol, std::int32_t gather_max);
  int on_disconnected(Server& server, ipdaemon_value* parameters);
  int on_hello(Server& server, ipdaemon_value* parameters);
  int on_certificate(Server& server, ipdaemon_value* parameters);
  int on_status(Server& server, ipdaemon_value* parameters);
  int handshake_mischief(Server& server, int id);
  int mischief(Server& server, int id);
  bool happens(const Server& server, int per_thousand);
  void change_connection(Server& server, int id);
  void call_for_others(Server& server, int id);
  void change_server(Server& server);
  void run_session(Server& server);

  // Calls, each logged and announced to the checker.
  int set(Server& server, int property, int id, std::int64_t number);
  int set_bytes(Server& server, int property, int id, BytesView bytes);
  std::int64_t get(Server& server, int property, int id);
  Bytes get_text(Server& server, int property, int id);
  int config(Server& server, const std::string& text);
  void set_limits(Server& server);
  void drain(Server& server);
  int send(Server& server, int id, BytesView bytes);
  void gather(Server& server, int id, BytesView bytes);
  void send_group(Server& server);
  int send_file(Server& server, int id, const std::string& path);
  int start_ssl(Server& server, int id);
  int disconnect(Server& server, int id);
  int do_events(Server& server);
  int poll(Server& server, int timeout_ms);
  void interrupt(Server& server, int id);
  void shutdown(Server& server);
  void reset(Server& server);
  void close(Server& server);
  void register_all(Server& server);
  void register_batch(Server& server, int capacity);
  void register_group(Server& server, int capacity);
  bool configure(Server& server);
  bool configure_tls(Server& server);
  bool configure_proxies(Server& server);
  int link_of(Server& server, int id);
  bool listen(Server& server);

  void say(Server& server, int id, BytesView bytes);
  void retry_waiting(Server& server, int id);
  void change_framing(Server& server, int id);
  int any_connection(Server& server);
  Bytes some_text(std::size_t length_max);
  const char* some_file();
  bool allowed(const Server& server, int link) const;

  World& world_;
  LogChecker& checker_;
  Peers& peers_;
  Choices& choices_;
  Log& log_;
  std::vector<std::unique_ptr<Server>> servers_;
  bool refuses_to_run();

  bool calm_ = false;
  bool host_ended_ = false;
  int calls_after_end_ = 0;
  int send_depth_ = 0;
  Session session_;
  bool in_session_ = false;
};

}  // namespace ipdaemon::sim
