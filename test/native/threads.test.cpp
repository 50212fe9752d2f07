// Handles on several threads at once, through the C ABI: each thread serves its own, and a call with a
// handle of another thread answers WRONG_THREAD and touches nothing. Built with the thread sanitizer
// this also shows that nothing is shared in between.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ipdaemon.h"
#include "peer.hpp"

using namespace ipdaemon;
using namespace ipdaemon::test;

namespace {

ipdaemon_value number(std::int64_t integer) {
  ipdaemon_value value = {};
  value.type = IPDAEMON_TYPE_INTEGER;
  value.integer = integer;
  return value;
}

// Refers to `bytes`.
ipdaemon_value text(const std::string& bytes) {
  ipdaemon_value value = {};
  value.type = IPDAEMON_TYPE_BYTES;
  value.bytes = reinterpret_cast<const std::uint8_t*>(bytes.data());
  value.length = bytes.size();
  return value;
}

const std::uint8_t* octets(const std::string& bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

// What one thread tells another, once for each call of wait. The semaphores of libstdc++ 12 lose one now and then where
// there is no futex, as on Windows.
class Signal {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    is_set_ = true;
    changed_.notify_one();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_set_; });
    is_set_ = false;
  }
  // False after the limit.
  bool wait_for(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, limit, [this] { return is_set_; })) return false;
    is_set_ = false;
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_set_ = false;
};

// What went wrong on any thread. The checks themselves are for the thread of the test only.
class Complaints {
 public:
  void add(const std::string& what) {
    const std::lock_guard lock(mutex_);
    list_.push_back(what);
  }
  void expect(const std::string& what, std::int64_t expected, std::int64_t actual) {
    if (expected == actual) return;
    add(what + ": expected " + std::to_string(expected) + ", got " + std::to_string(actual));
  }
  // On the thread of the test, after all others have ended.
  void report() const {
    constexpr std::size_t shown_max = 20;
    for (std::size_t i = 0; i < std::min(list_.size(), shown_max); ++i) FAIL(list_[i]);
    CHECK_EQ(list_.size(), std::size_t{0});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> list_;
};

// A server that sends back what comes and counts its events. Belongs to the thread that makes it.
class EchoServer {
 public:
  explicit EchoServer(Complaints& complaints) : complaints_(complaints), handle_(ipdaemon_open()) {
    if (handle_ == 0) complaints_.add("ipdaemon_open gives no handle");
    for (const int event : {IPDAEMON_EVENT_CONNECTED, IPDAEMON_EVENT_DATA_IN, IPDAEMON_EVENT_DISCONNECTED}) {
      complaints_.expect("register_callback", 0, ipdaemon_register_callback(handle_, event, &on_event, this));
    }
    set(IPDAEMON_PROPERTY_LOCAL_HOST, text("127.0.0.1"));
    set(IPDAEMON_PROPERTY_LISTENING, number(1));
    port_ = static_cast<std::uint16_t>(get(IPDAEMON_PROPERTY_LOCAL_PORT));
  }
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;
  ~EchoServer() {
    if (handle_ != 0) ipdaemon_close(handle_);
  }

  // Closes now; the handle must be invalid afterwards.
  void close() {
    complaints_.expect("close", 0, ipdaemon_close(handle_));
    complaints_.expect("close of a closed handle", IPDAEMON_ERROR_INVALID_HANDLE, ipdaemon_close(handle_));
    handle_ = 0;
  }

  void set(int property, const ipdaemon_value& value) {
    complaints_.expect("set " + std::to_string(property), 0, ipdaemon_set(handle_, property, 0, &value));
  }
  std::int64_t get(int property) {
    ipdaemon_value value = {};
    complaints_.expect("get " + std::to_string(property), 0, ipdaemon_get(handle_, property, 0, &value));
    return value.integer;
  }

