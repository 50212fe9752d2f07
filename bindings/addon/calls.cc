// The functions that JavaScript calls, in the order of ipdaemon.h: convert, call, convert back. Each
// has its two signatures above it. do_send and do_sendline are the hot way out and do without any memory
// of their own.
//
// What cannot be converted for want of memory is refused with OUT_OF_MEMORY. A result that Node-API does not make
// is thrown.
//
// What can change what a server waits for, or run handlers, is a Call: it informs Node's loop when the outermost one
// has ended, and throws what handlers threw in it when the function returns.
#include "calls.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <string_view>

#include "arguments.h"
#include "callbacks.h"
#include "convert.h"
#include "wide_text.h"

namespace ipdaemon::addon {
namespace {

// Texts up to this length are converted on the stack.
constexpr std::size_t short_text_max = 1024;

// Memory for longer ones is not asked for in smaller pieces than this.
constexpr std::size_t scratch_size_min = std::size_t{64} * 1024;

napi_value null(napi_env env) {
  return made(env, to_javascript(env, ipdaemon_value{}));
}

napi_value text(napi_env env, const char* value) {
  napi_value result = nullptr;
  return napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &result) == napi_ok ? result : throw_failure(env);
}

std::int32_t refuse(ipdaemon_t handle, std::int32_t code, std::string_view detail) {
  return ipdaemon_fail(handle, code, reinterpret_cast<const std::uint8_t*>(detail.data()), detail.size());
}

// An argument could not be read: why, as an error of the handle.
std::int32_t refuse(ipdaemon_t handle, Reading reading, std::string_view wanted) {
  if (reading == Reading::other_type) return refuse(handle, IPDAEMON_ERROR_INVALID_VALUE, wanted);
  return refuse(handle, IPDAEMON_ERROR_OUT_OF_MEMORY, "the value could not be copied");
}

// What the library has given, or null.
napi_value value_of(napi_env env, ipdaemon_t handle, const ipdaemon_value& value) {
  napi_value result = to_javascript(env, value);
  if (result != nullptr) return result;
  std::array<char, 96> detail{};
  std::snprintf(detail.data(), detail.size(), "the value of %llu bytes does not fit into a string or into memory",
                static_cast<unsigned long long>(value.length));
  refuse(handle, failure_code(value.length), detail.data());
  return null(env);
}

// A call with a handle and nothing else, and one with a connection id.
// Results are made behind the call: the handle scopes that its callbacks used end with it.
template <std::int32_t (*function)(ipdaemon_t)>
napi_value call(const Arguments<1>& arguments) {
  std::int32_t code = 0;
  {
    const Call scope(*arguments.environment);
    code = function(arguments.handle());
  }
  return number(arguments.env, code);
}

template <std::int32_t (*function)(ipdaemon_t, std::int32_t)>
napi_value call_for_connection(const Arguments<2>& arguments) {
  std::int32_t code = 0;
  {
    const Call scope(*arguments.environment);
    code = function(arguments.handle(), arguments.integer(1));
  }
  return number(arguments.env, code);
}

// ipdaemon_t ipdaemon_open(void);
// open(sink: NativeSink): number;
napi_value open(const Arguments<1, 0>& arguments) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(arguments.env, arguments.values[0], &type) != napi_ok) return throw_failure(arguments.env);
  if (type != napi_object) return number(arguments.env, 0);
  const ipdaemon_t handle = arguments.environment->open(arguments.values[0]);
  napi_value result = number_value(arguments.env, handle);
  if (result != nullptr) return result;
  // Nobody would close it.
  if (handle != 0) static_cast<void>(arguments.environment->close(handle));
  return throw_failure(arguments.env);
}

// int32_t ipdaemon_close(ipdaemon_t handle);
// close(handle: number): number;
napi_value close(const Arguments<1>& arguments) {
  std::int32_t code = 0;
  {
    const Call scope(*arguments.environment);
    code = arguments.environment->close(arguments.handle());
  }
  return number(arguments.env, code);
}

