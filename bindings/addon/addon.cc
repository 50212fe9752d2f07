// The module's entry. Every environment (the main thread, each worker) gets an object of functions
// of its own, with its own record of what it opened.
#include <napi.h>

#include "calls.h"
#include "lifetime.h"

static Napi::Object init(Napi::Env env, Napi::Object exports) {
  ipdaemon::addon::Environment* environment = ipdaemon::addon::Environment::create(env);
  if (environment == nullptr) {
    Napi::Error::New(env, "ipdaemon cannot be loaded while its environment is ending").ThrowAsJavaScriptException();
    return exports;
  }
  ipdaemon::addon::define_calls(exports, *environment);
  return exports;
}

NODE_API_MODULE(NODE_GYP_MODULE_NAME, init)
