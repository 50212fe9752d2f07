// Members of Connection: its properties, and what it says about itself.

#include <cstdio>
#include <random>

#include "base/clock.hpp"
#include "connection/connection.hpp"
#include "connection/services.hpp"
#include "ipdaemon.h"

namespace ipdaemon {

int Connection::set(const Row& row, Stored&& value) {
  switch (row.id) {
    case IPDAEMON_PROPERTY_CONNECTED:
      if (is_up()) return 0;
      return services().dispatcher.record_error(IPDAEMON_ERROR_NOT_OPEN,
                                                "Connected cannot be set to True; only peers open connections");
    case IPDAEMON_PROPERTY_ACCEPT_DATA:
      properties_.ACCEPT_DATA = value.number != 0;
      if (properties_.ACCEPT_DATA) {
        release_piece();
      } else {
        hold_piece();
      }
      services().dispatcher.cancel_batch();
      update_interest();
      if (properties_.ACCEPT_DATA && !inbox_.is_handing_out() &&
          (!inbox_.empty() || owed_.has(Owing::rest) || channel_.has_backlog())) {
        owe_input();
      }
      return 0;
    case IPDAEMON_PROPERTY_IDLE_TIMEOUT:
      properties_.IDLE_TIMEOUT = static_cast<std::int32_t>(value.number);
      note_activity();
      schedule();
      return 0;
    case IPDAEMON_PROPERTY_EOL:
    case IPDAEMON_PROPERTY_RECORD_LENGTH:
    case IPDAEMON_PROPERTY_SINGLE_LINE_MODE:
      properties_.write(row.id, std::move(value));
      framing_changed();
      return 0;
    default:
      properties_.write(row.id, std::move(value));
      return 0;
  }
}

int Connection::get(const Row& row, ValueView* out, std::string* scratch) {
  switch (row.id) {
    case IPDAEMON_PROPERTY_CONNECTED:
      *out = ValueView::boolean(is_up() && !is_lost());
      return 0;
    case IPDAEMON_PROPERTY_BYTES_SENT:
      *out = ValueView::integer(bytes_sent_);
      return 0;
    case IPDAEMON_PROPERTY_CONNECTION_ID:
      *scratch = std::to_string(id_);
      break;
    case IPDAEMON_PROPERTY_LOCAL_ADDRESS:
      remember_local_address();
      *scratch = local_.family == Family::none ? std::string() : local_.text();
      break;
    case IPDAEMON_PROPERTY_READY_TO_SEND:
      *out = ValueView::boolean(ready_.property() || is_lost());
      return 0;
    case IPDAEMON_PROPERTY_REMOTE_HOST:
      *scratch = peer_.address.text();
      break;
    case IPDAEMON_PROPERTY_REMOTE_PORT:
      *out = ValueView::integer(peer_.port);
      return 0;
    default:
      properties_.read(row.id, out);
      return 0;
  }
  *out = ValueView::text(*scratch);
  return 0;
}

namespace {

const char* close_reason(int reason) {
  static constexpr const char* words[] = {
      "",
#define IPD_CLOSED(number, NAME, name, word, summary, advice) word,
#include "ipdaemon_counters.def"
  };
  return words[reason];
}

}  // namespace

std::string Connection::setting(int id) const {
  switch (id) {
    case IPDAEMON_SETTING_CONNECTION_UID:
      return uid();
    case IPDAEMON_SETTING_FRAMING:
      return framing_text();
    case IPDAEMON_SETTING_CLOSE_REASON:
      return has_ended() ? close_reason(reason_) : "";
    case IPDAEMON_SETTING_BYTES_RECEIVED:
      return std::to_string(bytes_received_);
    case IPDAEMON_SETTING_BYTES_DELIVERED:
      return std::to_string(outbox_.taken());
    case IPDAEMON_SETTING_CONNECTION_TIME:
      return std::to_string((monotonic_us() - began_us_) / 1000);
    default:
      return negotiated(id);
  }
}

std::string Connection::uid() const {
  // The random half differs between processes, the counter between connections.
  static const std::uint64_t process = (std::uint64_t{std::random_device{}()} << 32) | std::random_device{}();
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(process),
                static_cast<unsigned long long>(uid_));
  return text;
}

}  // namespace ipdaemon
