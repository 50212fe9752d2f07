// The frame reader against a model that sees the whole stream at once: however the bytes arrive, in batches of which
// the program takes all or not, the same frames come out, and nothing is kept that need not be.
#include "connection/frame_reader.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "check.hpp"
#include "connection/inbox.hpp"
#include "frame_model.hpp"

using namespace ipdaemon;
using namespace ipdaemon::frame_test;

namespace {

// ---- The reader, in an inbox, as a connection drives it ----

class FrameWalk {
 public:
  FrameWalk(std::shared_ptr<const FramingSpec> spec, std::mt19937& random) : random_(random) {
    kept_max_ = spec->max + FramingSpec::end_length_max;
    inbox_.set_frames(std::move(spec));
  }

  void read(BytesView bytes) {
    if (ended_) return;
    const ReceiveTarget target = inbox_.target(buffer_.data(), headroom);
    std::copy(bytes.begin(), bytes.end(), target.at);
    BytesView whole;
    if (inbox_.join(target, bytes.size(), &whole)) {
      inbox_.keep_rest(whole, hand_out(whole));
    } else {
      inbox_.consume(hand_out(inbox_.bytes()));
    }
    CHECK(ended_ || inbox_.size() <= kept_max_);
  }

  void end() {
    std::size_t done = 0;
    Piece piece;
    for (bool goes_on = !ended_; goes_on;) {
      const Cut cut = inbox_.rest({}, done, &piece);
      if (cut == Cut::piece) out += shown_piece(text(inbox_.bytes(), piece), piece.eol);
      goes_on = cut == Cut::piece || goes_on_after(cut);
      done = piece.next;
    }
  }

  std::string out;

 private:
  static constexpr std::size_t headroom = 64;

  static BytesView text(BytesView data, const Piece& piece) {
    return data.substr(piece.begin, piece.end - piece.begin);
  }

  bool goes_on_after(Cut cut) {
    if (cut == Cut::skipped) out += '!';
    if (cut == Cut::too_long) out += '#';
    if (cut == Cut::malformed) out += '?';
    ended_ = cut == Cut::too_long || cut == Cut::malformed;
    return cut == Cut::skipped;
  }

  std::size_t hand_out(BytesView data) {
    std::size_t done = 0;
    Piece piece;
    while (true) {
      const Cut cut = inbox_.next({}, data, done, &piece);
      CHECK(piece.next <= data.size() && piece.next >= done);
      if (cut != Cut::piece) {
        done = piece.next;
        if (!goes_on_after(cut)) return done;
      } else if (piece.next < data.size() && random_() % 4 != 0) {
        done = hand_out_batch(data, piece);
      } else {
        out += shown_piece(text(data, piece), piece.eol);
        done = piece.next;
      }
    }
  }

  std::size_t hand_out_batch(BytesView data, const Piece& first) {
    constexpr std::size_t limit = 7;
    std::int32_t descriptor[BatchDescriptor::first_piece + limit * BatchDescriptor::numbers_per_piece];
    Batch batch;
    inbox_.cut_ahead({}, data, first, limit, descriptor, &batch);
    // One alone is delivered by its place, as in a connection.
    const std::size_t taken = batch.count > 1 && random_() % 3 == 0 ? random_() % batch.count : batch.count;
    for (std::size_t i = 0; i < taken; ++i) {
      const std::int32_t* described =
          descriptor + BatchDescriptor::first_piece + i * BatchDescriptor::numbers_per_piece;
      const Piece piece{batch.base + static_cast<std::size_t>(described[0]),
                        batch.base + static_cast<std::size_t>(described[1]), 0, described[2] != 0};
      out += shown_piece(text(data, piece), piece.eol);
    }
    return taken == batch.count ? batch.last.next : inbox_.cut_back(batch, taken);
  }

