// The two DataIn callbacks are the hot way in: raw Node-API, no allocation, nothing kept. An
// exception is taken off the environment at once (see Environment::keep_exception) and thrown again
// by the call that pumped.
#include "callbacks.h"

#include <node_api.h>

#include <array>
#include <cstddef>

#include "convert.h"
#include "lifetime.h"

namespace ipdaemon::addon {
namespace {

napi_status call_sink(Session& session, napi_ref function, std::size_t argc, const napi_value* argv,
                      napi_value* result) {
  napi_env env = session.environment().env();
  napi_value sink = nullptr;
  napi_value callee = nullptr;
  napi_get_reference_value(env, session.sink(), &sink);
  napi_get_reference_value(env, function, &callee);
  session.count_delivery();
  return napi_call_function(env, sink, callee, argc, argv, result);
}

}  // namespace

std::int32_t on_data_in(void* user, ipdaemon_t, std::int32_t, ipdaemon_value* parameters, std::int32_t) {
  Session& session = *static_cast<Session*>(user);
  napi_env env = session.environment().env();
  session.environment().stay().drop_handles();
  std::array<napi_value, 3> argv{};
  napi_create_int32(env, static_cast<std::int32_t>(parameters[0].integer), &argv[0]);
  argv[1] = byte_string(env, parameters[1].bytes, parameters[1].length);
  napi_get_boolean(env, parameters[2].integer != 0, &argv[2]);
  if (call_sink(session, session.data_in(), argv.size(), argv.data(), nullptr) == napi_ok) return 0;
  return session.environment().keep_exception();
}

std::int32_t on_data_in_batch(void* user, ipdaemon_t, std::int32_t connection_id, const std::uint8_t* bytes,
                              std::uint64_t length, std::int32_t count) {
  Session& session = *static_cast<Session*>(user);
  napi_env env = session.environment().env();
  session.environment().stay().drop_handles();
  std::array<napi_value, 4> argv{};
  napi_create_int32(env, connection_id, &argv[0]);
  argv[1] = byte_string(env, bytes, length);
  napi_create_int32(env, count, &argv[2]);
  napi_create_int32(env, ipdaemon_keep_max(session.handle(), connection_id), &argv[3]);
  if (call_sink(session, session.data_in_batch(), argv.size(), argv.data(), nullptr) == napi_ok) return 0;
  return session.environment().keep_exception();
}

std::int32_t on_event(void* user, ipdaemon_t, std::int32_t event, ipdaemon_value* parameters, std::int32_t count) {
  constexpr std::size_t parameters_max = 8;
  Session& session = *static_cast<Session*>(user);
  Environment& environment = session.environment();
  napi_env env = environment.env();
  environment.stay().drop_handles();
  std::array<napi_value, 1 + parameters_max> argv{};
  // What the handler before gave back may be a password, and has been taken by now.
  for (std::string& text : environment.returned()) wipe(text);
  napi_create_int32(env, event, &argv[0]);
  std::size_t argc = 1;
  for (std::int32_t i = 0; i < count && argc < argv.size(); ++i) argv[argc++] = to_javascript(env, parameters[i]);

  napi_value result = nullptr;
  if (call_sink(session, session.event(), argc, argv.data(), &result) != napi_ok) return environment.keep_exception();

  // lib gives back nothing, or an array with an element for each parameter, undefined where the
  // handler changed nothing.
  bool is_array = false;
  if (napi_is_array(env, result, &is_array) != napi_ok || !is_array) return 0;
  std::vector<std::string>& returned = environment.returned();
  returned.assign(argc - 1, std::string());
  for (std::size_t i = 0; i + 1 < argc; ++i) {
    napi_value element = nullptr;
    if (napi_get_element(env, result, static_cast<std::uint32_t>(i), &element) != napi_ok) {
      return environment.keep_exception();
    }
    change_parameter(env, element, parameters[i], returned[i]);
  }
  return 0;
}

std::int32_t on_wait(void* user, ipdaemon_t) {
  Session& session = *static_cast<Session*>(user);
  session.environment().stay().drop_handles();
  // Entering any function is what makes V8 notice a request to terminate.
  if (call_sink(session, session.alive(), 0, nullptr, nullptr) == napi_ok) return 0;
  return session.environment().keep_exception();
}

}  // namespace ipdaemon::addon
