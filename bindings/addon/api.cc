#include "api.h"

namespace ipdaemon::addon {

napi_value throw_failure(napi_env env) {
  // Refused while an exception is pending, which is thrown then.
  static_cast<void>(napi_throw_error(env, nullptr, "ipdaemon: a call of Node-API failed; there may be no memory"));
  return nullptr;
}

}  // namespace ipdaemon::addon
