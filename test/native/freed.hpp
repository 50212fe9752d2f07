// Memory as it is when the library frees it: what is still in there can be found by whoever gets it next.
#pragma once

#include <string>

namespace ipdaemon::test {

// From now on, blocks that are freed with this text in them are counted; empty: none are.
void watch_freed(const std::string& text);
int freed_with_text();

}  // namespace ipdaemon::test
