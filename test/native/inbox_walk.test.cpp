// The inbox as a connection uses it, with reads, callbacks, batches and discards at random, against one framer that
// sees the whole stream and cuts one piece at a time. So no byte may be lost, doubled or moved, and cutting ahead,
// moving the rest to the front and going back may not change a piece.
#include "connection/inbox.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "check.hpp"

using namespace ipdaemon;

namespace {

class InboxDice {
 public:
  explicit InboxDice(unsigned seed) : engine_(seed) {}
  std::size_t below(std::size_t bound) { return engine_() % bound; }
  bool one_in(std::size_t chances) { return below(chances) == 0; }
  std::string bytes(std::size_t length) {
    static constexpr std::string_view letters("ab\r\n\0", 5);
    std::string text;
    while (text.size() < length) text += letters[below(letters.size())];
    return text;
  }

 private:
  std::mt19937 engine_;
};

// What a connection's properties say of framing.
struct InboxProperties {
  std::string eol;
  std::int32_t record_length = 0;
  bool single_line_mode = false;

  static InboxProperties random(InboxDice& dice) {
    static constexpr const char* eols[] = {"\n", "\r\n", "a", "\r\na", "ab"};
    InboxProperties properties;
    switch (dice.below(7)) {
      case 0:
        break;
      case 1:
        properties.record_length = static_cast<std::int32_t>(1 + dice.below(9));
        break;
      case 2:
      case 3:
        properties.single_line_mode = true;
        break;
      default:
        properties.eol = eols[dice.below(std::size(eols))];
    }
    return properties;
  }
};

// A connection reduced to its inbox, and the framer beside it that decides what is right.
class InboxWalk {
 public:
  explicit InboxWalk(unsigned seed)
      : dice_(seed),
        properties_(InboxProperties::random(dice_)),
        inbox_(static_cast<std::uint32_t>(1 + dice_.below(dice_.one_in(2) ? 8 : 60))),
        headroom_(dice_.below(40)),
        buffer_(headroom_ + part_max, '?') {}

  // Whether all of it went as it should.
  bool run() {
    for (std::size_t reads = 1 + dice_.below(25); right_ && reads > 0; --reads) {
      if (dice_.one_in(8)) change_framing();
      receive();
      while (right_ && owes_input_ && !dice_.one_in(4)) hand_out_kept();
    }
    while (right_ && owes_input_) hand_out_kept();
    if (right_) hand_out_rest();
    return right_;
  }

 private:
  static constexpr std::size_t part_max = 80;

  void expect(bool is_so, const char* what) {
    if (is_so || !right_) return;
    right_ = false;
    FAIL(what);
  }

  Framing framing() const {
    return {properties_.eol, properties_.record_length, properties_.single_line_mode, inbox_.line_length_max()};
  }

  // Outside of callbacks: what was not complete may be now.
  void change_framing() {
    properties_ = InboxProperties::random(dice_);
    inbox_.framing_changed();
    framer_.forget_search();
    owes_input_ = !inbox_.empty();
  }

  void receive() {
    const ReceiveTarget target = inbox_.target(buffer_.data(), headroom_);
    expect(target.at >= target.buffer && target.at + part_max <= target.buffer + buffer_.size(), "it has room");
    const std::string part = dice_.bytes(dice_.below(dice_.one_in(3) ? part_max : 6) + 1);
    std::copy(part.begin(), part.end(), target.at);
    // Callbacks that run before the bytes are there, in TLS.
    if (owes_input_ && dice_.one_in(6)) hand_out_kept();
    if (dice_.one_in(30)) discard();
    stream_ += part;
    const std::size_t kept = inbox_.size();
    BytesView whole;
    if (!inbox_.join(target, part.size(), &whole)) {
      expect(inbox_.size() == kept + part.size() && inbox_.bytes().substr(kept) == part, "the part is behind the rest");
      hand_out_kept();
      return;
    }
    expect(whole.size() == kept + part.size(), "the whole is the rest and the part");
    expect(whole.substr(0, kept) == inbox_.bytes() && whole.substr(kept) == part, "in this order");
    const std::size_t done = hand_out(whole);
    if (inbox_.is_discarded()) {
      expect(inbox_.discard(), "what was discarded meanwhile can go");
    } else {
      inbox_.keep_rest(whole, done);
    }
    expect_kept();
  }

  void hand_out_kept() {
    owes_input_ = false;
    const std::size_t done = hand_out(inbox_.bytes());
    if (inbox_.is_discarded()) {
      expect(inbox_.discard(), "what was discarded meanwhile can go");
    } else {
      inbox_.consume(done);
    }
    expect_kept();
  }

  // Returns how much of `data` was handed out, as Connection::fire_pieces does.
  std::size_t hand_out(BytesView data) {
    inbox_.begin_handing_out();
    expect(!inbox_.is_discarded(), "a new beginning");
    std::size_t done = 0;
    bool complete = true;
    while (right_ && complete && !inbox_.is_discarded()) {
      done = hand_out_next(data, done, &complete);
      if (complete && dice_.one_in(12)) break;
    }
    inbox_.end_handing_out();
    owes_input_ = complete && done < data.size() && !inbox_.is_discarded();
    return done;
  }