// int32_t ipdaemon_set(ipdaemon_t handle, int32_t property, int32_t index, const ipdaemon_value *value);
// set(handle: number, property: number, index: number, value: NativeInput): number;
napi_value set(const Arguments<4, 0b0111>& arguments) {
  napi_env env = arguments.env;
  ipdaemon_value value{};
  Text holder;
  const Reading reading = from_javascript(env, arguments.values[3], value, holder);
  if (reading != Reading::done) {
    return number(
        env, refuse(arguments.handle(), reading, "the value must be an integer, a boolean, a string or a Uint8Array"));
  }
  std::int32_t code = 0;
  {
    const Call scope(*arguments.environment);
    code = ipdaemon_set(arguments.handle(), arguments.integer(1), arguments.integer(2), &value);
  }
  holder.wipe();  // It may have been a password.
  return number(env, code);
}

// int32_t ipdaemon_get(ipdaemon_t handle, int32_t property, int32_t index, ipdaemon_value *out);
// get(handle: number, property: number, index: number): NativeValue | null;
napi_value get(const Arguments<3>& arguments) {
  ipdaemon_value value{};
  const ipdaemon_t handle = arguments.handle();
  // Of a connection that has ended, some have a value beside the error.
  ipdaemon_get(handle, arguments.integer(1), arguments.integer(2), &value);
  return value_of(arguments.env, handle, value);
}

// int32_t ipdaemon_register_callback(ipdaemon_t handle, int32_t event, ipdaemon_callback callback, void *user);
// registerCallback(handle: number, event: number, wanted: boolean): number;
napi_value register_callback(const Arguments<3, 0b011>& arguments) {
  napi_env env = arguments.env;
  const ipdaemon_t handle = arguments.handle();
  const std::int32_t event = arguments.integer(1);
  bool wanted = false;
  if (napi_get_value_bool(env, arguments.values[2], &wanted) != napi_ok) return throw_failure(env);
  Session* session = arguments.environment->find(handle);
  // Without a session the handle is not valid here, which the library answers.
  if (session == nullptr || !wanted) {
    if (session != nullptr && event == IPDAEMON_EVENT_DATA_IN) {
      ipdaemon_register_data_batch(handle, nullptr, nullptr, nullptr, 0);
      ipdaemon_register_data_group(handle, nullptr, nullptr, nullptr, 0);
    }
    return number(env, ipdaemon_register_callback(handle, event, nullptr, nullptr));
  }
  if (event != IPDAEMON_EVENT_DATA_IN) {
    return number(env, ipdaemon_register_callback(handle, event, on_event, session));
  }
  const std::int32_t code = ipdaemon_register_callback(handle, event, on_data_in, session);
  if (code != 0) return number(env, code);
  const std::int32_t batch_code = session->register_batch(on_data_in_batch);
  return number(env, batch_code != 0 ? batch_code : session->register_group(on_data_in_group));
}

// const char *ipdaemon_get_last_error(ipdaemon_t handle);
// getLastError(handle: number): string;
napi_value get_last_error(const Arguments<1>& arguments) {
  return text(arguments.env, ipdaemon_get_last_error(arguments.handle()));
}

// int32_t ipdaemon_get_last_error_code(ipdaemon_t handle);
// getLastErrorCode(handle: number): number;
napi_value get_last_error_code(const Arguments<1>& arguments) {
  return number(arguments.env, ipdaemon_get_last_error_code(arguments.handle()));
}