  // Delivers events until the condition holds.
  bool pump_until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(patience_ms);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      complaints_.expect("poll", 0, ipdaemon_poll(handle_, 20));
    }
    return true;
  }

  ipdaemon_t handle() const { return handle_; }
  std::uint16_t port() const { return port_; }
  int connection() const { return connection_; }

  int connected = 0;
  int disconnected = 0;
  std::string received;

 private:
  static std::int32_t on_event(void* user, ipdaemon_t handle, std::int32_t event, ipdaemon_value* parameters,
                               std::int32_t) {
    auto& self = *static_cast<EchoServer*>(user);
    const auto connection = static_cast<std::int32_t>(parameters[0].integer);
    if (event == IPDAEMON_EVENT_CONNECTED) {
      ++self.connected;
      self.connection_ = connection;
    } else if (event == IPDAEMON_EVENT_DISCONNECTED) {
      ++self.disconnected;
    } else {
      self.received.append(reinterpret_cast<const char*>(parameters[1].bytes), parameters[1].length);
      self.complaints_.expect("do_send", 0,
                              ipdaemon_do_send(handle, connection, parameters[1].bytes, parameters[1].length));
    }
    return 0;
  }

  Complaints& complaints_;
  ipdaemon_t handle_;
  std::uint16_t port_ = 0;
  int connection_ = 0;
};

// One life of a server on the calling thread: a client says `line`, gets it back, and leaves.
void serve_once(Complaints& complaints, const std::string& line) {
  EchoServer server(complaints);
  Peer client = Peer::connect(server.port());
  client.send(line);
  if (!server.pump_until([&] { return server.received.size() >= line.size(); })) complaints.add("no data came");
  if (server.received != line) complaints.add("received " + shown(server.received) + " instead of " + shown(line));
  const std::string answer = client.receive(line.size());
  if (answer != line) complaints.add("echoed " + shown(answer) + " instead of " + shown(line));
  client.close();
  if (!server.pump_until([&] { return server.disconnected > 0; })) complaints.add("no Disconnected came");
  complaints.expect("Connected", 1, server.connected);
  complaints.expect("Disconnected", 1, server.disconnected);
  server.close();
}

// Runs a body on a thread of its own; a failed REQUIRE or an exception becomes a complaint.
std::thread on_a_thread(Complaints& complaints, std::function<void()> body) {
  return std::thread([&complaints, body = std::move(body)] {
    try {
      body();
    } catch (const std::exception& error) {
      complaints.add(std::string("a thread ended early: ") + error.what());
    }
  });
}

