// The text of do_config, taken apart.
#include <string>

#include "check.hpp"
#include "properties/config_string.hpp"

using namespace ipdaemon;

namespace {

std::string parts_of(BytesView text) {
  const ConfigString parts = take_apart(text);
  std::string shown = "name <" + std::string(parts.name) + ">";
  if (parts.has_id) shown += " id <" + std::string(parts.id) + ">";
  if (parts.has_value) shown += " value <" + std::string(parts.value) + ">";
  return shown;
}

}  // namespace

TEST("a text is a name, with an id in brackets and a value behind the first = if it has them") {
  CHECK_EQ(parts_of("MaxConnections"), "name <MaxConnections>");
  CHECK_EQ(parts_of(" MaxConnections = 5 "), "name <MaxConnections> value < 5 >");
  CHECK_EQ(parts_of("ConnectionUID[7]"), "name <ConnectionUID> id <7>");
  CHECK_EQ(parts_of("ConnectionUID [ 7 ]=x"), "name <ConnectionUID> id < 7 > value <x>");
  CHECK_EQ(parts_of("SSLCACerts=a=b"), "name <SSLCACerts> value <a=b>");
}

TEST("odd texts are taken apart, too, and lose nothing") {
  CHECK_EQ(parts_of(""), "name <>");
  CHECK_EQ(parts_of("="), "name <> value <>");
  CHECK_EQ(parts_of("[]"), "name <> id <>");
  CHECK_EQ(parts_of("]"), "name <]>");
  CHECK_EQ(parts_of("Name["), "name <Name[>");
  CHECK_EQ(parts_of("Name[1]x"), "name <Name[1]x>");
  CHECK_EQ(parts_of("Name=[1]"), "name <Name> value <[1]>");
}

TEST("a setting is found by its name in any case, and by nothing else") {
  CHECK(find_setting("maxconnections") == &setting_rows[IPDAEMON_SETTING_MAX_CONNECTIONS - 1]);
  CHECK(find_setting("MaxConnection") == nullptr);
  CHECK(find_setting("") == nullptr);
}
