// Small things about texts that every folder needs. Letters are those of ASCII.
#pragma once

#include <string>

#include "base/bytes.hpp"

namespace ipdaemon {

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char lower(char c);
std::string lower(BytesView text);
bool equal_ignoring_case(BytesView a, BytesView b);

BytesView trim(BytesView text);  // Without blanks and tabs at both ends.

// Calls `visit` for each entry of a list, trimmed, until it returns false. Returns what it returned last.
template <typename Visit>
bool each_entry(BytesView list, char separator, Visit visit) {
  while (true) {
    const std::size_t end = list.find(separator);
    if (!visit(trim(list.substr(0, end)))) return false;
    if (end == BytesView::npos) return true;
    list = list.substr(end + 1);
  }
}

// As it may stand in a message: quoted, shortened, control characters escaped. Of PEM, which may be a
// private key that was given to the wrong name, only the length.
std::string in_quotes(BytesView text, std::size_t length_max = 60);
// What may be said about a value that is a secret.
std::string length_of(BytesView value);

}  // namespace ipdaemon
