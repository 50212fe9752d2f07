// A model of the framer, and random streams for it: a slow reference that the framer is compared with.
#pragma once

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "check.hpp"
#include "connection/framer.hpp"

namespace ipdaemon::framer_test {

// A framing that owns its EOL.
struct Mode {
  std::string eol;
  std::int32_t record_length = 0;
  bool single_line_mode = false;
  std::uint32_t limit = 2048;

  Framing framing() const { return {eol, record_length, single_line_mode, limit}; }
  bool is_raw() const { return record_length == 0 && !single_line_mode && eol.empty(); }
};

struct Cut {
  std::string text;
  bool eol = true;
  std::size_t next = 0;  // Where the stream goes on.

  bool operator==(const Cut& other) const { return text == other.text && eol == other.eol && next == other.next; }
};

inline std::string shown_cut(const Cut& cut) {
  return test::shown(cut.text) + (cut.eol ? " eol" : " no eol") + ", next " + std::to_string(cut.next);
}

inline std::string shown_mode(const Mode& mode) {
  return "eol " + test::shown(mode.eol) + " record " + std::to_string(mode.record_length) +
         (mode.single_line_mode ? " single-line" : "") + " limit " + std::to_string(mode.limit);
}

class Model {
 public:
  // The next cut of `known` from `at` on, or none if what follows decides.
  std::optional<Cut> next(const Mode& mode, const std::string& known, std::size_t at) {
    at = after_owed(known, at);
    const std::string line = known.substr(at);
    if (line.empty()) return std::nullopt;
    if (mode.record_length > 0) {
      const auto length = static_cast<std::size_t>(mode.record_length);
      if (line.size() < length) return std::nullopt;
      return cut(known, at, length, true, 0);
    }
    if (mode.is_raw()) return cut(known, at, line.size(), true, 0);
    const std::vector<std::string> ends =
        mode.single_line_mode ? std::vector<std::string>{"\r", "\n"} : std::vector<std::string>{mode.eol};
    bool could_end = line.size() <= mode.limit;
    for (std::size_t start = 0; start <= mode.limit && start < line.size(); ++start) {
      for (const std::string& end : ends) {
        if (line.compare(start, end.size(), end) == 0) {
          const Cut result = cut(known, at, start, true, end.size());
          owes_lf_ = mode.single_line_mode && end == "\r";
          if (!owes_lf_ || result.next == known.size()) return result;
          owes_lf_ = false;
          return {{result.text, true, result.next + (known[result.next] == '\n' ? 1 : 0)}};
        }
        if (line.size() - start < end.size() && end.compare(0, line.size() - start, line, start) == 0) could_end = true;
      }
    }
    if (could_end) return std::nullopt;
    return cut(known, at, mode.limit, false, 0);
  }

  // A cut of what is left when nothing more comes.
  std::optional<Cut> rest(const Mode& mode, const std::string& known, std::size_t at) {
    if (const auto found = next(mode, known, at)) return found;
    at = after_owed(known, at);
    if (at >= known.size()) return std::nullopt;
    const std::size_t left = known.size() - at;
    return cut(known, at, mode.record_length > 0 ? left : std::min<std::size_t>(left, mode.limit), false, 0);
  }

  void reset() { owes_lf_ = false; }

 private:
  Cut cut(const std::string& known, std::size_t at, std::size_t length, bool eol, std::size_t skipped) {
    owes_lf_ = false;
    return {known.substr(at, length), eol, at + length + skipped};
  }

  std::size_t after_owed(const std::string& known, std::size_t at) const {
    return owes_lf_ && at < known.size() && known[at] == '\n' ? at + 1 : at;
  }

  bool owes_lf_ = false;
};

// The framer as a connection uses it: bytes are kept from where it says, and sometimes moved to the
// front of the buffer.
class Stream {
 public:
  explicit Stream(bool compacts) : compacts_(compacts) {}