// Every function that takes a handle, with one that belongs to another thread.
void call_everything(Complaints& complaints, ipdaemon_t handle, std::int32_t connection) {
  constexpr std::int32_t wrong = IPDAEMON_ERROR_WRONG_THREAD;
  const std::string bytes = "from the wrong thread";
  const std::string setting = "MaxConnections=1";
  const ipdaemon_value off = number(0);
  const auto never = [](void*, ipdaemon_t, std::int32_t, ipdaemon_value*, std::int32_t) { return 1; };
  const auto never_batch = [](void*, ipdaemon_t, std::int32_t, const std::uint8_t*, std::uint64_t, std::int32_t) {
    return 1;
  };
  const auto never_wait = [](void*, ipdaemon_t) { return 1; };
  std::int32_t words[5] = {};
  ipdaemon_value out = number(4711);

  complaints.expect("set", wrong, ipdaemon_set(handle, IPDAEMON_PROPERTY_LISTENING, 0, &off));
  complaints.expect("set Connected", wrong, ipdaemon_set(handle, IPDAEMON_PROPERTY_CONNECTED, connection, &off));
  complaints.expect("get", wrong, ipdaemon_get(handle, IPDAEMON_PROPERTY_LISTENING, 0, &out));
  complaints.expect("type of what get gave", IPDAEMON_TYPE_NONE, out.type);
  complaints.expect("register_callback", wrong,
                    ipdaemon_register_callback(handle, IPDAEMON_EVENT_DATA_IN, never, nullptr));
  complaints.expect("register_data_batch", wrong, ipdaemon_register_data_batch(handle, never_batch, nullptr, words, 1));
  complaints.expect("set_wait_hook", wrong, ipdaemon_set_wait_hook(handle, never_wait, nullptr));
  complaints.expect("do_config", wrong, ipdaemon_do_config(handle, octets(setting), setting.size(), &out));
  complaints.expect("do_disconnect", wrong, ipdaemon_do_disconnect(handle, connection));
  complaints.expect("do_doevents", wrong, ipdaemon_do_doevents(handle));
  complaints.expect("poll", wrong, ipdaemon_poll(handle, 0));
  complaints.expect("do_interrupt", wrong, ipdaemon_do_interrupt(handle, connection));
  complaints.expect("do_reset", wrong, ipdaemon_do_reset(handle));
  complaints.expect("do_send", wrong, ipdaemon_do_send(handle, connection, octets(bytes), bytes.size()));
  complaints.expect("do_sendline", wrong, ipdaemon_do_sendline(handle, connection, octets(bytes), bytes.size()));
  complaints.expect("do_sendfile", wrong, ipdaemon_do_sendfile(handle, connection, octets(bytes), bytes.size()));
  complaints.expect("do_shutdown", wrong, ipdaemon_do_shutdown(handle));
  complaints.expect("do_startssl", wrong, ipdaemon_do_startssl(handle, connection));
  complaints.expect("enable_idle_events", wrong, ipdaemon_enable_idle_events(handle));
  complaints.expect("fail", wrong, ipdaemon_fail(handle, IPDAEMON_ERROR_TIMED_OUT, octets(bytes), bytes.size()));
  complaints.expect("close", wrong, ipdaemon_close(handle));
  complaints.expect("get_last_error_code", wrong, ipdaemon_get_last_error_code(handle));
  if (std::string(ipdaemon_get_last_error(handle)) != ipdaemon_error_sentence(wrong)) {
    complaints.add("get_last_error gives another text than that of the wrong thread");
  }
  if (ipdaemon_open_waiter(handle) != nullptr) complaints.add("open_waiter gives a waiter to the wrong thread");
  complaints.expect("prepare_waiter", wrong, ipdaemon_prepare_waiter(handle));
  complaints.expect("wait_handle", -1, ipdaemon_wait_handle(handle));
  complaints.expect("next_deadline", -1, ipdaemon_next_deadline(handle));
  complaints.expect("wants_poll", 0, ipdaemon_wants_poll(handle));
  complaints.expect("counter", -1, ipdaemon_counter(handle, IPDAEMON_COUNTER_ACCEPTED));
}

}  // namespace

TEST("threads open, serve and close handles side by side") {
  constexpr int threads_count = 8;
  constexpr int lives = 25;
  Complaints complaints;
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_count; ++i) {
    threads.push_back(on_a_thread(complaints, [&complaints, i] {
      for (int life = 0; life < lives; ++life) {
        serve_once(complaints, "thread " + std::to_string(i) + ", life " + std::to_string(life) + "\n");
      }
    }));
  }
  for (std::thread& thread : threads) thread.join();
  complaints.report();
}

