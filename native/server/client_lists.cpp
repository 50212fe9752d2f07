#include "server/client_lists.hpp"

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "properties/settings.hpp"
#include "pump/notices.hpp"

namespace ipdaemon {

int ClientLists::set(int setting, BytesView text, std::string* detail) {
  const auto which = static_cast<Which>(std::distance(ids.begin(), std::find(ids.begin(), ids.end(), setting)));
  ClientList next = none()[which];
  if (const int code = next.parse(text, detail); code != 0) return code;
  resolve_names(which, &next);
  lists_[which] = std::move(next);
  return 0;
}

int ClientLists::read_files(All* next, std::string* detail) const {
  for (std::size_t which = 0; which < count; ++which) {
    ClientList& list = (*next)[which];
    if (!list.has_files()) continue;
    if (const int code = list.parse(settings_.stored_setting(ids[which]).bytes, detail); code != 0) return code;
  }
  return 0;
}

void ClientLists::replace(All&& next) {
  for (std::size_t which = 0; which < count; ++which) {
    if (next[which].has_names()) resolve_names(static_cast<Which>(which), &next[which]);
  }
  lists_ = std::move(next);
}

int ClientLists::prepare(std::string* detail) {
  All next = lists_;
  if (const int code = read_files(&next, detail); code != 0) return code;
  replace(std::move(next));
  return 0;
}

void ClientLists::resolve_names(Which which, ClientList* list) {
  std::vector<Notices::Error> errors;
  for (const std::string& name : list->resolve_names()) {
    errors.push_back({IPDAEMON_ERROR_HOST_NOT_FOUND, in_quotes(name) + " in " + list->setting() +
                                                         " has no address and " +
                                                         (which == allowed ? "admits nobody" : "stands for nobody")});
  }
  notices_.replace_errors(ids[which], std::move(errors));
}

}  // namespace ipdaemon
