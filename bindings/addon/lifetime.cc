// The life of servers within one environment, and the turns that Node's loop gives them.
#include "lifetime.h"

#include <algorithm>

#include "callbacks.h"

namespace ipdaemon::addon {
namespace {

// How often one wake-up asks the library again while there was work. More saves system calls of the
// loop under load; fewer lets timers and other sockets of the program have their turn sooner.
constexpr int rounds_per_wake_max = 4;
constexpr std::uint64_t time_per_wake_ns = 1'000'000;
// After fewer deliveries than this another round would most likely find nothing.
constexpr std::uint64_t busy_round_min = 8;

constexpr std::size_t scratch_size_min = std::size_t{64} * 1024;
constexpr std::size_t scratch_size_kept_max = std::size_t{1024} * 1024;

bool is_deno(Napi::Env env) {
  return env.Global().Get("process").As<Napi::Object>().Get("versions").As<Napi::Object>().Has("deno");
}

}  // namespace

Session::~Session() {
  if (async_context_ != nullptr) napi_async_destroy(environment_.env(), async_context_);
}

bool Session::attach(Napi::Object sink) {
  const Napi::Value data_in = sink.Get("dataIn");
  const Napi::Value data_in_batch = sink.Get("dataInBatch");
  const Napi::Value event = sink.Get("event");
  const Napi::Value alive = sink.Get("alive");
  const Napi::Value words = sink.Get("words");
  if (!data_in.IsFunction() || !data_in_batch.IsFunction() || !event.IsFunction() || !alive.IsFunction()) return false;
  if (!words.IsTypedArray() || words.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) return false;
  if (words.As<Napi::Int32Array>().ElementLength() < data_batch_words) return false;

  sink_ = Napi::Persistent(sink);
  data_in_ = Napi::Persistent(data_in.As<Napi::Function>());
  data_in_batch_ = Napi::Persistent(data_in_batch.As<Napi::Function>());
  event_ = Napi::Persistent(event.As<Napi::Function>());
  alive_ = Napi::Persistent(alive.As<Napi::Function>());
  words_array_ = Napi::Persistent(words.As<Napi::Object>());
  if (const Napi::Value in_context = sink.Get("inContext"); in_context.IsFunction()) {
    in_context_ = Napi::Persistent(in_context.As<Napi::Function>());
    napi_value serve = nullptr;
    if (napi_create_function(environment_.env(), "serve", NAPI_AUTO_LENGTH, call_serve, this, &serve) != napi_ok) {
      return false;
    }
    serve_ = Napi::Persistent(Napi::Function(environment_.env(), serve));
  }
  words_ = words.As<Napi::Int32Array>().Data();

  napi_env env = environment_.env();
  if (napi_async_init(env, sink, Napi::String::New(env, "ipdaemon"), &async_context_) != napi_ok) return false;
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return true;
  const WakerPlace place = {loop, *this, environment_};
  const std::int64_t wait_handle = ipdaemon_wait_handle(handle_);
  const bool by_thread = wait_handle < 0 || sink.Get("byThread").ToBoolean();
  waker_ = by_thread ? create_thread_waker(place, handle_) : create_poll_waker(place, wait_handle);
  return waker_ != nullptr;
}

void Session::sync() {
  const bool wanted = ipdaemon_wants_poll(handle_) != 0;
  const std::int32_t next_ms = ipdaemon_next_deadline(handle_);
  if (waker_ != nullptr) waker_->update(wanted, next_ms);
}

void Session::on_wake() {
  napi_env env = environment_.env();
  Environment& environment = environment_;
  const Napi::HandleScope handles(env);
  napi_value resource = nullptr;
  napi_callback_scope scope = nullptr;
  napi_get_reference_value(env, sink_, &resource);
  // Node refuses when the environment is about to end; then its cleanup hook closes the server.
  if (napi_open_callback_scope(env, resource, async_context_, &scope) != napi_ok) return;
  // Outlives everything below: ticks and promise reactions may close this very server.
  Stay stay(environment);
  serve_in_context(resource);
  if (napi_ref const exceptions = std::exchange(stay.exceptions(), nullptr); exceptions != nullptr) {
    environment.report_exceptions(exceptions);
  }
  napi_close_callback_scope(env, scope);
}

void Session::serve_in_context(napi_value sink) {
  if (in_context_.IsEmpty()) {
    serve();
    return;
  }
  napi_env env = environment_.env();
  napi_value in_context = nullptr;
  napi_value body = nullptr;
  napi_get_reference_value(env, in_context_, &in_context);
  napi_get_reference_value(env, serve_, &body);
  if (napi_call_function(env, sink, in_context, 1, &body, nullptr) != napi_ok) environment_.keep_exception();
}

napi_value Session::call_serve(napi_env env, napi_callback_info info) {
  void* session = nullptr;
  napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &session);
  static_cast<Session*>(session)->serve();
  return nullptr;
}

