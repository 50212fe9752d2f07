#include "tls/stores/query.hpp"

#include "tls/stores/file.hpp"
#include "tls/stores/types.hpp"

namespace ipdaemon::tls {

std::string file_state(const StoreQuery& query) {
  const StoreType* type = find_type(query.type);
  if (type == nullptr || type->holder == Holder::value) return {};
  return state_of_file(query.store);
}

}  // namespace ipdaemon::tls
