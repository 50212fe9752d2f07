// Functions of other libraries, found at run time by their names.
#pragma once

namespace ipdaemon {

// A function that the process has loaded already, of whatever library; null when there is none.
void* find_in_process(const char* function);

// Loads a library for the rest of the process's life, its symbols not mixed with those of others.
// Null when it cannot be loaded.
void* load_library(const char* file);
void* find_in_library(void* library, const char* function);

// The file names under which this system knows OpenSSL 3, the best first, ending with null.
extern const char* const openssl_files[];
// Those of the OpenSSL behind it, which is told of and not used.
extern const char* const newer_openssl_files[];

}  // namespace ipdaemon
