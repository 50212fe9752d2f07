// The module's entry. Every environment (the main thread, each worker) gets an object of functions
// of its own, with its own record of what it opened.
#include <node_api.h>

#include "calls.h"
#include "lifetime.h"

NAPI_MODULE_INIT() {
  ipdaemon::addon::Environment* environment = ipdaemon::addon::Environment::create(env);
  if (environment == nullptr || !ipdaemon::addon::define_calls(exports, *environment)) {
    static_cast<void>(napi_throw_error(env, nullptr, "ipdaemon cannot be loaded: a call of Node-API failed"));
    return nullptr;
  }
  return exports;
}
