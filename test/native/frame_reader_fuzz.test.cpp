// A million streams, known ones with a few changes and random ones, through the frame reader itself: in memory of
// exactly their size, so that the address sanitizer sees a read past the end, and with what it must not keep given back
// at once. A fixed number of inputs from a fixed seed; frame_reader.test.cpp compares with a model.
#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "check.hpp"
#include "connection/frame_reader.hpp"

using namespace ipdaemon;

namespace {

using FrameSpecPtr = std::shared_ptr<const FramingSpec>;

// With the NULs in it.
template <std::size_t size>
std::string literal_bytes(const char (&text)[size]) {
  return {text, size - 1};
}

struct FuzzSeed {
  const char* framing;
  std::string stream;
};

// What may be one frame or the beginning of another.
const std::vector<FuzzSeed>& fuzz_seeds() {
  static const std::vector<FuzzSeed> seeds = {
      {"length=u8", literal_bytes("\2ab\0\1c\5hello")},
      {"length=u16be", literal_bytes("\0\2ab\0\1c\0\0\0\3xyz")},
      {"length=u16be,offset=4,strip=0", literal_bytes("\0\1\0\0\0\2\x9\3\0\1\0\0\0\2\x9\3")},
      {"length=u16be,adjust=-2", literal_bytes("\0\4ab\0\2\0\3c")},
      {"length=u16le", literal_bytes("\2\0ab\1\0c")},
      {"length=u24be,strip=2", literal_bytes("\0\0\2ab\0\0\4abcd")},
      {"length=u24le,adjust=3", literal_bytes("\0\0\0abc\1\0\0abcd")},
      {"length=u32be", literal_bytes("\0\0\0\2ab\0\0\0\0\0\0\0\1c")},
      {"length=u32le,strip=7", literal_bytes("\5\0\0\0abcde")},
      {"length=varint", "\x82\x80\x01xy\1c\2ab"},
      {"length=varint,offset=1,strip=0", literal_bytes("\xc0\0\x30\2ab\xc0\0")},
      {"length=dec1", "2ab1c0"},
      {"length=dec4", "0002ab   1c0000"},
      {"length=dec10", "0000000002ab         1c"},
      {"length=hex2", "0Aabcdefghij0bklmnopqrstu"},
      {"length=hex8", "00000002ab"},
      {"length=bcd1", "\2ab\1c"},
      {"length=bcd2,offset=2", literal_bytes("xy\0\x12"
                                             "abcdefghijkl")},
      {"octets", "3 abc1 x4 <1>\n"},
      {"syslog", "5 <1>ab4 <1>\n<2>c\n\n\n<3>d\n"},
      {"eols=\\r\\n|\\n", "a\nb\r\nc\rd\n"},
      {"eols=ab!c|!", "1ab!c2ab!dab"},
      {"eols=ab|b|aac", "aab aacb aab"},
      {"eols=\\x1c\\r", "MSH|^\rPID\r\x1c\rMSH\x1c\r"},
  };
  return seeds;
}

// Every framing of the seeds with every way to treat long frames, for short and for long ones.
std::vector<std::pair<FrameSpecPtr, const FuzzSeed*>> fuzz_specs() {
  std::vector<std::pair<FrameSpecPtr, const FuzzSeed*>> specs;
  for (const FuzzSeed& seed : fuzz_seeds()) {
    for (const char* over : {"close", "skip", "split"}) {
      for (const char* max : {"1", "3", "9", "1000", "1073741824"}) {
        const std::string text = std::string(seed.framing) + ",max=" + max + ",over=" + over;
        FrameSpecPtr spec;
        std::string detail;
        FramingSpec::parse(text, "Framing", 2048, &spec, &detail);
        if (spec == nullptr) FAIL(text + ": " + detail);
        if (spec != nullptr) specs.emplace_back(spec, &seed);
      }
    }
  }
  return specs;
}

// The reader, with no more than the bytes that it wants to see again.
class ExactFrames {
 public:
  explicit ExactFrames(FrameSpecPtr spec) : reader_(std::move(spec), false) {}

  void read(BytesView bytes) {
    if (ended_) return;
    const std::size_t size = kept_size_ + bytes.size();
    auto exact = std::make_unique<char[]>(size);
    copy_bytes(exact.get(), {kept_.get(), kept_size_});
    copy_bytes(exact.get() + kept_size_, bytes);
    const std::size_t done = hand_out({exact.get(), size}, false);
    kept_size_ = size - done;
    kept_ = std::make_unique<char[]>(kept_size_);
    copy_bytes(kept_.get(), {exact.get() + done, kept_size_});
  }

