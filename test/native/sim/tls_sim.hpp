// TLS of the simulated world: certificates and client contexts, made once for a process; random bytes
// that come from a seed; and the peer's end of a TLS session.
//
// The peer's client gets what the server writes at once, so that the checker can compare plain bytes at
// once. What it says in return leaves only when the peer has read that far.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace ipdaemon::tls::fixture {
class Client;
}
struct ssl_session_st;

namespace ipdaemon::sim {

enum class ClientCertificate : std::uint8_t { none, good, expired, stranger };
enum class ClientVersion : std::uint8_t { any, tls12, tls13, too_old };

struct TlsPlan {
  bool speaks = false;
  ClientVersion version = ClientVersion::any;
  ClientCertificate certificate = ClientCertificate::none;
  bool resumes = false;            // If there is a session to resume.
  std::size_t cut_at = SIZE_MAX;   // After so many sealed bytes it says nothing more.
  std::size_t flip_at = SIZE_MAX;  // This one of them is damaged on its way.
  bool notifies = true;            // Says close_notify before it ends.
};

// Whether OpenSSL can be used. The first call makes what all runs use.
bool tls_available();
// From here on, OpenSSL's random bytes are those of the seed.
void seed_tls(std::uint64_t seed);

// PEM texts: key and certificate of the server, of another one for SSLConnectionRequest, and the authority
// of the clients.
const std::string& server_pem();
const std::string& other_server_pem();
const std::string& authority_pem();
// What SSLClientAuthentication shows of a client.
const char* subject_of(ClientCertificate certificate);

// The sessions of a run that may be resumed.
class SessionStore {
 public:
  SessionStore();
  ~SessionStore();
  SessionStore(const SessionStore&) = delete;
  SessionStore& operator=(const SessionStore&) = delete;

 private:
  friend class TlsEnd;
  ssl_session_st* last_[4][4] = {};
};

class TlsEnd {
 public:
  // TLS begins behind `heard_from` bytes of the server, which has written `heard` so far, and behind
  // `said` bytes of the peer.
  TlsEnd(const TlsPlan& plan, SessionStore* store, std::size_t heard_from, std::size_t heard, std::size_t said);
  ~TlsEnd();
  TlsEnd(const TlsEnd&) = delete;
  TlsEnd& operator=(const TlsEnd&) = delete;

  // Takes what the server writes.
  void hear(BytesView bytes);
  // Seals plain bytes; they leave with what is to be sent.
  void say(BytesView plain);
  void say_no_more();
  // What may be put on the wire when the peer has read so far, at most `length` bytes; then how much was.
  BytesView to_send(std::size_t peer_has_read, std::size_t length) const;
  void sent(std::size_t count);
  void damage(Bytes* piece) const;  // As it goes on the wire.
  bool has_unsent() const { return unsent_ > 0 && on_wire() < plan_.cut_at; }
  bool is_cut() const { return on_wire() >= plan_.cut_at; }

  bool is_open() const;                                 // The handshake is done for the client.
  bool is_failed() const;                               // It has given up, or was told to.
  bool is_closed() const;                               // The server has said close_notify.
  std::size_t opened_at() const { return opened_at_; }  // What the peer must have read to know of it.
  bool has_said_no_more() const { return closed_at_ != SIZE_MAX; }
  // Whether the server may be done with the handshake when it has read so far.
  bool server_may_be_open(std::size_t server_has_read) const;
  // Whether the peer's close_notify, or damage, is in what the server has read.
  bool closing_read(std::size_t server_has_read) const { return server_has_read >= closed_at_; }
  bool damage_read(std::size_t server_has_read) const {
    return flip_at_ != SIZE_MAX && server_has_read > said_ + flip_at_;
  }
  // Something of before was still on its way when TLS began.
  bool began_spoiled() const { return spoiled_; }
  void spoil() { spoiled_ = true; }
  bool damaged() const { return flip_at_ != SIZE_MAX; }
  // How many plain bytes are complete in the first `wire` bytes of the peer.
  std::size_t plain_in(std::size_t wire) const;
  const Bytes& plain_said() const { return plain_said_; }
  const std::string& plain_heard() const;
  bool resumed() const;
  const TlsPlan& plan() const { return plan_; }
  std::size_t heard_from() const { return heard_from_; }

 private:
  struct Mark {
    std::size_t wire;  // Of the peer's bytes, from the first of the connection on.
    std::size_t plain;
  };
  struct Flight {
    std::size_t wire;
    std::size_t needs;  // What the peer must have read before.
  };

  void collect(std::size_t needs);
  std::size_t on_wire() const { return wire_.size() - unsent_; }

  const TlsPlan plan_;
  SessionStore& store_;
  std::unique_ptr<tls::fixture::Client> client_;
  const std::size_t heard_from_;
  const std::size_t said_;
  std::size_t flip_at_;           // Never the version in a record's header, which is looked at by nobody.
  std::size_t record_begin_ = 0;  // Of the first record not looked at for that.
  std::size_t heard_ = 0;
  Bytes wire_;  // All sealed bytes.
  std::size_t unsent_ = 0;
  std::vector<Flight> flights_;
  std::vector<Mark> marks_;
  Bytes plain_said_;
  std::size_t opened_at_ = 0;
  std::size_t handshake_wire_ = 0;
  int handshake_flights_ = 0;
  bool spoiled_ = false;
  std::size_t closed_at_ = SIZE_MAX;
};

}  // namespace ipdaemon::sim
