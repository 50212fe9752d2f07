#include "properties/errors.hpp"

#include <algorithm>
#include <iterator>

namespace ipdaemon {

namespace {

constexpr bool error_rows_rise() {
  for (std::size_t i = 1; i < error_count; ++i) {
    if (error_rows[i - 1].code >= error_rows[i].code) return false;
  }
  return true;
}
static_assert(error_rows_rise(), "error rows are kept in order of their codes");

}  // namespace

const char* error_sentence(int code) {
  const auto* row = std::lower_bound(std::begin(error_rows), std::end(error_rows), code,
                                     [](const ErrorRow& a, int b) { return a.code < b; });
  return row != std::end(error_rows) && row->code == code ? row->sentence : "";
}

std::string error_text(int code, BytesView detail) {
  std::string text;
  if (code >= 10000 && code < 20000) text = "[" + std::to_string(code) + "] ";
  text += error_sentence(code);
  if (detail.empty()) return text;
  if (!text.empty() && text.back() == '.') text.pop_back();
  return text + ": " + std::string(detail);
}

}  // namespace ipdaemon