// int32_t ipdaemon_do_config(ipdaemon_t handle, const uint8_t *text, uint64_t length, ipdaemon_value *out);
// doConfig(handle: number, text: string): string | null;
napi_value do_config(const Arguments<2, 0b01>& arguments) {
  napi_env env = arguments.env;
  const ipdaemon_t handle = arguments.handle();
  Text setting;
  ipdaemon_value value{};
  if (const Reading reading = utf8_of(env, arguments.values[1], setting); reading != Reading::done) {
    refuse(handle, reading, "the configuration string must be a string");
    return null(env);
  }
  std::int32_t code = 0;
  {
    const Call scope(*arguments.environment);
    code = ipdaemon_do_config(handle, setting.begin(), setting.size(), &value);
  }
  setting.wipe();
  return code == 0 ? value_of(env, handle, value) : null(env);
}

using SendFunction = std::int32_t (*)(ipdaemon_t, std::int32_t, const std::uint8_t*, std::uint64_t);

std::int32_t refuse_send(ipdaemon_t handle, std::int32_t connection_id, std::int32_t code, std::string_view detail) {
  return ipdaemon_fail_send(handle, connection_id, code, reinterpret_cast<const std::uint8_t*>(detail.data()),
                            detail.size());
}

// What is to be sent could not be read.
std::int32_t refuse_send(ipdaemon_t handle, std::int32_t connection_id, Reading reading) {
  if (reading != Reading::other_type) {
    return refuse_send(handle, connection_id, IPDAEMON_ERROR_OUT_OF_MEMORY, "the value could not be copied");
  }
  return refuse_send(handle, connection_id, IPDAEMON_ERROR_INVALID_VALUE,
                     "the data to send must be a string or a Uint8Array");
}

std::int32_t refuse_character(ipdaemon_t handle, std::int32_t connection_id, const char16_t* units,
                              std::size_t length) {
  const auto position = std::find_if(units, units + length, [](char16_t unit) { return unit > 0xFF; }) - units;
  std::array<char, 128> detail{};
  std::snprintf(
      detail.data(), detail.size(),
      "character U+%04X at position %td does not fit a byte; set CodePage=65001 for UTF-8 or pass a Uint8Array",
      static_cast<unsigned>(units[position]), position);
  return refuse_send(handle, connection_id, IPDAEMON_ERROR_TEXT_NOT_CONVERTIBLE, detail.data());
}

// lib has seen to it that a text of more than short_text_max characters holds nothing above U+00FF.
template <SendFunction function>
std::int32_t send_long_text(Environment& environment, napi_value from, ipdaemon_t handle, std::int32_t connection_id) {
  Text scratch = environment.take_scratch();
  Reading reading = scratch.reserve(scratch_size_min) ? Reading::done : Reading::failed;
  if (reading == Reading::done) reading = latin1_of(environment.env(), from, scratch);
  const std::int32_t code = reading == Reading::done ? function(handle, connection_id, scratch.begin(), scratch.size())
                                                     : refuse_send(handle, connection_id, reading);
  environment.give_back(std::move(scratch));
  return code;
}

