// What properties and settings do when they are set, and how those are read that are not stored: one function each,
// in property_hooks.cpp, setting_hooks.cpp and setting_hooks_tls.cpp. A row without a hook is plain storage.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "base/bytes.hpp"
#include "properties/settings.hpp"
#include "properties/values.hpp"

namespace ipdaemon {

class Server;

// A new value of a row, before it is stored.
struct Change {
  Server& server;
  const Row& row;
  Stored& value;  // The hook may change it, to what will be in force.

  Settings& settings() const;
  // Both record an error and return its code: the value is not stored. The detail is the row's name and `text`.
  int refuse(int code, const std::string& text) const;
  int invalid(BytesView entry, const char* wanted) const;
};

// Either function may be null.
struct PropertyHook {
  int id;
  int (*apply)(Change& change);  // Returns 0, or an error code that is recorded.
  void (*read)(Server& server, ValueView* out);
};

struct SettingHook {
  int id;
  int (*apply)(Change& change);
  std::string (*read)(Server& server);
};

// In a table of one of the files; null for a row that has none there.
template <typename Hook, std::size_t count>
const Hook* find_hook(const Hook (&hooks)[count], int id) {
  const Hook* const end = hooks + count;
  const Hook* const found = std::find_if(hooks, end, [id](const Hook& hook) { return hook.id == id; });
  return found != end ? found : nullptr;
}

const PropertyHook* find_property_hook(int id);
const SettingHook* find_setting_hook(int id);
const SettingHook* find_tls_setting_hook(int id);

}  // namespace ipdaemon
