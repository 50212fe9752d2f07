// What the peers of one block of addresses, such as an IPv6 /64, may have together: so many connections at a time, and
// so many new ones in a time. A block is known while it has connections; beyond that the 65,536 that were used last are
// remembered for their rates.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "base/rate_bucket.hpp"
#include "net/address.hpp"

namespace ipdaemon {

class AddressBlocks {
 public:
  static constexpr std::size_t idle_max = 65'536;

  // The settings. A limit of 0 is none.
  struct Limits {
    std::int64_t connections_max = 0;
    std::int64_t rate = 0;
    std::int64_t interval_s = 10;
    int ipv4_bits = 32;
    int ipv6_bits = 64;

    bool any() const { return connections_max > 0 || rate > 0; }
    bool operator==(const Limits&) const = default;
  };
  enum class Verdict : std::uint8_t { admitted, too_many, too_fast };

  // What a peer takes while nobody knows yet whether it becomes a connection; given back unless a connection keeps it.
  // They end in the opposite order of their beginning.
  class Place {
   public:
    explicit Place(AddressBlocks& blocks) : blocks_(blocks) {}
    ~Place() { give_back(); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    // Whoever keeps it calls AddressBlocks::leave at the end. False if it has none.
    bool keep();
    void give_back();

   private:
    friend class AddressBlocks;
    AddressBlocks& blocks_;
    Address address_;
    bool taken_ = false;
    std::uint32_t rates_ = 0;  // See AddressBlocks::rates_.
    Place* outer_ = nullptr;
  };

  const Limits& limits() const { return limits_; }
  // Those who are there are counted anew where that is needed: `for_each_address` calls what it is given with the
  // address of every connection that counts. May throw std::bad_alloc, then nothing has changed.
  template <typename ForEachAddress>
  void set_limits(const Limits& limits, ForEachAddress for_each_address);

  // What `enter` would say.
  Verdict look(const Address& address, std::int64_t now_us) const;
  // Takes a place for a new peer, if there is one. May throw std::bad_alloc, then nothing has changed.
  Verdict enter(const Address& address, std::int64_t now_us, Place* place);
  // A connection that kept its place has ended.
  void leave(const Address& address);

  std::size_t size() const { return table_.size(); }

 private:
  // By order and not by hash: peers choose their addresses, and could choose those that collide.
  struct Key {
    Family family = Family::none;
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Block {
    std::int64_t connections = 0;
    RateBucket bucket;
    // Among those without connections, the one used longest ago first.
    const Key* key = nullptr;  // Null for one that has connections.
    Block* previous = nullptr;
    Block* next = nullptr;
  };
  using Table = std::map<Key, Block>;

  static Key key_of(const Address& address, const Limits& limits);
  static Rate rate_of(const Limits& limits) { return Rate::of(limits.rate, limits.interval_s * 1'000'000); }
  Verdict judge(const Block& block, std::int64_t now_us) const;
  void leave(const Address& address, bool gives_rate_back);
  void rest(Table::iterator at);
  void wake(Block& block);

  Limits limits_;
  Table table_;
  Block* first_idle_ = nullptr;
  Block* last_idle_ = nullptr;
  std::size_t idle_ = 0;
  Place* innermost_ = nullptr;  // Those that are taken.
  std::uint32_t rates_ = 0;     // How often all rates were forgotten.
};

template <typename ForEachAddress>
void AddressBlocks::set_limits(const Limits& limits, ForEachAddress for_each_address) {
  Limits same = limits;
  same.connections_max = limits_.connections_max;
  if (same == limits_ && limits.any() == limits_.any()) {
    limits_ = limits;
    return;
  }
  Table table;
  const auto count = [&](const Address& address) { ++table[key_of(address, limits)].connections; };
  if (limits.any()) {
    for (const Place* place = innermost_; place != nullptr; place = place->outer_) count(place->address_);
    for_each_address(count);
  }
  table_.swap(table);
  first_idle_ = last_idle_ = nullptr;
  idle_ = 0;
  ++rates_;
  limits_ = limits;
}

}  // namespace ipdaemon
