// The keys of session tickets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

typedef struct evp_cipher_ctx_st EVP_CIPHER_CTX;
struct evp_mac_ctx_st;

namespace ipdaemon::tls {

// The keys that encrypt session tickets: those of one server, whatever contexts it builds. Its own are made when they
// are needed, a new one each twelve hours; tickets of the key before are still taken, and renewed. Keys that several
// servers share are given, and do not age: the first encrypts, all decrypt, and tickets of another are renewed.
class TicketKeys {
 public:
  struct Key {
    std::array<unsigned char, 16> name{};
    std::array<unsigned char, 32> cipher{};
    std::array<unsigned char, 32> mac{};
    std::int64_t made_s = 0;
    std::size_t length = 32;  // Of both: 16 makes it AES-128, 32 AES-256.
  };
  // Wiped when it goes, wherever it has been moved to.
  class List {
   public:
    List() = default;
    List(List&& other) noexcept : keys_(std::move(other.keys_)) {}
    List& operator=(List&& other) noexcept {
      keys_.swap(other.keys_);
      return *this;
    }
    ~List();
    // Room for all that will be added, so that none has to move.
    void reserve(std::size_t count) { keys_.reserve(count); }
    void add(const Key& key) { keys_.push_back(key); }
    const std::vector<Key>& all() const { return keys_; }

   private:
    std::vector<Key> keys_;
  };

  ~TicketKeys();
  // Takes these instead of the server's own; with none, its own again.
  void give(List keys) { given_ = std::move(keys); }
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
  const Key* find_given(const unsigned char* name, bool* renew) const;

  List given_;
  Key current_;
  Key previous_;
};

}  // namespace ipdaemon::tls
