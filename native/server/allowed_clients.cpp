#include "server/allowed_clients.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "ipdaemon.h"
#include "net/socket.hpp"
#include "properties/text.hpp"

namespace ipdaemon {

namespace {

int bits_of(const Address& address) {
  return address.family == Family::ipv4 ? 32 : 128;
}

// 192.168.* and 192.168.1.*: leading numbers are kept, the rest is free.
bool parse_wildcard(BytesView text, Address* network, int* bits) {
  int numbers = 0;
  std::string literal;
  while (!text.empty()) {
    const std::size_t dot = text.find('.');
    const BytesView part = text.substr(0, dot);
    text = dot == BytesView::npos ? BytesView() : text.substr(dot + 1);
    if (part == "*") {
      // After the first free number every further one has to be free too.
      while (!text.empty()) {
        const std::size_t next = text.find('.');
        if (text.substr(0, next) != "*") return false;
        text = next == BytesView::npos ? BytesView() : text.substr(next + 1);
      }
      break;
    }
    literal += std::string(part) + ".";
    ++numbers;
  }
  if (numbers == 0 || numbers > 3) return false;
  for (int i = numbers; i < 4; ++i) literal += i < 3 ? "0." : "0";
  *bits = numbers * 8;
  return Address::parse(literal, network);
}

bool is_host_name(BytesView text) {
  // What looks like an address but is none must not become a name that never resolves.
  const bool only_address_characters =
      std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  if (only_address_characters || text.size() > 253) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  });
}

}  // namespace

bool AllowedClients::parse_entry(BytesView text, Entry* entry) {
  if (Address::parse(text, &entry->network)) {
    entry->bits = bits_of(entry->network);
    return true;
  }
  const std::size_t slash = text.find('/');
  if (slash != BytesView::npos) {
    std::int64_t bits = 0;
    if (!Address::parse(text.substr(0, slash), &entry->network)) return false;
    if (!parse_integer(text.substr(slash + 1), &bits)) return false;
    // ::ffff:10.0.0.0/104 is 10.0.0.0/8.
    if (entry->network.family == Family::ipv4 && text.find(':') != BytesView::npos) bits -= 96;
    if (bits < 0 || bits > bits_of(entry->network)) return false;
    entry->bits = static_cast<int>(bits);
    return true;
  }
  if (text.find('*') != BytesView::npos) return parse_wildcard(text, &entry->network, &entry->bits);
  if (!is_host_name(text)) return false;
  entry->name = text;
  return true;
}

int AllowedClients::parse(BytesView list, std::string* detail) {
  bool everybody = false;
  std::vector<Entry> entries;
  const bool understood = each_entry(list, ',', [&](BytesView text) {
    Entry entry;
    if (text == "*") {
      everybody = true;
    } else if (parse_entry(text, &entry)) {
      entries.push_back(std::move(entry));
    } else {
      const std::string fault = Address::interface_fault(text.substr(0, text.find('/')));
      *detail = "AllowedClients has the entry " + in_quotes(text) +
                (fault.empty() ? ", which is no address, range such as 10.0.0.0/8, pattern such as 10.0.0.*, or host "
                                 "name; use * to admit everybody"
                               : ": " + fault);
      return false;
    }
    return true;
  });
  if (!understood) return IPDAEMON_ERROR_INVALID_VALUE;
  everybody_ = everybody;
  entries_ = std::move(entries);
  return 0;
}

std::vector<std::string> AllowedClients::resolve_names() {
  std::vector<std::string> unknown;
  for (Entry& entry : entries_) {
    if (entry.name.empty()) continue;
    entry.resolved.clear();
    if (resolve(entry.name, &entry.resolved) != 0) unknown.push_back(entry.name);
  }
  return unknown;
}

bool AllowedClients::has_names() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) { return !entry.name.empty(); });
}

bool AllowedClients::admits(const Address& peer) const {
  if (everybody_) return true;
  for (const Entry& entry : entries_) {
    if (!entry.name.empty()) {
      const auto is_peer = [&](const Address& address) { return peer.in_range(address, bits_of(address)); };
      if (std::any_of(entry.resolved.begin(), entry.resolved.end(), is_peer)) return true;
    } else if (peer.family == entry.network.family && peer.in_range(entry.network, entry.bits)) {
      return true;
    }
  }
  return false;
}

}  // namespace ipdaemon
