// One function per function of the C ABI, see bindings/contract.ts for the JavaScript side.
#pragma once

#include <napi.h>

#include "lifetime.h"

namespace ipdaemon::addon {

// Puts the functions of bindings/contract.ts on `exports`.
void define_calls(Napi::Object exports, Environment& environment);

}  // namespace ipdaemon::addon
