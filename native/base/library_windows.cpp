// Libraries that are loaded at run time, and their functions.
#include <windows.h>

#include <initializer_list>

#include "base/library.hpp"

namespace ipdaemon {

namespace {

void* find(HMODULE module, const char* function) {
  return reinterpret_cast<void*>(GetProcAddress(module, function));
}

}  // namespace

const char* const openssl_files[] = {"libssl-3-x64.dll", "libssl-3-arm64.dll", "libssl-3.dll", nullptr};
const char* const newer_openssl_files[] = {"libssl-4-x64.dll", "libssl-4-arm64.dll", "libssl-4.dll", nullptr};

// Only the program itself: Node exports the OpenSSL inside of it. Libraries of the process may be of several versions,
// and a function of one does not go with those of another; they are found by their names.
void* find_in_process(const char* function) {
  return find(GetModuleHandleW(nullptr), function);
}

void* load_library(const char* file) {
  // Never from the current folder.
  return LoadLibraryExA(file, nullptr, LOAD_LIBRARY_SEARCH_DEFAULT_DIRS);
}

// The functions of libcrypto are in a library of their own, which came with the one of TLS.
void* find_in_library(void* library, const char* function) {
  const auto ssl = static_cast<HMODULE>(library);
  if (void* address = find(ssl, function)) return address;
  for (const char* const name : {"libcrypto-3-x64.dll", "libcrypto-3-arm64.dll", "libcrypto-3.dll"}) {
    const HMODULE crypto = GetModuleHandleA(name);
    if (crypto == nullptr) continue;
    if (void* address = find(crypto, function)) return address;
  }
  return nullptr;
}

}  // namespace ipdaemon
