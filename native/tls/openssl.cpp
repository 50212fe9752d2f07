#include "tls/openssl.hpp"

#include "base/library.hpp"

namespace ipdaemon::tls {

#ifndef IPDAEMON_OPENSSL_LINKED
#define IPD_FUNCTION(name) decltype(&::name) name = nullptr;
#include "tls/openssl_functions.def"
#undef IPD_FUNCTION
#endif

namespace {

#ifndef IPDAEMON_OPENSSL_LINKED

struct Slot {
  const char* name;
  void (*assign)(void* address);
};

constexpr Slot slots[] = {
#define IPD_FUNCTION(name) {#name, [](void* address) { tls::name = reinterpret_cast<decltype(&::name)>(address); }},
#include "tls/openssl_functions.def"
#undef IPD_FUNCTION
};

// A candidate counts if it is of version 3 and has every function.
template <typename Find>
bool fill(Find find) {
  const auto major = reinterpret_cast<decltype(&::OPENSSL_version_major)>(find("OPENSSL_version_major"));
  if (major == nullptr || major() != 3) return false;
  for (const Slot& slot : slots) {
    void* address = find(slot.name);
    if (address == nullptr) return false;
    slot.assign(address);
  }
  return true;
}

// Where the functions are; null when they are nowhere.
const char* fill_from_somewhere() {
  if (fill([](const char* name) { return find_in_process(name); })) return "in this process";
  for (const char* const* file = openssl_files; *file != nullptr; ++file) {
    void* library = load_library(*file);
    if (library != nullptr && fill([=](const char* name) { return find_in_library(library, name); })) return *file;
  }
  return nullptr;
}

// The functions were made for OpenSSL 3. Another one may have all of them and mean something else.
std::string found_instead() {
  const auto version_of = [](void* address) -> std::string {
    const auto text = reinterpret_cast<decltype(&::OpenSSL_version)>(address);
    return text != nullptr ? text(OPENSSL_VERSION) : "";
  };
  for (const char* const* file = newer_openssl_files; *file != nullptr; ++file) {
    void* library = load_library(*file);
    const std::string version = library != nullptr ? version_of(find_in_library(library, "OpenSSL_version")) : "";
    if (!version.empty()) return version + " (" + *file + ")";
  }
  return version_of(find_in_process("OpenSSL_version"));
}

#else

const char* fill_from_somewhere() {
  return "linked";
}

std::string found_instead() {
  return {};
}

#endif

struct Found {
  const char* problem = nullptr;
  const char* origin = nullptr;
  OSSL_LIB_CTX* context = nullptr;
};

// Never freed: connections of any thread may use it until the process ends.
Found find() {
  Found found;
  found.origin = fill_from_somewhere();
  if (found.origin == nullptr) {
    static const std::string problem = [] {
      const std::string other = found_instead();
      return "OpenSSL 3 is neither in this process nor installed in the system; " +
             (other.empty() ? "" : "there is " + other + ", which this library cannot use; ") +
             "install it, or set SSLStartMode to 3 (None) to listen unencrypted";
    }();
    found.problem = problem.c_str();
    return found;
  }
  const ErrorScope errors;
  found.context = OSSL_LIB_CTX_new();
  if (found.context == nullptr || OSSL_PROVIDER_load(found.context, "default") == nullptr) {
    found.problem = "OpenSSL cannot load its default provider";
  }
  return found;
}

const Found& found() {
  static const Found once = find();
  return once;
}

}  // namespace

const char* find_openssl() {
  return found().problem;
}

const char* openssl_origin() {
  return found().origin;
}

OSSL_LIB_CTX* library_context() {
  return found().context;
}

OSSL_LIB_CTX* legacy_context() {
  static OSSL_LIB_CTX* const once = []() -> OSSL_LIB_CTX* {
    const ErrorScope errors;
    OSSL_LIB_CTX* context = OSSL_LIB_CTX_new();
    if (context == nullptr) return nullptr;
    if (OSSL_PROVIDER_load(context, "default") != nullptr && OSSL_PROVIDER_load(context, "legacy") != nullptr) {
      return context;
    }
    OSSL_LIB_CTX_free(context);
    return nullptr;
  }();
  return once;
}

std::string ErrorScope::text() {
  const unsigned long error = ERR_peek_last_error();
  const char* reason = error != 0 ? ERR_reason_error_string(error) : nullptr;
  return reason != nullptr ? reason : "no reason given";
}

bool ErrorScope::is(int library, int reason) {
  const auto same = [=](unsigned long error) {
    return ERR_GET_LIB(error) == library && ERR_GET_REASON(error) == reason;
  };
  return same(ERR_peek_last_error()) || same(ERR_peek_error());
}

}  // namespace ipdaemon::tls
