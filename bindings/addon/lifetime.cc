// The life of servers within one environment, and the turns that Node's loop gives them.
#include "lifetime.h"

#include <algorithm>
#include <new>

#include "callbacks.h"

namespace ipdaemon::addon {
namespace {

// How often one wake-up asks the library again while there was work. More saves system calls of the
// loop under load; fewer lets timers and other sockets of the program have their turn sooner.
constexpr int rounds_per_wake_max = 4;
constexpr std::uint64_t time_per_wake_ns = 1'000'000;
// After fewer deliveries than this another round would most likely find nothing.
constexpr std::uint64_t busy_round_min = 8;

constexpr std::size_t scratch_size_kept_max = std::size_t{1024} * 1024;

// A status that older headers lack.
constexpr auto cannot_run_js = static_cast<napi_status>(23);

// A member of an object. Null when Node-API fails.
napi_value member(napi_env env, napi_value object, const char* name) {
  napi_value value = nullptr;
  return napi_get_named_property(env, object, name, &value) == napi_ok ? value : nullptr;
}

bool is_function(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  return value != nullptr && napi_typeof(env, value, &type) == napi_ok && type == napi_function;
}

// The numbers of an Int32Array, which `keep` then keeps. Null when it is none, or Node-API fails.
std::int32_t* numbers_of(napi_env env, napi_value array, Reference& keep, std::int32_t* count) {
  bool is_array = false;
  napi_typedarray_type type = napi_int8_array;
  std::size_t length = 0;
  void* data = nullptr;
  if (array == nullptr || napi_is_typedarray(env, array, &is_array) != napi_ok || !is_array) return nullptr;
  if (napi_get_typedarray_info(env, array, &type, &length, &data, nullptr, nullptr) != napi_ok) return nullptr;
  if (type != napi_int32_array || length > INT32_MAX || !keep.keep(env, array)) return nullptr;
  *count = static_cast<std::int32_t>(length);
  return static_cast<std::int32_t*>(data);
}

// False when Node-API fails.
bool find_deno(napi_env env, bool* is_deno) {
  napi_value global = nullptr;
  if (napi_get_global(env, &global) != napi_ok) return false;
  napi_value process = member(env, global, "process");
  napi_value versions = process != nullptr ? member(env, process, "versions") : nullptr;
  return versions != nullptr && napi_has_named_property(env, versions, "deno", is_deno) == napi_ok;
}

}  // namespace

Session::~Session() {
  // What it fails to free goes with the environment.
  if (async_context_ != nullptr && environment_.may_destroy())
    static_cast<void>(napi_async_destroy(environment_.env(), async_context_));
}

bool Session::attach(napi_value sink) {
  napi_env env = environment_.env();
  napi_value name = nullptr;
  if (!take_functions(sink) || !sink_.keep(env, sink)) return false;
  if (napi_create_string_utf8(env, "ipdaemon", NAPI_AUTO_LENGTH, &name) != napi_ok) return false;
  if (napi_async_init(env, sink, name, &async_context_) != napi_ok) return false;
  return make_waker(sink);
}

bool Session::take_functions(napi_value sink) {
  napi_env env = environment_.env();
  const auto take = [&](const char* name, Reference& function) {
    napi_value value = member(env, sink, name);
    return is_function(env, value) && function.keep(env, value);
  };
  if (!take("dataIn", data_in_) || !take("dataInBatch", data_in_batch_) || !take("dataInGroup", data_in_group_) ||
      !take("event", event_) || !take("alive", alive_) || !take_numbers(sink)) {
    return false;
  }
  napi_value in_context = member(env, sink, "inContext");
  if (in_context == nullptr) return false;
  if (!is_function(env, in_context)) return true;
  napi_value serve = nullptr;
  return in_context_.keep(env, in_context) &&
         napi_create_function(env, "serve", NAPI_AUTO_LENGTH, call_serve, this, &serve) == napi_ok &&
         serve_.keep(env, serve);
}

bool Session::take_numbers(napi_value sink) {
  napi_env env = environment_.env();
  std::int32_t length = 0;
  batch_descriptor_ = numbers_of(env, member(env, sink, "batchDescriptor"), batch_array_, &length);
  std::int32_t group_length = 0;
  group_descriptor_ = numbers_of(env, member(env, sink, "groupDescriptor"), group_array_, &group_length);
  group_sends_ = numbers_of(env, member(env, sink, "groupSends"), group_sends_array_, &group_sends_length_);
  group_capacity_ = (group_length - 2) / 5;
  if (group_descriptor_ == nullptr || group_sends_ == nullptr) return false;
  line_ends_ = numbers_of(env, member(env, sink, "lineEnds"), line_ends_array_, &line_ends_max_);
  // Two numbers for all pieces and three for each, see ipdaemon_register_data_batch.
  batch_capacity_ = (length - 2) / 3;
  return batch_descriptor_ != nullptr && line_ends_ != nullptr && batch_capacity_ > 0;
}

bool Session::make_waker(napi_value sink) {
  napi_env env = environment_.env();
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return false;
  const WakerPlace place = {loop, *this, environment_};
  const std::int64_t wait_handle = ipdaemon_wait_handle(handle_);
  bool by_thread = true;
  if (wait_handle >= 0) {
    napi_value wanted = member(env, sink, "byThread");
    if (wanted == nullptr || napi_get_value_bool(env, wanted, &by_thread) != napi_ok) return false;
  }
  waker_ = by_thread ? create_thread_waker(place, handle_) : create_poll_waker(place, wait_handle);
  return waker_ != nullptr;
}

void Session::sync() {
  const bool wanted = ipdaemon_wants_poll(handle_) != 0 && !environment_.is_over();
  const std::int32_t next_ms = ipdaemon_next_deadline(handle_);
  if (waker_ != nullptr) waker_->update(wanted, next_ms);
}

void Session::on_wake() {
  Environment& environment = environment_;
  const HandleScope handles(environment.env());
  // Outlives everything below: ticks and promise reactions may close this very server.
  Stay stay(environment);
  const bool is_served = handles.is_open() && wake(stay);
  // What was not served has not changed, but what has woken it may have been for once.
  if (!is_served || environment.is_over()) sync();
}

bool Session::wake(Stay& stay) {
  napi_env env = environment_.env();
  napi_callback_scope scope = nullptr;
  napi_value resource = sink_.value();
  if (resource == nullptr) return false;
  // Node refuses when the environment is about to end; then its cleanup hook closes the server.
  if (napi_open_callback_scope(env, resource, async_context_, &scope) != napi_ok) return false;
  const bool is_served = serve_in_context(resource);
  if (napi_ref const exceptions = std::exchange(stay.exceptions(), nullptr); exceptions != nullptr) {
    environment_.report_exceptions(exceptions);
  }
  // What ticks and promise reactions throw is Node's to report.
  static_cast<void>(napi_close_callback_scope(env, scope));
  return is_served;
}

// False where a call of Node-API kept it from being served.
bool Session::serve_in_context(napi_value sink) {
  if (in_context_.is_empty()) {
    serve();
    return true;
  }
  napi_env env = environment_.env();
  napi_value in_context = in_context_.value();
  napi_value body = serve_.value();
  const napi_status status = in_context != nullptr && body != nullptr
                                 ? napi_call_function(env, sink, in_context, 1, &body, nullptr)
                                 : napi_generic_failure;
  if (status != napi_ok && !environment_.keep_exception(status)) environment_.keep_failure();
  return status == napi_ok;
}

napi_value Session::call_serve(napi_env env, napi_callback_info info) {
  void* session = nullptr;
  if (napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &session) != napi_ok) return throw_failure(env);
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
  bool is_deno = false;
  if (!find_deno(env, &is_deno)) return nullptr;
  std::unique_ptr<Environment> environment(new (std::nothrow) Environment(env));
  if (environment == nullptr) return nullptr;
  // Deno frees an asynchronous hook that is removed while it runs a second time. A plain one waits for nothing.
  const napi_status status = is_deno ? napi_add_env_cleanup_hook(env, on_end_at_once, environment.get())
                                     : napi_add_async_cleanup_hook(env, on_end, environment.get(), &environment->hook_);
  environment->is_deno_ = is_deno;
  if (status != napi_ok) return nullptr;
  // From here on the cleanup hook owns it, see finish.
  return environment.release();
}

