// What one environment (the main thread or one worker) has open: its servers, the exceptions that
// handlers threw inside the present call, and the hook that closes everything when it ends.
#pragma once

#include <napi.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ipdaemon.h"
#include "waker.h"

namespace ipdaemon::addon {

class Environment;

// How many pieces of input one crossing into JavaScript may carry. lib/events.ts makes the words.
inline constexpr std::int32_t data_batch_max = 256;
inline constexpr std::size_t data_batch_words = 2 + 3 * static_cast<std::size_t>(data_batch_max);

// One open server, as the library's callbacks get it in their `user` pointer.
class Session final : public WakerOwner {
 public:
  Session(Environment& environment, ipdaemon_t handle) : environment_(environment), handle_(handle) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // Takes the functions of the sink object. False when it lacks one.
  bool attach(Napi::Object sink);

  // Starts and stops waiting in Node's loop as the library wants it now.
  void sync();

  // Ends the waiting, and with it everything that keeps the process alive.
  void detach() { waker_.reset(); }

  // Delivers what is ready, from Node's loop.
  void on_wake() override;

  Environment& environment() const { return environment_; }
  ipdaemon_t handle() const { return handle_; }
  napi_ref sink() const { return sink_; }
  napi_ref data_in() const { return data_in_; }
  napi_ref data_in_batch() const { return data_in_batch_; }
  napi_ref event() const { return event_; }
  napi_ref alive() const { return alive_; }
  std::int32_t* words() const { return words_; }

  // Counts calls into JavaScript, so that on_wake sees whether a turn had work.
  void count_delivery() { deliveries_ += 1; }

 private:
  Environment& environment_;
  ipdaemon_t handle_;
  Napi::ObjectReference sink_;
  Napi::FunctionReference data_in_;
  Napi::FunctionReference data_in_batch_;
  Napi::FunctionReference event_;
  Napi::FunctionReference alive_;
  Napi::ObjectReference words_array_;
  std::int32_t* words_ = nullptr;
  std::uint64_t deliveries_ = 0;
  napi_async_context async_context_ = nullptr;
  std::unique_ptr<Waker> waker_;
};

// Memory for texts that do not fit on the stack. It is taken while in use, so a nested call gets
// memory of its own.
struct Scratch {
  std::unique_ptr<std::uint8_t[]> bytes;
  std::size_t size = 0;
};

class Environment final : public OpenHandles {
 public:
  // Makes the environment's record and registers its end. Null when Node refuses.
  static Environment* create(napi_env env);

  explicit Environment(napi_env env) : env_(env) {}
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  napi_env env() const { return env_; }

  // Opens a server; 0 when the library or Node refuses.
  ipdaemon_t open(Napi::Object sink);
  std::int32_t close(ipdaemon_t handle);
  Session* find(ipdaemon_t handle) const;
  void sync(ipdaemon_t handle);

  // A call into the library begins and ends. Sessions that were closed meanwhile go when the
  // outermost call has ended, because the library may still hold pointers to them.
  void enter() { depth_ += 1; }
  void leave() {
    depth_ -= 1;
    if (depth_ == 0 && !closed_.empty()) closed_.clear();
  }

  // A function of the sink did not return. Keeps what it threw, so that JavaScript can be called
  // again before the library has returned, and gives what the library's callback must return.
  std::int32_t keep_exception();
  bool has_exceptions() const { return !exceptions_.IsEmpty(); }

  // Throws what handlers threw inside the call that ends now.
  void throw_exceptions();

  // The same from Node's loop, where nobody is there to catch: makes them uncaught.
  void report_exceptions();

  Scratch take_scratch(std::size_t size);
  void give_back(Scratch scratch);

  // Texts that a handler gave back, until its callback has returned.
  std::vector<std::string>& returned() { return returned_; }

  void on_handle_opened() override { open_handles_ += 1; }
  void on_handle_closed() override;

 private:
  static void on_end(napi_async_cleanup_hook_handle hook, void* environment);
  void end();
  void finish();
  Napi::Array take_exceptions();

  napi_env env_;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  std::unordered_map<ipdaemon_t, std::unique_ptr<Session>> sessions_;
  std::vector<std::unique_ptr<Session>> closed_;
  Napi::ObjectReference exceptions_;
  std::vector<std::string> returned_;
  Scratch scratch_;
  int depth_ = 0;
  int open_handles_ = 0;
  bool ending_ = false;
};

// One call from JavaScript into the library.
class Call {
 public:
  explicit Call(Environment& environment) : environment_(environment) { environment_.enter(); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    environment_.leave();
    if (environment_.has_exceptions()) environment_.throw_exceptions();
  }

 private:
  Environment& environment_;
};

}  // namespace ipdaemon::addon
