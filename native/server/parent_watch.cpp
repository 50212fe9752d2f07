#include "server/parent_watch.hpp"

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <string>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"
#include "net/parent_descriptor.hpp"
#include "server/drain.hpp"

namespace ipdaemon {

namespace {

constexpr const char* descriptor_variable = "IPDAEMON_DRAIN_FD";
constexpr const char* seconds_variable = "IPDAEMON_DRAIN_SECONDS";
constexpr std::int64_t default_seconds = 25;
constexpr std::int64_t seconds_max = 2147483;

// Servers of all threads are servers of the process.
std::atomic<bool> listening_was_told{false};

bool parse_whole(const std::string& text, std::int64_t maximum, std::int64_t* out) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *out);
  return error == std::errc() && stop == end && *out >= 0 && *out <= maximum;
}

}  // namespace

int ParentWatch::prepare() {
  const char* name = environment(descriptor_variable);
  const std::string text = name != nullptr ? name : "";
  descriptor_ = -1;
  if (text.empty()) return 0;
  std::int64_t number = 0;
  if (!parse_whole(text, INT32_MAX, &number) || !has_other_end(static_cast<int>(number))) {
    return services_.dispatcher.record_error(IPDAEMON_ERROR_INVALID_VALUE,
                                             "the environment variable IPDAEMON_DRAIN_FD is " + in_quotes(text) +
                                                 "; it must be the number of an open pipe or socket, or empty");
  }
  const char* limit = environment(seconds_variable);
  const std::string seconds = limit != nullptr ? limit : "";
  seconds_ = default_seconds;
  if (!seconds.empty() && !parse_whole(seconds, seconds_max, &seconds_)) {
    return services_.dispatcher.record_error(
        IPDAEMON_ERROR_INVALID_VALUE, "the environment variable IPDAEMON_DRAIN_SECONDS is " + in_quotes(seconds) +
                                          "; it must be a whole number from 0 to 2147483, or empty");
  }
  descriptor_ = static_cast<int>(number);
  return 0;
}

void ParentWatch::on_listening() {
  if (descriptor_ < 0) return;
  services_.deadlines.set(this, monotonic_ms());
  if (!listening_was_told.exchange(true)) tell_other_end(descriptor_, 'L');
}

void ParentWatch::on_drained() {
  if (descriptor_ >= 0) tell_other_end(descriptor_, 'D');
}

void ParentWatch::cancel() {
  services_.deadlines.cancel(this);
}

void ParentWatch::on_deadline(std::int64_t now_ms) {
  if (other_end_is_closed(descriptor_)) {
    if (!drain_.is_on()) drain_.begin(seconds_);
  } else {
    services_.deadlines.set(this, now_ms + look_every_ms);
  }
}

}  // namespace ipdaemon