  void append(std::string_view bytes) { kept_ += bytes; }
  std::optional<Cut> next(const Mode& mode) {
    Piece piece;
    const bool found = framer_.next(mode.framing(), kept_, from_, &piece);
    return take(found, piece);
  }
  std::optional<Cut> rest(const Mode& mode) {
    Piece piece;
    const bool found = framer_.rest(mode.framing(), kept_, from_, &piece);
    if (!found) return std::nullopt;
    return take(found, piece);
  }
  void framing_changed() { framer_.forget_search(); }
  void discard() {
    base_ += kept_.size();
    kept_.clear();
    from_ = 0;
    framer_.reset();
  }

 private:
  std::optional<Cut> take(bool found, const Piece& piece) {
    std::optional<Cut> cut;
    REQUIRE(piece.next >= from_);
    REQUIRE(piece.next <= kept_.size());
    if (found) {
      REQUIRE(piece.begin >= from_ && piece.begin <= piece.end && piece.end <= piece.next);
      cut = Cut{kept_.substr(piece.begin, piece.end - piece.begin), piece.eol, base_ + piece.next};
    }
    from_ = piece.next;
    if (compacts_) {
      base_ += from_;
      kept_.erase(0, from_);
      from_ = 0;
    }
    return cut;
  }

  Framer framer_;
  std::string kept_;
  std::size_t from_ = 0;
  std::size_t base_ = 0;  // Where in the stream the kept bytes begin.
  bool compacts_;
};

inline bool same(const std::optional<Cut>& ours, const std::optional<Cut>& wanted, const Mode& mode) {
  if (ours == wanted) return true;
  FAIL((ours ? shown_cut(*ours) : "more needed") + " instead of " + (wanted ? shown_cut(*wanted) : "more needed") +
       " with " + shown_mode(mode));
  return false;
}

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t bound) { return engine_() % bound; }
  bool one_in(std::size_t chances) { return below(chances) == 0; }

 private:
  std::mt19937 engine_;
};

// Few different bytes, so that ends of line appear, overlap and break off often.
constexpr std::string_view alphabet("ab\r\n\0", 5);

inline std::string random_bytes(Random& random, std::size_t length) {
  const std::size_t letters = 2 + random.below(alphabet.size() - 1);
  std::string bytes;
  for (std::size_t i = 0; i < length; ++i) bytes += alphabet[alphabet.size() - 1 - random.below(letters)];
  return bytes;
}

inline Mode random_mode(Random& random) {
  Mode mode;
  mode.limit = static_cast<std::uint32_t>(random.one_in(4) ? 1 + random.below(40) : 1 + random.below(6));
  switch (random.below(8)) {
    case 0:
      mode.record_length = static_cast<std::int32_t>(1 + random.below(9));
      mode.single_line_mode = random.one_in(2);
      mode.eol = random.one_in(2) ? "\n" : "";
      break;
    case 1:
    case 2:
      mode.single_line_mode = true;
      mode.eol = random.one_in(2) ? "a" : "";
      break;
    case 3:
      break;
    default:
      mode.eol = random_bytes(random, 1 + random.below(8));
  }
  return mode;
}

inline std::vector<Cut> all_cuts(const Mode& mode, const std::vector<std::string>& parts) {
  std::vector<Cut> cuts;
  Stream stream(false);
  for (const std::string& part : parts) {
    stream.append(part);
    while (const auto cut = stream.next(mode)) cuts.push_back(*cut);
  }
  while (const auto cut = stream.rest(mode)) cuts.push_back(*cut);
  return cuts;
}

// Cuts as text, for streams where the place of the cut follows from it.
inline std::string summary(const std::vector<Cut>& cuts) {
  std::string text;
  for (const Cut& cut : cuts) text += "[" + cut.text + (cut.eol ? "]" : ">");
  return text;
}

inline std::string cut_up(const Mode& mode, const std::string& bytes) {
  return summary(all_cuts(mode, {bytes}));
}

}  // namespace ipdaemon::framer_test
