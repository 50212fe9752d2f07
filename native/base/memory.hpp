// Memory that was freed and that the process still holds.
#pragma once

namespace ipdaemon {

// Gives it back to the system, as far as the system has a way for that. Takes a few milliseconds for each
// hundred megabytes.
void give_back_memory();

}  // namespace ipdaemon
