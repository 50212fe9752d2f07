#include "connection/tls_session.hpp"

namespace ipdaemon {

std::unique_ptr<TlsSession> TlsSession::create(Connection& connection, std::shared_ptr<const tls::Context> context,
                                               std::int64_t now_ms, tls::Problem* problem) {
  auto security = std::make_unique<TlsSession>(connection, now_ms);
  security->engine_ = tls::Engine::create(std::move(context), *security, problem);
  return security->engine_ ? std::move(security) : nullptr;
}

void TlsSession::append_pending(BytesView bytes) {
  // What is gone is dropped when it outweighs the rest: each byte moves at most once.
  if (taken_ > pending_.size() / 2) {
    pending_.erase(0, taken_);
    taken_ = 0;
  }
  pending_.append(bytes);
}

void TlsSession::consume_pending(std::size_t count) {
  taken_ += count;
  consumed_ += count;
  if (!has_pending()) clear_pending();
}

void TlsSession::clear_pending() {
  lost_ |= has_pending();
  Bytes().swap(pending_);
  taken_ = 0;
}

void HandshakeList::add(TlsSession& security) {
  security.listed_ = true;
  security.previous_ = last_;
  security.next_ = nullptr;
  (last_ != nullptr ? last_->next_ : first_) = &security;
  last_ = &security;
}

void HandshakeList::remove(TlsSession& security) {
  if (!security.listed_) return;
  security.listed_ = false;
  (security.previous_ != nullptr ? security.previous_->next_ : first_) = security.next_;
  (security.next_ != nullptr ? security.next_->previous_ : last_) = security.previous_;
}

}  // namespace ipdaemon
