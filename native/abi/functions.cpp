// The C ABI: find the instance, call the server, translate. Nothing that throws gets out of here.

#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "abi/handles.hpp"
#include "abi/values.hpp"
#include "ipdaemon.h"
#include "tls/stores/self_signed.hpp"

namespace ipdaemon {
namespace {

// Frames one call on an instance: the last error is that of this call, and whatever the call has
// closed is freed when the outermost one ends.
class Call {
 public:
  explicit Call(Instance& instance) : instance_(instance) {
    ++instance_.calls;
    instance_.server->enter_call();
  }
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  Instance& instance_;
};

Call::~Call() {
#ifdef IPDAEMON_CHECKS
  instance_.server->check();
#endif
  instance_.server->leave_call();
  if (--instance_.calls > 0) return;
  if (!instance_.self && instance_.server->host_has_to_ask()) instance_.note_change();
  // Closed while its calls were on the stack; null otherwise.
  const std::unique_ptr<Instance> ended = std::move(instance_.self);
}

// Runs `body(server)` as a call on the handle; its result is the code of the call.
template <typename Body>
std::int32_t with_server(ipdaemon_t handle, Body body) {
  int error = 0;
  Instance* instance = find_handle(handle, &error);
  if (instance == nullptr) return error;
  const Call call(*instance);
  Server& server = *instance->server;
  int code = 0;
  try {
    code = body(server);
  } catch (const std::bad_alloc&) {
    code = IPDAEMON_ERROR_OUT_OF_MEMORY;
  } catch (...) {
    code = IPDAEMON_ERROR_BAD_STATE;
  }
  if (code != server.last_error().code) server.record_error(code);
  return code;
}

// For questions that leave the last error alone.
Server* peek(ipdaemon_t handle) {
  int error = 0;
  Instance* instance = find_handle(handle, &error);
  return instance != nullptr ? instance->server.get() : nullptr;
}

}  // namespace
}  // namespace ipdaemon

using namespace ipdaemon;

