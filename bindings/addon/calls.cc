// The functions that JavaScript calls, in the order of ipdaemon.h: convert, call, convert back. Each
// has its two signatures above it. All are raw Node-API; do_send and do_sendline are the hot way
// out and do without any memory of their own.
//
// What can change what a server waits for, or run handlers, is a Call: it tells Node's loop when the outermost one has
// ended, and throws what handlers threw in it when the function returns.
#include "calls.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <new>
#include <string>
#include <string_view>

#include "callbacks.h"
#include "convert.h"
#include "wide_text.h"

namespace ipdaemon::addon {
namespace {

// Texts up to this length are converted on the stack.
constexpr std::size_t short_text_max = 1024;

template <std::size_t count>
struct Arguments {
  Arguments(napi_env from, napi_callback_info info) : env(from) {
    std::size_t argc = count;
    void* data = nullptr;
    napi_get_cb_info(env, info, &argc, values.data(), nullptr, &data);
    environment = static_cast<Environment*>(data);
  }

  ipdaemon_t handle() const { return integer(0); }
  std::int32_t integer(std::size_t position) const { return integer_from(env, values[position]); }

  napi_env env;
  Environment* environment;
  std::array<napi_value, count> values;
};

napi_value number(napi_env env, std::int32_t value) {
  napi_value result = nullptr;
  napi_create_int32(env, value, &result);
  return result;
}

napi_value text(napi_env env, const char* value) {
  napi_value result = nullptr;
  napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &result);
  return result;
}

napi_value value_if_ok(napi_env env, std::int32_t code, const ipdaemon_value& value) {
  return to_javascript(env, code == 0 ? value : ipdaemon_value{});
}

std::int32_t refuse(ipdaemon_t handle, std::int32_t code, std::string_view detail) {
  return ipdaemon_fail(handle, code, reinterpret_cast<const std::uint8_t*>(detail.data()), detail.size());
}

// A call with a handle and nothing else, and one with a connection id.
// Results are made behind the call: the handle scopes that its callbacks used end with it.
template <std::int32_t (*function)(ipdaemon_t)>
napi_value call(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  std::int32_t code = 0;
  {
    const Call scope(*arguments.environment);
    code = function(arguments.handle());
  }
  return number(env, code);
}

template <std::int32_t (*function)(ipdaemon_t, std::int32_t)>
napi_value call_for_connection(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  std::int32_t code = 0;
  {
    const Call scope(*arguments.environment);
    code = function(arguments.handle(), arguments.integer(1));
  }
  return number(env, code);
}

// ipdaemon_t ipdaemon_open(void);
// open(sink: NativeSink): number;
napi_value open(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  napi_valuetype type = napi_undefined;
  napi_typeof(env, arguments.values[0], &type);
  if (type != napi_object) return number(env, 0);
  return number(env, arguments.environment->open(Napi::Object(env, arguments.values[0])));
}

// int32_t ipdaemon_close(ipdaemon_t handle);
// close(handle: number): number;
napi_value close(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  std::int32_t code = 0;
  {
    const Call scope(*arguments.environment);
    code = arguments.environment->close(arguments.handle());
  }
  return number(env, code);
}

// int32_t ipdaemon_set(ipdaemon_t handle, int32_t property, int32_t index, const ipdaemon_value *value);
// set(handle: number, property: number, index: number, value: NativeInput): number;
napi_value set(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  ipdaemon_value value{};
  std::string holder;
  if (!from_javascript(env, arguments.values[3], value, holder)) {
    return number(env, refuse(arguments.handle(), IPDAEMON_ERROR_INVALID_VALUE,
                              "a number must be an integer, and other values a boolean, a string or a Uint8Array"));
  }
  std::int32_t code = 0;
  {
    const Call scope(*arguments.environment);
    code = ipdaemon_set(arguments.handle(), arguments.integer(1), arguments.integer(2), &value);
  }
  wipe(holder);  // It may have been a password.
  return number(env, code);
}

// int32_t ipdaemon_get(ipdaemon_t handle, int32_t property, int32_t index, ipdaemon_value *out);
// get(handle: number, property: number, index: number): NativeValue | null;
napi_value get(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  ipdaemon_value value{};
  // Of a connection that has ended, some have a value beside the error.
  ipdaemon_get(arguments.handle(), arguments.integer(1), arguments.integer(2), &value);
  return to_javascript(env, value);
}

// int32_t ipdaemon_register_callback(ipdaemon_t handle, int32_t event, ipdaemon_callback callback, void *user);
// registerCallback(handle: number, event: number, wanted: boolean): number;
napi_value register_callback(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  const ipdaemon_t handle = arguments.handle();
  const std::int32_t event = arguments.integer(1);
  bool wanted = false;
  napi_get_value_bool(env, arguments.values[2], &wanted);
  Session* session = arguments.environment->find(handle);
  // Without a session the handle is not valid here, which the library answers.
  if (session == nullptr || !wanted) {
    if (session != nullptr && event == IPDAEMON_EVENT_DATA_IN) {
      ipdaemon_register_data_batch(handle, nullptr, nullptr, nullptr, 0);
    }
    return number(env, ipdaemon_register_callback(handle, event, nullptr, nullptr));
  }
  if (event != IPDAEMON_EVENT_DATA_IN) {
    return number(env, ipdaemon_register_callback(handle, event, on_event, session));
  }
  const std::int32_t code = ipdaemon_register_callback(handle, event, on_data_in, session);
  if (code != 0) return number(env, code);
  return number(env, ipdaemon_register_data_batch(handle, on_data_in_batch, session, session->words(), data_batch_max));
}

// const char *ipdaemon_get_last_error(ipdaemon_t handle);
// getLastError(handle: number): string;
napi_value get_last_error(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  return text(env, ipdaemon_get_last_error(arguments.handle()));
}

// int32_t ipdaemon_get_last_error_code(ipdaemon_t handle);
// getLastErrorCode(handle: number): number;
napi_value get_last_error_code(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  return number(env, ipdaemon_get_last_error_code(arguments.handle()));
}

// int32_t ipdaemon_do_config(ipdaemon_t handle, const uint8_t *text, uint64_t length, ipdaemon_value *out);
// doConfig(handle: number, text: string): string | null;
napi_value do_config(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  std::string setting;
  ipdaemon_value value{};
  utf8_of(env, arguments.values[1], setting);
  std::int32_t code = 0;
  {
    const Call scope(*arguments.environment);
    code = ipdaemon_do_config(arguments.handle(), reinterpret_cast<const std::uint8_t*>(setting.data()), setting.size(),
                              &value);
  }
  wipe(setting);
  return value_if_ok(env, code, value);
}

using SendFunction = std::int32_t (*)(ipdaemon_t, std::int32_t, const std::uint8_t*, std::uint64_t);

std::int32_t refuse_send(ipdaemon_t handle, std::int32_t connection_id, std::int32_t code, std::string_view detail) {
  return ipdaemon_fail_send(handle, connection_id, code, reinterpret_cast<const std::uint8_t*>(detail.data()),
                            detail.size());
}

std::int32_t refuse_character(ipdaemon_t handle, std::int32_t connection_id, const char16_t* units,
                              std::size_t length) {
  std::size_t position = 0;
  while (position < length && units[position] <= 0xFF) position += 1;
  std::array<char, 8> hexadecimal{};
  const auto end = std::to_chars(hexadecimal.begin(), hexadecimal.end(), units[position], 16).ptr;
  std::string code(hexadecimal.begin(), end);
  for (char& digit : code) {
    if (digit >= 'a') digit = static_cast<char>(digit - 'a' + 'A');
  }
  const std::string detail = "character U+" + std::string(code.size() < 4 ? 4 - code.size() : 0, '0') + code +
                             " at position " + std::to_string(position) +
                             " is no byte; set CodePage=65001 to send UTF-8, or pass a Uint8Array";
  return refuse_send(handle, connection_id, IPDAEMON_ERROR_TEXT_NOT_CONVERTIBLE, detail);
}

// lib has seen to it that a text of more than short_text_max characters holds nothing above U+00FF.
template <SendFunction function>
std::int32_t send_long_text(Environment& environment, napi_value from, ipdaemon_t handle, std::int32_t connection_id) {
  napi_env env = environment.env();
  std::size_t length = 0;
  napi_get_value_string_latin1(env, from, nullptr, 0, &length);
  try {
    Scratch scratch = environment.take_scratch(length + 1);
    napi_get_value_string_latin1(env, from, reinterpret_cast<char*>(scratch.bytes.get()), length + 1, &length);
    const std::int32_t code = function(handle, connection_id, scratch.bytes.get(), length);
    environment.give_back(std::move(scratch));
    return code;
  } catch (const std::bad_alloc&) {
    return refuse_send(handle, connection_id, IPDAEMON_ERROR_OUT_OF_MEMORY, {});
  }
}

template <SendFunction function>
std::int32_t send_value(Environment& environment, napi_value from, ipdaemon_t handle, std::int32_t connection_id) {
  napi_env env = environment.env();
  // One unit more than is allowed tells a longer text, and one is for the terminating zero.
  char16_t units[short_text_max + 2];
  std::size_t length = 0;
  if (napi_get_value_string_utf16(env, from, units, short_text_max + 2, &length) == napi_ok) {
    if (length > short_text_max) return send_long_text<function>(environment, from, handle, connection_id);
    std::uint8_t bytes[short_text_max];
    char16_t seen = 0;
    for (std::size_t i = 0; i < length; ++i) {
      seen = static_cast<char16_t>(seen | units[i]);
      bytes[i] = static_cast<std::uint8_t>(units[i]);
    }
    if (seen > 0xFF) return refuse_character(handle, connection_id, units, length);
    return function(handle, connection_id, bytes, length);
  }
  const std::uint8_t* begin = nullptr;
  std::uint64_t count = 0;
  if (bytes_of(env, from, &begin, &count)) return function(handle, connection_id, begin, count);
  return refuse_send(handle, connection_id, IPDAEMON_ERROR_INVALID_VALUE,
                     "what is sent must be a string or a Uint8Array");
}

template <SendFunction function>
napi_value send(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  Environment& environment = *arguments.environment;
  const ipdaemon_t handle = arguments.handle();
  std::int32_t code = 0;
  {
    const Call scope(environment);
    code = send_value<function>(environment, arguments.values[2], handle, arguments.integer(1));
  }
  // Nothing stands for 0: it costs nothing to make.
  return code == 0 ? nullptr : number(env, code);
}

// int32_t ipdaemon_do_disconnect(ipdaemon_t handle, int32_t connection_id);
// doDisconnect(handle: number, connectionId: number): number;
constexpr napi_callback do_disconnect = call_for_connection<ipdaemon_do_disconnect>;

// int32_t ipdaemon_do_doevents(ipdaemon_t handle);
// doDoevents(handle: number): number;
constexpr napi_callback do_doevents = call<ipdaemon_do_doevents>;

// int32_t ipdaemon_do_interrupt(ipdaemon_t handle, int32_t connection_id);
// doInterrupt(handle: number, connectionId: number): number;
constexpr napi_callback do_interrupt = call_for_connection<ipdaemon_do_interrupt>;

// int32_t ipdaemon_do_reset(ipdaemon_t handle);
// doReset(handle: number): number;
constexpr napi_callback do_reset = call<ipdaemon_do_reset>;

// int32_t ipdaemon_do_send(ipdaemon_t handle, int32_t connection_id, const uint8_t *bytes, uint64_t length);
// doSend(handle: number, connectionId: number, text: string | Uint8Array): number | undefined;
constexpr napi_callback do_send = send<ipdaemon_do_send>;

// int32_t ipdaemon_do_sendfile(ipdaemon_t handle, int32_t connection_id, const uint8_t *path, uint64_t length);
// doSendfile(handle: number, connectionId: number, path: string): number;
napi_value do_sendfile(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  std::string path;
  utf8_of(env, arguments.values[2], path);
  std::int32_t code = 0;
  {
    const Call scope(*arguments.environment);
    code = ipdaemon_do_sendfile(arguments.handle(), arguments.integer(1),
                                reinterpret_cast<const std::uint8_t*>(path.data()), path.size());
  }
  return number(env, code);
}

// int32_t ipdaemon_do_sendline(ipdaemon_t handle, int32_t connection_id, const uint8_t *bytes, uint64_t length);
// doSendline(handle: number, connectionId: number, text: string | Uint8Array): number | undefined;
constexpr napi_callback do_sendline = send<ipdaemon_do_sendline>;

// int32_t ipdaemon_do_shutdown(ipdaemon_t handle);
// doShutdown(handle: number): number;
constexpr napi_callback do_shutdown = call<ipdaemon_do_shutdown>;

// int32_t ipdaemon_do_startssl(ipdaemon_t handle, int32_t connection_id);
// doStartssl(handle: number, connectionId: number): number;
constexpr napi_callback do_startssl = call_for_connection<ipdaemon_do_startssl>;

// int32_t ipdaemon_send_kept(ipdaemon_t handle, int32_t connection_id, const uint8_t *bytes, uint64_t length,
//                            uint64_t last_length);
// sendKept(handle: number, connectionId: number, text: string, lastLength: number): number;
napi_value send_kept(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  Environment& environment = *arguments.environment;
  const ipdaemon_t handle = arguments.handle();
  const std::int32_t connection_id = arguments.integer(1);
  std::size_t length = 0;
  napi_get_value_string_latin1(env, arguments.values[2], nullptr, 0, &length);
  std::int32_t code = 0;
  try {
    Scratch scratch = environment.take_scratch(length + 1);
    napi_get_value_string_latin1(env, arguments.values[2], reinterpret_cast<char*>(scratch.bytes.get()), length + 1,
                                 &length);
    code = ipdaemon_send_kept(handle, connection_id, scratch.bytes.get(), length,
                              static_cast<std::uint64_t>(arguments.integer(3)));
    environment.give_back(std::move(scratch));
  } catch (const std::bad_alloc&) {
    code = ipdaemon_send_kept(handle, connection_id, nullptr, length + 1, 0);
  }
  return number(env, code);
}

// int32_t ipdaemon_fail(ipdaemon_t handle, int32_t code, const uint8_t *detail, uint64_t length);
// fail(handle: number, code: number, detail: string): number;
napi_value fail(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  std::string detail;
  utf8_of(env, arguments.values[2], detail);
  return number(env, refuse(arguments.handle(), arguments.integer(1), detail));
}

// int32_t ipdaemon_fail_send(ipdaemon_t handle, int32_t connection_id, int32_t code, const uint8_t *detail,
//                            uint64_t length);
// failSend(handle: number, connectionId: number, code: number, detail: string): number;
napi_value fail_send(napi_env env, napi_callback_info info) {
  const Arguments<4> arguments(env, info);
  std::string detail;
  utf8_of(env, arguments.values[3], detail);
  return number(env, refuse_send(arguments.handle(), arguments.integer(1), arguments.integer(2), detail));
}

// int64_t ipdaemon_counter(ipdaemon_t handle, int32_t counter);
// counter(handle: number, counter: number): number;
napi_value counter(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  napi_value result = nullptr;
  napi_create_int64(env, ipdaemon_counter(arguments.handle(), arguments.integer(1)), &result);
  return result;
}

// const char *ipdaemon_error_sentence(int32_t code);
// errorSentence(code: number): string;
napi_value error_sentence(napi_env env, napi_callback_info info) {
  const Arguments<1> arguments(env, info);
  return text(env, ipdaemon_error_sentence(arguments.integer(0)));
}

// const char *ipdaemon_version(void);
// version(): string;
napi_value version(napi_env env, napi_callback_info) {
  return text(env, ipdaemon_version());
}

// int32_t ipdaemon_self_signed(const uint8_t *names, uint64_t length, int32_t days, ipdaemon_value *out);
// selfSigned(names: string, days: number): string | number;
napi_value self_signed(napi_env env, napi_callback_info info) {
  const Arguments<2> arguments(env, info);
  std::string names;
  ipdaemon_value value{};
  utf8_of(env, arguments.values[0], names);
  const std::int32_t code = ipdaemon_self_signed(reinterpret_cast<const std::uint8_t*>(names.data()), names.size(),
                                                 arguments.integer(1), &value);
  return code == 0 ? to_javascript(env, value) : number(env, code);
}

// int32_t ipdaemon_describe(int32_t table, int32_t row, int32_t column, ipdaemon_value *out);
// describe(table: number, row: number, column: number): NativeValue | null;
napi_value describe(napi_env env, napi_callback_info info) {
  const Arguments<3> arguments(env, info);
  ipdaemon_value value{};
  const std::int32_t code = ipdaemon_describe(arguments.integer(0), arguments.integer(1), arguments.integer(2), &value);
  return value_if_ok(env, code, value);
}

struct Entry {
  const char* name;
  napi_callback function;
};

constexpr Entry entries[] = {
    {"open", open},
    {"close", close},
    {"set", set},
    {"get", get},
    {"registerCallback", register_callback},
    {"getLastError", get_last_error},
    {"getLastErrorCode", get_last_error_code},
    {"doConfig", do_config},
    {"doDisconnect", do_disconnect},
    {"doDoevents", do_doevents},
    {"doInterrupt", do_interrupt},
    {"doReset", do_reset},
    {"doSend", do_send},
    {"doSendfile", do_sendfile},
    {"doSendline", do_sendline},
    {"doShutdown", do_shutdown},
    {"doStartssl", do_startssl},
    {"sendKept", send_kept},
    {"fail", fail},
    {"failSend", fail_send},
    {"counter", counter},
    {"errorSentence", error_sentence},
    {"version", version},
    {"selfSigned", self_signed},
    {"describe", describe},
};

}  // namespace

void define_calls(Napi::Object exports, Environment& environment) {
  napi_env env = environment.env();
  exports.Set("checkedTextMax", Napi::Number::New(env, static_cast<double>(short_text_max)));
  const auto define = [&](const Entry& entry) {
    napi_value function = nullptr;
    napi_create_function(env, entry.name, NAPI_AUTO_LENGTH, entry.function, &environment, &function);
    exports.Set(entry.name, Napi::Function(env, function));
  };
  for (const Entry& entry : entries) define(entry);
  if (may_be_wide() != nullptr) define({"mayBeWide", may_be_wide()});
}

}  // namespace ipdaemon::addon
