// One TLS session as a function of bytes. Knows no socket, no loop and no event of the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "tls/context.hpp"
#include "tls/hello_buffer.hpp"
#include "tls/stores/identity.hpp"

typedef struct x509_st X509;
struct stack_st_X509;

namespace ipdaemon::tls {

struct Offer;
struct Verdict;

struct ClientHello {
  std::string cipher_suites;         // IANA names, a comma list; unknown ones as 0x numbers.
  std::string signature_algorithms;  // Names of the TLS registry, a comma list.
  std::string server_name;
  std::string subject;  // Of the certificate that its name gets; empty if the name decides nothing.
};

struct ClientCertificate {
  std::string pem;  // Empty: the client has none. The chain behind it as it came, when wanted.
  std::string subject;
  std::string issuer;
  std::string status;  // "OK", or what does not verify.
  bool accept = false;
};

// How much of a ClientHello somebody wants to see.
enum class HelloWish { nothing, name, everything };

// What is asked while OpenSSL is on the stack. The engine must not be used in there, except for the
// const functions.
class EngineEvents {
 public:
  // Each answers whether to go on. `choice` may be set to other certificates.
  virtual bool on_client_hello(const ClientHello& hello, std::shared_ptr<const Identities>* choice,
                               Problem* problem) = 0;
  virtual bool on_client_certificate(const ClientCertificate& certificate) = 0;
  virtual HelloWish wants_client_hello() const = 0;
  virtual bool wants_certificate_chain() const = 0;
  // Something that concerns the server, not this session.
  virtual void on_notice(const std::string& text) = 0;

 protected:
  ~EngineEvents() = default;
};

// What a handshake came to, in words.
struct Negotiated {
  std::string version;
  std::string suite;
  std::string cipher;
  std::string key_exchange;
  int cipher_bits = 0;
  int key_exchange_bits = 0;
  std::string protocol;  // Of the application; empty if none was agreed on.
  std::string server_name;
  bool resumed = false;
};

class Engine {
 public:
  enum class State : std::uint8_t {
    handshaking,
    open,
    peer_closed,  // The peer has said that nothing more comes; we may still send.
    failed,
  };

  // OpenSSL's session begins when the ClientHello is complete. Null with the reason when it cannot be
  // had, where it has to begin at once.
  static std::unique_ptr<Engine> create(std::shared_ptr<const Context> context, EngineEvents& events, Problem* problem);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  struct Received {
    std::size_t plain = 0;  // How much was written.
    std::size_t taken = 0;  // How much of the input was looked at.
  };
  // Takes what came from the peer. What it says goes to `plain`. What has to be answered is appended to
  // `ciphertext`. `capacity` must be at least input.size() + record_max. Less than all is taken when many
  // messages without data have come, which cost far more than data of their length: the caller brings
  // the rest again when others have had their turn.
  Received receive(BytesView input, char* plain, std::size_t capacity, Bytes& ciphertext);
  // Encrypts `plain`, all of it, behind what is in `ciphertext`. False: the session has failed.
  bool encrypt(BytesView plain, Bytes& ciphertext);
  // Appends the notice that nothing more will come, once.
  void close(Bytes& ciphertext);

  State state() const { return state_; }
  const Problem& problem() const { return problem_; }
  // Whether one of its calls is on the stack: then it must not be used.
  bool running() const { return input_ != nullptr; }
  Negotiated negotiated() const;
  bool was_resumed() const;
  // Bytes of an unfinished ClientHello.
  std::size_t kept() const { return hello_.size(); }
  // What LogSSLPackets has to say since the last call.
  std::vector<std::string> take_log();
  bool logs() const { return log_ != nullptr; }

  // Plain bytes that may still be in here besides the input of a call.
  static constexpr std::size_t record_max = 17 * 1024;
  // Messages without data, such as KeyUpdate: as many may come in a row, and as many are looked at in
  // one call. TLS has no use for more.
  static constexpr int controls_max = 32;
  static constexpr int controls_per_call = 16;

  // For callbacks of OpenSSL, in this folder.
  struct Callbacks;

 private:
  struct Call;

  Engine(std::shared_ptr<const Context> context, EngineEvents& events);
  bool begin(Problem* problem);
  int greet(SSL* session, int* alert);
  bool ask(SSL* session, const Identities* named, std::shared_ptr<const Identities>* choice);
  const Identities* choose_certificate(SSL* session, std::shared_ptr<const Identities> choice,
                                       std::shared_ptr<const Identities> named, int* alert);
  bool choose_protocol(int* alert);
  void remember_name();
  void shake_hands();
  void fail(int code);
  bool judge(X509* certificate, const stack_st_X509* chain, const Verdict& verdict);
  bool judge_again();

  std::shared_ptr<const Context> context_;
  EngineEvents& events_;
  HelloBuffer hello_;
  SSL* session_ = nullptr;      // Null until the ClientHello is complete.
  BytesView* input_ = nullptr;  // What the running call has not taken yet.
  Bytes* output_ = nullptr;
  Problem problem_;
  std::unique_ptr<Offer> offer_;              // Of the client, until the handshake is done.
  std::shared_ptr<const Identities> chosen_;  // For this client, likewise; null: those of the context.
  std::unique_ptr<std::vector<std::string>> log_;
  State state_ = State::handshaking;
  std::uint8_t controls_ = 0;  // Messages without data since the last data.
  bool starved_ = false;       // OpenSSL has asked for more than there was.
  bool close_sent_ = false;
  bool judged_ = false;  // The client's certificate, or that it has none, has been judged.
};

}  // namespace ipdaemon::tls