void Session::serve() {
  // Its handles may belong to a function of their own, see serve_in_context.
  const Stay stay(environment_, &environment_.stay());
  const std::uint64_t end_ns = uv_hrtime() + time_per_wake_ns;
  for (int round = 0; round < rounds_per_wake_max; ++round) {
    const std::uint64_t deliveries_before = deliveries_;
    const std::int32_t code = ipdaemon_poll(handle_, 0);
    if (code != 0 || deliveries_ - deliveries_before < busy_round_min || uv_hrtime() > end_ns) break;
  }
}

Environment* Environment::create(napi_env env) {
  auto environment = std::make_unique<Environment>(env);
  // Deno frees an asynchronous hook that is removed while it runs a second time. A plain one waits for nothing.
  const napi_status status = is_deno(env)
                                 ? napi_add_env_cleanup_hook(env, on_end_at_once, environment.get())
                                 : napi_add_async_cleanup_hook(env, on_end, environment.get(), &environment->hook_);
  if (status != napi_ok) return nullptr;
  // From here on the cleanup hook owns it, see finish.
  return environment.release();
}

ipdaemon_t Environment::open(Napi::Object sink) {
  if (ending_) return 0;
  const ipdaemon_t handle = ipdaemon_open();
  if (handle == 0) return 0;
  auto session = std::make_unique<Session>(*this, handle);
  if (!session->attach(sink)) {
    session.reset();
    ipdaemon_close(handle);
    return 0;
  }
  ipdaemon_enable_idle_events(handle);
  ipdaemon_set_wait_hook(handle, on_wait, session.get());
  sessions_.emplace(handle, std::move(session));
  return handle;
}

std::int32_t Environment::close(ipdaemon_t handle) {
  const auto found = sessions_.find(handle);
  // Closed, invented, or of another thread: the library knows which.
  if (found == sessions_.end()) return ipdaemon_close(handle);
  // The loop must stop watching the descriptor before the library closes it.
  found->second->detach();
  const std::int32_t code = ipdaemon_close(handle);
  closed_.push_back(std::move(found->second));
  sessions_.erase(found);
  return code;
}

Session* Environment::find(ipdaemon_t handle) const {
  const auto found = sessions_.find(handle);
  return found == sessions_.end() ? nullptr : found->second.get();
}

void Environment::sync_from(ipdaemon_t handle) {
  while (handle != 0) {
    // Asking takes it out of the list. One of another copy of the package stays there.
    const ipdaemon_t next = ipdaemon_next_changed(handle);
    if (Session* session = find(handle); session != nullptr) session->sync();
    handle = next;
  }
}

