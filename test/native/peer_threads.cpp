// What systems with threads share of peer.hpp.
#include <chrono>
#include <memory>
#include <thread>

#include "peer.hpp"

namespace ipdaemon::test {

void let_pass(int time_ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(time_ms));
}

Meanwhile::Meanwhile(int delay_ms, std::function<void()> work) {
  const auto thread = std::make_shared<std::thread>([delay_ms, work = std::move(work)] {
    let_pass(delay_ms);
    work();
  });
  join_ = [thread] { thread->join(); };
}

}  // namespace ipdaemon::test