  std::size_t hand_out_next(BytesView data, std::size_t from, bool* complete) {
    const Framing by = framing();
    Piece piece;
    *complete = inbox_.next(by, data, from, &piece) == Cut::piece;
    if (!*complete) {
      Piece wanted;
      expect(!framer_.next(by, stream_, at_, &wanted), "a piece is complete and was not found");
      at_ = wanted.next;
      return piece.next;
    }
    if (piece.next >= data.size() || dice_.one_in(4)) {
      callback(data, piece.begin, piece.end, piece.eol);
      return piece.next;
    }
    return hand_out_batch(data, by, piece);
  }

  std::size_t hand_out_batch(BytesView data, const Framing& by, const Piece& first) {
    const std::size_t limit = 1 + dice_.below(dice_.one_in(2) ? 4 : Batch::pieces_max);
    constexpr std::int32_t untouched = -7;
    std::vector<std::int32_t> descriptor(
        BatchDescriptor::first_piece + (limit + 1) * BatchDescriptor::numbers_per_piece, untouched);
    Batch batch;
    inbox_.cut_ahead(by, data, first, limit, limit > 1 ? descriptor.data() : nullptr, &batch);
    expect(batch.count >= 1 && batch.count <= limit && batch.base == first.begin,
           "a batch begins with its first piece");
    if (limit == 1) {
      expect(batch.last.next == first.next, "one piece is the first");
      callback(data, batch.last.begin, batch.last.end, batch.last.eol);
      return batch.last.next;
    }
    const std::size_t behind = BatchDescriptor::first_piece + batch.count * BatchDescriptor::numbers_per_piece;
    expect(descriptor[behind] == untouched && descriptor[BatchDescriptor::cancelled] == untouched,
           "only pieces are described");
    std::size_t delivered = 0;
    bool cancelled = false;
    while (right_ && delivered < batch.count && !cancelled) {
      const std::int32_t* described =
          &descriptor[BatchDescriptor::first_piece + delivered * BatchDescriptor::numbers_per_piece];
      cancelled = callback(data, batch.base + static_cast<std::size_t>(described[0]),
                           batch.base + static_cast<std::size_t>(described[1]), described[2] != 0);
      ++delivered;
    }
    return delivered == batch.count ? batch.last.next : inbox_.cut_back(batch, delivered);
  }

  // One DataIn. Returns whether it has done something that cancels a batch.
  bool callback(BytesView data, std::size_t begin, std::size_t end, bool eol) {
    Piece wanted;
    expect(framer_.next(framing(), stream_, at_, &wanted), "no piece is complete");
    if (!right_) return true;
    expect(begin <= end && end <= data.size(), "the piece lies in the data");
    expect(data.substr(begin, end - begin) == BytesView(stream_).substr(wanted.begin, wanted.end - wanted.begin),
           "the piece is another");
    expect(eol == wanted.eol, "its end of line is another");
    at_ = wanted.next;
    if (dice_.one_in(10)) {
      properties_ = InboxProperties::random(dice_);
      inbox_.framing_changed();
      framer_.forget_search();
      return true;
    }
    if (!dice_.one_in(60)) return false;
    const std::string before(data);
    discard();
    expect(inbox_.is_discarded() && data == before, "nothing moves while it is handed out");
    return true;
  }

  void discard() {
    expect(inbox_.discard() == !inbox_.is_handing_out(), "discarding waits for the end of handing out");
    if (!inbox_.is_handing_out()) expect(inbox_.empty() && !inbox_.is_discarded(), "what is discarded is gone");
    owes_input_ = false;
    at_ = stream_.size();
    framer_.reset();
  }

  // Everything from where the stream goes on, and nothing else.
  void expect_kept() { expect(inbox_.bytes() == BytesView(stream_).substr(at_), "other bytes are kept"); }

  void hand_out_rest() {
    inbox_.begin_handing_out();
    std::size_t done = 0;
    Piece piece;
    while (right_ && inbox_.rest(framing(), done, &piece) == Cut::piece) {
      Piece wanted;
      expect(framer_.rest(framing(), stream_, at_, &wanted), "the end of the stream has nothing left");
      expect(inbox_.bytes().substr(piece.begin, piece.end - piece.begin) ==
                     BytesView(stream_).substr(wanted.begin, wanted.end - wanted.begin) &&
                 piece.eol == wanted.eol,
             "the end of the stream is cut in another way");
      at_ = wanted.next;
      done = piece.next;
    }
    inbox_.end_handing_out();
    inbox_.consume(inbox_.size());
    expect(inbox_.empty(), "nothing is left");
    Piece wanted;
    expect(!framer_.rest(framing(), stream_, at_, &wanted), "something is missing at the end of the stream");
  }

  InboxDice dice_;
  InboxProperties properties_;
  Inbox inbox_;
  const std::size_t headroom_;
  std::string buffer_;
  bool owes_input_ = false;
  bool right_ = true;

