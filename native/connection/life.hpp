// The life of a connection: how far it is, and what may still come in and go out. Once it is served, a life only grows.
//
//            accepted
//               |
//        TLS at once?
//        no |      | yes
//           |      v
//           |  handshaking --- fails, time-out, peer ends, our disconnect, gives way --+
//           |      | done                                                              |
//           v      v                                                                   |
//              up ------------ peer has ended and all is delivered and sent, idle ------+
//               |              time-out, broken and read out, our disconnect            |
//               | our disconnect with Linger and something queued                      |
//               v                                                                      v
//            closing --------- queue empty, time-out, a write fails ---------------> ended
//                                                                                      | what it owes has fired;
//                                                                                      v or reset, close: nothing
//                                                                                    gone
//   input:   open -> ended     the peer's FIN, or close_notify of TLS
//            open -> damaged   data that is not TLS
//   output:  open -> failed    nothing is written any more; what has come is still delivered
#pragma once

#include <cstdint>

namespace ipdaemon {

class Life {
 public:
  enum class Stage : std::uint8_t {
    handshaking,  // The first TLS handshake is not done: there was no Connected yet.
    up,
    closing,  // Nothing is read any more; it ends when everything queued has been sent.
    ended,    // The socket is gone; Disconnected is owed or being fired.
    gone,     // Nothing is owed any more.
  };
  enum class Input : std::uint8_t { open, ended, damaged };

  Stage stage() const { return stage_; }
  bool is_handshaking() const { return stage_ == Stage::handshaking; }
  bool is_up() const { return stage_ == Stage::up; }
  bool is_closing() const { return stage_ == Stage::closing; }
  bool has_ended() const { return stage_ >= Stage::ended; }
  bool is_gone() const { return stage_ == Stage::gone; }
  Input input() const { return input_; }
  bool input_is_open() const { return input_ == Input::open; }
  // The peer sends no more, and we still may.
  bool is_half_closed() const { return input_ == Input::ended && is_up(); }
  // Why nothing is written any more; 0 while it is.
  std::int32_t output_code() const { return output_code_; }
  bool output_is_open() const { return output_code_ == 0; }

  // Each returns false, and changes nothing, where the picture has no such arrow.
  // Before the connection is served, where it is up from the beginning: nothing but TLS from the first byte on.
  bool begin_handshaking() { return move_from(Stage::up, Stage::handshaking); }
  bool come_up() { return move_from(Stage::handshaking, Stage::up); }
  bool begin_closing() { return move_from(Stage::up, Stage::closing); }
  bool end() {
    if (has_ended()) return false;
    stage_ = Stage::ended;
    return true;
  }
  // From wherever it is: the server is being reset or closed, or nothing is owed any more.
  bool go() {
    if (is_gone()) return false;
    stage_ = Stage::gone;
    return true;
  }
  bool end_input() { return end_input_as(Input::ended); }
  bool damage_input() { return end_input_as(Input::damaged); }
  bool fail_output(std::int32_t code) {
    if (!output_is_open() || has_ended()) return false;
    output_code_ = code;
    return true;
  }

 private:
  bool move_from(Stage from, Stage to) {
    if (stage_ != from) return false;
    stage_ = to;
    return true;
  }
  bool end_input_as(Input how) {
    if (input_ != Input::open) return false;
    input_ = how;
    return true;
  }

  std::int32_t output_code_ = 0;
  Stage stage_ = Stage::up;
  Input input_ = Input::open;
};

}  // namespace ipdaemon
