// The keys of session tickets.
#pragma once

#include <array>
#include <cstdint>

typedef struct evp_cipher_ctx_st EVP_CIPHER_CTX;
struct evp_mac_ctx_st;

namespace ipdaemon::tls {

// The keys that encrypt session tickets: those of one server, whatever contexts it builds. A new key each
// twelve hours; tickets of the key before are still taken, and renewed.
class TicketKeys {
 public:
  struct Key {
    std::array<unsigned char, 16> name{};
    std::array<unsigned char, 32> cipher{};
    std::array<unsigned char, 32> mac{};
    std::int64_t made_s = 0;
  };

  ~TicketKeys();
  // The key to encrypt with, made or renewed when it is time; null if no random bytes can be had.
  const Key* current(std::int64_t now_s);
  // The key of a ticket, `renew` if it shall be replaced; null when it is not, or no longer, known.
  const Key* find(const unsigned char* name, std::int64_t now_s, bool* renew);

  // What OpenSSL's callback about tickets hands over, and wants to be filled.
  struct Ticket {
    unsigned char* name;
    unsigned char* iv;
    EVP_CIPHER_CTX* cipher;
    evp_mac_ctx_st* mac;
  };
  // Sets the keys that encrypt or decrypt a ticket, with the results that the callback has: -1 failed, 0 not known,
  // 1 done, 2 done, and the ticket shall be replaced.
  int prepare(const Ticket& ticket, bool encrypting, std::int64_t now_s);

  static constexpr std::int64_t life_s = 12 * 60 * 60;

 private:
  Key current_;
  Key previous_;
};

}  // namespace ipdaemon::tls
