// Settings whose value is a fact of the system that the library was built for.
#include <string>
#include <string_view>

#include "check.hpp"
#include "ipdaemon.h"
#include "reactor/poller.hpp"

using namespace ipdaemon;

namespace {

struct Handle {
  ~Handle() { ipdaemon_close(number); }
  const ipdaemon_t number = ipdaemon_open();
};

// What do_config answers, and its code.
std::string config(const Handle& handle, std::string_view text, int expected_code) {
  ipdaemon_value out = {};
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  CHECK_EQ(ipdaemon_do_config(handle.number, bytes, text.size(), &out), expected_code);
  return {reinterpret_cast<const char*>(out.bytes), out.length};
}

}  // namespace

TEST("UseIOCP tells whether completion ports are in use, and takes nothing else") {
  const Handle handle;
  const std::string fact = std::string_view(Poller::name()) == "iocp" ? "True" : "False";
  const std::string opposite = fact == "True" ? "False" : "True";
  CHECK_EQ(config(handle, "UseIOCP", 0), fact);
  CHECK_EQ(config(handle, "UseIOCP=" + fact, 0), fact);
  config(handle, "UseIOCP=" + opposite, IPDAEMON_ERROR_NOT_AVAILABLE);
  const std::string message = ipdaemon_get_last_error(handle.number);
  CHECK(message.find("UseIOCP cannot be " + opposite) != std::string::npos);
  CHECK_EQ(config(handle, "UseIOCP", 0), fact);
}
