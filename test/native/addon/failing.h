// Included before everything else in the addon `ipdaemon_failing`: every call of Node-API may fail. Which one does,
// a test says, see failing.cc.
#pragma once

// The wrapper's own calls, which register the module, do not fail.
#include <napi.h>
#include <node_api.h>

namespace ipdaemon::failing {

// Counts a step; true if it is the one that shall fail.
bool fails(const char* step);

// For what ends something: it is done all the same, as nothing else could end it afterwards.
inline napi_status done_but_failed(napi_status) {
  return napi_generic_failure;
}

}  // namespace ipdaemon::failing

#define IPDAEMON_NOT_DONE(name, ...) (ipdaemon::failing::fails(#name) ? napi_generic_failure : name(__VA_ARGS__))
#define IPDAEMON_DONE(name, ...) \
  (ipdaemon::failing::fails(#name) ? ipdaemon::failing::done_but_failed(name(__VA_ARGS__)) : name(__VA_ARGS__))

// All that the addon calls; a test sees to it.
#define napi_add_async_cleanup_hook(...) IPDAEMON_NOT_DONE(napi_add_async_cleanup_hook, __VA_ARGS__)
#define napi_add_env_cleanup_hook(...) IPDAEMON_NOT_DONE(napi_add_env_cleanup_hook, __VA_ARGS__)
#define napi_async_destroy(...) IPDAEMON_DONE(napi_async_destroy, __VA_ARGS__)
#define napi_async_init(...) IPDAEMON_NOT_DONE(napi_async_init, __VA_ARGS__)
#define napi_call_function(...) IPDAEMON_NOT_DONE(napi_call_function, __VA_ARGS__)
#define napi_close_callback_scope(...) IPDAEMON_DONE(napi_close_callback_scope, __VA_ARGS__)
#define napi_close_handle_scope(...) IPDAEMON_DONE(napi_close_handle_scope, __VA_ARGS__)
#define napi_create_array(...) IPDAEMON_NOT_DONE(napi_create_array, __VA_ARGS__)
#define napi_create_error(...) IPDAEMON_NOT_DONE(napi_create_error, __VA_ARGS__)
#define napi_create_function(...) IPDAEMON_NOT_DONE(napi_create_function, __VA_ARGS__)
#define napi_create_int32(...) IPDAEMON_NOT_DONE(napi_create_int32, __VA_ARGS__)
#define napi_create_int64(...) IPDAEMON_NOT_DONE(napi_create_int64, __VA_ARGS__)
#define napi_create_reference(...) IPDAEMON_NOT_DONE(napi_create_reference, __VA_ARGS__)
#define napi_create_string_latin1(...) IPDAEMON_NOT_DONE(napi_create_string_latin1, __VA_ARGS__)
#define napi_create_string_utf8(...) IPDAEMON_NOT_DONE(napi_create_string_utf8, __VA_ARGS__)
#define napi_delete_reference(...) IPDAEMON_DONE(napi_delete_reference, __VA_ARGS__)
#define napi_fatal_exception(...) IPDAEMON_NOT_DONE(napi_fatal_exception, __VA_ARGS__)
#define napi_get_and_clear_last_exception(...) IPDAEMON_NOT_DONE(napi_get_and_clear_last_exception, __VA_ARGS__)
#define napi_get_array_length(...) IPDAEMON_NOT_DONE(napi_get_array_length, __VA_ARGS__)
#define napi_get_boolean(...) IPDAEMON_NOT_DONE(napi_get_boolean, __VA_ARGS__)
#define napi_get_cb_info(...) IPDAEMON_NOT_DONE(napi_get_cb_info, __VA_ARGS__)
#define napi_get_element(...) IPDAEMON_NOT_DONE(napi_get_element, __VA_ARGS__)
#define napi_get_global(...) IPDAEMON_NOT_DONE(napi_get_global, __VA_ARGS__)
#define napi_get_named_property(...) IPDAEMON_NOT_DONE(napi_get_named_property, __VA_ARGS__)
#define napi_get_null(...) IPDAEMON_NOT_DONE(napi_get_null, __VA_ARGS__)
#define napi_get_reference_value(...) IPDAEMON_NOT_DONE(napi_get_reference_value, __VA_ARGS__)
#define napi_get_typedarray_info(...) IPDAEMON_NOT_DONE(napi_get_typedarray_info, __VA_ARGS__)
#define napi_get_uv_event_loop(...) IPDAEMON_NOT_DONE(napi_get_uv_event_loop, __VA_ARGS__)
#define napi_get_value_bool(...) IPDAEMON_NOT_DONE(napi_get_value_bool, __VA_ARGS__)
#define napi_get_value_double(...) IPDAEMON_NOT_DONE(napi_get_value_double, __VA_ARGS__)
#define napi_get_value_int32(...) IPDAEMON_NOT_DONE(napi_get_value_int32, __VA_ARGS__)
#define napi_get_value_string_latin1(...) IPDAEMON_NOT_DONE(napi_get_value_string_latin1, __VA_ARGS__)
#define napi_get_value_string_utf16(...) IPDAEMON_NOT_DONE(napi_get_value_string_utf16, __VA_ARGS__)
#define napi_get_value_string_utf8(...) IPDAEMON_NOT_DONE(napi_get_value_string_utf8, __VA_ARGS__)
#define napi_has_named_property(...) IPDAEMON_NOT_DONE(napi_has_named_property, __VA_ARGS__)
#define napi_is_array(...) IPDAEMON_NOT_DONE(napi_is_array, __VA_ARGS__)
#define napi_is_exception_pending(...) IPDAEMON_NOT_DONE(napi_is_exception_pending, __VA_ARGS__)
#define napi_is_typedarray(...) IPDAEMON_NOT_DONE(napi_is_typedarray, __VA_ARGS__)
#define napi_new_instance(...) IPDAEMON_NOT_DONE(napi_new_instance, __VA_ARGS__)
#define napi_open_callback_scope(...) IPDAEMON_NOT_DONE(napi_open_callback_scope, __VA_ARGS__)
#define napi_open_handle_scope(...) IPDAEMON_NOT_DONE(napi_open_handle_scope, __VA_ARGS__)
#define napi_remove_async_cleanup_hook(...) IPDAEMON_DONE(napi_remove_async_cleanup_hook, __VA_ARGS__)
#define napi_set_element(...) IPDAEMON_NOT_DONE(napi_set_element, __VA_ARGS__)
#define napi_set_named_property(...) IPDAEMON_NOT_DONE(napi_set_named_property, __VA_ARGS__)
#define napi_throw(...) IPDAEMON_NOT_DONE(napi_throw, __VA_ARGS__)
#define napi_throw_error(...) IPDAEMON_NOT_DONE(napi_throw_error, __VA_ARGS__)
#define napi_typeof(...) IPDAEMON_NOT_DONE(napi_typeof, __VA_ARGS__)
