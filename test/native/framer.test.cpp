// The framer against a model that is slow and obvious: it looks at every position of what is known,
// remembers nothing but an owed LF, and asks of each line whether any continuation could still end it
// in time.
#include "connection/framer.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "check.hpp"
#include "framer_model.hpp"

using namespace ipdaemon;
using namespace ipdaemon::framer_test;

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
