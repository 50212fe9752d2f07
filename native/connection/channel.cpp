#include "connection/channel.hpp"

#include <algorithm>
#include <new>

#include "connection/services.hpp"
#include "ipdaemon.h"

namespace ipdaemon {

namespace {

constexpr std::int64_t file_piece = 1 << 20;
// How many plain bytes are encrypted for one system call.
constexpr std::size_t encrypt_piece = 64 * 1024;
// Up to here two pieces are joined, to go in one record.
constexpr std::size_t join_max = 8 * 1024;

}  // namespace

// ---- What the poller is asked for ---------------------------------------------------------------------

int Channel::watch(Source* source) {
  interest_ = Interest::read;
  const int error = services_.poller().watch(socket_.handle(), interest_, source);
  watched_ = error == 0;
  return error;
}

void Channel::unwatch() {
  if (watched_) services_.poller().forget(socket_.handle());
  watched_ = false;
}

int Channel::set_interest(Source* source, Interest interest) {
  interest_ = interest;
  return services_.poller().change(socket_.handle(), interest, source);
}

int Channel::why_broken() {
  if (const int code = socket_.pending_error(); code != 0) return code;
  return broken_code_ != 0 ? broken_code_ : IPDAEMON_ERROR_RESET_BY_PEER;
}

// ---- Reading ------------------------------------------------------------------------------------------

Transfer Channel::read_some(char* at) {
  if (ahead_) {
    ahead_ = false;
    return {static_cast<std::int64_t>(services_.group.take(*this, at)), 0};
  }
  const Transfer received = socket_.receive(at, TurnBuffers::receive_length);
  const bool has_nothing = received.count == 0 && (received.error == 0 || received.error == IPDAEMON_ERROR_WOULD_BLOCK);
  return has_nothing && broken_code_ != 0 ? Transfer{0, broken_code_} : received;
}

// ---- Writing ------------------------------------------------------------------------------------------

Channel::Step Channel::send_some(BytesView data, BytesView tail) {
  if (!tls_) {
    const BytesView pieces[] = {data, tail};
    const Transfer sent = socket_.send(pieces, tail.empty() ? 1 : 2);
    if (sent.error == IPDAEMON_ERROR_WOULD_BLOCK) return {};
    return {.taken = sent.count, .error = sent.error};
  }
  if (!tail.empty() && data.size() + tail.size() <= join_max) {
    char joined[join_max];
    copy_bytes(joined, data);
    copy_bytes(joined + data.size(), tail);
    return encrypt({joined, data.size() + tail.size()});
  }
  return encrypt((data.empty() ? tail : data).substr(0, encrypt_piece));
}

Channel::Step Channel::write_some(Outbox& outbox, std::int64_t* turn_left) {
  if (!tls_) {
    if (outbox.size() > 0) return write_bytes(outbox);
    return outbox.file() != nullptr ? write_file(outbox) : Step{};
  }
  if (tls_->has_unsent()) return flush_unsent();
  if (tls_->is_handshaking() || *turn_left <= 0) return {};
  if (outbox.size() > 0) {
    const Step step = encrypt_bytes(outbox);
    *turn_left -= step.taken;
    return step;
  }
  if (outbox.file() == nullptr) return {};
  *turn_left -= static_cast<std::int64_t>(encrypt_piece);
  return encrypt_file(outbox);
}

Channel::Step Channel::write_bytes(Outbox& outbox) {
  const BytesView bytes = outbox.front();
  const Transfer sent = socket_.send(&bytes, 1);
  if (sent.error == IPDAEMON_ERROR_WOULD_BLOCK) return {};
  if (sent.error != 0) return {.error = sent.error};
  outbox.consume(static_cast<std::size_t>(sent.count));
  return {.taken = sent.count, .again = outbox.size() == 0 && outbox.file() != nullptr};
}

Channel::Step Channel::write_file(Outbox& outbox) {
  const Transfer sent =
      socket_.send_file(*outbox.file(), outbox.file_offset(), std::min(outbox.file_left(), file_piece));
  if (sent.error == IPDAEMON_ERROR_WOULD_BLOCK) return {};
  if (sent.error == IPDAEMON_ERROR_FILE_UNUSABLE || (sent.error == 0 && sent.count == 0)) return {.file_lost = true};
  if (sent.error != 0) return {.error = sent.error};
  outbox.consume_file(sent.count);
  return {.taken = sent.count};
}

Channel::Step Channel::flush_unsent() {
  const BytesView bytes = tls_->unsent();
  const Transfer sent = socket_.send(&bytes, 1);
  if (sent.error == IPDAEMON_ERROR_WOULD_BLOCK) return {};
  if (sent.error != 0) return {.error = sent.error};
  tls_->consume_unsent(static_cast<std::size_t>(sent.count));
  return {.moved = true, .again = !tls_->has_unsent()};
}

Channel::Step Channel::encrypt_bytes(Outbox& outbox) {
  const Step step = encrypt(outbox.front().substr(0, encrypt_piece));
  if (step.error == 0) outbox.consume(static_cast<std::size_t>(step.taken));
  return step;
}

Channel::Step Channel::encrypt_file(Outbox& outbox) {
  std::unique_ptr<char[]> plain;
  try {
    plain = std::make_unique_for_overwrite<char[]>(encrypt_piece);
  } catch (const std::bad_alloc&) {
    return {.error = IPDAEMON_ERROR_NO_BUFFERS};
  }
  const auto length =
      static_cast<std::size_t>(std::min<std::int64_t>(outbox.file_left(), static_cast<std::int64_t>(encrypt_piece)));
  const Transfer read = outbox.file()->read(outbox.file_offset(), plain.get(), length);
  if (read.error != 0 || read.count <= 0) return {.file_lost = true};
  const Step step = encrypt({plain.get(), static_cast<std::size_t>(read.count)});
  if (step.error == 0) outbox.consume_file(read.count);
  return step;
}

// What is encrypted will reach the peer, or the connection ends.
Channel::Step Channel::encrypt(BytesView plain) {
  Bytes& ciphertext = services_.buffers.encrypt_buffer();
  int code = 0;
  try {
    if (!tls_->engine().encrypt(plain, ciphertext)) code = IPDAEMON_ERROR_TLS_ENCRYPT;
  } catch (const std::bad_alloc&) {
    code = IPDAEMON_ERROR_NO_BUFFERS;
  }
  if (code == 0) code = write_ciphertext(ciphertext);
  if (code != 0) return {.error = code};
  return {.taken = static_cast<std::int64_t>(plain.size()), .again = !tls_->has_unsent()};
}

int Channel::write_ciphertext(BytesView ciphertext) {
  if (!tls_->has_unsent()) {
    const Transfer sent = socket_.send(&ciphertext, 1);
    if (sent.error == 0) {
      ciphertext.remove_prefix(static_cast<std::size_t>(sent.count));
    } else if (sent.error != IPDAEMON_ERROR_WOULD_BLOCK) {
      return sent.error;
    }
  }
  if (ciphertext.empty()) return 0;
  try {
    tls_->append_unsent(ciphertext);
  } catch (const std::bad_alloc&) {
    return IPDAEMON_ERROR_NO_BUFFERS;
  }
  return 0;
}

// ---- Ending -------------------------------------------------------------------------------------------

void Channel::send_close_notify(bool queue_is_empty) {
  // Nor if something is missing before it, which the peer shall see.
  if (!tls_ || !socket_.valid() || tls_->has_unsent() || !queue_is_empty || tls_->engine().running()) return;
  Bytes& ciphertext = services_.buffers.encrypt_buffer();
  try {
    tls_->engine().close(ciphertext);
  } catch (const std::bad_alloc&) {
    return;
  }
  if (ciphertext.empty()) return;
  const BytesView bytes = ciphertext;
  socket_.send(&bytes, 1);
}

}  // namespace ipdaemon