ipdaemon_t Environment::open(napi_value sink) {
  if (ending_) return 0;
  const ipdaemon_t handle = ipdaemon_open();
  if (handle == 0) return 0;
  try {
    auto session = std::make_unique<Session>(*this, handle);
    if (session->attach(sink)) {
      // Closing it must not need memory.
      closed_.reserve(sessions_.size() + closed_.size() + 1);
      ipdaemon_enable_idle_events(handle);
      ipdaemon_set_wait_hook(handle, on_wait, session.get());
      sessions_.emplace(handle, std::move(session));
      return handle;
    }
  } catch (const std::bad_alloc&) {
    // What the library or Node refuses.
  }
  ipdaemon_close(handle);
  return 0;
}

std::int32_t Environment::close(ipdaemon_t handle) {
  const auto found = sessions_.find(handle);
  // Closed, invented, or of another thread: the library knows which.
  if (found == sessions_.end()) return ipdaemon_close(handle);
  recent_ = {};
  // The loop must stop watching the descriptor before the library closes it.
  found->second->detach();
  const std::int32_t code = ipdaemon_close(handle);
  closed_.push_back(std::move(found->second));
  sessions_.erase(found);
  return code;
}

Session* Environment::search(ipdaemon_t handle) {
  const auto found = sessions_.find(handle);
  if (found == sessions_.end()) return nullptr;
  recent_ = {handle, found->second.get()};
  return recent_.session;
}

