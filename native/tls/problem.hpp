// What is wrong with a setting, a certificate store or a session.
#pragma once

#include <string>

namespace ipdaemon::tls {

// What is wrong, as code and detail of ipdaemon_errors.def. Never contains a password or a key.
struct Problem {
  int code = 0;
  std::string detail;
  bool wrong_password = false;  // What was missing may just not have been set yet.
};

}  // namespace ipdaemon::tls
