// The descriptor by which whoever started the process ends it: a pipe, or a socket, which also takes what is told back.
// Nothing here waits.
#pragma once

namespace ipdaemon {

// A variable of the environment; null where there is none.
const char* environment(const char* name);

// Whether it is open, and has another end that can be closed.
bool has_other_end(int descriptor);

// Whether the other end is closed, or has said that nothing more comes. Takes nothing out.
bool other_end_is_closed(int descriptor);

// Says it to the other end, if that listens and has room.
void tell_other_end(int descriptor, char what);

}  // namespace ipdaemon
