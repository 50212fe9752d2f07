// The module's entry. Every environment (the main thread, each worker) gets its own object of functions,
// with its own record of what it opened. The C++ wrapper registers the module and does nothing else here:
// where a call of Node-API fails, it ends the process.
#include <napi.h>

#include "calls.h"
#include "lifetime.h"

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  ipdaemon::addon::Environment* environment = ipdaemon::addon::Environment::create(env);
  if (environment == nullptr || !ipdaemon::addon::define_calls(exports, *environment)) {
    static_cast<void>(napi_throw_error(env, nullptr, "ipdaemon cannot be loaded: a Node-API call failed"));
  }
  return exports;
}

NODE_API_MODULE(NODE_GYP_MODULE_NAME, init)
