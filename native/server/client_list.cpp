#include "server/client_list.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "ipdaemon.h"
#include "net/file.hpp"
#include "net/socket.hpp"
#include "properties/errors.hpp"
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

// An address, a range or a pattern, as the first bits of a network.
bool parse_range(BytesView text, Address* network, int* bits) {
  if (Address::parse(text, network)) {
    *bits = bits_of(*network);
    return true;
  }
  const std::size_t slash = text.find('/');
  if (slash == BytesView::npos) return text.find('*') != BytesView::npos && parse_wildcard(text, network, bits);
  std::int64_t number = 0;
  if (!Address::parse(text.substr(0, slash), network)) return false;
  if (!parse_integer(text.substr(slash + 1), &number)) return false;
  // ::ffff:10.0.0.0/104 is 10.0.0.0/8.
  if (network->family == Family::ipv4 && text.find(':') != BytesView::npos) number -= 96;
  if (number < 0 || number > bits_of(*network)) return false;
  *bits = static_cast<int>(number);
  return true;
}

bool is_host_name(BytesView text) {
  // An invalid address must not become a name that never resolves.
  const bool only_address_characters =
      std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
  if (only_address_characters || text.size() > 253) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  });
}

std::uint32_t number_of(const Address& address) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number = number << 8 | address.bytes[i];
  return number;
}

// Sorts ranges and makes one of those that overlap.
template <typename Ranges>
void sort_and_join(Ranges* ranges) {
  std::sort(ranges->begin(), ranges->end());
  std::size_t kept = 0;
  for (const auto& range : *ranges) {
    if (kept > 0 && range.first <= (*ranges)[kept - 1].second) {
      (*ranges)[kept - 1].second = std::max((*ranges)[kept - 1].second, range.second);
    } else {
      (*ranges)[kept++] = range;
    }
  }
  ranges->resize(kept);
  ranges->shrink_to_fit();
}

template <typename Ranges, typename Bound>
bool is_within(const Ranges& ranges, const Bound& value) {
  auto after = std::upper_bound(ranges.begin(), ranges.end(), value,
                                [](const Bound& wanted, const auto& range) { return wanted < range.first; });
  return after != ranges.begin() && value <= (--after)->second;
}

constexpr std::int64_t file_bytes_max = 16 * 1024 * 1024;

bool read_whole(const std::string& path, Bytes* out, std::string* reason) {
  File file;
  if (!File::open(path, &file, reason)) return false;
  if (file.size() > file_bytes_max) {
    *reason = "it is longer than 16 MiB";
    return false;
  }
  out->resize(static_cast<std::size_t>(file.size()));
  std::size_t length = 0;
  while (length < out->size()) {
    const Transfer read = file.read(static_cast<std::int64_t>(length), out->data() + length, out->size() - length);
    if (read.error != 0) {
      *reason = error_text(read.error, {});
      return false;
    }
    if (read.count <= 0) break;  // It has become shorter meanwhile.
    length += static_cast<std::size_t>(read.count);
  }
  out->resize(length);
  return true;
}

// A line of a file without comment and blanks.
BytesView entry_of(BytesView line) {
  line = line.substr(0, line.find('#'));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return trim(line);
}

}  // namespace

void AddressRanges::add(const Address& network, int bits) {
  Address first = network;
  Address last = network;
  for (int bit = bits; bit < bits_of(network); ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const auto mask = static_cast<std::uint8_t>(0x80 >> (bit % 8));
    first.bytes[byte] = static_cast<std::uint8_t>(first.bytes[byte] & ~mask);
    last.bytes[byte] = static_cast<std::uint8_t>(last.bytes[byte] | mask);
  }
  if (network.family == Family::ipv4) {
    ipv4_.emplace_back(number_of(first), number_of(last));
  } else {
    ipv6_.emplace_back(key_of(network.scope, first), key_of(network.scope, last));
  }
}

void AddressRanges::sort() {
  sort_and_join(&ipv4_);
  sort_and_join(&ipv6_);
}

bool AddressRanges::contains(const Address& address) const {
  if (address.family == Family::ipv4) return is_within(ipv4_, number_of(address));
  if (address.family != Family::ipv6) return false;
  return is_within(ipv6_, key_of(0, address)) ||
         (address.scope != 0 && is_within(ipv6_, key_of(address.scope, address)));
}

AddressRanges::Key AddressRanges::key_of(std::uint32_t scope, const Address& address) {
  Key key{};
  for (std::size_t i = 0; i < 4; ++i) key[i] = static_cast<std::uint8_t>(scope >> (24 - 8 * i));
  std::copy(address.bytes.begin(), address.bytes.end(), key.begin() + 4);
  return key;
}

bool ClientList::parse_entry(BytesView text) {
  Address network;
  int bits = 0;
  if (text == "*") {
    everybody_ = true;
  } else if (parse_range(text, &network, &bits)) {
    ranges_.add(network, bits);
  } else if (is_host_name(text)) {
    names_.emplace_back(text);
  } else {
    return false;
  }
  return true;
}

std::string ClientList::fault_of(BytesView entry) const {
  const std::string fault = Address::interface_fault(entry.substr(0, entry.find('/')));
  return " has the entry " + in_quotes(entry) +
         (fault.empty() ? ", which is not an address, a range such as 10.0.0.0/8, a pattern such as 10.0.0.*, or a "
                          "host name; use "
                          "* for everybody"
                        : ": " + fault);
}

int ClientList::parse_file(const std::string& path, std::string* detail) {
  Bytes content;
  std::string reason;
  if (!read_whole(path, &content, &reason)) {
    *detail = std::string(setting_) + " names the file " + in_quotes(path) + ": " + reason;
    return IPDAEMON_ERROR_FILE_UNUSABLE;
  }
  BytesView rest = content;
  if (rest.substr(0, 3) == "\xef\xbb\xbf") rest.remove_prefix(3);  // Some editors mark UTF-8.
  for (int number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    const BytesView entry = entry_of(rest.substr(0, end));
    rest = end == BytesView::npos ? BytesView() : rest.substr(end + 1);
    if (entry.empty() || parse_entry(entry)) continue;
    *detail = "line " + std::to_string(number) + " of " + in_quotes(path) + " in " + setting_ + fault_of(entry);
    return IPDAEMON_ERROR_INVALID_VALUE;
  }
  return 0;
}

int ClientList::parse(BytesView list, std::string* detail) {
  ClientList next(setting_);
  int code = 0;
  const auto take = [&](BytesView text) {
    if (text.substr(0, 1) == "@" && text.size() > 1) {
      next.has_files_ = true;
      code = next.parse_file(std::string(text.substr(1)), detail);
    } else if (!next.parse_entry(text)) {
      *detail = setting_ + fault_of(text);
      code = IPDAEMON_ERROR_INVALID_VALUE;
    }
    return code == 0;
  };
  if (!trim(list).empty()) each_entry(list, ',', take);
  if (code != 0) return code;
  next.ranges_.sort();
  *this = std::move(next);
  return 0;
}

std::vector<std::string> ClientList::resolve_names() {
  std::vector<std::string> unknown;
  AddressRanges resolved;
  for (const std::string& name : names_) {
    std::vector<Address> found;
    if (resolve(name, &found) != 0) unknown.push_back(name);
    for (const Address& address : found) resolved.add(address, bits_of(address));
  }
  resolved.sort();
  resolved_ = std::move(resolved);
  return unknown;
}

}  // namespace ipdaemon
