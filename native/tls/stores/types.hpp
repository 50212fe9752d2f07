// What the values of SSLCertStoreType mean: which format a store is in, and whether it is a file. For this folder
// only.
#pragma once

#include <cstdint>

#include "tls/stores/format.hpp"

namespace ipdaemon::tls {

enum class Holder { file, value, either };
struct StoreType {
  int number;
  Holder holder;
  StoreFormat format;
};
// Null for types that no server can use, and for numbers that are not a type.
const StoreType* find_type(std::int64_t number);

// Whether a store type that is meant for one format takes content of another.
bool takes(StoreFormat type, StoreFormat content);
// The number of the store type that the content would have been right for; 0 if there is none, or none
// that a server could use.
int fitting_type(StoreFormat content, Holder holder);

}  // namespace ipdaemon::tls