  // The pieces, each with its end: ] complete, > not; ! skipped, # too long, ? malformed.
  std::string end() {
    if (!ended_) hand_out({kept_.get(), kept_size_}, true);
    return std::move(out_);
  }

 private:
  std::size_t hand_out(BytesView data, bool is_final) {
    std::size_t done = 0;
    // Each turn takes at least a byte, or ends; only the last piece may be empty.
    for (std::size_t turns = 0; turns <= 2 * data.size() + 2; ++turns) {
      Piece piece;
      const Cut cut = is_final ? reader_.rest(data, done, &piece) : reader_.next(data, done, &piece);
      if (cut == Cut::more && is_final) return done;
      if (cut == Cut::too_long || cut == Cut::malformed) {
        ended_ = true;
        out_ += cut == Cut::too_long ? '#' : '?';
        return data.size();
      }
      if (piece.next < done || piece.next > data.size()) {
        FAIL("the stream goes on where it is not");
        ended_ = true;
        return data.size();
      }
      done = piece.next;
      if (cut == Cut::more) return done;
      if (cut == Cut::skipped) {
        out_ += '!';
        continue;
      }
      if (piece.begin > piece.end || piece.end > data.size()) {
        FAIL("a piece is not in the stream");
        ended_ = true;
        return data.size();
      }
      out_.append(data.substr(piece.begin, piece.end - piece.begin));
      out_ += piece.eol ? ']' : '>';
    }
    FAIL("there is no end of pieces");
    ended_ = true;
    return data.size();
  }

  FrameReader reader_;
  std::unique_ptr<char[]> kept_ = std::make_unique<char[]>(0);
  std::size_t kept_size_ = 0;
  std::string out_;
  bool ended_ = false;
};

std::string fuzzed_stream(const FuzzSeed& seed, std::mt19937& random) {
  static const std::string alphabet = literal_bytes("\0\1\2\3\4\5\x12\x7f\x80\xff 0129af<>ab!c\r\n\x1c");
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(random()) % limit; };
  std::string stream = seed.stream;
  if (below(8) == 0) {
    stream.assign(below(24), '\0');
    for (char& byte : stream) byte = below(3) == 0 ? static_cast<char>(random()) : alphabet[below(alphabet.size())];
    return stream;
  }
  for (std::size_t changes = below(5); changes > 0 && !stream.empty(); --changes) {
    const std::size_t at = below(stream.size());
    switch (below(5)) {
      case 0:
        stream[at] = static_cast<char>(random());
        break;
      case 1:
        stream[at] = alphabet[below(alphabet.size())];
        break;
      case 2:
        stream.erase(at, 1 + below(3));
        break;
      case 3:
        stream.insert(at, 1, alphabet[below(alphabet.size())]);
        break;
      default:
        stream.resize(at);
    }
  }
  return stream;
}

std::string read_in_steps(const FrameSpecPtr& spec, BytesView stream, std::size_t step) {
  ExactFrames frames(spec);
  for (std::size_t at = 0; at < stream.size(); at += step) frames.read(stream.substr(at, step));
  return frames.end();
}

}  // namespace

TEST("a million random streams are cut into the same frames whole, byte by byte and in two parts") {
  std::mt19937 random(20261129);
  const auto specs = fuzz_specs();
  std::size_t complete = 0;
  std::size_t ended = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const auto& [spec, seed] = specs[static_cast<std::size_t>(random()) % specs.size()];
    const std::string stream = fuzzed_stream(*seed, random);
    const std::string whole = read_in_steps(spec, stream, stream.size() + 1);
    const std::string bytewise = read_in_steps(spec, stream, 1);
    const std::string in_parts = read_in_steps(spec, stream, stream.size() / 2 + random() % 4 + 1);
    if (whole != bytewise || whole != in_parts || test::run().failed_checks > 0) {
      FAIL("input " + std::to_string(i) + ", " + spec->text() + ", " + test::shown(stream) + ": " + test::shown(whole) +
           " and " + test::shown(bytewise) + " and " + test::shown(in_parts));
      return;
    }
    complete += whole.find(']') != std::string::npos ? 1 : 0;
    ended += whole.find_first_of("#?") != std::string::npos ? 1 : 0;
  }
  // Neither is rare.
  CHECK(complete > 300'000);
  CHECK(ended > 100'000);
}
