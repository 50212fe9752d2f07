// A reader for JSON as key sets have it: strict, and without copies of the strings, which can be keys.
// For this folder only.
#pragma once

#include <vector>

#include "base/bytes.hpp"
#include "tls/stores/secret.hpp"

namespace ipdaemon::tls {

// A value in a text that outlives it.
struct Json {
  enum class Kind { null, boolean, number, string, array, object };

  Kind kind = Kind::null;
  BytesView text;                // Of a string what is between the quotes, with its escapes; else the value as written.
  std::vector<Json> items;       // Of an array, or the values of an object.
  std::vector<BytesView> names;  // Of an object: those of its values.

  // The member of an object, or null. A name that is written with escapes is not found.
  const Json* member(BytesView name) const;
  // The string without its escapes; empty for any other value.
  Secret string() const;
};

// False if `text` is not exactly one value.
bool parse_json(BytesView text, Json* out);

}  // namespace ipdaemon::tls
