// The floor in TLS: a plain loop of epoll and OpenSSL, as one writes it from OpenSSL's manual. One thread,
// SSL_read and SSL_write on the socket, record by record; buffers are released while a connection is idle.
//
//   bench_floor_tls --certificate FILE [--port N] [--tls 1.2|1.3] [--file FILE]
//
// The certificate is PEM with its private key. With --file whatever comes is answered by that file. Runs inside Node
// (addon.js), with Node's OpenSSL, or on the system's OpenSSL.
#include <algorithm>
#include <array>
#include <csignal>
#include <memory>
#include <string>

#include "bench/arguments.hpp"
#include "bench/epoll_server.hpp"
#include "bench/file.hpp"
#include "bench/tls.hpp"

namespace bench {
namespace {

using Context = Owned<SSL_CTX, SSL_CTX_free>;

struct Peer {
  Descriptor socket;
  Owned<SSL, SSL_free> tls;
  bool waits_for_room = false;
  std::string unsent;  // What OpenSSL could not write.
  std::int64_t file_left = 0;
};

class FloorTls : public EpollServer<FloorTls, Peer> {
 public:
  FloorTls(Context context, std::uint16_t port, File file)
      : EpollServer(port), context_(std::move(context)), file_(std::move(file)) {}

  bool welcome(Peer& peer) {
    set_no_delay(peer.socket.number());
    peer.tls.reset(SSL_new(context_.get()));
    if (peer.tls == nullptr || SSL_set_fd(peer.tls.get(), peer.socket.number()) != 1) return false;
    SSL_set_accept_state(peer.tls.get());
    return true;
  }

  // One record for one event: what is still in the socket makes the next event.
  void serve(Peer& peer) {
    SSL* tls = peer.tls.get();
    ERR_clear_error();
    if (SSL_in_init(tls) != 0) {
      settle(peer, SSL_accept(tls));
    } else if (!peer.unsent.empty()) {
      write(peer);
    } else {
      const int received = SSL_read(tls, buffer_.data(), static_cast<int>(buffer_.size()));
      if (received <= 0) {
        settle(peer, received);
        return;
      }
      if (file_.descriptor.valid()) {
        peer.file_left = file_.size;
        send_file(peer);
        return;
      }
      const int sent = SSL_write(tls, buffer_.data(), received);
      if (sent == received) return;
      // A peer that does not take its echo is not read from until it has.
      peer.unsent.assign(buffer_.data(), static_cast<std::size_t>(received));
      settle(peer, sent);
    }
  }

 private:
  void write(Peer& peer) {
    const int sent = SSL_write(peer.tls.get(), peer.unsent.data(), static_cast<int>(peer.unsent.size()));
    if (sent > 0) peer.unsent.clear();
    if (sent > 0 && peer.file_left > 0) {
      send_file(peer);
    } else {
      settle(peer, sent);
    }
  }

  // Record by record, until the system takes no more.
  void send_file(Peer& peer) {
    int sent = 0;
    do {
      const auto wanted =
          static_cast<std::size_t>(std::min<std::int64_t>(peer.file_left, static_cast<std::int64_t>(buffer_.size())));
      const ssize_t length =
          pread(file_.descriptor.number(), buffer_.data(), wanted, static_cast<off_t>(file_.size - peer.file_left));
      if (length <= 0) {
        drop(peer);
        return;
      }
      peer.file_left -= length;
      sent = SSL_write(peer.tls.get(), buffer_.data(), static_cast<int>(length));
      if (sent <= 0) peer.unsent.assign(buffer_.data(), static_cast<std::size_t>(length));
    } while (sent > 0 && peer.file_left > 0);
    settle(peer, sent);
  }

  // Waits for what OpenSSL wants after this result, or ends the connection, politely if the peer did.
  void settle(Peer& peer, int result) {
    const int error = SSL_get_error(peer.tls.get(), result);
    if (error == SSL_ERROR_ZERO_RETURN) SSL_shutdown(peer.tls.get());
    if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
      drop(peer);
      return;
    }
    const bool waits = error == SSL_ERROR_WANT_WRITE;
    if (waits == peer.waits_for_room) return;
    peer.waits_for_room = waits;
    watch(peer, waits ? EPOLLOUT : EPOLLIN);
  }

  Context context_;
  const File file_;
  std::array<char, 16384> buffer_;  // A whole record, so that nothing of it stays in OpenSSL.
};

// Tickets as OpenSSL and Node send them: two after a full handshake. Nothing is kept for them here.
Context server_context(int version, const std::string& certificate) {
  Context context = make_context(TLS_server_method(), version);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), certificate.c_str(), SSL_FILETYPE_PEM) != 1) {
    fail_with_openssl("the certificate cannot be used");
  }
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 2);
  return context;
}

}  // namespace
}  // namespace bench

int bench_program(int count, char** words) {
  bench::Arguments arguments(count, words);
  const auto port = static_cast<std::uint16_t>(arguments.number("--port", 0, 0, 65535));
  const int version = bench::version_of(arguments);
  const std::string certificate = arguments.text("--certificate", "");
  if (certificate.empty()) arguments.fail("--certificate is needed");
  bench::File file(arguments.text("--file", ""));
  arguments.finish();
  bench::raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  std::make_unique<bench::FloorTls>(bench::server_context(version, certificate), port, std::move(file))->run();
  return 0;
}