  std::mt19937& random_;
  Inbox inbox_{2048};
  std::vector<char> buffer_ = std::vector<char>(headroom + 70'000);
  std::size_t kept_max_;
  bool ended_ = false;
};

std::string cut_up(const std::string& framing, const std::string& stream, std::size_t step = 0) {
  std::mt19937 random(1);
  FrameWalk walk(spec_of(framing), random);
  if (step == 0) step = std::max<std::size_t>(stream.size(), 1);
  for (std::size_t at = 0; at < stream.size(); at += step) walk.read(BytesView(stream).substr(at, step));
  walk.end();
  return walk.out;
}

// Whole, byte by byte, and in two parts at every position.
void check_everywhere(const std::string& framing, const std::string& stream, const std::string& wanted) {
  CHECK_EQ(FrameModel(*spec_of(framing), stream).run(), wanted);
  CHECK_EQ(cut_up(framing, stream), wanted);
  CHECK_EQ(cut_up(framing, stream, 1), wanted);
  for (std::size_t at = 1; at < stream.size(); ++at) {
    std::mt19937 random(static_cast<std::uint32_t>(at));
    FrameWalk walk(spec_of(framing), random);
    walk.read(BytesView(stream).substr(0, at));
    walk.read(BytesView(stream).substr(at));
    walk.end();
    CHECK_EQ(walk.out, wanted);
  }
}

std::string bytes_of(std::initializer_list<int> bytes) {
  std::string out;
  for (const int byte : bytes) out += static_cast<char>(byte);
  return out;
}

// ---- Random framings and streams ----

const char* const fuzz_types[] = {"u8",   "u16be", "u16le", "u24be", "u24le", "u32be", "u32le", "varint", "dec1",
                                  "dec2", "dec4",  "dec10", "hex2",  "hex4",  "hex8",  "bcd1",  "bcd2",   "bcd4"};
const char* const fuzz_ends[] = {"\\n", "\\r\\n|\\n", "ab|b|aac", "ab!c|!", "aaaab", "\\0\\0|\\0\\x01", "abab|baa"};
const char* const fuzz_overs[] = {"close", "skip", "split"};

std::string random_framing(std::mt19937& random) {
  std::string text;
  switch (random() % 5) {
    case 0:
      text = std::string("eols=") + fuzz_ends[random() % std::size(fuzz_ends)];
      break;
    case 1:
      text = random() % 2 == 0 ? "octets" : "syslog";
      break;
    default:
      text = std::string("length=") + fuzz_types[random() % std::size(fuzz_types)];
      if (random() % 3 == 0) text += ",offset=" + std::to_string(random() % 6);
      if (random() % 3 == 0) text += ",adjust=" + std::to_string(static_cast<int>(random() % 9) - 4);
      if (random() % 3 == 0) text += ",strip=" + std::to_string(random() % 12);
      break;
  }
  text += ",max=" + std::to_string(1 + random() % (random() % 4 == 0 ? 200 : 24));
  return text + ",over=" + fuzz_overs[random() % std::size(fuzz_overs)];
}

// Bytes of a kind that the framing can often make something of.
std::string random_bytes(const std::string& framing, std::mt19937& random) {
  static const std::string text = "0012345 ab!c\r\n\n";
  const bool is_text = framing.find("dec") != std::string::npos || framing.find("hex") != std::string::npos ||
                       framing.find("length") == std::string::npos;
  std::string stream;
  const std::size_t length = random() % 300;
  while (stream.size() < length) {
    const unsigned choice = random() % 16;
    if (choice == 0) {
      stream += static_cast<char>(random());
    } else if (is_text && choice < 12) {
      stream += text[random() % text.size()];
    } else if (is_text) {
      stream += std::to_string(random() % 30) + " ";
    } else {
      stream += static_cast<char>(random() % (choice < 8 ? 2 : 24));
    }
  }
  return stream;
}

}  // namespace

TEST("frames of every type of length are found, wherever the packets end") {
  check_everywhere("length=u8", bytes_of({2}) + "ab" + bytes_of({0, 1}) + "c", "[ab][][c]");
  check_everywhere("length=u16be", bytes_of({0, 2}) + "ab" + bytes_of({0, 1}) + "c", "[ab][c]");
  check_everywhere("length=u16le", bytes_of({2, 0}) + "ab" + bytes_of({1, 0}) + "c", "[ab][c]");
  check_everywhere("length=u24be", bytes_of({0, 0, 2}) + "ab", "[ab]");
  check_everywhere("length=u24le", bytes_of({2, 0, 0}) + "ab", "[ab]");
  check_everywhere("length=u32be", bytes_of({0, 0, 0, 2}) + "ab", "[ab]");
  check_everywhere("length=u32le", bytes_of({2, 0, 0, 0}) + "ab", "[ab]");
  check_everywhere("length=varint", bytes_of({0x82, 0x80, 0}) + "ab" + bytes_of({1}) + "c", "[ab][c]");
  check_everywhere("length=dec4", "0002ab   1c0000", "[ab][c][]");
  check_everywhere("length=dec1", "2ab1c", "[ab][c]");
  check_everywhere("length=hex2", "0Aabcdefghij0bklmnopqrstu", "[abcdefghij][klmnopqrstu]");
  check_everywhere("length=bcd2", bytes_of({0, 0x12}) + "abcdefghijkl", "[abcdefghijkl]");
}

TEST("offset, adjust and strip say where the field stands, what it counts and what is delivered") {
  // Modbus/TCP: transaction, protocol, length, unit and function.
  const std::string modbus = bytes_of({0, 1, 0, 0, 0, 2, 9, 3});
  check_everywhere("length=u16be,offset=4,strip=0,max=260", modbus + modbus, "[" + modbus + "][" + modbus + "]");
  // MQTT: a byte of type, then a varint.
  const std::string ping = bytes_of({0xc0, 0});
  check_everywhere("length=varint,offset=1,strip=0", ping + "0" + bytes_of({2}) + "ab",
                   "[" + ping +
                       "][0\x02"
                       "ab]");
  // A length that counts itself.
  check_everywhere("length=u16be,adjust=-2", bytes_of({0, 4}) + "ab" + bytes_of({0, 2}), "[ab][]");
  check_everywhere("length=u8,strip=3", bytes_of({4}) + "abcd" + bytes_of({1}) + "e", "[cd][]");
}

TEST("a header that is none ends the connection, behind all that was complete") {
  check_everywhere("length=u16be,adjust=-2", bytes_of({0, 4}) + "ab" + bytes_of({0, 1}) + "c", "[ab]?");
  check_everywhere("length=varint", bytes_of({1}) + "a" + std::string(5, '\x80') + "a", "[a]?");
  check_everywhere("length=dec4", "0001a00x1b", "[a]?");
  check_everywhere("length=dec4", "0001a    b", "[a]?");
  check_everywhere("length=dec4", "0001a1 12b", "[a]?");
  check_everywhere("length=hex2", "01a0gb", "[a]?");
  check_everywhere("length=bcd1", bytes_of({1}) + "a" + bytes_of({0x1a}), "[a]?");
  check_everywhere("octets", "1 a 2 ab", "[a]?");
  check_everywhere("octets", "1 a02 ab", "[a]?");
  check_everywhere("octets", "1 a12345678901 ", "[a]?");
}

TEST("a frame that is longer than max closes, is skipped or comes in parts") {
  const std::string stream = "3abc6defghi1j";
  check_everywhere("length=dec1,max=5", stream, "[abc]#");
  check_everywhere("length=dec1,max=5,over=skip", stream, "[abc]![j]");
  check_everywhere("length=dec1,max=5,over=split", stream, "[abc][defgh>[i][j]");
  check_everywhere("length=dec1,max=5,over=split,strip=0", stream, "[3abc][6defg>[hi][1j]");
  check_everywhere("length=dec1,max=2,over=split,strip=6", "9abcdefghi", "[fg>[hi]");
  check_everywhere("length=dec1,max=2,over=split,strip=60", "4abcd1e", "[][]");
}

TEST("the earliest end wins, whatever the packets") {
  check_everywhere("eols=\\r\\n|\\n", "a\nb\r\nc\rd\n", "[a][b][c\rd]");
  check_everywhere("eols=ab!c|!", "1ab!c2ab!d", "[1][2ab][d>");
  check_everywhere("eols=ab!c|!", "1ab!", "[1ab]");
  check_everywhere("eols=\\x1c\\r", "MSH|^\rPID\r\x1c\rMSH\x1c\r", "[MSH|^\rPID\r][MSH]");
  check_everywhere("eols=--,max=3,over=split", "abc--abcd--abc-", "[abc][abc>[d][abc>[->");
  check_everywhere("eols=--,max=3,over=skip", "abc--abcd-e--f--", "[abc]![f]");
  check_everywhere("eols=--,max=3,over=close", "abc--abcd--", "[abc]#");
}

TEST("syslog takes counted messages and lines, without the LF behind either") {
  check_everywhere("syslog", "5 <1>ab4 <1>\n<2>c\n\n\n<3>d\n", "[<1>ab][<1>][<2>c][<3>d]");
  check_everywhere("octets", "4 <1>\n2 ab", "[<1>\n][ab]");
  // The rest of a long line is a line, although it begins with a digit.
  check_everywhere("syslog,max=4,over=split", "<13>2 x\n2 a", "[<13>>[2 x][2 a>");
}

TEST("what the end of the stream cuts off comes as it came") {
  check_everywhere("length=dec4", "0001a00", "[a][00>");
  check_everywhere("length=dec4", "0001a0005ab", "[a][0005ab>");
  check_everywhere("length=dec1,max=3,over=split", "9abcd", "[abc>[d>");
  check_everywhere("length=dec1,max=3,over=skip", "9abcd", "!");
  check_everywhere("syslog", "3 ab", "[3 ab>");
  check_everywhere("eols=--", "ab-", "[ab->");
}

TEST("an LF behind the CR that ended a line is not part of the first frame") {
  Inbox inbox{2048};
  Framing lines;
  lines.single_line_mode = true;
  Piece piece;
  REQUIRE(inbox.next(lines, "go\r", 0, &piece) == Cut::piece);
  inbox.set_frames(spec_of("length=dec1"));
  REQUIRE(inbox.next(lines, "\n2ab", 0, &piece) == Cut::piece);
  CHECK_EQ(piece.begin, 2);
  CHECK_EQ(piece.end, 4);
}

TEST("random framings and streams give what the model gives, however they arrive") {
  std::mt19937 random(20);
  for (int run = 0; run < 20'000; ++run) {
    const std::string framing = random_framing(random);
    const std::string stream = random_bytes(framing, random);
    const std::string wanted = FrameModel(*spec_of(framing), stream).run();
    FrameWalk walk(spec_of(framing), random);
    const std::size_t step_max = 1 + random() % 80;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t step = 1 + random() % step_max;
      walk.read(BytesView(stream).substr(at, step));
      at += step;
    }
    walk.end();
    if (walk.out == wanted) continue;
    test::report_failure(__FILE__, __LINE__,
                         "run " + std::to_string(run) + ", " + framing + ", " + test::shown(stream) + ": " +
                             test::shown(walk.out) + " in place of " + test::shown(wanted));
    return;
  }
}

