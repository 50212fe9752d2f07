#include "connection/address_blocks.hpp"

namespace ipdaemon {

namespace {

// The first `bits` of eight bytes.
std::uint64_t leading(const std::uint8_t* bytes, int bits) {
  std::uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | bytes[i];
  if (bits <= 0) return 0;
  return bits >= 64 ? number : number & ~(~std::uint64_t{0} >> bits);
}

}  // namespace

AddressBlocks::Key AddressBlocks::key_of(const Address& address, const Limits& limits) {
  const int bits = address.family == Family::ipv4 ? limits.ipv4_bits : limits.ipv6_bits;
  return {address.family, leading(address.bytes.data(), bits), leading(address.bytes.data() + 8, bits - 64)};
}

AddressBlocks::Verdict AddressBlocks::judge(const Block& block, std::int64_t now_us) const {
  if (limits_.connections_max > 0 && block.connections >= limits_.connections_max) return Verdict::too_many;
  if (limits_.rate > 0 && block.bucket.wait_us(rate_of(limits_), now_us) > 0) return Verdict::too_fast;
  return Verdict::admitted;
}

AddressBlocks::Verdict AddressBlocks::look(const Address& address, std::int64_t now_us) const {
  if (!limits_.any()) return Verdict::admitted;
  const auto at = table_.find(key_of(address, limits_));
  return at == table_.end() ? Verdict::admitted : judge(at->second, now_us);
}

AddressBlocks::Verdict AddressBlocks::enter(const Address& address, std::int64_t now_us, Place* place) {
  place->give_back();
  if (limits_.any()) {
    const auto at = table_.try_emplace(key_of(address, limits_)).first;
    Block& block = at->second;
    wake(block);
    const Verdict verdict = judge(block, now_us);
    if (verdict != Verdict::admitted) {
      if (block.connections == 0) rest(at);
      return verdict;
    }
    if (limits_.rate > 0) block.bucket.take(rate_of(limits_), now_us);
    ++block.connections;
  }
  // Without limits, too: there may be some before it is decided.
  place->address_ = address;
  place->taken_ = true;
  place->rates_ = rates_;
  place->outer_ = innermost_;
  innermost_ = place;
  return Verdict::admitted;
}

void AddressBlocks::leave(const Address& address) {
  leave(address, false);
}

void AddressBlocks::leave(const Address& address, bool gives_rate_back) {
  if (!limits_.any()) return;
  const auto at = table_.find(key_of(address, limits_));
  if (at == table_.end() || at->second.connections == 0) return;
  if (gives_rate_back && limits_.rate > 0) at->second.bucket.give_back(rate_of(limits_));
  if (--at->second.connections == 0) rest(at);
}

// It has no connections any more.
void AddressBlocks::rest(Table::iterator at) {
  if (limits_.rate == 0) {
    table_.erase(at);
    return;
  }
  Block& block = at->second;
  block.key = &at->first;
  block.previous = last_idle_;
  block.next = nullptr;
  (last_idle_ != nullptr ? last_idle_->next : first_idle_) = &block;
  last_idle_ = &block;
  if (++idle_ <= idle_max) return;
  Block& oldest = *first_idle_;
  const auto oldest_at = table_.find(*oldest.key);
  wake(oldest);
  table_.erase(oldest_at);
}

void AddressBlocks::wake(Block& block) {
  if (block.key == nullptr) return;
  (block.previous != nullptr ? block.previous->next : first_idle_) = block.next;
  (block.next != nullptr ? block.next->previous : last_idle_) = block.previous;
  block.key = nullptr;
  --idle_;
}

bool AddressBlocks::Place::keep() {
  if (!taken_) return false;
  taken_ = false;
  blocks_.innermost_ = outer_;
  return true;
}

void AddressBlocks::Place::give_back() {
  if (keep()) blocks_.leave(address_, rates_ == blocks_.rates_);
}

}  // namespace ipdaemon
