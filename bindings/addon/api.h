// What stands between the addon and Node-API: every status is looked at, nothing throws a C++ exception.
#pragma once

#include <node_api.h>

#include <utility>

namespace ipdaemon::addon {

// Throws in JavaScript that Node-API failed, and gives what the function must return then. Where an exception is
// pending already, or no JavaScript can run any more, that is the end of it.
napi_value throw_failure(napi_env env);

// Opens a scope for handles and closes it. It may fail to open; then nothing must be made.
class HandleScope {
 public:
  // Deno has no scopes to show and gives null.
  explicit HandleScope(napi_env env) : env_(env), is_open_(napi_open_handle_scope(env, &scope_) == napi_ok) {}
  HandleScope(const HandleScope&) = delete;
  HandleScope& operator=(const HandleScope&) = delete;
  // A scope that does not close leaves its handles to the one around it.
  ~HandleScope() {
    if (is_open_) static_cast<void>(napi_close_handle_scope(env_, scope_));
  }

  bool is_open() const { return is_open_; }

 private:
  napi_env env_;
  napi_handle_scope scope_ = nullptr;
  bool is_open_;
};

// Keeps an object or a function alive.
class Reference {
 public:
  Reference() = default;
  Reference(const Reference&) = delete;
  Reference& operator=(const Reference&) = delete;
  // Nothing can be done about a reference that cannot be deleted; it goes with the environment.
  ~Reference() { drop(); }

  bool keep(napi_env env, napi_value value) {
    drop();
    env_ = env;
    return napi_create_reference(env, value, 1, &reference_) == napi_ok;
  }
  void drop() {
    if (reference_ != nullptr) static_cast<void>(napi_delete_reference(env_, std::exchange(reference_, nullptr)));
  }

  bool is_empty() const { return reference_ == nullptr; }

  // Null when it fails.
  napi_value value() const {
    napi_value value = nullptr;
    return napi_get_reference_value(env_, reference_, &value) == napi_ok ? value : nullptr;
  }

 private:
  napi_env env_ = nullptr;
  napi_ref reference_ = nullptr;
};

}  // namespace ipdaemon::addon