TEST("a length that is announced costs nothing until the bytes are there") {
  for (const char* over : {"close", "skip", "split"}) {
    std::mt19937 random(1);
    FrameWalk walk(spec_of(std::string("length=u32be,max=1000,over=") + over), random);
    walk.read(bytes_of({0x80, 0, 0, 0}));
    // FrameWalk looks at what is kept after each read.
    for (int i = 0; i < 1000; ++i) walk.read(std::string(4096, 'x'));
  }
  Inbox inbox{2048};
  inbox.set_frames(spec_of("length=u32be,max=2147483647"));
  Piece piece;
  CHECK(inbox.next({}, bytes_of({0x7f, 0, 0, 0}), 0, &piece) == Cut::more);
  CHECK_EQ(inbox.size(), 0);
}

TEST("a long line that comes byte by byte is searched once, for several ends too") {
  const std::string bytes(1'000'000, 'a');
  FrameReader reader(spec_of("eols=\\r\\n|\\n|xy,max=4000000"), false);
  Piece piece;
  const std::int64_t begin = monotonic_ms();
  for (std::size_t known = 1; known <= bytes.size(); ++known) {
    if (reader.next(BytesView(bytes).substr(0, known), 0, &piece) != Cut::more) CHECK_EQ(known, 0);
  }
  CHECK(monotonic_ms() - begin < 5000);
}