TEST("calls with a handle of another thread answer 2007 and touch nothing, while its owner serves") {
  constexpr int threads_count = 4;
  constexpr int rounds = 200;
  Complaints complaints;
  EchoServer server(complaints);
  const Peer client = Peer::connect(server.port());
  client.send("before\n");
  REQUIRE(server.pump_until([&] { return server.received == "before\n"; }));
  REQUIRE_EQ(client.receive(7), "before\n");

  // The owner leaves an error behind, which calls of others must not clear.
  REQUIRE_EQ(ipdaemon_do_disconnect(server.handle(), 999'999), IPDAEMON_ERROR_UNKNOWN_CONNECTION);
  on_a_thread(complaints, [&] { call_everything(complaints, server.handle(), server.connection()); }).join();
  CHECK_EQ(ipdaemon_get_last_error_code(server.handle()), IPDAEMON_ERROR_UNKNOWN_CONNECTION);

  std::atomic<int> running = threads_count;
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_count; ++i) {
    threads.push_back(on_a_thread(complaints, [&, handle = server.handle(), connection = server.connection()] {
      for (int round = 0; round < rounds; ++round) call_everything(complaints, handle, connection);
      --running;
    }));
  }
  int said = 0;
  std::string expected = "before\n";
  // At least a few, even if the others are done at once.
  while (running > 0 || said < 10) {
    const std::string line = "line " + std::to_string(++said) + "\n";
    expected += line;
    client.send(line);
    if (!server.pump_until([&] { return server.received.size() >= expected.size(); })) break;
    if (!CHECK_EQ(client.receive(line.size()), line)) break;
  }
  for (std::thread& thread : threads) thread.join();

  CHECK(server.received == expected);
  CHECK_EQ(server.connected, 1);
  CHECK_EQ(server.disconnected, 0);
  CHECK_EQ(server.get(IPDAEMON_PROPERTY_LISTENING), 1);
  CHECK_EQ(server.get(IPDAEMON_PROPERTY_CONNECTION_COUNT), 1);
  complaints.report();
}

TEST("a thread that ends without closing leaves its port free and its handle invalid") {
  Complaints complaints;
  ipdaemon_t handle = 0;
  std::uint16_t port = 0;
  Peer client;
  on_a_thread(complaints, [&] {
    handle = ipdaemon_open();
    const std::string address = "127.0.0.1";
    const ipdaemon_value host = text(address);
    const ipdaemon_value on = number(1);
    ipdaemon_value out = {};
    complaints.expect("LocalHost", 0, ipdaemon_set(handle, IPDAEMON_PROPERTY_LOCAL_HOST, 0, &host));
    complaints.expect("Listening", 0, ipdaemon_set(handle, IPDAEMON_PROPERTY_LISTENING, 0, &on));
    complaints.expect("LocalPort", 0, ipdaemon_get(handle, IPDAEMON_PROPERTY_LOCAL_PORT, 0, &out));
    port = static_cast<std::uint16_t>(out.integer);
    client = Peer::connect(port);
    ipdaemon_poll(handle, 1000);
  }).join();
  complaints.report();
  REQUIRE(port != 0);
  CHECK_EQ(ipdaemon_do_doevents(handle), IPDAEMON_ERROR_INVALID_HANDLE);
  // The connection is gone, by an end or a reset.
  CHECK(client.next() == 0 || client.next() == -1);
  Socket socket;
  CHECK_EQ(Socket::listen(loopback(Family::ipv4, port), {}, &socket), 0);
}

TEST("another thread waits for a server, tells of everything that comes, and ends when it is woken") {
  constexpr int rounds = 500;
  constexpr auto patience = std::chrono::milliseconds(patience_ms);
  Complaints complaints;
  EchoServer server(complaints);
  ipdaemon_waiter* waiter = ipdaemon_open_waiter(server.handle());
  REQUIRE(waiter != nullptr);
  Signal wanted;
  Signal told;
  std::atomic<bool> ends = false;
  std::thread thread = on_a_thread(complaints, [&] {
    while (true) {
      wanted.wait();
      while (ipdaemon_waiter_wait(waiter, -1) == 0) {
        if (ends) return;
      }
      told.set();
    }
  });
  // Orders a wait, and serves when told.
  const auto serve = [&] {
    ipdaemon_prepare_waiter(server.handle());
    wanted.set();
    if (!told.wait_for(patience)) return false;
    complaints.expect("poll", 0, ipdaemon_poll(server.handle(), 0));
    return true;
  };

  const Peer client = Peer::connect(server.port());
  std::string expected;
  for (int round = 0; round < rounds; ++round) {
    const std::string line = "round " + std::to_string(round) + "\n";
    expected += line;
    client.send(line);
    bool is_served = true;
    while (is_served && server.received.size() < expected.size()) is_served = serve();
    if (!CHECK(is_served) || !CHECK_EQ(client.receive(line.size()), line)) break;
  }

  // The thread waits, for nothing more comes.
  ipdaemon_prepare_waiter(server.handle());
  wanted.set();
  ends = true;
  ipdaemon_waiter_wake(waiter);
  // Unless it told once more of what is over, which a waiter may.
  wanted.set();
  thread.join();
  ipdaemon_close_waiter(waiter);
  server.close();
  CHECK(server.received == expected);
  complaints.report();
}