template <SendFunction function>
std::int32_t send_value(Environment& environment, napi_value from, ipdaemon_t handle, std::int32_t connection_id) {
  napi_env env = environment.env();
  // One unit more than is allowed reveals a longer text, and one is for the terminating zero.
  char16_t units[short_text_max + 2];
  std::size_t length = 0;
  const napi_status status = napi_get_value_string_utf16(env, from, units, short_text_max + 2, &length);
  if (status == napi_ok) {
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
  const Reading reading = status == napi_string_expected ? bytes_of(env, from, &begin, &count) : Reading::failed;
  if (reading != Reading::done) return refuse_send(handle, connection_id, reading);
  return function(handle, connection_id, begin, count);
}

template <SendFunction function>
napi_value send(const Arguments<3, 0b011>& arguments) {
  Environment& environment = *arguments.environment;
  const ipdaemon_t handle = arguments.handle();
  std::int32_t code = 0;
  {
    const Call scope(environment);
    code = send_value<function>(environment, arguments.values[2], handle, arguments.integer(1));
  }
  // Nothing stands for 0: it costs nothing to make.
  return code == 0 ? nullptr : number(arguments.env, code);
}

// int32_t ipdaemon_do_disconnect(ipdaemon_t handle, int32_t connection_id);
// doDisconnect(handle: number, connectionId: number): number;
constexpr auto do_disconnect = call_for_connection<ipdaemon_do_disconnect>;

// int32_t ipdaemon_do_doevents(ipdaemon_t handle);
// doDoevents(handle: number): number;
constexpr auto do_doevents = call<ipdaemon_do_doevents>;

// int32_t ipdaemon_do_interrupt(ipdaemon_t handle, int32_t connection_id);
// doInterrupt(handle: number, connectionId: number): number;
constexpr auto do_interrupt = call_for_connection<ipdaemon_do_interrupt>;

// int32_t ipdaemon_do_reset(ipdaemon_t handle);
// doReset(handle: number): number;
constexpr auto do_reset = call<ipdaemon_do_reset>;

// int32_t ipdaemon_do_send(ipdaemon_t handle, int32_t connection_id, const uint8_t *bytes, uint64_t length);
// doSend(handle: number, connectionId: number, text: string | Uint8Array): number | undefined;
constexpr auto do_send = send<ipdaemon_do_send>;

// int32_t ipdaemon_do_sendfile(ipdaemon_t handle, int32_t connection_id, const uint8_t *path, uint64_t length);
// doSendfile(handle: number, connectionId: number, path: string): number;
napi_value do_sendfile(const Arguments<3, 0b011>& arguments) {
  napi_env env = arguments.env;
  const ipdaemon_t handle = arguments.handle();
  Text path;
  if (const Reading reading = utf8_of(env, arguments.values[2], path); reading != Reading::done) {
    return number(env, refuse(handle, reading, "the file name must be a string"));
  }
  std::int32_t code = 0;
  {
    const Call scope(*arguments.environment);
    code = ipdaemon_do_sendfile(handle, arguments.integer(1), path.begin(), path.size());
  }
  return number(env, code);
}

// int32_t ipdaemon_do_sendline(ipdaemon_t handle, int32_t connection_id, const uint8_t *bytes, uint64_t length);
// doSendline(handle: number, connectionId: number, text: string | Uint8Array): number | undefined;
constexpr auto do_sendline = send<ipdaemon_do_sendline>;

// int32_t ipdaemon_do_shutdown(ipdaemon_t handle);
// doShutdown(handle: number): number;
constexpr auto do_shutdown = call<ipdaemon_do_shutdown>;

// int32_t ipdaemon_do_startssl(ipdaemon_t handle, int32_t connection_id);
// doStartssl(handle: number, connectionId: number): number;
constexpr auto do_startssl = call_for_connection<ipdaemon_do_startssl>;

// int32_t ipdaemon_send_gathered_lines(ipdaemon_t handle, int32_t connection_id, const uint8_t *bytes, uint64_t length,
//                            const int32_t *line_ends, int32_t lines, uint64_t last_length);
// sendGathered(handle: number, connectionId: number, text: string | null, lastLength: number, lines: number): number;
napi_value send_gathered(const Arguments<5, 0b11011>& arguments) {
  Environment& environment = *arguments.environment;
  const ipdaemon_t handle = arguments.handle();
  const std::int32_t connection_id = arguments.integer(1);
  const auto last_length = static_cast<std::uint64_t>(arguments.integer(3));
  const Session* session = environment.find(handle);
  const std::int32_t lines = session != nullptr ? std::clamp(arguments.integer(4), 0, session->line_ends_max()) : 0;
  Text scratch = environment.take_scratch();
  const bool is_read =
      scratch.reserve(scratch_size_min) && latin1_of(arguments.env, arguments.values[2], scratch) == Reading::done;
  const std::uint8_t* bytes = is_read ? scratch.begin() : nullptr;
  const std::uint64_t length = is_read ? scratch.size() : 1;
  const std::int32_t code = lines == 0 ? ipdaemon_send_gathered(handle, connection_id, bytes, length, last_length)
                                       : ipdaemon_send_gathered_lines(handle, connection_id, bytes, length,
                                                                      session->line_ends(), lines, last_length);
  environment.give_back(std::move(scratch));
  return number(arguments.env, code);
}

// int32_t ipdaemon_send_group(ipdaemon_t handle, const uint8_t *bytes, uint64_t length, const int32_t *sends,
//                             int32_t count);
// sendGroup(handle: number, text: string, count: number): number;
napi_value send_group(const Arguments<3, 0b101>& arguments) {
  Environment& environment = *arguments.environment;
  const ipdaemon_t handle = arguments.handle();
  const Session* session = environment.find(handle);
  const std::int32_t count = session != nullptr ? std::clamp(arguments.integer(2), 0, session->group_sends_max()) : 0;
  Text scratch = environment.take_scratch();
  const bool is_read =
      scratch.reserve(scratch_size_min) && latin1_of(arguments.env, arguments.values[1], scratch) == Reading::done;
  const std::int32_t code =
      ipdaemon_send_group(handle, is_read ? scratch.begin() : nullptr, is_read ? scratch.size() : 1,
                          session != nullptr ? session->group_sends() : nullptr, count);
  environment.give_back(std::move(scratch));
  return number(arguments.env, code);
}

// void ipdaemon_end_gathering(void);
// endGathering(): void;
napi_value end_gathering(const Arguments<1, 0>&) {
  ipdaemon_end_gathering();
  return nullptr;
}

// int32_t ipdaemon_fail(ipdaemon_t handle, int32_t code, const uint8_t *detail, uint64_t length);
// fail(handle: number, code: number, detail: string): number;
napi_value fail(const Arguments<3, 0b011>& arguments) {
  Text detail;
  // Without it the code says enough.
  static_cast<void>(utf8_of(arguments.env, arguments.values[2], detail));
  return number(arguments.env, ipdaemon_fail(arguments.handle(), arguments.integer(1), detail.begin(), detail.size()));
}

// int32_t ipdaemon_fail_send(ipdaemon_t handle, int32_t connection_id, int32_t code, const uint8_t *detail,
//                            uint64_t length);
// failSend(handle: number, connectionId: number, code: number, detail: string): number;
napi_value fail_send(const Arguments<4, 0b0111>& arguments) {
  Text detail;
  // As in fail.
  static_cast<void>(utf8_of(arguments.env, arguments.values[3], detail));
  return number(arguments.env, ipdaemon_fail_send(arguments.handle(), arguments.integer(1), arguments.integer(2),
                                                  detail.begin(), detail.size()));
}

// int64_t ipdaemon_counter(ipdaemon_t handle, int32_t counter);
// counter(handle: number, counter: number): number;
napi_value counter(const Arguments<2>& arguments) {
  napi_value result = nullptr;
  const std::int64_t count = ipdaemon_counter(arguments.handle(), arguments.integer(1));
  if (napi_create_int64(arguments.env, count, &result) != napi_ok) return throw_failure(arguments.env);
  return result;
}

// const char *ipdaemon_error_sentence(int32_t code);
// errorSentence(code: number): string;
napi_value error_sentence(const Arguments<1>& arguments) {
  return text(arguments.env, ipdaemon_error_sentence(arguments.integer(0)));
}

// const char *ipdaemon_version(void);
// version(): string;
napi_value version(const Arguments<1, 0>& arguments) {
  return text(arguments.env, ipdaemon_version());
}

// int32_t ipdaemon_self_signed(const uint8_t *names, uint64_t length, int32_t days, ipdaemon_value *out);
// selfSigned(names: string, days: number): string | number;
napi_value self_signed(const Arguments<2, 0b10>& arguments) {
  napi_env env = arguments.env;
  Text names;
  ipdaemon_value value{};
  switch (utf8_of(env, arguments.values[0], names)) {
    case Reading::done:
      break;
    case Reading::other_type:
      return number(env, IPDAEMON_ERROR_INVALID_VALUE);
    case Reading::failed:
      return number(env, IPDAEMON_ERROR_OUT_OF_MEMORY);
  }
  const std::int32_t code = ipdaemon_self_signed(names.begin(), names.size(), arguments.integer(1), &value);
  return code == 0 ? made(env, to_javascript(env, value)) : number(env, code);
}

// int32_t ipdaemon_describe(int32_t table, int32_t row, int32_t column, ipdaemon_value *out);
// describe(table: number, row: number, column: number): NativeValue | null;
napi_value describe(const Arguments<3>& arguments) {
  ipdaemon_value value{};
  const std::int32_t code = ipdaemon_describe(arguments.integer(0), arguments.integer(1), arguments.integer(2), &value);
  return code == 0 ? made(arguments.env, to_javascript(arguments.env, value)) : null(arguments.env);
}

struct Entry {
  const char* name;
  napi_callback function;
};

constexpr Entry entries[] = {
    {"open", entry<Arguments<1, 0>, open>},
    {"close", entry<Arguments<1>, close>},
    {"set", entry<Arguments<4, 0b0111>, set>},
    {"get", entry<Arguments<3>, get>},
    {"registerCallback", entry<Arguments<3, 0b011>, register_callback>},
    {"getLastError", entry<Arguments<1>, get_last_error>},
    {"getLastErrorCode", entry<Arguments<1>, get_last_error_code>},
    {"doConfig", entry<Arguments<2, 0b01>, do_config>},
    {"doDisconnect", entry<Arguments<2>, do_disconnect>},
    {"doDoevents", entry<Arguments<1>, do_doevents>},
    {"doInterrupt", entry<Arguments<2>, do_interrupt>},
    {"doReset", entry<Arguments<1>, do_reset>},
    {"doSend", entry<Arguments<3, 0b011>, do_send>},
    {"doSendfile", entry<Arguments<3, 0b011>, do_sendfile>},
    {"doSendline", entry<Arguments<3, 0b011>, do_sendline>},
    {"doShutdown", entry<Arguments<1>, do_shutdown>},
    {"doStartssl", entry<Arguments<2>, do_startssl>},
    {"sendGathered", entry<Arguments<5, 0b11011>, send_gathered>},
    {"sendGroup", entry<Arguments<3, 0b101>, send_group>},
    {"endGathering", entry<Arguments<1, 0>, end_gathering>},
    {"fail", entry<Arguments<3, 0b011>, fail>},
    {"failSend", entry<Arguments<4, 0b0111>, fail_send>},
    {"counter", entry<Arguments<2>, counter>},
    {"errorSentence", entry<Arguments<1>, error_sentence>},
    {"version", entry<Arguments<1, 0>, version>},
    {"selfSigned", entry<Arguments<2, 0b10>, self_signed>},
    {"describe", entry<Arguments<3>, describe>},
};

bool define(napi_value exports, const Entry& entry, Environment& environment) {
  napi_env env = environment.env();
  napi_value function = nullptr;
  return napi_create_function(env, entry.name, NAPI_AUTO_LENGTH, entry.function, &environment, &function) == napi_ok &&
         napi_set_named_property(env, exports, entry.name, function) == napi_ok;
}

}  // namespace

bool define_calls(napi_value exports, Environment& environment) {
  napi_env env = environment.env();
  napi_value checked_text_max = number_value(env, static_cast<std::int32_t>(short_text_max));
  if (checked_text_max == nullptr ||
      napi_set_named_property(env, exports, "checkedTextMax", checked_text_max) != napi_ok) {
    return false;
  }
  const bool defined = std::all_of(std::begin(entries), std::end(entries),
                                   [&](const Entry& entry) { return define(exports, entry, environment); });
  return defined && (may_be_wide() == nullptr || define(exports, {"mayBeWide", may_be_wide()}, environment));
}

}  // namespace ipdaemon::addon
