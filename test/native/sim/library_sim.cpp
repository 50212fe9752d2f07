// Libraries as on a system, but that their names are not looked up in themselves first: OpenSSL takes the time of
// day from this program (clock_sim.cpp).
#include <dlfcn.h>

#include "base/library.hpp"

namespace ipdaemon {

const char* const openssl_files[] = {"libssl.so.3", "libssl.3.dylib", nullptr};
const char* const newer_openssl_files[] = {"libssl.so.4", "libssl.4.dylib", nullptr};

void* find_in_process(const char* function) {
  return dlsym(RTLD_DEFAULT, function);
}

void* load_library(const char* file) {
  return dlopen(file, RTLD_NOW | RTLD_LOCAL);
}

void* find_in_library(void* library, const char* function) {
  return dlsym(library, function);
}

}  // namespace ipdaemon