  std::string stream_;  // All that was ever received.
  std::size_t at_ = 0;  // Where it goes on.
  Framer framer_;
};

Framing lines() {
  return {"\n", 0, false, 100'000};
}

// Cuts the first piece of `data` and what may be cut ahead behind it.
Batch batch_of(Inbox& inbox, BytesView data, std::size_t limit, std::int32_t* descriptor) {
  Piece first;
  Batch batch;
  REQUIRE(inbox.next(lines(), data, 0, &first) == Cut::piece);
  inbox.cut_ahead(lines(), data, first, limit, descriptor, &batch);
  return batch;
}

}  // namespace

TEST("an inbox hands out what a framer cuts from the whole stream, with batches, callbacks and discards at random") {
  for (unsigned seed = 1; seed <= 20'000; ++seed) {
    InboxWalk walk(seed);
    if (walk.run()) continue;
    FAIL("seed " + std::to_string(seed));
    return;
  }
}

TEST("what is left goes in front of the next read as long as it fits into the headroom") {
  for (const std::size_t left : std::initializer_list<std::size_t>{0, 1, 9, 10, 11, 500}) {
    Inbox inbox(2048);
    const std::string unfinished(left, 'x');
    inbox.keep_rest(unfinished, 0);
    std::array<char, 64> buffer{};
    const ReceiveTarget target = inbox.target(buffer.data(), 10);
    CHECK_EQ(target.joined, left <= 10);
    CHECK_EQ(target.at - target.buffer, left <= 10 ? static_cast<std::ptrdiff_t>(left) : 0);
    target.at[0] = '\n';
    BytesView whole;
    CHECK_EQ(inbox.join(target, 1, &whole), left <= 10);
    CHECK_EQ(left <= 10 ? std::string(whole) : std::string(inbox.bytes()), unfinished + "\n");
  }
}

TEST("a batch holds at most 8 KiB, unless its first piece alone is longer") {
  std::vector<std::int32_t> descriptor(BatchDescriptor::first_piece +
                                       Batch::pieces_max * BatchDescriptor::numbers_per_piece);
  // Three lines of 2730 bytes are 8 KiB to the byte, without the last end of line.
  for (const std::size_t length : std::initializer_list<std::size_t>{100, 1000, 2730, 5000, 9000}) {
    Inbox inbox(100'000);
    std::string data;
    for (int line = 0; line < 100; ++line) data += std::string(length, 'a') + "\n";
    const Batch batch = batch_of(inbox, data, Batch::pieces_max, descriptor.data());
    CHECK_EQ(batch.count, std::max<std::size_t>((Batch::bytes_max + 1) / (length + 1), 1));
    CHECK_EQ(batch.last.next, batch.count * (length + 1));
    // The one that did not fit is found again.
    Piece next;
    REQUIRE(inbox.next(lines(), data, batch.last.next, &next) == Cut::piece);
    CHECK_EQ(next.end - next.begin, length);
  }
}

TEST("behind a batch that was given up, the next piece is the first that was not delivered") {
  std::vector<std::int32_t> descriptor(BatchDescriptor::first_piece +
                                       Batch::pieces_max * BatchDescriptor::numbers_per_piece);
  const std::string data = "one\ntwo\nthree\nfour";
  for (std::size_t delivered = 0; delivered < 3; ++delivered) {
    Inbox inbox(2048);
    const Batch batch = batch_of(inbox, data, 10, descriptor.data());
    REQUIRE_EQ(batch.count, 3);
    const std::size_t from = inbox.cut_back(batch, delivered);
    CHECK_EQ(from, delivered * 4);
    Piece next;
    REQUIRE(inbox.next(lines(), data, from, &next) == Cut::piece);
    CHECK_EQ(data.substr(next.begin, next.end - next.begin),
             std::string(delivered < 2 ? data.substr(from, 3) : "three"));
  }
}

TEST("discarding ends with the handing out that it was for") {
  Inbox inbox(2048);
  inbox.begin_handing_out();
  inbox.discard();
  inbox.end_handing_out();
  CHECK(inbox.is_discarded());
  inbox.begin_handing_out();
  CHECK(!inbox.is_discarded());
}

TEST("an inbox without unfinished input keeps no buffer") {
  const std::string long_line(5000, 'a');
  const auto holds_nothing = [](const Inbox& inbox) {
    // An empty string that has no memory of its own lies within the object.
    const auto at = reinterpret_cast<std::uintptr_t>(inbox.bytes().data());
    const auto object = reinterpret_cast<std::uintptr_t>(&inbox);
    return inbox.empty() && at >= object && at < object + sizeof inbox;
  };
  Inbox inbox(2048);
  inbox.keep_rest(long_line, 0);
  CHECK(!holds_nothing(inbox));
  inbox.consume(long_line.size());
  CHECK(holds_nothing(inbox));
  inbox.keep_rest(long_line, 0);
  inbox.keep_rest(long_line, long_line.size());
  CHECK(holds_nothing(inbox));
  inbox.keep_rest(long_line, 0);
  CHECK(inbox.discard());
  CHECK(holds_nothing(inbox));
}
