// What one environment (the main thread or one worker) has open: its servers, the stays inside the library with the
// exceptions that handlers threw in each, and the hook that closes everything when it ends.
#pragma once

#include <node_api.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api.h"
#include "ipdaemon.h"
#include "text.h"
#include "waker.h"

namespace ipdaemon::addon {

class Environment;
class Stay;

// One open server, as the library's callbacks get it in their `user` pointer.
class Session final : public WakerOwner {
 public:
  Session(Environment& environment, ipdaemon_t handle) : environment_(environment), handle_(handle) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // Takes the functions of the sink object. False when it lacks one, or Node-API fails.
  bool attach(napi_value sink);

  // Lets Node's loop wait as the library wants it now.
  void sync();

  // Ends the waiting, and with it everything that keeps the process alive.
  void detach() { waker_.reset(); }

  // Delivers what is ready, from Node's loop.
  void on_wake() override;

  Environment& environment() const { return environment_; }
  ipdaemon_t handle() const { return handle_; }
  const Reference& sink() const { return sink_; }
  const Reference& data_in() const { return data_in_; }
  const Reference& data_in_batch() const { return data_in_batch_; }
  const Reference& data_in_group() const { return data_in_group_; }
  const Reference& event() const { return event_; }
  const Reference& alive() const { return alive_; }
  // One crossing into JavaScript may carry as many pieces of input as the sink has room to describe.
  std::int32_t register_batch(ipdaemon_data_batch callback) {
    return ipdaemon_register_data_batch(handle_, callback, this, batch_descriptor_, batch_capacity_);
  }

  // A sink without room for two gets the input of each connection by itself.
  std::int32_t register_group(ipdaemon_data_group callback) {
    if (group_capacity_ < 2) return 0;
    return ipdaemon_register_data_group(handle_, callback, this, group_descriptor_, group_capacity_);
  }
  // What sendGroup sends, and to how many connections at most.
  const std::int32_t* group_sends() const { return group_sends_; }
  std::int32_t group_sends_max() const { return group_sends_length_ / 3; }

  // Where the lines of sendGathered end, and room for how many is there.
  const std::int32_t* line_ends() const { return line_ends_; }
  std::int32_t line_ends_max() const { return line_ends_max_; }

  // Counts calls into JavaScript, so that on_wake sees whether a turn had work.
  void count_delivery() { deliveries_ += 1; }
  void count_deliveries(std::uint64_t more) { deliveries_ += more; }

 private:
  static napi_value call_serve(napi_env env, napi_callback_info info);
  bool take_functions(napi_value sink);
  bool take_numbers(napi_value sink);
  bool make_waker(napi_value sink);
  bool wake(Stay& stay);
  bool serve_in_context(napi_value sink);
  void serve();

  Environment& environment_;
  ipdaemon_t handle_;
  Reference sink_;
  Reference data_in_;
  Reference data_in_batch_;
  Reference data_in_group_;
  Reference event_;
  Reference alive_;
  // Empty where the callback scope is enough.
  Reference in_context_;
  Reference serve_;
  Reference batch_array_;
  std::int32_t* batch_descriptor_ = nullptr;
  std::int32_t batch_capacity_ = 0;
  Reference group_array_;
  std::int32_t* group_descriptor_ = nullptr;
  std::int32_t group_capacity_ = 0;
  Reference group_sends_array_;
  const std::int32_t* group_sends_ = nullptr;
  std::int32_t group_sends_length_ = 0;
  Reference line_ends_array_;
  const std::int32_t* line_ends_ = nullptr;
  std::int32_t line_ends_max_ = 0;
  std::uint64_t deliveries_ = 0;
  napi_async_context async_context_ = nullptr;
  std::unique_ptr<Waker> waker_;
};

class Environment final : public OpenHandles {
 public:
  // The largest number of parameters of an event.
  static constexpr std::size_t parameters_max = IPDAEMON_SHARED_PARAMETERS;

  // Makes the environment's record and registers its end. Null when Node refuses.
  static Environment* create(napi_env env);

  explicit Environment(napi_env env) : env_(env) {}
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  napi_env env() const { return env_; }

  // Whether an asynchronous context may be destroyed. Deno makes a handle for that, which it cannot in its cleanup
  // hook, and opens no scope for it: that would end the process in the place of whatever the hook was called for.
  bool may_destroy() const { return !ending_ || !is_deno_; }

  // Opens a server; 0 when the library or Node refuses.
  ipdaemon_t open(napi_value sink);
  std::int32_t close(ipdaemon_t handle);
  Session* find(ipdaemon_t handle) { return handle == recent_.handle ? recent_.session : search(handle); }

  // What the library is to be given for a number that JavaScript says is a handle. Events of a server go to the
  // environment that opened it, so another copy of this addon in the same thread is refused.
  ipdaemon_t own(ipdaemon_t handle) { return handle == recent_.handle ? handle : own_or_refused(handle); }

