// One instance: the calls of the C ABI, one for one, on the objects that do the work. Belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "connection/services.hpp"
#include "properties/config_string.hpp"
#include "properties/values.hpp"
#include "server/admission.hpp"
#include "server/drain.hpp"
#include "server/host_view.hpp"
#include "server/listening.hpp"
#include "server/tls_setup.hpp"

namespace ipdaemon {

class Server {
 public:
  // Null with an error code in `error` when the system has no more descriptors.
  static std::unique_ptr<Server> create(EventSink& sink, int* error);
  Server(EventSink& sink, std::unique_ptr<Poller> poller);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // ---- Properties and settings ----
  int set(int property, int index, const ValueView& value);
  int get(int property, int index, ValueView* out);
  int config(BytesView text, BytesView* out);

  // ---- Methods ----
  int disconnect(int id);
  int do_events();
  int poll(int timeout_ms) { return services_.pump.run(timeout_ms); }
  int interrupt(int id);
  int reset();
  int send(int id, BytesView data, BytesView tail);
  int send_gathered(int id, BytesView data, std::uint64_t last_length);
  int send_gathered_lines(int id, BytesView data, const std::int32_t* line_ends, std::int32_t lines,
                          std::uint64_t last_length);
  int send_group(BytesView data, const std::int32_t* sends, std::int32_t count);
  int gather_max(int id);
  int fail_send(int id, int code, std::string detail);
  int refuse_input(int id, int code);
  int send_file(int id, BytesView path);
  int shutdown();
  int start_ssl(int id);

  // ---- For a host's loop ----
  std::unique_ptr<Waiter> make_waiter(int* error) { return services_.poller().make_waiter(error); }
  void prepare_waiter() { services_.poller().prepare_waiter(); }
  std::int64_t wait_descriptor() { return services_.poller().descriptor(); }
  int next_deadline();
  // Whether a loop that asked for the next deadline before has to ask again.
  bool host_has_to_ask() const { return !(host_view() == asked_view_); }
  bool wants_poll() const;
  void enable_idle_events();
  bool has_host_loop() const { return has_host_loop_; }
  std::int64_t counter(int which);

  // ---- The frame of a call, kept by the ABI ----
  void enter_call();  // Clears the last error.
  void leave_call();  // After the outermost one: frees what was closed, does a deferred reset.
  // Events end here and for good: the handle was closed. Returns false while calls are on the stack, then without any
  // socket left.
  bool retire();
  const LastError& last_error() const { return services_.dispatcher.last_error(); }
  int record_error(int code, std::string detail = {}) {
    return services_.dispatcher.record_error(code, std::move(detail));
  }
  // Whether several connections may be served together.
  void enable_groups(bool enabled) { services_.pump.set_together(enabled ? &services_.group : nullptr); }
  void cancel_batch() { services_.dispatcher.cancel_batch(); }

  // For the simulator and sanitizer builds: Connection::check for each, unless there are too many for every call.
  void check() const;

  // ---- For the hooks of properties and settings ----
  Services& services() { return services_; }
  Settings& settings() { return services_.settings; }
  const Settings& settings() const { return services_.settings; }
  Admission& admission() { return admission_; }
  Listening& listening() { return listening_; }
  Drain& drain() { return drain_; }
  TlsSetup& tls() { return tls_; }
  // Keeps the bytes of a value that is read until the next one.
  BytesView hold(std::string text) { return scratch_ = std::move(text); }

 private:
  HostView host_view() const;

  int unknown_connection(int id);
  int unknown_connection(const Row& row, int id);
  bool final_value(int property, int id, ValueView* out) const;
  int unknown_property(int id);
  int set_of_connection(const Row& row, int id, const ValueView& value);

  const Row* find_named(const ConfigString& parts);
  int set_setting(const Row& row, BytesView text);
  int set_setting_of_connection(const Row& row, const ConfigString& parts);
  Connection* find_connection(BytesView id);
  int config_of_connection(const Row& row, BytesView id, std::string* out);
  std::string setting_of_connection(int setting, const Connection& connection) const;
  std::string setting_text(const Row& row);

  void set_defaults();
  void reset_now();
  void drop_everything();
  void release_sockets();

  Services services_;
  Bytes gathered_lines_;  // With their ends; empty but for its memory between calls.
  Listening listening_;
  TlsSetup tls_;
  Admission admission_;
  Drain drain_;
  bool handle_closed_ = false;
  bool reset_wanted_ = false;
  bool has_host_loop_ = false;  // It was said that there is one that pumps.
  HostView asked_view_;
  std::string scratch_;  // Bytes of the last get or config.
};

}  // namespace ipdaemon
