// The values of the server's properties and of its settings: what was set, or the default of the row.
#pragma once

#include <array>
#include <cstdint>

#include "properties/row.hpp"
#include "properties/values.hpp"

namespace ipdaemon {

class Settings {
 public:
  Settings() { set_defaults(); }

  // May throw std::bad_alloc, then some are set and some are not.
  void set_defaults();

  // Of a property, by its id.
  std::int64_t number(int property) const { return stored_property(property).number; }
  BytesView bytes(int property) const { return stored_property(property).bytes; }
  Stored& stored_property(int id) { return properties_[property_position(id)]; }
  const Stored& stored_property(int id) const { return properties_[property_position(id)]; }

  // Of a setting, by its id.
  std::int64_t setting(int id) const { return stored_setting(id).number; }
  Stored& stored_setting(int id) { return settings_[static_cast<std::size_t>(id) - 1]; }
  const Stored& stored_setting(int id) const { return settings_[static_cast<std::size_t>(id) - 1]; }

 private:
  std::array<Stored, property_count> properties_;
  std::array<Stored, setting_count> settings_;
};

}  // namespace ipdaemon
