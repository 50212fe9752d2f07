// The text that do_config takes, "Name", "Name=Value" or "Name[id]", taken apart; and the row that it names.
#pragma once

#include "base/bytes.hpp"
#include "properties/row.hpp"

namespace ipdaemon {

// The parts are views into the text.
struct ConfigString {
  BytesView name;
  BytesView id;  // What is in brackets.
  bool has_id = false;
  BytesView value;  // As it stands there, with spaces around it.
  bool has_value = false;
};

ConfigString take_apart(BytesView text);

// Null if no setting has that name; the case of letters does not matter.
const Row* find_setting(BytesView name);

}  // namespace ipdaemon
