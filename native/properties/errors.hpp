// The error rows as data, and the text of an error.
#pragma once

#include <cstddef>
#include <string>

#include "base/bytes.hpp"

namespace ipdaemon {

struct ErrorRow {
  int code;
  const char* symbol;
  const char* sentence;
};

inline constexpr ErrorRow error_rows[] = {
#define IPD_ERROR(code, NAME, sentence) {code, #NAME, sentence},
#include "ipdaemon_errors.def"
#undef IPD_ERROR
};
inline constexpr std::size_t error_count = sizeof error_rows / sizeof error_rows[0];

// The code and detail of a call's error; the text is made when somebody asks for it.
struct LastError {
  int code = 0;
  std::string detail;
};

// The sentence of a row; empty for a code without one.
const char* error_sentence(int code);
// What a program reads: the sentence and, if there is one, the detail.
std::string error_text(int code, BytesView detail);

}  // namespace ipdaemon
