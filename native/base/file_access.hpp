// Who can read a file that holds secrets. One file per system.
#pragma once

#include <string>

namespace ipdaemon {

// Whether users that neither own the file nor belong to its group can read it; `path` is UTF-8. False where the
// system has no such permissions, and when it cannot say.
bool others_can_read(const std::string& path);

}  // namespace ipdaemon
