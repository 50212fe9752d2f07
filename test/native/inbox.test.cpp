// The inbox against the framer alone: whatever reads, batches and callbacks that stop in the middle do to a stream, the
// pieces are the same.
#include "connection/inbox.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "check.hpp"

using namespace ipdaemon;

namespace {

constexpr std::size_t headroom = 64;
constexpr std::uint32_t line_max = 300;

struct Pieces {
  std::vector<std::string> texts;
  void add(BytesView data, const Piece& piece) {
    texts.push_back(std::string(data.substr(piece.begin, piece.end - piece.begin)) + (piece.eol ? "|" : "~"));
  }
};

// All of the stream at once, piece by piece.
Pieces cut_at_once(const std::string& stream, const Framing& framing) {
  Pieces pieces;
  Framer framer;
  std::size_t at = 0;
  for (Piece piece; framer.next(framing, stream, at, &piece); at = piece.next) pieces.add(stream, piece);
  return pieces;
}

class Reader {
 public:
  Reader(const Framing& framing, std::mt19937& random) : framing_(framing), random_(random) {}

  // Some bytes come, perhaps in the middle of handing out, as in a callback that pumps. What is complete is handed out
  // in batches, of which the program may not take all.
  void read(BytesView bytes) {
    const ReceiveTarget target = inbox_.target(buffer_, headroom);
    std::copy(bytes.begin(), bytes.end(), target.at);
    BytesView whole;
    if (inbox_.join(target, bytes.size(), &whole)) {
      inbox_.keep_rest(whole, hand_out(whole));
    } else {
      inbox_.consume(hand_out(inbox_.bytes()));
    }
  }
  void hand_out_rest() { inbox_.consume(hand_out(inbox_.bytes())); }

  Pieces pieces;

 private:
  std::size_t hand_out(BytesView data) {
    inbox_.begin_handing_out();
    std::size_t done = 0;
    for (Piece piece; !stops() && inbox_.next(framing_, data, done, &piece) == Cut::piece;)
      done = hand_out_batch(data, piece);
    inbox_.end_handing_out();
    return done;
  }

  std::size_t hand_out_batch(BytesView data, const Piece& first) {
    const std::size_t limit = 1 + random_() % 5;
    inbox_.cut_ahead(framing_, data, first, limit, descriptor_, batch_.get());
    const std::size_t taken = limit > 1 && random_() % 4 == 0 ? random_() % batch_->count : batch_->count;
    for (std::size_t i = 0; i < taken; ++i) {
      const std::int32_t* described =
          descriptor_ + BatchDescriptor::first_piece + i * BatchDescriptor::numbers_per_piece;
      if (limit > 1) {
        const auto begin = batch_->base + static_cast<std::size_t>(described[0]);
        pieces.add(data, {begin, batch_->base + static_cast<std::size_t>(described[1]), 0, described[2] != 0});
      } else {
        pieces.add(data, batch_->last);
      }
    }
    return taken == batch_->count ? batch_->last.next : inbox_.cut_back(*batch_, taken);
  }

  // Between two pieces: something else comes first, and this is gone on with later.
  bool stops() { return random_() % 16 == 0; }

  const Framing framing_;
  std::mt19937& random_;
  Inbox inbox_{line_max};
  char buffer_[headroom + 4096];
  std::int32_t descriptor_[BatchDescriptor::first_piece + 8 * BatchDescriptor::numbers_per_piece];
  std::unique_ptr<Batch> batch_ = std::make_unique<Batch>();
};

std::string random_stream(std::mt19937& random, std::size_t length) {
  static constexpr char letters[] = "ab\r\n\n\n-";
  std::string stream;
  for (std::size_t i = 0; i < length; ++i) stream += letters[random() % (sizeof letters - 1)];
  return stream;
}

void compare(const Framing& framing, std::uint32_t seed) {
  std::mt19937 random(seed);
  const std::string stream = random_stream(random, 1 + random() % 2000);
  Reader reader(framing, random);
  for (std::size_t at = 0; at < stream.size();) {
    const std::size_t count = std::min<std::size_t>(1 + random() % 200, stream.size() - at);
    reader.read(BytesView(stream).substr(at, count));
    at += count;
  }
  // Handing out stops now and then; often enough, it comes to the end.
  for (int i = 0; i < 2000; ++i) reader.hand_out_rest();
  CHECK(reader.pieces.texts == cut_at_once(stream, framing).texts);
}

}  // namespace

