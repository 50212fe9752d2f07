#include "properties/settings.hpp"

#include "properties/limits.hpp"

namespace ipdaemon {

void Settings::set_defaults() {
  for (std::size_t i = 0; i < property_count; ++i) properties_[i] = fallback_of(property_rows[i]);
  for (std::size_t i = 0; i < setting_count; ++i) settings_[i] = fallback_of(setting_rows[i]);
}

}  // namespace ipdaemon
