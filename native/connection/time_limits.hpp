// The deadlines of PieceTimeout, SendTimeout and MaxConnectionTime of one connection. Knows times only. A connection
// has one of these from the moment that one of the settings concerns it, so that others pay a null pointer.
#pragma once

#include <algorithm>
#include <cstdint>

namespace ipdaemon {

class TimeLimits {
 public:
  enum class Kind : std::uint8_t { none, piece, send, life };

  // Never early: what is known of the time may be almost a millisecond old.
  static std::int64_t after(std::int64_t now_ms, std::int64_t limit_ms) { return now_ms + 1 + limit_ms; }

  // ---- PieceTimeout: from the first byte of a piece to its last ----
  bool has_piece() const { return piece_ms_ != 0 || piece_left_ms_ != 0; }
  void begin_piece(std::int64_t now_ms, std::int64_t limit_s) {
    end_piece();
    piece_ms_ = after(now_ms, limit_s * 1000);
  }
  void end_piece() { piece_ms_ = piece_left_ms_ = 0; }
  // While the program keeps the peer from going on, its time stands still.
  void hold_piece(std::int64_t now_ms) {
    if (piece_ms_ == 0) return;
    piece_left_ms_ = std::max<std::int64_t>(piece_ms_ - now_ms, 1);
    piece_ms_ = 0;
  }
  // Returns whether it goes on now.
  bool release_piece(std::int64_t now_ms) {
    if (piece_left_ms_ == 0) return false;
    piece_ms_ = after(now_ms, piece_left_ms_);
    piece_left_ms_ = 0;
    return true;
  }

  // ---- SendTimeout: from the moment that output waits, and again from each byte of it that is taken ----
  bool waits_for_room() const { return send_ms_ != 0; }
  void begin_send(std::int64_t now_ms, std::int64_t limit_s) { send_ms_ = after(now_ms, limit_s * 1000); }
  void end_send() { send_ms_ = 0; }

  // ---- MaxConnectionTime: from Connected ----
  void begin_life(std::int64_t now_ms, std::int64_t limit_ms) { life_ms_ = after(now_ms, limit_ms); }
  void end_life() { life_ms_ = 0; }

  // When the first of them is over; 0 if none runs.
  std::int64_t earliest_ms() const { return earlier(earlier(piece_ms_, send_ms_), life_ms_); }
  static std::int64_t earlier(std::int64_t one, std::int64_t other) {
    return one == 0 ? other : other == 0 ? one : std::min(one, other);
  }
  // Which one that is.
  Kind earliest() const {
    const std::int64_t due_ms = earliest_ms();
    if (due_ms == 0) return Kind::none;
    return due_ms == send_ms_ ? Kind::send : due_ms == piece_ms_ ? Kind::piece : Kind::life;
  }

 private:
  std::int64_t piece_ms_ = 0;       // When it is over; 0 while it does not run. The others likewise.
  std::int64_t piece_left_ms_ = 0;  // What is left of it while it stands still.
  std::int64_t send_ms_ = 0;
  std::int64_t life_ms_ = 0;
};

}  // namespace ipdaemon
