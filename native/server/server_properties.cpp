// Members of Server: properties and settings are found, checked by their rows, given to their hooks, stored and read.

#include <algorithm>
#include <iterator>
#include <limits>

#include "base/text.hpp"
#include "connection/connection.hpp"
#include "ipdaemon.h"
#include "properties/limits.hpp"
#include "properties/text.hpp"
#include "server/hooks.hpp"
#include "server/proxy_header.hpp"
#include "server/server.hpp"

namespace ipdaemon {

// ---- Properties -------------------------------------------------------------------------------------

int Server::set(int property, int index, const ValueView& value) {
  const std::size_t position = property_position(property);
  if (position == property_count) return unknown_property(property);
  const Row& row = property_rows[position];
  if (row.access == Access::READ_ONLY) {
    return record_error(IPDAEMON_ERROR_READ_ONLY, std::string(row.name) + " cannot be set");
  }
  if (row.per == Per::CONNECTION) return set_of_connection(row, index, value);
  Stored next;
  std::string detail;
  if (const int code = convert(row, value, &next, &detail); code != 0) return record_error(code, std::move(detail));
  if (row.when == When::NOT_LISTENING && listening_.is_on()) {
    return record_error(row.id == IPDAEMON_PROPERTY_LOCAL_HOST ? IPDAEMON_ERROR_LOCAL_HOST_WHILE_LISTENING
                                                               : IPDAEMON_ERROR_LOCAL_PORT_WHILE_LISTENING);
  }
  if (const PropertyHook* hook = find_property_hook(row.id); hook != nullptr && hook->apply != nullptr) {
    Change change{*this, row, next};
    if (const int code = hook->apply(change); code != 0) return code;
  }
  services_.settings.stored_property(row.id) = std::move(next);
  return 0;
}

int Server::set_of_connection(const Row& row, int id, const ValueView& value) {
  if (row.id == IPDAEMON_PROPERTY_DATA_TO_SEND) {
    if (id == 0) return unknown_connection(row, id);
    if (!is_number(value.type)) return send(id, value.bytes, {});
    const std::string text = std::to_string(value.number);
    return send(id, text, {});
  }
  Connection* connection = services_.connections.find(id);
  if (connection == nullptr) return unknown_connection(row, id);
  Stored next;
  std::string detail;
  if (const int code = convert(row, value, &next, &detail); code != 0) return record_error(code, std::move(detail));
  if (row.id == IPDAEMON_PROPERTY_CONNECTED && next.number == 0) return disconnect(id);
  return connection->set(row, std::move(next));
}

int Server::get(int property, int index, ValueView* out) {
  out->type = Type::NONE;
  const std::size_t position = property_position(property);
  if (position == property_count) return unknown_property(property);
  const Row& row = property_rows[position];
  if (row.access == Access::WRITE_ONLY) {
    return record_error(IPDAEMON_ERROR_WRITE_ONLY, std::string(row.name) + " cannot be read");
  }
  if (row.per == Per::CONNECTION) {
    Connection* connection = services_.connections.find(index);
    if (connection == nullptr) {
      final_value(property, index, out);
      return unknown_connection(row, index);
    }
    return connection->get(row, out, &scratch_);
  }
  const PropertyHook* hook = find_property_hook(row.id);
  if (hook != nullptr && hook->read != nullptr) {
    hook->read(*this, out);
  } else {
    *out = view_of(row, services_.settings.stored_property(row.id));
  }
  return 0;
}

int Server::unknown_property(int id) {
  return record_error(IPDAEMON_ERROR_UNKNOWN_NAME, "property id " + std::to_string(id) + " does not exist");
}

// Of a property; 0 is what an index that was forgotten is, or one at the wrong place.
int Server::unknown_connection(const Row& row, int id) {
  if (id != 0) return unknown_connection(id);
  std::string detail =
      std::string(row.name) + " belongs to a connection; pass the connection's id between property and value";
  const std::string fallback = "Default" + std::string(row.name);
  const bool has_fallback = std::any_of(std::begin(property_rows), std::end(property_rows),
                                        [&](const Row& other) { return fallback == other.name; });
  if (has_fallback) detail += "; for new connections, set " + fallback;
  return record_error(IPDAEMON_ERROR_UNKNOWN_CONNECTION, std::move(detail));
}

// What programs wait for, of a connection that has ended: the values with which every such wait is over.
bool Server::final_value(int property, int id, ValueView* out) const {
  if (!services_.connections.has_existed(id)) return false;
  switch (property) {
    case IPDAEMON_PROPERTY_READY_TO_SEND:
      *out = ValueView::boolean(true);
      return true;
    case IPDAEMON_PROPERTY_CONNECTED:
      *out = ValueView::boolean(false);
      return true;
    case IPDAEMON_PROPERTY_BYTES_SENT:
      *out = ValueView::integer(std::numeric_limits<std::int32_t>::max());
      return true;
    default:
      return false;
  }
}

// ---- Settings: do_config ----------------------------------------------------------------------------

int Server::config(BytesView text, BytesView* out) {
  *out = {};
  const ConfigString parts = take_apart(text);
  const Row* row = find_named(parts);
  if (row == nullptr) return last_error().code;
  if (parts.has_value) {
    if (row->access == Access::READ_ONLY) {
      return record_error(IPDAEMON_ERROR_READ_ONLY, std::string(row->name) + " cannot be set");
    }
    const bool per_connection = row->per == Per::CONNECTION;
    const int code = per_connection ? set_setting_of_connection(*row, parts) : set_setting(*row, parts.value);
    if (code != 0 || row->access == Access::WRITE_ONLY) return code;
  }
  if (row->access == Access::WRITE_ONLY) {
    return record_error(IPDAEMON_ERROR_WRITE_ONLY, std::string(row->name) + " cannot be read");
  }
  std::string value;
  if (row->per == Per::CONNECTION) {
    if (const int code = config_of_connection(*row, parts.id, &value); code != 0) return code;
  } else {
    value = setting_text(*row);
  }
  *out = hold(std::move(value));
  return 0;
}

namespace {

// Behind a name that lacks its = there may be a value, which is nobody's business.
BytesView word_of(BytesView name) {
  return name.substr(0, name.find_first_of(" \t\r\n:"));
}

}  // namespace

// The row that a text names, in the way that belongs to it. Null with an error recorded.
const Row* Server::find_named(const ConfigString& parts) {
  const Row* row = find_setting(parts.name);
  if (row == nullptr) {
    record_error(IPDAEMON_ERROR_UNKNOWN_NAME, parts.name.empty()
                                                  ? "the text is empty; use Name or Name=Value"
                                                  : in_quotes(word_of(parts.name)) + " is not the name of a setting");
    return nullptr;
  }
  const bool per_connection = row->per == Per::CONNECTION;
  if (parts.has_id == per_connection) return row;
  const std::string shown(row->name);
  record_error(IPDAEMON_ERROR_UNKNOWN_NAME,
               per_connection ? shown + " belongs to a connection; write " + shown + "[id]"
                              : shown + " belongs to the server; write it without [" + std::string(parts.id) + "]");
  return nullptr;
}

int Server::set_setting(const Row& row, BytesView text) {
  const BytesView value = row.type == Type::OPAQUE ? text : trim(text);
  if (row.when == When::NOT_LISTENING && listening_.is_on()) {
    if (row.id == IPDAEMON_SETTING_MAX_CONNECTIONS) return record_error(IPDAEMON_ERROR_MAX_CONNECTIONS_WHILE_LISTENING);
    return record_error(IPDAEMON_ERROR_NOT_NOW,
                        std::string(row.name) + " cannot be changed while listening; set Listening to False first");
  }
  Stored next;
  std::string detail;
  bool truth = false;
  if (row.id == IPDAEMON_SETTING_USE_IPV6 && !parse_integer(value, &next.number) && parse_boolean(value, &truth)) {
    next.number = truth ? IPDAEMON_USE_IPV6_IPV6_ONLY : IPDAEMON_USE_IPV6_IPV4_ONLY;
  } else if (const int code = convert(row, ValueView::text(value), &next, &detail); code != 0) {
    return record_error(code, std::move(detail));
  }
  if (const SettingHook* hook = find_setting_hook(row.id); hook != nullptr && hook->apply != nullptr) {
    Change change{*this, row, next};
    if (const int code = hook->apply(change); code != 0) return code;
  }
  if (TlsSetup::is_policy(row)) {
    if (const int code = tls_.set_policy(row, next); code != 0) return code;
  }
  services_.settings.stored_setting(row.id) = std::move(next);
  return 0;
}

// Null with an error recorded.
Connection* Server::find_connection(BytesView id) {
  std::int64_t number = 0;
  const bool is_id = parse_integer(id, &number) && number >= 0 && number <= IPD_INT_MAX;
  Connection* connection = is_id && number > 0 ? services_.connections.find(static_cast<int>(number)) : nullptr;
  if (connection == nullptr) {
    record_error(IPDAEMON_ERROR_UNKNOWN_CONNECTION, is_id ? services_.connections.absence(static_cast<int>(number))
                                                          : in_quotes(id) + " is not a connection id; ids start at 1");
  }
  return connection;
}

int Server::config_of_connection(const Row& row, BytesView id, std::string* out) {
  Connection* connection = find_connection(id);
  if (connection == nullptr) return last_error().code;
  *out = setting_of_connection(row.id, *connection);
  return 0;
}

// Framing is the one that can be written.
int Server::set_setting_of_connection(const Row& row, const ConfigString& parts) {
  Connection* connection = find_connection(parts.id);
  if (connection == nullptr) return last_error().code;
  Stored next;
  std::string detail;
  if (const int code = convert(row, ValueView::text(trim(parts.value)), &next, &detail); code != 0) {
    return record_error(code, std::move(detail));
  }
  std::shared_ptr<const FramingSpec> spec;
  const int code = FramingSpec::parse(next.bytes, row.name, connection->line_length_max(), &spec, &detail);
  if (code != 0) return record_error(code, std::move(detail));
  connection->set_framing(std::move(spec));
  return 0;
}

std::string Server::setting_of_connection(int setting, const Connection& connection) const {
  const ProxyInfo* proxy = services_.connections.proxy_info(connection.id());
  switch (setting) {
    case IPDAEMON_SETTING_PROXY_HEADER:
      return proxy != nullptr ? proxy->header : "";
    case IPDAEMON_SETTING_PROXY_PEER: {
      const Endpoint& peer = proxy != nullptr ? proxy->peer : connection.peer();
      return peer.address.text() + " " + std::to_string(peer.port);
    }
    case IPDAEMON_SETTING_PROXY_TLVS:
      return proxy != nullptr ? proxy_tlvs_text(proxy->tlvs) : "";
    default:
      return connection.setting(setting);
  }
}

std::string Server::setting_text(const Row& row) {
  const SettingHook* hook = find_setting_hook(row.id);
  if (hook != nullptr && hook->read != nullptr) return hook->read(*this);
  const Stored& stored = services_.settings.stored_setting(row.id);
  switch (row.type) {
    case Type::BOOLEAN:
      return stored.number != 0 ? "True" : "False";
    case Type::INTEGER:
    case Type::FLAGS:
      return std::to_string(stored.number);
    case Type::OPAQUE:
      return {};
    default:
      return std::string(stored.bytes);
  }
}

}  // namespace ipdaemon