TEST("pieces do not depend on reads, batches and callbacks that stop: 3,000 random streams") {
  for (std::uint32_t seed = 1; seed <= 1000; ++seed) {
    compare({"\n", 0, false, line_max}, seed);
    compare({"\r\n", 0, false, line_max}, seed);
    compare({"", 7, false, line_max}, seed);
  }
}

TEST("a batch ends where the next piece would make it too long, and that piece is cut again") {
  // Lines of any kind of end: the framer remembers a CR whose LF may follow.
  const std::string line(Batch::bytes_max / 2 - 1, 'x');
  const std::string stream = line + "\r\n" + line + "\r\n" + line + "\r\n";
  const Framing framing{"", 0, true, 1 << 20};
  Inbox inbox(1 << 20);
  std::int32_t descriptor[BatchDescriptor::first_piece + 8 * BatchDescriptor::numbers_per_piece];
  const auto batch = std::make_unique<Batch>();
  Pieces pieces;
  std::size_t done = 0;
  for (Piece piece; inbox.next(framing, stream, done, &piece) == Cut::piece;) {
    inbox.cut_ahead(framing, stream, piece, 8, descriptor, batch.get());
    CHECK(batch->last.end - batch->base <= Batch::bytes_max);
    for (std::size_t i = 0; i < batch->count; ++i) {
      const std::int32_t* described =
          descriptor + BatchDescriptor::first_piece + i * BatchDescriptor::numbers_per_piece;
      pieces.add(stream, {batch->base + static_cast<std::size_t>(described[0]),
                          batch->base + static_cast<std::size_t>(described[1]), 0, described[2] != 0});
    }
    done = batch->last.next;
  }
  CHECK(pieces.texts == cut_at_once(stream, framing).texts);
}

TEST("what was read goes behind what is left, as long as there is room for it there") {
  Inbox inbox(line_max);
  char buffer[headroom + 16];
  ReceiveTarget target = inbox.target(buffer, headroom);
  CHECK(target.joined);
  CHECK(target.at == buffer);
  target.at[0] = 'a';
  BytesView whole;
  REQUIRE(inbox.join(target, 1, &whole));
  inbox.keep_rest(whole, 0);
  CHECK_EQ(std::string(inbox.bytes()), "a");
  target = inbox.target(buffer, headroom);
  CHECK(target.at == buffer + 1);
  target.at[0] = 'b';
  REQUIRE(inbox.join(target, 1, &whole));
  CHECK_EQ(std::string(whole), "ab");
  inbox.keep_rest(std::string(headroom + 1, 'c'), 0);
  target = inbox.target(buffer, headroom);
  CHECK(!target.joined);
  target.at[0] = 'd';
  CHECK(!inbox.join(target, 1, &whole));
  CHECK_EQ(inbox.size(), headroom + 2);
}

TEST("bytes that came meanwhile keep their place in front of those of the read") {
  Inbox inbox(line_max);
  char buffer[headroom + 16];
  const ReceiveTarget target = inbox.target(buffer, headroom);
  target.at[0] = 'b';
  inbox.keep_rest("a", 0);  // A callback has pumped.
  BytesView whole;
  CHECK(!inbox.join(target, 1, &whole));
  CHECK_EQ(std::string(inbox.bytes()), "ab");
}

TEST("discarding while bytes are handed out waits for the end of that") {
  Inbox inbox(line_max);
  inbox.keep_rest("abc", 0);
  inbox.begin_handing_out();
  CHECK(!inbox.discard());
  CHECK(inbox.is_discarded());
  CHECK_EQ(inbox.size(), 3U);
  inbox.end_handing_out();
  CHECK(inbox.discard());
  CHECK(inbox.empty());
}
