#include "connection/framer.hpp"

#include <algorithm>
#include <cstring>

namespace ipdaemon {

namespace {

// Whether bytes that may be the beginning of an end of line stand at the end of `line`, starting at
// `limit` at the latest: then the line is not yet proven too long.
bool may_end_at_limit(BytesView line, std::size_t limit, BytesView eol) {
  const std::size_t first = line.size() >= eol.size() ? line.size() - eol.size() + 1 : 0;
  for (std::size_t start = first; start <= limit && start < line.size(); ++start) {
    const BytesView tail = line.substr(start);
    if (tail == eol.substr(0, tail.size())) return true;
  }
  return false;
}

std::size_t find_either(BytesView data, std::size_t from, std::size_t to) {
  for (std::size_t at = from; at < to; ++at) {
    if (data[at] == '\r' || data[at] == '\n') return at;
  }
  return BytesView::npos;
}

}  // namespace

bool Framer::next(const Framing& framing, BytesView data, std::size_t from, Piece* piece) {
  std::size_t begin = from;
  if (swallow_lf_ && begin < data.size()) {
    if (data[begin] == '\n') ++begin;
    swallow_lf_ = false;
    searched_ = 0;
  }
  piece->begin = begin;
  piece->next = begin;
  if (begin >= data.size()) return false;
  if (framing.record_length > 0) {
    const auto length = static_cast<std::size_t>(framing.record_length);
    if (data.size() - begin < length) return false;
    piece->end = piece->next = begin + length;
    piece->eol = true;
    return true;
  }
  if (framing.single_line_mode) return next_single_line(framing, data, begin, piece);
  if (!framing.eol.empty()) return next_line(framing, data, begin, piece);
  piece->end = piece->next = data.size();
  piece->eol = true;
  return true;
}

bool Framer::next_line(const Framing& framing, BytesView data, std::size_t begin, Piece* piece) {
  const std::size_t limit = framing.line_length_max;
  const BytesView line = data.substr(begin);
  // An end of line counts if it starts at `limit` at the latest.
  const BytesView window = line.substr(0, std::min(line.size(), limit + framing.eol.size()));
  const std::size_t start = searched_ < framing.eol.size() ? 0 : searched_ - (framing.eol.size() - 1);
  const std::size_t found =
      framing.eol.size() == 1 ? window.find(framing.eol.front(), start) : window.find(framing.eol, start);
  if (found != BytesView::npos) {
    piece->end = begin + found;
    piece->next = piece->end + framing.eol.size();
    piece->eol = true;
    searched_ = 0;
    return true;
  }
  if (line.size() > limit && !may_end_at_limit(window, limit, framing.eol)) {
    piece->end = piece->next = begin + limit;
    piece->eol = false;
    searched_ = 0;
    return true;
  }
  searched_ = static_cast<std::uint32_t>(window.size());
  return false;
}

bool Framer::next_single_line(const Framing& framing, BytesView data, std::size_t begin, Piece* piece) {
  const std::size_t limit = framing.line_length_max;
  const std::size_t to = std::min(data.size(), begin + limit + 1);
  const std::size_t found = find_either(data, begin + searched_, to);
  if (found != BytesView::npos) {
    piece->end = found;
    piece->next = found + 1;
    piece->eol = true;
    searched_ = 0;
    if (data[found] == '\r') {
      // The line is delivered without waiting for an LF that may follow.
      if (piece->next == data.size()) {
        swallow_lf_ = true;
      } else if (data[piece->next] == '\n') {
        ++piece->next;
      }
    }
    return true;
  }
  if (data.size() - begin > limit) {
    piece->end = piece->next = begin + limit;
    piece->eol = false;
    searched_ = 0;
    return true;
  }
  searched_ = static_cast<std::uint32_t>(data.size() - begin);
  return false;
}

bool Framer::rest(const Framing& framing, BytesView data, std::size_t from, Piece* piece) {
  if (next(framing, data, from, piece)) return true;
  if (piece->begin >= data.size()) return false;
  // A line may hold back up to the length of EOL minus one beyond the limit; the limit holds nevertheless.
  std::size_t end = data.size();
  if (framing.record_length <= 0) end = std::min<std::size_t>(end, piece->begin + framing.line_length_max);
  piece->end = piece->next = end;
  piece->eol = false;
  searched_ = 0;
  return true;
}

}  // namespace ipdaemon
