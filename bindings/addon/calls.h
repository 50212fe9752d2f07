// One function per function of the C ABI, see bindings/contract.ts for the JavaScript side.
#pragma once

#include <node_api.h>

#include "lifetime.h"

namespace ipdaemon::addon {

// Puts the functions of bindings/contract.ts on `exports`. False when Node-API fails.
bool define_calls(napi_value exports, Environment& environment);

}  // namespace ipdaemon::addon
