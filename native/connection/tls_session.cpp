#include "connection/tls_session.hpp"

namespace ipdaemon {

namespace {

// How much of OpenSSL's own answers may wait for a peer that takes none.
constexpr std::size_t answers_max = 16 * 1024;

}  // namespace

std::unique_ptr<TlsSession> TlsSession::create(Connection& connection, std::shared_ptr<const tls::Context> context,
                                               std::int64_t now_ms, tls::Problem* problem) {
  auto session = std::make_unique<TlsSession>(connection, now_ms);
  session->engine_ = tls::Engine::create(std::move(context), *session, problem);
  return session->engine_ ? std::move(session) : nullptr;
}

void TlsSession::append_unsent(BytesView bytes) {
  // What is gone is dropped when it outweighs the rest: each byte moves at most once.
  if (taken_ > unsent_.size() / 2) {
    unsent_.erase(0, taken_);
    taken_ = 0;
  }
  unsent_.append(bytes);
}

void TlsSession::consume_unsent(std::size_t count) {
  taken_ += count;
  consumed_ += count;
  if (!has_unsent()) drop_unsent();
}

void TlsSession::drop_unsent() {
  lost_ |= has_unsent();
  Bytes().swap(unsent_);
  taken_ = 0;
}

bool TlsSession::end_of_stream() {
  end_of_stream_ = true;
  truncated_ = engine_->state() == tls::Engine::State::open;
  return truncated_;
}

bool TlsSession::count_answer(std::size_t length) {
  answers_ = has_unsent() ? answers_ + length : 0;
  return answers_ > answers_max;
}

void HandshakeList::add(TlsSession& session) {
  session.listed_ = true;
  session.previous_ = last_;
  session.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &session;
  last_ = &session;
}

void HandshakeList::remove(TlsSession& session) {
  if (!session.listed_) return;
  session.listed_ = false;
  (session.previous_ != nullptr ? session.previous_->next_ : first_) = session.next_;
  (session.next_ != nullptr ? session.next_->previous_ : last_) = session.previous_;
}

}  // namespace ipdaemon
