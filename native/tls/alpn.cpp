#include "tls/alpn.hpp"

#include "base/text.hpp"
#include "tls/policy.hpp"

namespace ipdaemon::tls {

namespace {

constexpr std::size_t protocol_length_max = 255;
constexpr std::size_t named_protocols_max = 6;

// Visits the names of a list until that returns false; ends at a length that is more than what is left.
template <typename Visit>
void each_protocol(BytesView list, Visit visit) {
  while (!list.empty()) {
    const std::size_t length = static_cast<unsigned char>(list.front());
    list.remove_prefix(1);
    if (length == 0 || length > list.size() || !visit(list.substr(0, length))) return;
    list.remove_prefix(length);
  }
}

}  // namespace

bool is_protocol_name(BytesView name) {
  return !name.empty() && name.size() <= protocol_length_max;
}

std::string protocol_list(BytesView names) {
  std::string list;
  if (names.empty()) return list;
  each_entry(names, ',', [&](BytesView name) {
    list += static_cast<char>(name.size());
    list += name;
    return true;
  });
  return list;
}

BytesView common_protocol(BytesView ours, BytesView offered) {
  BytesView found;
  each_protocol(ours, [&](BytesView wanted) {
    each_protocol(offered, [&](BytesView name) {
      if (name == wanted) found = wanted;
      return found.empty();
    });
    return found.empty();
  });
  return found;
}

std::string protocol_names(BytesView offered) {
  std::string text;
  std::size_t count = 0;
  each_protocol(offered, [&](BytesView name) {
    if (count < named_protocols_max) text += (count > 0 ? ", " : "") + in_quotes(name);
    ++count;
    return true;
  });
  if (count > named_protocols_max) text += " and " + std::to_string(count - named_protocols_max) + " more";
  return text;
}

}  // namespace ipdaemon::tls
