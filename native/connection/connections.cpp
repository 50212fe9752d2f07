#include "connection/connections.hpp"

#include <limits>

#include "connection/connection.hpp"

namespace ipdaemon {

std::int64_t Connections::memory() const {
  std::int64_t memory = 0;
  table_.for_each([&](const Connection& connection) { memory += static_cast<std::int64_t>(connection.memory()); });
  return memory;
}

std::int32_t Connections::new_id() {
  do {
    if (last_id_ == std::numeric_limits<std::int32_t>::max()) {
      last_id_ = 0;
      ids_began_anew_ = true;
    }
    ++last_id_;
  } while (find(last_id_) != nullptr);
  return last_id_;
}

bool Connections::has_existed(int id) const {
  return id > 0 && (ids_began_anew_ || id <= last_id_);
}

std::string Connections::absence(int id) const {
  const std::string text = std::to_string(id);
  if (has_existed(id)) return "connection " + text + " has ended";
  if (id > 0) return "there has never been a connection " + text;
  return text + " is not a connection id; ids start at 1";
}

const ProxyInfo* Connections::proxy_info(int id) const {
  const auto found = proxies_.find(id);
  return found != proxies_.end() ? found->second.get() : nullptr;
}

void Connections::add(std::int32_t id, std::unique_ptr<Connection> connection, std::unique_ptr<ProxyInfo> proxy) {
  if (proxy) proxies_.emplace(id, std::move(proxy));
  try {
    table_.insert(id, std::move(connection));
  } catch (...) {
    proxies_.erase(id);
    throw;
  }
  ++open_;
  memory_.note(table_.size());
}

void Connections::retire(std::int32_t id) {
  if (!proxies_.empty()) proxies_.erase(id);
  if (std::unique_ptr<Connection> connection = table_.remove(id)) reactor_.retire(std::move(connection));
  memory_.note(table_.size());
}

void Connections::retire_all() {
  proxies_.clear();
  table_.take_all([this](std::unique_ptr<Connection> connection) { reactor_.retire(std::move(connection)); });
  connected_ = 0;
  memory_.note(0);
}

}  // namespace ipdaemon
