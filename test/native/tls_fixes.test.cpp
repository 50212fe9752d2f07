// What is known about versions of OpenSSL.
#include "check.hpp"
#include "tls/tls.hpp"

namespace ipdaemon::tls {

TEST("an OpenSSL that lacks fixes is told by its version, with the one that has them and what to update") {
  CHECK_EQ(missing_fixes_of(0, 18, true),
           "OpenSSL 3.0.18 lacks fixes for serious vulnerabilities, which came with 3.0.19: update the program that "
           "includes it, such as Node.js");
  CHECK_EQ(missing_fixes_of(2, 99, false),
           "OpenSSL 3.2.99 lacks fixes for serious vulnerabilities and no longer receives fixes, unless the system's "
           "packages include them: update the system's OpenSSL");
  CHECK_EQ(missing_fixes_of(5, 4, true).empty(), false);
  for (const unsigned minor : {0U, 3U, 4U, 5U, 6U}) CHECK_EQ(missing_fixes_of(minor, 19, true), "");
  CHECK_EQ(missing_fixes_of(7, 0, true), "");
}

}  // namespace ipdaemon::tls
