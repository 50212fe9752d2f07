// Where every random decision of a run comes from: a seed, or the bytes of a fuzzer's input. Nothing
// else in the simulator may be random, so that the same source gives the same run.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace ipdaemon::sim {

class Choices {
 public:
  virtual ~Choices() = default;

  // A number from 0 to bound - 1. 0 is the dullest answer everywhere, as a byte source that has run
  // dry gives nothing else.
  virtual std::uint64_t below(std::uint64_t bound) = 0;
  // Whether the source can go on; a seed always can.
  virtual bool exhausted() const { return false; }

  std::int64_t between(std::int64_t lowest, std::int64_t highest) {
    return lowest + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(highest - lowest) + 1));
  }
  // True in `in` of `of` cases.
  bool chance(int in, int of) {
    return in > 0 && below(static_cast<std::uint64_t>(of)) >= static_cast<unsigned>(of - in);
  }
  // The position of one of the weights, the first when all is dull.
  int weighted(std::initializer_list<int> weights);
};

// xoshiro256**, seeded through splitmix64.
class SeededChoices final : public Choices {
 public:
  explicit SeededChoices(std::uint64_t seed);
  std::uint64_t below(std::uint64_t bound) override;

 private:
  std::uint64_t next();
  std::array<std::uint64_t, 4> state_{};
};

// Takes as many bytes per choice as its bound needs; zeros when there are no more.
class ByteChoices final : public Choices {
 public:
  explicit ByteChoices(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t below(std::uint64_t bound) override;
  bool exhausted() const override { return position_ >= bytes_.size(); }

 private:
  std::string bytes_;
  std::size_t position_ = 0;
};

std::uint64_t splitmix64(std::uint64_t* state);

}  // namespace ipdaemon::sim
