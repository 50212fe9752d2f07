// Libraries that are loaded at run time, and their functions.
#include <dlfcn.h>

#include "base/library.hpp"

// Names of the loaded library are looked up in itself first: a host may export another version of
// them. Not every system can do that, and the address sanitizer refuses to.
#if !defined(RTLD_DEEPBIND) || defined(__SANITIZE_ADDRESS__)
#define IPD_OWN_NAMES_FIRST 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IPD_OWN_NAMES_FIRST 0
#endif
#endif
#ifndef IPD_OWN_NAMES_FIRST
#define IPD_OWN_NAMES_FIRST RTLD_DEEPBIND
#endif

namespace ipdaemon {

const char* const openssl_files[] = {"libssl.so.3", "libssl.3.dylib", nullptr};
const char* const newer_openssl_files[] = {"libssl.so.4", "libssl.4.dylib", nullptr};

void* find_in_process(const char* function) {
  return dlsym(RTLD_DEFAULT, function);
}

void* load_library(const char* file) {
  return dlopen(file, RTLD_NOW | RTLD_LOCAL | IPD_OWN_NAMES_FIRST);
}

void* find_in_library(void* library, const char* function) {
  return dlsym(library, function);
}

}  // namespace ipdaemon
