// The load generator in TLS; what it does, its modes and its options are in load.hpp and load.cpp.
// Besides those:
//
//   --tls 1.2|1.3   the only version that is spoken (1.3)
//   --resume        every connection but the first of a slot must resume the session before it
//
// With `churn`, one connection is one handshake: connect, handshake, echo --size bytes, close_notify. Key
// exchange and suites are those of tls.hpp, and no other is offered; a session that is not resumed counts as
// a failed connect. Runs inside Node (addon.js), as the servers do, or on the system's OpenSSL.
#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

#include "bench/load.hpp"
#include "bench/tls.hpp"

namespace bench {
namespace {

class Tls {
 public:
  static constexpr bool short_read_is_last = false;

  explicit Tls(Arguments& arguments)
      : context_(make_context(TLS_client_method(), version_of(arguments))), resume_(arguments.flag("--resume")) {
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context_.get(), Channel::keep);
    // Few, large reads: the client should leave the machine to the server.
    SSL_CTX_set_read_ahead(context_.get(), 1);
    SSL_CTX_set_default_read_buffer_len(context_.get(), 65536);
  }

  class Channel {
   public:
    bool open(const Tls& tls, int socket) {
      socket_ = socket;
      connected_ = false;
      tls_.reset(SSL_new(tls.context_.get()));
      BIO* input = BIO_new_socket(socket, BIO_NOCLOSE);
      output_ = BIO_new(BIO_s_mem());
      if (tls_ == nullptr || input == nullptr || output_ == nullptr) return false;
      SSL_set_bio(tls_.get(), input, output_);
      SSL_set_app_data(tls_.get(), this);
      SSL_set_connect_state(tls_.get());
      resumes_ = tls.resume_ && session_ != nullptr;
      if (!resumes_) return true;
      // A copy: OpenSSL spoils what it has used in TLS 1.3, and node:tls sends a new ticket only after a
      // full handshake.
      const Owned<SSL_SESSION, SSL_SESSION_free> copy(SSL_SESSION_dup(session_.get()));
      return SSL_set_session(tls_.get(), copy.get()) == 1;
    }

    Progress advance() {
      if (!connected_ && socket_error(socket_) != 0) return Progress::failed;
      connected_ = true;
      ERR_clear_error();
      const int result = SSL_do_handshake(tls_.get());
      if (result != 1 && SSL_get_error(tls_.get(), result) != SSL_ERROR_WANT_READ) return failed("the handshake");
      flush();
      if (result != 1) return Progress::waiting;
      return (SSL_session_reused(tls_.get()) == 1) == resumes_ ? Progress::ready : failed("resuming");
    }

    // Everything is encrypted at once, so that many records go to the system together.
    ssize_t send(std::string_view bytes) {
      ERR_clear_error();
      const int result = SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (result <= 0) errno = EPIPE;
      return result > 0 ? result : -1;
    }

    ssize_t receive(char* buffer, std::size_t size) {
      ERR_clear_error();
      const int result = SSL_read(tls_.get(), buffer, static_cast<int>(size));
      reading_ = result > 0;
      if (reading_) return result;
      const int error = SSL_get_error(tls_.get(), result);
      flush();
      if (error == SSL_ERROR_ZERO_RETURN) return 0;
      errno = error == SSL_ERROR_WANT_READ ? EAGAIN : ECONNRESET;
      return -1;
    }

    // What the system does not take stays in `output_` until the socket says that there is room. While more
    // is read, nothing goes out: a fast server would keep us at this one connection for ever.
    void flush() {
      if (reading_) return;
      char* bytes = nullptr;
      const long length = BIO_get_mem_data(output_, &bytes);
      if (length <= 0) return;
      const ssize_t sent = ::send(socket_, bytes, static_cast<std::size_t>(length), MSG_NOSIGNAL);
      if (sent == length) {
        (void)BIO_reset(output_);
        return;
      }
      char taken[4096];
      for (ssize_t rest = sent; rest > 0;) {
        const int step = BIO_read(output_, taken, static_cast<int>(std::min<ssize_t>(rest, sizeof taken)));
        if (step <= 0) return;
        rest -= step;
      }
    }

    void close() {
      if (tls_ == nullptr) return;
      reading_ = false;
      ERR_clear_error();
      SSL_shutdown(tls_.get());
      flush();
      tls_.reset();
    }

    // OpenSSL has a session for us; we keep the newest.
    static int keep(SSL* tls, SSL_SESSION* session) {
      static_cast<Channel*>(SSL_get_app_data(tls))->session_.reset(session);
      return 1;
    }

   private:
    // All are counted, and the first is explained.
    static Progress failed(const char* what) {
      static bool explained = false;
      if (!explained) {
        std::fprintf(stderr, "bench_load_tls: %s failed\n", what);
        ERR_print_errors_fp(stderr);
      }
      explained = true;
      return Progress::failed;
    }

    int socket_ = -1;
    bool connected_ = false;
    bool resumes_ = false;
    bool reading_ = false;
    BIO* output_ = nullptr;  // Belongs to `tls_`.
    Owned<SSL, SSL_free> tls_;
    Owned<SSL_SESSION, SSL_SESSION_free> session_;
  };

 private:
  Owned<SSL_CTX, SSL_CTX_free> context_;
  const bool resume_;
};

}  // namespace
}  // namespace bench

int bench_program(int count, char** words) {
  return bench::run_load<bench::Tls>(count, words);
}
