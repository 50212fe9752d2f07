// What the peers of a block of addresses may have: places and rates, to the microsecond.
#include "connection/address_blocks.hpp"

#include <string>
#include <vector>

#include "check.hpp"

using namespace ipdaemon;

namespace {

using Verdict = AddressBlocks::Verdict;

Address parsed(const std::string& text) {
  Address address;
  REQUIRE(Address::parse(text, &address));
  return address;
}

// The blocks, and those who are there.
struct World {
  AddressBlocks blocks;
  std::vector<Address> here;

  void limit(const AddressBlocks::Limits& limits) {
    blocks.set_limits(limits, [this](const auto& count) {
      for (const Address& address : here) count(address);
    });
  }
  Verdict come(const std::string& text, std::int64_t now_us = 0) {
    AddressBlocks::Place place(blocks);
    const Verdict verdict = blocks.look(parsed(text), now_us);
    CHECK(blocks.enter(parsed(text), now_us, &place) == verdict);
    if (place.keep()) here.push_back(parsed(text));
    return verdict;
  }
  void go() {
    blocks.leave(here.back());
    here.pop_back();
  }
};

AddressBlocks::Limits at_most(std::int64_t connections) {
  AddressBlocks::Limits limits;
  limits.connections_max = connections;
  return limits;
}

AddressBlocks::Limits per_interval(std::int64_t rate, std::int64_t interval_s) {
  AddressBlocks::Limits limits;
  limits.rate = rate;
  limits.interval_s = interval_s;
  return limits;
}

std::string number_as_address(int number) {
  return "10." + std::to_string(number >> 16) + "." + std::to_string(number >> 8 & 255) + "." +
         std::to_string(number & 255);
}

}  // namespace

TEST("a block has as many places as the limit says, and its place again when one has gone") {
  World world;
  world.limit(at_most(2));
  CHECK(world.come("10.0.0.1") == Verdict::admitted);
  CHECK(world.come("10.0.0.1") == Verdict::admitted);
  CHECK(world.come("10.0.0.1") == Verdict::too_many);
  CHECK(world.come("10.0.0.2") == Verdict::admitted);
  world.go();
  world.go();
  CHECK(world.come("10.0.0.1") == Verdict::admitted);
  CHECK(world.come("10.0.0.1") == Verdict::too_many);
  while (!world.here.empty()) world.go();
  CHECK_EQ(world.blocks.size(), std::size_t{0});
}

TEST("IPv6 addresses of one /64 share a block, those of two do not, and blocks may be of any size") {
  World world;
  world.limit(at_most(1));
  CHECK(world.come("2001:db8::1") == Verdict::admitted);
  CHECK(world.come("2001:db8::ffff:ffff:ffff:ffff") == Verdict::too_many);
  CHECK(world.come("2001:db8:0:1::1") == Verdict::admitted);
  AddressBlocks::Limits limits = at_most(1);
  limits.ipv4_bits = 9;
  limits.ipv6_bits = 127;
  world.limit(limits);
  CHECK(world.come("2001:db8::2") == Verdict::admitted);
  CHECK(world.come("2001:db8::3") == Verdict::too_many);
  CHECK(world.come("10.0.0.1") == Verdict::admitted);
  CHECK(world.come("10.127.0.1") == Verdict::too_many);
  CHECK(world.come("10.128.0.1") == Verdict::admitted);
}

TEST("a rate lets so many in at once, then one each interval divided by them, to the microsecond") {
  World world;
  world.limit(per_interval(3, 10));
  std::int64_t now_us = 1'000'000;
  for (int i = 0; i < 3; ++i) CHECK(world.come("10.0.0.1", now_us) == Verdict::admitted);
  CHECK(world.come("10.0.0.1", now_us) == Verdict::too_fast);
  // A third of ten seconds is no whole number of microseconds; three of them are ten seconds all the same.
  for (const std::int64_t after_us : {3'333'334, 6'666'667, 10'000'000, 13'333'334}) {
    CHECK(world.come("10.0.0.1", now_us + after_us - 1) == Verdict::too_fast);
    CHECK(world.come("10.0.0.1", now_us + after_us) == Verdict::admitted);
  }
  CHECK(world.come("10.0.0.2", now_us) == Verdict::admitted);
  // Refusals have cost nothing, and going gives no rate back.
  while (!world.here.empty()) world.go();
  now_us += 23'333'334 - 1;
  CHECK(world.come("10.0.0.1", now_us) == Verdict::admitted);
  CHECK(world.come("10.0.0.1", now_us) == Verdict::admitted);
  CHECK(world.come("10.0.0.1", now_us) == Verdict::too_fast);
  CHECK(world.come("10.0.0.1", now_us + 1) == Verdict::admitted);
}

