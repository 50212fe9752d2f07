// Members of Connection: what always holds between calls, checked by the simulator and in sanitizer builds, and its
// state in one line for whoever looks for a fault. Nothing else calls these.

#include <cstdio>
#include <cstdlib>

#include "connection/connection.hpp"
#include "connection/services.hpp"

namespace ipdaemon {

namespace {

const char* name_of(Life::Stage stage) {
  switch (stage) {
    case Life::Stage::handshaking:
      return "handshaking";
    case Life::Stage::up:
      return "up";
    case Life::Stage::closing:
      return "closing";
    case Life::Stage::ended:
      return "ended";
    case Life::Stage::gone:
      break;
  }
  return "gone";
}

const char* name_of(Life::Input input) {
  return input == Life::Input::open ? "open" : input == Life::Input::ended ? "ended" : "damaged";
}

}  // namespace

std::string Connection::describe_state() const {
  std::string text = "connection " + std::to_string(id_) + " " + name_of(life_.stage());
  const auto add = [&](bool is_so, const char* word) {
    if (is_so) text += std::string(" ") + word;
  };
  text += std::string(", input ") + name_of(life_.input());
  text += life_.output_is_open() ? ", output open" : ", output failed " + std::to_string(life_.output_code());
  text += ", in " + std::to_string(inbox_.size()) + ", out " + std::to_string(outbox_.size());
  add(outbox_.file() != nullptr, "and a file");
  text += ", owes";
  add(owed_.has(Owing::connected), "Connected");
  add(owed_.has(Owing::input), "input");
  add(owed_.has(Owing::rest), "rest");
  add(owed_.has(Owing::error), "Error");
  add(owed_.has(Owing::end), "its end");
  add(ready_.is_owed(), "ReadyToSend");
  add(ready_.holds_input(), "greeting");
  add(!owed_.any() && !ready_.is_owed() && !ready_.holds_input(), "nothing");
  text += ", ReadyToSend";
  text += ready_.property() ? " True" : " False";
  if (speaks_tls()) text += ", TLS, unsent " + std::to_string(channel_.unsent_size());
  text += ", watched for";
  add(channel_.is_watched() && wants_read(channel_.interest()), "reading");
  add(channel_.is_watched() && wants_write(channel_.interest()), "writing");
  add(!channel_.is_watched() || channel_.interest() == Interest::none, "nothing");
  text += ";";
  add(services().owed.contains(this), "listed");
  add(is_set(), "has-deadline");
  add(busy(), "in-callback");
  add(inbox_.is_handing_out(), "handing-out");
  add(paused_, "paused");
  add(handshake_waits_, "handshake-waits");
  add(sending_, "sends");
  add(interrupted_, "interrupted");
  add(told_connected_, "told-connected");
  add(told_failure_, "told-failure");
  add(linger_, "linger");
  return text;
}

void Connection::check() const {
  const auto holds = [this](bool is_so, const char* what) {
    if (is_so) return;
    std::fprintf(stderr, "does not hold: %s\n%s\n", what, describe_state().c_str());
    std::abort();
  };
  const bool on_stack = busy() || inbox_.is_handing_out();
  const bool listed = services().owed.contains(this);

  if (has_ended()) {
    holds(queue_is_empty(), "what has ended has nothing to send");
    holds(inbox_.empty() || inbox_.is_handing_out(), "nor anything to deliver");
    holds(!is_set(), "nor a deadline");
    holds(!channel_.is_watched(), "nor is it watched");
    holds(!channel_.is_open(), "and its socket is closed, or somebody else's");
  }
  holds(!owed_.has(Owing::end) || life_.stage() == Life::Stage::ended, "only what has ended owes its end");
  holds(life_.stage() != Life::Stage::ended || owed_.has(Owing::end) || on_stack,
        "what has ended owes it, or fires it");
  holds(!owed_.has(Owing::rest) || !life_.input_is_open(), "there is a rest only behind the end of the input");
  holds(!owed_.has(Owing::connected) || !told_connected_, "Connected is owed once");
  holds(!life_.is_handshaking() || (speaks_tls() && !told_connected_), "a first handshake comes before Connected");
  holds(!(told_connected_ && told_failure_) || has_ended(), "Error for what never came up is not for what did");
  const bool must_be_listed = owed_.has(Owing::connected) || owed_.has(Owing::input) || owed_.has(Owing::end);
  holds(!must_be_listed || listed || on_stack, "who owes something is in the list");
  holds(!paused_ || listed || on_stack || has_ended(), "who is paused is resumed when a callback or a pump ends");
  holds(!limits_ || !limits_->waits_for_room() || !queue_is_empty() || !life_.output_is_open() || has_ended(),
        "SendTimeout runs while something is queued");
  holds(!sending_ || services().pump.calls() > 1, "a blocking send is on the stack");
  if (!channel_.is_watched() || on_stack) return;
  const bool may_read = !paused_ && !handshake_waits_;
  holds(wants_write(channel_.interest()) == !queue_is_empty(), "the poller is asked for room if there is a queue");
  holds(!wants_input() || !may_read || wants_read(channel_.interest()), "and for input if it is wanted");
  holds(may_read || !wants_read(channel_.interest()), "and for none while it cannot be taken");
}

}  // namespace ipdaemon
