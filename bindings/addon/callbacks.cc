// The two DataIn callbacks are the hot way in: no allocation, nothing kept. An exception is taken off the
// environment at once (see Environment::keep_exception) and thrown again by the call that pumped. What cannot be
// made in JavaScript, because it is too long or there is no memory, ends the connection if it is input, and leaves as
// an exception otherwise.
#include "callbacks.h"

#include <node_api.h>

#include <array>
#include <cstddef>

#include "convert.h"
#include "lifetime.h"

namespace ipdaemon::addon {
namespace {

napi_status call_sink(Session& session, const Reference& function, std::size_t argc, const napi_value* argv,
                      napi_value* result) {
  napi_value sink = session.sink().value();
  napi_value callee = function.value();
  if (sink == nullptr || callee == nullptr) return napi_generic_failure;
  session.count_delivery();
  return napi_call_function(session.environment().env(), sink, callee, argc, argv, result);
}

// JavaScript cannot be given what has come. What follows must not be taken for it, so the connection ends.
std::int32_t refuse_input(Session& session, std::int32_t connection_id, std::uint64_t length) {
  ipdaemon_refuse_input(session.handle(), connection_id, failure_code(length));
  return 0;
}

// As call_sink, for input: gives what the library's callback must return.
std::int32_t deliver_input(Session& session, const Reference& function, std::size_t argc, const napi_value* argv,
                           std::int32_t connection_id, std::uint64_t length) {
  for (std::size_t i = 0; i < argc; ++i) {
    if (argv[i] == nullptr) return refuse_input(session, connection_id, length);
  }
  const napi_status status = call_sink(session, function, argc, argv, nullptr);
  if (status == napi_ok) return 0;
  return session.environment().keep_exception(status) ? 1 : refuse_input(session, connection_id, length);
}

// Whatever went wrong on the way to a handler or back: what it threw, or an error of our own, leaves the call that
// pumped.
std::int32_t keep(Environment& environment, napi_status status) {
  if (!environment.keep_exception(status)) environment.keep_failure();
  return 1;
}

}  // namespace

std::int32_t on_data_in(void* user, ipdaemon_t, std::int32_t, ipdaemon_value* parameters, std::int32_t) {
  Session& session = *static_cast<Session*>(user);
  if (session.environment().is_over()) return 1;
  napi_env env = session.environment().env();
  session.environment().stay().drop_handles();
  const auto connection_id = static_cast<std::int32_t>(parameters[0].integer);
  const std::array<napi_value, 3> argv = {number_value(env, connection_id),
                                          byte_string(env, parameters[1].bytes, parameters[1].length),
                                          boolean_value(env, parameters[2].integer != 0)};
  return deliver_input(session, session.data_in(), argv.size(), argv.data(), connection_id, parameters[1].length);
}

std::int32_t on_data_in_batch(void* user, ipdaemon_t, std::int32_t connection_id, const std::uint8_t* bytes,
                              std::uint64_t length, std::int32_t count) {
  Session& session = *static_cast<Session*>(user);
  if (session.environment().is_over()) return 1;
  napi_env env = session.environment().env();
  session.environment().stay().drop_handles();
  const std::array<napi_value, 4> argv = {number_value(env, connection_id), byte_string(env, bytes, length),
                                          number_value(env, count),
                                          number_value(env, ipdaemon_gather_max(session.handle(), connection_id))};
  return deliver_input(session, session.data_in_batch(), argv.size(), argv.data(), connection_id, length);
}

// What cannot be delivered together comes again, one at a time.
std::int32_t on_data_in_group(void* user, ipdaemon_t, const std::uint8_t* bytes, std::uint64_t length,
                              std::int32_t count) {
  Session& session = *static_cast<Session*>(user);
  if (session.environment().is_over()) return 1;
  napi_env env = session.environment().env();
  session.environment().stay().drop_handles();
  const std::array<napi_value, 2> argv = {byte_string(env, bytes, length), number_value(env, count)};
  if (argv[0] == nullptr || argv[1] == nullptr) return 0;
  session.count_deliveries(static_cast<std::uint64_t>(count));
  const napi_status status = call_sink(session, session.data_in_group(), argv.size(), argv.data(), nullptr);
  return status != napi_ok && session.environment().keep_exception(status) ? 1 : 0;
}

std::int32_t on_event(void* user, ipdaemon_t, std::int32_t event, ipdaemon_value* parameters, std::int32_t count) {
  Session& session = *static_cast<Session*>(user);
  Environment& environment = session.environment();
  if (environment.is_over()) return 1;
  napi_env env = environment.env();
  environment.stay().drop_handles();
  // What the handler before gave back may be a password, and has been taken by now.
  for (Text& text : environment.returned()) text.wipe();
  std::array<napi_value, 1 + Environment::parameters_max> argv{};
  argv[0] = number_value(env, event);
  std::size_t argc = 1;
  for (std::int32_t i = 0; i < count && argc < argv.size(); ++i) argv[argc++] = to_javascript(env, parameters[i]);
  for (std::size_t i = 0; i < argc; ++i) {
    if (argv[i] == nullptr) return keep(environment, napi_generic_failure);
  }

  napi_value result = nullptr;
  napi_status status = call_sink(session, session.event(), argc, argv.data(), &result);
  if (status != napi_ok) return keep(environment, status);

  // lib gives back nothing, or an array with an element for each parameter, undefined where the
  // handler changed nothing.
  bool is_array = false;
  status = napi_is_array(env, result, &is_array);
  if (status != napi_ok) return keep(environment, status);
  if (!is_array) return 0;
  for (std::size_t i = 0; i + 1 < argc; ++i) {
    Text& text = environment.returned()[i];
    text = Text();
    napi_value element = nullptr;
    status = napi_get_element(env, result, static_cast<std::uint32_t>(i), &element);
    if (status != napi_ok) return keep(environment, status);
    if (!change_parameter(env, element, parameters[i], text)) return keep(environment, napi_generic_failure);
  }
  return 0;
}

std::int32_t on_wait(void* user, ipdaemon_t) {
  Session& session = *static_cast<Session*>(user);
  Environment& environment = session.environment();
  if (environment.is_over()) return 1;
  environment.stay().drop_handles();
  // Entering any function is what makes V8 notice a request to terminate.
  const napi_status status = call_sink(session, session.alive(), 0, nullptr, nullptr);
  return status == napi_ok ? 0 : keep(environment, status);
}

}  // namespace ipdaemon::addon
