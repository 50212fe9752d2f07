#include "choices.hpp"

#include <bit>

namespace ipdaemon::sim {

std::uint64_t splitmix64(std::uint64_t* state) {
  *state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t mixed = *state;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
  return mixed ^ (mixed >> 31);
}

int Choices::weighted(std::initializer_list<int> weights) {
  std::uint64_t total = 0;
  for (const int weight : weights) total += static_cast<std::uint64_t>(weight);
  std::uint64_t left = below(total);
  int position = 0;
  for (const int weight : weights) {
    if (left < static_cast<std::uint64_t>(weight)) return position;
    left -= static_cast<std::uint64_t>(weight);
    ++position;
  }
  return 0;
}

SeededChoices::SeededChoices(std::uint64_t seed) {
  for (std::uint64_t& word : state_) word = splitmix64(&seed);
}

std::uint64_t SeededChoices::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

// The remainder is very slightly uneven for large bounds, which does not matter here.
std::uint64_t SeededChoices::below(std::uint64_t bound) {
  return bound <= 1 ? 0 : next() % bound;
}

std::uint64_t ByteChoices::below(std::uint64_t bound) {
  if (bound <= 1) return 0;
  std::uint64_t value = 0;
  for (std::uint64_t reach = bound - 1; reach != 0; reach >>= 8) {
    value <<= 8;
    if (position_ < bytes_.size()) value |= static_cast<unsigned char>(bytes_[position_++]);
  }
  return value % bound;
}

}  // namespace ipdaemon::sim
