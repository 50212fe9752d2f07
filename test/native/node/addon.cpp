// The native tests inside of Node, for the OpenSSL that Node brings along: requiring this addon runs them and ends the
// process with their result. The environment variable IPDAEMON_TEST_FILTER is what the argument of the program is.
#include <cstdlib>

#include "check.hpp"
#include "ipdaemon.h"

// Node's own types are not needed, since nothing is called back.
extern "C" IPDAEMON_API void* napi_register_module_v1(void*, void*) {
  const char* filter = std::getenv("IPDAEMON_TEST_FILTER");
  std::exit(ipdaemon::test::run_tests(filter != nullptr ? filter : ""));
}
