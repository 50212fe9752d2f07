#include "properties/config_string.hpp"

#include <algorithm>
#include <iterator>

#include "base/text.hpp"

namespace ipdaemon {

ConfigString take_apart(BytesView text) {
  ConfigString parts;
  const std::size_t equals = text.find('=');
  parts.name = trim(text.substr(0, equals));
  if (equals != BytesView::npos) {
    parts.has_value = true;
    parts.value = text.substr(equals + 1);
  }
  const std::size_t bracket = parts.name.find('[');
  if (bracket != BytesView::npos && parts.name.back() == ']') {
    parts.has_id = true;
    parts.id = parts.name.substr(bracket + 1, parts.name.size() - bracket - 2);
    parts.name = trim(parts.name.substr(0, bracket));
  }
  return parts;
}

const Row* find_setting(BytesView name) {
  const auto* row = std::find_if(std::begin(setting_rows), std::end(setting_rows),
                                 [&](const Row& candidate) { return equal_ignoring_case(candidate.name, name); });
  return row != std::end(setting_rows) ? row : nullptr;
}

}  // namespace ipdaemon