// Raw Node-API from here to report_exceptions: the C++ wrapper ends the process when a call fails, and
// in a worker that is being terminated any of these may.
std::int32_t Environment::keep_exception() {
  bool pending = false;
  napi_value exception = nullptr;
  // Nothing is pending when a worker is being terminated: then there is nothing to pass on, and no
  // further JavaScript can run.
  if (napi_is_exception_pending(env_, &pending) != napi_ok || !pending) return 1;
  if (napi_get_and_clear_last_exception(env_, &exception) != napi_ok) return 1;
  // A list, because a reference cannot hold a thrown number or string.
  napi_value list = nullptr;
  std::uint32_t length = 0;
  napi_ref& exceptions = stay().exceptions();
  if (exceptions == nullptr) {
    if (napi_create_array(env_, &list) != napi_ok) return 1;
    if (napi_create_reference(env_, list, 1, &exceptions) != napi_ok) return 1;
  } else {
    if (napi_get_reference_value(env_, exceptions, &list) != napi_ok) return 1;
    if (napi_get_array_length(env_, list, &length) != napi_ok) return 1;
  }
  napi_set_element(env_, list, length, exception);
  return 1;
}

std::uint32_t Environment::take_exceptions(napi_ref exceptions, napi_value* list) {
  std::uint32_t length = 0;
  napi_get_reference_value(env_, exceptions, list);
  napi_delete_reference(env_, exceptions);
  napi_get_array_length(env_, *list, &length);
  return length;
}

void Environment::throw_exceptions(napi_ref exceptions) {
  napi_value list = nullptr;
  napi_value exception = nullptr;
  const std::uint32_t length = take_exceptions(exceptions, &list);
  if (napi_get_element(env_, list, 0, &exception) != napi_ok) return;
  if (length > 1) {
    // Handlers of several connections threw inside one call, a shutdown for example. None of the
    // exceptions may get lost.
    std::array<napi_value, 2> arguments = {list, nullptr};
    napi_value global = nullptr;
    napi_value type = nullptr;
    if (napi_create_string_utf8(env_, "Several ipdaemon handlers threw.", NAPI_AUTO_LENGTH, &arguments[1]) != napi_ok ||
        napi_get_global(env_, &global) != napi_ok ||
        napi_get_named_property(env_, global, "AggregateError", &type) != napi_ok ||
        napi_new_instance(env_, type, arguments.size(), arguments.data(), &exception) != napi_ok) {
      return;
    }
  }
  napi_throw(env_, exception);
}

void Environment::report_exceptions(napi_ref exceptions) {
  napi_value list = nullptr;
  const std::uint32_t length = take_exceptions(exceptions, &list);
  for (std::uint32_t i = 0; i < length; ++i) {
    napi_value exception = nullptr;
    if (napi_get_element(env_, list, i, &exception) == napi_ok) napi_fatal_exception(env_, exception);
  }
}

Scratch Environment::take_scratch(std::size_t size) {
  Scratch scratch = std::exchange(scratch_, Scratch{});
  if (scratch.size < size) {
    scratch.size = std::max(size, scratch_size_min);
    scratch.bytes = std::make_unique_for_overwrite<std::uint8_t[]>(scratch.size);
  }
  return scratch;
}

void Environment::give_back(Scratch scratch) {
  if (scratch.size <= scratch_size_kept_max && scratch.size > scratch_.size) scratch_ = std::move(scratch);
}

void Environment::on_handle_closed() {
  open_handles_ -= 1;
  if (ending_ && open_handles_ == 0) finish();
}

void Environment::on_end(napi_async_cleanup_hook_handle, void* environment) {
  static_cast<Environment*>(environment)->end();
}

void Environment::on_end_at_once(void* environment) {
  static_cast<Environment*>(environment)->end();
}

void Environment::end() {
  ending_ = true;
  for (auto& [handle, session] : sessions_) {
    session->detach();
    ipdaemon_close(handle);
  }
  sessions_.clear();
  closed_.clear();
  if (open_handles_ == 0) finish();
}

void Environment::finish() {
  const std::unique_ptr<Environment> self(this);
  if (hook_ != nullptr) napi_remove_async_cleanup_hook(hook_);
}

}  // namespace ipdaemon::addon
