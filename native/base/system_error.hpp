// Error numbers of the system as codes of ipdaemon_errors.def, in one switch per system.
#pragma once

#include <string>

namespace ipdaemon {

// The code for an errno (or, on Windows, Winsock) number; 10022 for one that has no code.
int code_from_system(int system_error);

// What the system calls the error, for the detail of a message.
std::string text_from_system(int system_error);

}  // namespace ipdaemon