  // A stay inside the library begins and ends. When the outermost one has ended, Node's loop is told what has changed,
  // of any server, since handlers may have called all of them. Sessions that were closed meanwhile go then, because
  // the library may have held pointers to them.
  Stay* enter(Stay& stay) { return std::exchange(stay_, &stay); }
  void leave(Stay* outer) {
    stay_ = outer;
    if (outer != nullptr) return;
    if (const ipdaemon_t changed = ipdaemon_next_changed(0); changed != 0) sync_from(changed);
    if (!closed_.empty()) closed_.clear();
  }

  // The innermost stay. There is one whenever the library calls back.
  Stay& stay() { return *stay_; }

  // A function of the sink did not return; `status` is what Node-API said. Keeps what it threw with the stay that
  // called it, so that JavaScript can be called again before the library has returned. False when it could not be
  // called at all.
  bool keep_exception(napi_status status);
  // Keeps an error of our own for an event that could not be delivered.
  void keep_failure();

  // JavaScript makes a call, so it can run.
  void on_call() { is_over_ = false; }

  // No JavaScript can run any more, in a worker that is being terminated for example. What the library wants to
  // deliver then is refused, and nothing waits for more of it: a loop that is woken again and again would not end.
  bool is_over() const { return is_over_; }

  // Throws what handlers threw inside the call that ends now: a list, which goes.
  void throw_exceptions(napi_ref exceptions);

  // The same from Node's loop, where nobody is there to catch: makes them uncaught.
  void report_exceptions(napi_ref exceptions);

  // Memory for a text that does not fit on the stack. It is taken while in use, so a nested call gets memory of its
  // own.
  Text take_scratch() { return std::exchange(scratch_, Text{}); }
  void give_back(Text scratch);

  // Texts that a handler gave back, until its callback has returned.
  std::array<Text, parameters_max>& returned() { return returned_; }

  void on_handle_opened() override { open_handles_ += 1; }
  void on_handle_closed() override;

 private:
  static void on_end(napi_async_cleanup_hook_handle hook, void* environment);
  static void on_end_at_once(void* environment);
  void end();
  void finish();
  void sync_from(ipdaemon_t handle);
  bool add_exception(napi_value exception);
  napi_value take_exceptions(napi_ref exceptions, std::uint32_t* length);
  Session* search(ipdaemon_t handle);
  ipdaemon_t own_or_refused(ipdaemon_t handle);

  napi_env env_;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  std::unordered_map<ipdaemon_t, std::unique_ptr<Session>> sessions_;
  std::vector<std::unique_ptr<Session>> closed_;
  struct {
    ipdaemon_t handle = 0;
    Session* session = nullptr;
  } recent_;
  std::array<Text, parameters_max> returned_;
  Text scratch_;
  Stay* stay_ = nullptr;
  int open_handles_ = 0;
  bool ending_ = false;
  bool is_deno_ = false;
  bool is_over_ = false;
};

// One stay inside the library, from JavaScript or from Node's loop. What handlers throw belongs to the stay whose pump
// has called them, and leaves with it: not with one inside, which a later handler has begun, nor with one around. The
// handles that its callbacks make are dropped now and then, and not after each callback, which would cost an
// allocation each.
class Stay {
 public:
  // `whole` is the stay around it where this is a part of that one, which keeps the exceptions.
  explicit Stay(Environment& environment, Stay* whole = nullptr)
      : environment_(environment), outer_(environment.enter(*this)), whole_(whole) {}
  Stay(const Stay&) = delete;
  Stay& operator=(const Stay&) = delete;
  ~Stay() {
    handles_.reset();
    environment_.leave(outer_);
  }

  // To be called at the start of a callback, when nothing needs the handles of the one before.
  // Without a scope the handles stay for as long as the stay.
  void drop_handles() {
    callbacks_ += 1;
    if (callbacks_ % callbacks_per_scope != 0) return;
    handles_.reset();
    handles_.emplace(environment_.env());
  }

  // The list of what handlers threw, null for none.
  napi_ref& exceptions() { return whole_ != nullptr ? whole_->exceptions_ : exceptions_; }

 private:
  static constexpr std::uint32_t callbacks_per_scope = 64;

  Environment& environment_;
  Stay* outer_;
  Stay* whole_;
  napi_ref exceptions_ = nullptr;
  std::optional<HandleScope> handles_;
  std::uint32_t callbacks_ = 0;
};

// A stay that JavaScript asked for: it throws what handlers threw meanwhile.
class Call {
 public:
  explicit Call(Environment& environment) : environment_(environment), stay_(std::in_place, environment) {
    environment.on_call();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    napi_ref const exceptions = stay_->exceptions();
    stay_.reset();
    if (exceptions != nullptr) environment_.throw_exceptions(exceptions);
  }

 private:
  Environment& environment_;
  std::optional<Stay> stay_;
};

}  // namespace ipdaemon::addon