ipdaemon_t Environment::own_or_refused(ipdaemon_t handle) {
  if (handle <= 0) return 0;
  if (search(handle) != nullptr) return handle;
  const std::int32_t code = ipdaemon_get_last_error_code(handle);
  const bool is_known = code == IPDAEMON_ERROR_INVALID_HANDLE || code == IPDAEMON_ERROR_WRONG_THREAD;
  return is_known ? handle : IPDAEMON_OTHER_COPY;
}

void Environment::sync_from(ipdaemon_t handle) {
  while (handle != 0) {
    // Asking takes it out of the list. One of another copy of the package stays there.
    const ipdaemon_t next = ipdaemon_next_changed(handle);
    if (Session* session = find(handle); session != nullptr) session->sync();
    handle = next;
  }
}

bool Environment::keep_exception(napi_status status) {
  bool pending = false;
  if (napi_is_exception_pending(env_, &pending) != napi_ok || pending) {
    // Twice, as one that stays would be taken for what the next handler throws.
    napi_value exception = nullptr;
    if (napi_get_and_clear_last_exception(env_, &exception) != napi_ok &&
        napi_get_and_clear_last_exception(env_, &exception) != napi_ok) {
      return true;
    }
    static_cast<void>(add_exception(exception));
    return true;
  }
  // Refused although nothing is pending: so it is from a worker's termination on.
  is_over_ = status == napi_pending_exception || status == cannot_run_js;
  return is_over_;
}

void Environment::keep_failure() {
  napi_value text = nullptr;
  napi_value error = nullptr;
  if (napi_create_string_utf8(env_, "ipdaemon: an event could not be delivered: a Node-API call failed",
                              NAPI_AUTO_LENGTH, &text) == napi_ok &&
      napi_create_error(env_, nullptr, text, &error) == napi_ok) {
    static_cast<void>(add_exception(error));
  }
}

bool Environment::add_exception(napi_value exception) {
  // A list, because a reference cannot hold a thrown number or string.
  napi_value list = nullptr;
  std::uint32_t length = 0;
  napi_ref& exceptions = stay().exceptions();
  if (exceptions == nullptr) {
    if (napi_create_array(env_, &list) != napi_ok) return false;
    if (napi_create_reference(env_, list, 1, &exceptions) != napi_ok) return false;
  } else {
    if (napi_get_reference_value(env_, exceptions, &list) != napi_ok) return false;
    if (napi_get_array_length(env_, list, &length) != napi_ok) return false;
  }
  return napi_set_element(env_, list, length, exception) == napi_ok;
}

// Null when Node-API fails.
napi_value Environment::take_exceptions(napi_ref exceptions, std::uint32_t* length) {
  napi_value list = nullptr;
  const bool is_there = napi_get_reference_value(env_, exceptions, &list) == napi_ok && list != nullptr;
  // What it fails to free goes with the environment.
  static_cast<void>(napi_delete_reference(env_, exceptions));
  return is_there && napi_get_array_length(env_, list, length) == napi_ok ? list : nullptr;
}

void Environment::throw_exceptions(napi_ref exceptions) {
  napi_value exception = nullptr;
  std::uint32_t length = 0;
  napi_value list = take_exceptions(exceptions, &length);
  bool done = list != nullptr && napi_get_element(env_, list, 0, &exception) == napi_ok;
  if (done && length > 1) {
    // Handlers of several connections threw inside one call, a shutdown for example. None of the
    // exceptions may get lost.
    std::array<napi_value, 2> arguments = {list, nullptr};
    napi_value global = nullptr;
    napi_value type = nullptr;
    done =
        napi_create_string_utf8(env_, "Several ipdaemon handlers threw.", NAPI_AUTO_LENGTH, &arguments[1]) == napi_ok &&
        napi_get_global(env_, &global) == napi_ok &&
        napi_get_named_property(env_, global, "AggregateError", &type) == napi_ok &&
        napi_new_instance(env_, type, arguments.size(), arguments.data(), &exception) == napi_ok;
  }
  if (!done || napi_throw(env_, exception) != napi_ok) throw_failure(env_);
}

void Environment::report_exceptions(napi_ref exceptions) {
  std::uint32_t length = 0;
  napi_value list = take_exceptions(exceptions, &length);
  if (list == nullptr) return;
  for (std::uint32_t i = 0; i < length; ++i) {
    napi_value exception = nullptr;
    if (napi_get_element(env_, list, i, &exception) != napi_ok) continue;
    // It fails where no JavaScript can run any more, and then nobody is left to be told.
    static_cast<void>(napi_fatal_exception(env_, exception));
  }
}

void Environment::give_back(Text scratch) {
  if (scratch.capacity() <= scratch_size_kept_max && scratch.capacity() > scratch_.capacity()) {
    scratch_ = std::move(scratch);
  }
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
  // Where it fails, there is nothing left to wait for either.
  if (hook_ != nullptr) static_cast<void>(napi_remove_async_cleanup_hook(hook_));
}

}  // namespace ipdaemon::addon