extern "C" {

ipdaemon_t ipdaemon_open(void) {
  int error = 0;
  try {
    return open_handle(&error);
  } catch (...) {
    return 0;
  }
}

int32_t ipdaemon_close(ipdaemon_t handle) {
  int error = 0;
  Instance* found = find_handle(handle, &error);
  if (found == nullptr) return error;
  std::unique_ptr<Instance> instance = close_handle(handle);
  // Inside a callback the instance goes when the outermost call has returned.
  if (!instance->server->retire()) found->self = std::move(instance);
  return 0;
}

int32_t ipdaemon_set(ipdaemon_t handle, int32_t property, int32_t index, const ipdaemon_value* value) {
  return with_server(handle, [&](Server& server) {
    ValueView view;
    if (value == nullptr || !from_abi(*value, &view)) {
      return server.record_error(IPDAEMON_ERROR_INVALID_VALUE, "the value has an undefined type");
    }
    return server.set(property, index, view);
  });
}

int32_t ipdaemon_get(ipdaemon_t handle, int32_t property, int32_t index, ipdaemon_value* out) {
  if (out != nullptr) *out = ipdaemon_value{};
  return with_server(handle, [&](Server& server) {
    ValueView view;
    const int code = server.get(property, index, &view);
    if (out != nullptr && view.type != Type::NONE) *out = to_abi(view);
    return code;
  });
}

int32_t ipdaemon_register_callback(ipdaemon_t handle, int32_t event, ipdaemon_callback callback, void* user) {
  int error = 0;
  Instance* instance = find_handle(handle, &error);
  return with_server(handle, [&](Server& server) {
    if (event < 1 || event > Callbacks::event_max) {
      return server.record_error(IPDAEMON_ERROR_UNKNOWN_NAME, "event id " + std::to_string(event) + " does not exist");
    }
    server.cancel_batch();
    instance->callbacks.set(event, callback, user);
    return 0;
  });
}

const char* ipdaemon_get_last_error(ipdaemon_t handle) {
  int error = 0;
  Instance* instance = find_handle(handle, &error);
  if (instance == nullptr) return error_sentence(error);
  const LastError& last = instance->server->last_error();
  if (last.code == 0) return "";
  try {
    instance->error_text = error_text(last.code, last.detail);
    return instance->error_text.c_str();
  } catch (...) {
    return error_sentence(last.code);
  }
}

int32_t ipdaemon_get_last_error_code(ipdaemon_t handle) {
  int error = 0;
  Instance* instance = find_handle(handle, &error);
  return instance != nullptr ? instance->server->last_error().code : error;
}

int32_t ipdaemon_do_config(ipdaemon_t handle, const uint8_t* text, uint64_t length, ipdaemon_value* out) {
  if (out != nullptr) *out = ipdaemon_value{};
  return with_server(handle, [&](Server& server) {
    BytesView value;
    const int code = server.config(as_view(text, length), &value);
    if (out != nullptr && code == 0) *out = to_abi(ValueView::text(value));
    return code;
  });
}

int32_t ipdaemon_do_disconnect(ipdaemon_t handle, int32_t connection_id) {
  return with_server(handle, [&](Server& server) { return server.disconnect(connection_id); });
}

int32_t ipdaemon_do_doevents(ipdaemon_t handle) {
  return with_server(handle, [](Server& server) { return server.do_events(); });
}

int32_t ipdaemon_do_interrupt(ipdaemon_t handle, int32_t connection_id) {
  return with_server(handle, [&](Server& server) { return server.interrupt(connection_id); });
}

int32_t ipdaemon_do_reset(ipdaemon_t handle) {
  return with_server(handle, [](Server& server) { return server.reset(); });
}

int32_t ipdaemon_do_send(ipdaemon_t handle, int32_t connection_id, const uint8_t* bytes, uint64_t length) {
  return with_server(handle, [&](Server& server) { return server.send(connection_id, as_view(bytes, length), {}); });
}

int32_t ipdaemon_do_sendfile(ipdaemon_t handle, int32_t connection_id, const uint8_t* path, uint64_t length) {
  return with_server(handle, [&](Server& server) { return server.send_file(connection_id, as_view(path, length)); });
}

int32_t ipdaemon_do_sendline(ipdaemon_t handle, int32_t connection_id, const uint8_t* bytes, uint64_t length) {
  return with_server(handle,
                     [&](Server& server) { return server.send(connection_id, as_view(bytes, length), "\r\n"); });
}

int32_t ipdaemon_do_shutdown(ipdaemon_t handle) {
  return with_server(handle, [](Server& server) { return server.shutdown(); });
}

int32_t ipdaemon_do_startssl(ipdaemon_t handle, int32_t connection_id) {
  return with_server(handle, [&](Server& server) { return server.start_ssl(connection_id); });
}

int64_t ipdaemon_wait_handle(ipdaemon_t handle) {
  Server* server = peek(handle);
  return server != nullptr ? server->wait_descriptor() : -1;
}

ipdaemon_waiter* ipdaemon_open_waiter(ipdaemon_t handle) {
  std::unique_ptr<Waiter> waiter;
  with_server(handle, [&](Server& server) {
    int error = 0;
    waiter = server.make_waiter(&error);
    return error == 0 ? 0 : server.record_error(error, "another thread cannot wait for this server");
  });
  return reinterpret_cast<ipdaemon_waiter*>(waiter.release());
}

int32_t ipdaemon_prepare_waiter(ipdaemon_t handle) {
  int error = 0;
  Instance* instance = find_handle(handle, &error);
  if (instance == nullptr) return error;
  instance->server->prepare_waiter();
  return 0;
}

int32_t ipdaemon_waiter_wait(ipdaemon_waiter* waiter, int32_t timeout_ms) {
  return reinterpret_cast<Waiter*>(waiter)->wait(timeout_ms) ? 1 : 0;
}

void ipdaemon_waiter_wake(ipdaemon_waiter* waiter) {
  reinterpret_cast<Waiter*>(waiter)->wake();
}

void ipdaemon_close_waiter(ipdaemon_waiter* waiter) {
  std::unique_ptr<Waiter>(reinterpret_cast<Waiter*>(waiter)).reset();
}

int32_t ipdaemon_next_deadline(ipdaemon_t handle) {
  int error = 0;
  Instance* instance = find_handle(handle, &error);
  if (instance == nullptr) return -1;
  instance->forget_change();
  return instance->server->next_deadline();
}

ipdaemon_t ipdaemon_next_changed(ipdaemon_t after) {
  const Instance* next = changed_instances;
  if (after != 0) {
    int error = 0;
    const Instance* before = find_handle(after, &error);
    next = before != nullptr ? before->changed_next : nullptr;
  }
  return next != nullptr ? next->callbacks.handle() : 0;
}

int32_t ipdaemon_poll(ipdaemon_t handle, int32_t timeout_ms) {
  return with_server(handle, [&](Server& server) { return server.poll(timeout_ms); });
}

int32_t ipdaemon_enable_idle_events(ipdaemon_t handle) {
  return with_server(handle, [](Server& server) {
    server.enable_idle_events();
    return 0;
  });
}

int32_t ipdaemon_wants_poll(ipdaemon_t handle) {
  const Server* server = peek(handle);
  return server != nullptr && server->wants_poll() ? 1 : 0;
}

int32_t ipdaemon_set_wait_hook(ipdaemon_t handle, ipdaemon_wait_hook hook, void* user) {
  int error = 0;
  Instance* instance = find_handle(handle, &error);
  if (instance == nullptr) return error;
  instance->callbacks.set_wait_hook(hook, user);
  return 0;
}

int32_t ipdaemon_register_data_batch(ipdaemon_t handle, ipdaemon_data_batch callback, void* user, int32_t* descriptor,
                                     int32_t capacity) {
  int error = 0;
  Instance* instance = find_handle(handle, &error);
  return with_server(handle, [&](Server& server) {
    if (callback != nullptr && (descriptor == nullptr || capacity < 1)) {
      return server.record_error(IPDAEMON_ERROR_INVALID_VALUE,
                                 "a batch needs a descriptor and a capacity of at least 1");
    }
    server.cancel_batch();
    instance->callbacks.set_batch(callback, user, descriptor, capacity);
    return 0;
  });
}

int32_t ipdaemon_register_data_group(ipdaemon_t handle, ipdaemon_data_group callback, void* user, int32_t* descriptor,
                                     int32_t capacity) {
  int error = 0;
  Instance* instance = find_handle(handle, &error);
  return with_server(handle, [&](Server& server) {
    if (callback != nullptr && (descriptor == nullptr || capacity < 1)) {
      return server.record_error(IPDAEMON_ERROR_INVALID_VALUE,
                                 "a group needs a descriptor and a capacity of at least 1");
    }
    instance->callbacks.set_group(callback, user, descriptor, capacity);
    server.enable_groups(callback != nullptr);
    return 0;
  });
}

int32_t ipdaemon_gather_max(ipdaemon_t handle, int32_t connection_id) {
  Server* server = peek(handle);
  return server != nullptr ? server->gather_max(connection_id) : 0;
}

int32_t ipdaemon_send_gathered(ipdaemon_t handle, int32_t connection_id, const uint8_t* bytes, uint64_t length,
                               uint64_t last_length) {
  return with_server(
      handle, [&](Server& server) { return server.send_gathered(connection_id, as_view(bytes, length), last_length); });
}

int32_t ipdaemon_send_gathered_lines(ipdaemon_t handle, int32_t connection_id, const uint8_t* bytes, uint64_t length,
                                     const int32_t* line_ends, int32_t lines, uint64_t last_length) {
  return with_server(handle, [&](Server& server) {
    return server.send_gathered_lines(connection_id, as_view(bytes, length), line_ends, lines, last_length);
  });
}

int32_t ipdaemon_send_group(ipdaemon_t handle, const uint8_t* bytes, uint64_t length, const int32_t* sends,
                            int32_t count) {
  return with_server(handle, [&](Server& server) { return server.send_group(as_view(bytes, length), sends, count); });
}

void ipdaemon_end_gathering(void) {
  try {
    Gathering::end_thread();
  } catch (const std::bad_alloc&) {
    // What the system has not taken ends with the thread.
  }
}

int32_t ipdaemon_refuse_input(ipdaemon_t handle, int32_t connection_id, int32_t code) {
  return with_server(handle, [&](Server& server) { return server.refuse_input(connection_id, code); });
}

int32_t ipdaemon_fail(ipdaemon_t handle, int32_t code, const uint8_t* detail, uint64_t length) {
  return with_server(handle,
                     [&](Server& server) { return server.record_error(code, std::string(as_view(detail, length))); });
}

int32_t ipdaemon_fail_send(ipdaemon_t handle, int32_t connection_id, int32_t code, const uint8_t* detail,
                           uint64_t length) {
  return with_server(handle, [&](Server& server) {
    return server.fail_send(connection_id, code, std::string(as_view(detail, length)));
  });
}

int64_t ipdaemon_counter(ipdaemon_t handle, int32_t counter) {
  Server* server = peek(handle);
  return server != nullptr ? server->counter(counter) : -1;
}

const char* ipdaemon_error_sentence(int32_t code) {
  return error_sentence(code);
}

int32_t ipdaemon_self_signed(const uint8_t* names, uint64_t length, int32_t days, ipdaemon_value* out) {
  *out = ipdaemon_value{};
  try {
    BytesView pem;
    const int code = tls::make_self_signed(as_view(names, length), days, &pem);
    if (code == 0) *out = {IPDAEMON_TYPE_TEXT, 0, 0, as_bytes(pem), pem.size()};
    return code;
  } catch (const std::bad_alloc&) {
    return IPDAEMON_ERROR_OUT_OF_MEMORY;
  }
}

const char* ipdaemon_version(void) {
  return IPDAEMON_VERSION;
}

}  // extern "C"
