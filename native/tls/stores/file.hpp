// Certificate stores that are files, and values that may be the name of one. For this folder only.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tls/problem.hpp"
#include "tls/stores/secret.hpp"

namespace ipdaemon::tls {

constexpr std::size_t store_bytes_max = 16 * 1024 * 1024;

bool can_be_path(BytesView value);
// Whether the value can be taken for a file name, and there is such a file.
bool is_file(BytesView value);
bool is_directory(BytesView value);
// The regular files of a directory whose names have this end, in the order of the alphabet. False with the reason.
bool list_directory(BytesView directory, BytesView end, std::vector<std::string>* out, std::string* why);
// Reads a file whole, up to store_bytes_max. False with the reason, and whether there is something of that name.
bool load_file(BytesView name, Secret* out, std::string* why, bool* exists);
// A value in the place of a file name can be a key, which must not get into a message.
bool may_be_content(BytesView value);
bool read_file(BytesView name, Secret* out, Problem* problem);
// Size and time of the last change; empty if it is not a file.
std::string state_of_file(BytesView name);

}  // namespace ipdaemon::tls