TEST("who is refused after all gives back place and rate") {
  World world;
  AddressBlocks::Limits limits = per_interval(1, 10);
  limits.connections_max = 1;
  world.limit(limits);
  {
    AddressBlocks::Place place(world.blocks);
    CHECK(world.blocks.enter(parsed("10.0.0.1"), 5, &place) == Verdict::admitted);
    CHECK(world.come("10.0.0.1", 5) == Verdict::too_many);
  }
  CHECK(world.come("10.0.0.1", 5) == Verdict::admitted);
  world.go();
  CHECK(world.come("10.0.0.1", 5) == Verdict::too_fast);
}

TEST("whoever is there, or is being decided about, counts for limits that come later") {
  World world;
  CHECK(world.come("10.0.0.1") == Verdict::admitted);
  AddressBlocks::Place undecided(world.blocks);
  CHECK(world.blocks.enter(parsed("10.0.0.1"), 0, &undecided) == Verdict::admitted);
  CHECK_EQ(world.blocks.size(), std::size_t{0});
  world.limit(at_most(2));
  CHECK(world.come("10.0.0.1") == Verdict::too_many);
  // Lower limits end nobody.
  world.limit(at_most(1));
  CHECK(world.come("10.0.0.1") == Verdict::too_many);
  undecided.give_back();
  CHECK(world.come("10.0.0.1") == Verdict::too_many);
  world.go();
  CHECK(world.come("10.0.0.1") == Verdict::admitted);
}

TEST("another size of blocks forgets rates and counts anew") {
  World world;
  AddressBlocks::Limits limits = per_interval(2, 10);
  limits.connections_max = 3;
  world.limit(limits);
  AddressBlocks::Place undecided(world.blocks);
  CHECK(world.blocks.enter(parsed("10.0.0.1"), 0, &undecided) == Verdict::admitted);
  CHECK(world.come("10.0.0.1") == Verdict::admitted);
  CHECK(world.come("10.0.0.1") == Verdict::too_fast);
  limits.ipv4_bits = 24;
  world.limit(limits);
  CHECK(world.come("10.0.0.2") == Verdict::admitted);
  CHECK(world.come("10.0.0.3") == Verdict::too_many);
  // Its rate was of the time before.
  undecided.give_back();
  CHECK(world.come("10.0.0.3") == Verdict::admitted);
  world.go();
  CHECK(world.come("10.0.0.3") == Verdict::too_fast);
}

TEST("70,000 addresses leave 65,536 blocks behind, and those with connections") {
  World world;
  world.limit(per_interval(1, 3600));
  constexpr int all = 70'000;
  constexpr int kept = static_cast<int>(AddressBlocks::idle_max);
  // The first two stay.
  CHECK(world.come("192.0.2.1") == Verdict::admitted);
  CHECK(world.come("192.0.2.2") == Verdict::admitted);
  for (int i = 0; i < all; ++i) {
    CHECK(world.come(number_as_address(i), i) == Verdict::admitted);
    world.go();
    CHECK(world.blocks.size() <= static_cast<std::size_t>(kept) + 3);
  }
  CHECK_EQ(world.blocks.size(), static_cast<std::size_t>(kept) + 2);
  CHECK(world.come("192.0.2.1", all) == Verdict::too_fast);
  // Trying counts as use: the next one to be forgotten is the second of those left.
  CHECK(world.come(number_as_address(all - kept), all) == Verdict::too_fast);
  CHECK(world.come(number_as_address(all), all) == Verdict::admitted);
  world.go();
  CHECK(world.come(number_as_address(all - kept), all) == Verdict::too_fast);
  CHECK(world.come(number_as_address(all - kept + 1), all) == Verdict::admitted);
  CHECK(world.come(number_as_address(all - 1), all) == Verdict::too_fast);
  CHECK(world.come(number_as_address(0), all) == Verdict::admitted);
}

TEST("a limit of connections alone remembers nobody who has gone") {
  World world;
  world.limit(at_most(1));
  for (int i = 0; i < 1000; ++i) {
    CHECK(world.come(number_as_address(i)) == Verdict::admitted);
    world.go();
  }
  CHECK_EQ(world.blocks.size(), std::size_t{0});
}
