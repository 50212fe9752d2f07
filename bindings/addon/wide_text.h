// How V8 keeps a string, which Node-API does not say.
#pragma once

#include <node_api.h>

namespace ipdaemon::addon {

// mayBeWide(text: string): true | undefined, or null where the host does not show V8's own function.
napi_callback may_be_wide();

}  // namespace ipdaemon::addon
