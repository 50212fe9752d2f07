// What is reported about the server as a whole: everything once, also when a callback fails at the first of them.
#include "pump/notices.hpp"

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "check.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"

using namespace ipdaemon;

namespace {

// Keeps the text of each event; the first one fails.
struct FailingSink final : EventSink {
  int event(int number, ValueView* parameters, int count) override {
    fired.push_back(std::to_string(number) + " " + std::string(parameters[count - 1].bytes));
    return fired.size() == 1 ? 1 : 0;
  }
  void forget_changes() override {}
  int data_in(std::int32_t, BytesView, bool) override { return 0; }
  int data_batch(std::int32_t, BytesView, int) override { return 0; }
  bool may_wait() override { return true; }
  bool wants(int) const override { return true; }
  BatchDescriptor batch_descriptor() const override { return {}; }

  std::vector<std::string> fired;
};

}  // namespace

TEST("a handler that fails at one notice does not lose the others") {
  FailingSink sink;
  int error = 0;
  Services services(sink, Poller::create(&error));
  REQUIRE(error == 0);
  services.notices.add_status("first");
  services.notices.add_status("second");
  services.notices.add_status("second");
  services.notices.add_status("third");
  CHECK_EQ(services.pump.run(0), IPDAEMON_ERROR_HANDLER_STOPPED);
  CHECK_EQ(sink.fired.size(), 1U);
  CHECK(services.pump.has_something_due());
  CHECK_EQ(services.pump.run(0), 0);
  CHECK(!services.pump.has_something_due());
  const std::string status = std::to_string(IPDAEMON_EVENT_SSL_STATUS);
  CHECK(sink.fired == std::vector<std::string>({status + " first", status + " second", status + " third"}));
}

TEST("notices that nobody pumps for are bounded, and the oldest go") {
  Notices notices;
  for (int i = 0; i < 100; ++i) notices.add_status("notice " + std::to_string(i));
  int count = 0;
  std::string last;
  for (; notices.has_status(); ++count) last = notices.take_status();
  CHECK_EQ(count, 16);
  CHECK_EQ(last, "notice 99");
}
