// The framer against a model that is slow and obvious: it looks at every position of what is known,
// remembers nothing but an owed LF, and asks of each line whether any continuation could still end it
// in time.
#include "connection/framer.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "check.hpp"

using namespace ipdaemon;

namespace {

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

std::string shown_cut(const Cut& cut) {
  return test::shown(cut.text) + (cut.eol ? " eol" : " no eol") + ", next " + std::to_string(cut.next);
}

std::string shown_mode(const Mode& mode) {
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

bool same(const std::optional<Cut>& ours, const std::optional<Cut>& wanted, const Mode& mode) {
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

std::string random_bytes(Random& random, std::size_t length) {
  const std::size_t letters = 2 + random.below(alphabet.size() - 1);
  std::string bytes;
  for (std::size_t i = 0; i < length; ++i) bytes += alphabet[alphabet.size() - 1 - random.below(letters)];
  return bytes;
}

Mode random_mode(Random& random) {
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

std::vector<Cut> all_cuts(const Mode& mode, const std::vector<std::string>& parts) {
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
std::string summary(const std::vector<Cut>& cuts) {
  std::string text;
  for (const Cut& cut : cuts) text += "[" + cut.text + (cut.eol ? "]" : ">");
  return text;
}

std::string cut_up(const Mode& mode, const std::string& bytes) {
  return summary(all_cuts(mode, {bytes}));
}

}  // namespace

TEST("random streams in random parts are cut as the model cuts them, also when the framing changes") {
  for (unsigned seed = 1; seed <= 20'000; ++seed) {
    Random random(seed);
    Mode mode = random_mode(random);
    Model model;
    Stream stream(random.one_in(2));
    std::string known;
    std::size_t at = 0;
    const bool changes = random.one_in(2);
    bool agree = true;
    for (std::size_t parts = 1 + random.below(20); agree && parts > 0; --parts) {
      const std::string part = random_bytes(random, random.below(random.one_in(3) ? 60 : 5));
      known += part;
      stream.append(part);
      while (agree) {
        const auto wanted = model.next(mode, known, at);
        const auto ours = stream.next(mode);
        agree = same(ours, wanted, mode);
        if (!wanted) break;
        at = wanted->next;
        if (changes && random.one_in(4)) {
          mode = random_mode(random);
          stream.framing_changed();
        }
        if (random.one_in(200)) {
          at = known.size();
          model.reset();
          stream.discard();
        }
      }
    }
    while (agree) {
      const auto wanted = model.rest(mode, known, at);
      const auto ours = stream.rest(mode);
      agree = same(ours, wanted, mode);
      if (!wanted) break;
      at = wanted->next;
    }
    if (!agree) {
      FAIL("seed " + std::to_string(seed));
      break;
    }
  }
}

TEST("every way to split a stream in three gives the same pieces") {
  Random random(7);
  for (int round = 0; round < 300; ++round) {
    Mode mode = random_mode(random);
    if (mode.is_raw()) mode.eol = "a";
    const std::string bytes = random_bytes(random, 1 + random.below(24));
    const std::string whole = summary(all_cuts(mode, {bytes}));
    for (std::size_t first = 0; first <= bytes.size(); ++first) {
      for (std::size_t second = first; second <= bytes.size(); ++second) {
        const std::string split = summary(
            all_cuts(mode, {bytes.substr(0, first), bytes.substr(first, second - first), bytes.substr(second)}));
        if (!CHECK_EQ(split, whole)) {
          FAIL(shown_mode(mode) + " over " + test::shown(bytes));
          return;
        }
      }
    }
  }
}

TEST("an end of line of one to eight bytes, also with NUL, is found byte by byte") {
  const std::string eight("\0\r\n\0\0ab\0", 8);
  for (std::size_t length = 1; length <= 8; ++length) {
    Mode mode;
    mode.eol = eight.substr(0, length);
    Stream stream(true);
    int events = 0;
    for (const std::string& line : {std::string("first"), std::string(), std::string("x")}) {
      for (const char byte : line + mode.eol) {
        CHECK(events < 3);
        stream.append({&byte, 1});
        const auto cut = stream.next(mode);
        if (!cut) continue;
        ++events;
        CHECK_EQ(cut->text, line);
        CHECK(cut->eol);
      }
    }
    CHECK_EQ(events, 3);
  }
}

TEST("lines around the limit: a byte short, at it, a byte over") {
  Mode mode;
  mode.limit = 4;
  for (const char* eol : {"\n", "\r\n", "end"}) {
    mode.eol = eol;
    CHECK_EQ(cut_up(mode, "abc" + mode.eol), std::string("[abc]"));
    CHECK_EQ(cut_up(mode, "abcd" + mode.eol), std::string("[abcd]"));
    CHECK_EQ(cut_up(mode, "abcde" + mode.eol), std::string("[abcd>[e]"));
    CHECK_EQ(cut_up(mode, "abcdefgh" + mode.eol), std::string("[abcd>[efgh]"));
    CHECK_EQ(cut_up(mode, mode.eol + mode.eol), std::string("[][]"));
  }
  mode.single_line_mode = true;
  CHECK_EQ(cut_up(mode, "abc\rabcd\r\nabcde\n"), std::string("[abc][abcd][abcd>[e]"));
}

TEST("a line is cut at the limit by the first byte that proves it too long, and not before") {
  Mode mode;
  mode.limit = 3;
  mode.eol = "xyz";
  Stream stream(true);
  stream.append("abcxy");
  CHECK(!stream.next(mode).has_value());
  stream.append("q");
  const auto cut = stream.next(mode);
  REQUIRE(cut.has_value());
  CHECK_EQ(cut->text, std::string("abc"));
  CHECK(!cut->eol);
  stream.append("xyz");
  const auto line = stream.next(mode);
  REQUIRE(line.has_value());
  CHECK_EQ(line->text, std::string("xyq"));
  CHECK(line->eol);
}

TEST("single-line mode ends lines at CR, LF and CRLF, but not at NUL") {
  Mode mode;
  mode.single_line_mode = true;
  mode.eol = "b";
  CHECK_EQ(cut_up(mode, "a\rb\nc\r\nd\n\re\r\r\n\n"), std::string("[a][b][c][d][][e][][]"));
  CHECK_EQ(cut_up(mode, std::string("a\0b\n", 4)), std::string("[a\0b]", 5));
}

TEST("the LF after a CR is swallowed in the next part, whatever the framing is by then") {
  for (const char* second : {"\nrest", "rest"}) {
    for (int mode_number = 0; mode_number < 4; ++mode_number) {
      Mode lines;
      lines.single_line_mode = true;
      Mode after = lines;
      if (mode_number == 1) after = Mode{"t", 0, false, 2048};
      if (mode_number == 2) after = Mode{"", 4, false, 2048};
      if (mode_number == 3) after = Mode{};
      Stream stream(true);
      stream.append("a\r");
      const auto first = stream.next(lines);
      REQUIRE(first.has_value());
      CHECK_EQ(first->text, std::string("a"));
      stream.framing_changed();
      CHECK(!stream.next(after).has_value());
      stream.append(second);
      const auto piece = stream.rest(after);
      REQUIRE(piece.has_value());
      CHECK_EQ(piece->text, std::string(mode_number == 1 ? "res" : "rest"));
    }
  }
}

TEST("an LF that is not swallowed, because input was discarded, is a line of its own") {
  Mode mode;
  mode.single_line_mode = true;
  Stream stream(true);
  stream.append("a\r");
  REQUIRE(stream.next(mode).has_value());
  stream.discard();
  stream.append("\n");
  const auto line = stream.next(mode);
  REQUIRE(line.has_value());
  CHECK_EQ(line->text, std::string());
}

TEST("a swallowed LF alone leaves nothing at the end of the stream") {
  Mode mode;
  mode.single_line_mode = true;
  Stream stream(true);
  stream.append("a\r");
  REQUIRE(stream.next(mode).has_value());
  stream.append("\n");
  CHECK(!stream.next(mode).has_value());
  CHECK(!stream.rest(mode).has_value());
}

TEST("records have their length, win over all else, and end short with eol false") {
  Mode mode;
  mode.record_length = 3;
  mode.eol = "\n";
  mode.single_line_mode = true;
  mode.limit = 1;
  CHECK_EQ(cut_up(mode, "a\nbcdefg"), std::string("[a\nb][cde][fg>"));
}

TEST("without framing everything at hand is one piece, at the end too") {
  const Mode mode;
  Stream stream(true);
  CHECK(!stream.next(mode).has_value());
  stream.append(std::string(5000, 'x'));
  const auto piece = stream.next(mode);
  REQUIRE(piece.has_value());
  CHECK_EQ(piece->text.size(), 5000);
  CHECK(piece->eol);
  stream.append("left");
  const auto left = stream.rest(mode);
  REQUIRE(left.has_value());
  CHECK_EQ(left->text, std::string("left"));
  CHECK(left->eol);
  CHECK(!stream.rest(mode).has_value());
}

TEST("what is left of a line at the end of the stream comes with eol false") {
  Mode mode;
  mode.eol = "\r\n";
  CHECK_EQ(cut_up(mode, "one\r\ntwo\r"), std::string("[one][two\r>"));
  mode = Mode{};
  mode.single_line_mode = true;
  CHECK_EQ(cut_up(mode, "one\r\ntwo"), std::string("[one][two>"));
}

TEST("a long line that comes byte by byte is searched once") {
  for (const bool single_line : {false, true}) {
    Mode mode;
    mode.eol = "\r\n";
    mode.single_line_mode = single_line;
    mode.limit = 4'000'000;
    const std::string bytes(1'000'000, 'a');
    Framer framer;
    Piece piece;
    const std::int64_t begin = monotonic_ms();
    for (std::size_t known = 1; known <= bytes.size(); ++known) {
      // Searching all of it each time would look at half a million million bytes.
      if (framer.next(mode.framing(), BytesView(bytes).substr(0, known), 0, &piece)) CHECK_EQ(known, 0);
    }
    CHECK(monotonic_ms() - begin < 5000);
  }
}
