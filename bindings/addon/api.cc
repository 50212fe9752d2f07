#include "api.h"

namespace ipdaemon::addon {

napi_value throw_failure(napi_env env) {
  // Refused while an exception is pending, which is thrown then.
  static_cast<void>(napi_throw_error(env, nullptr, "ipdaemon: a Node-API call failed; memory may have run out"));
  return nullptr;
}

}  // namespace ipdaemon::addon
