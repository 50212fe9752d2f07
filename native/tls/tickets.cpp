#include "tls/tickets.hpp"

#include <cstring>

#include "base/wiped_bytes.hpp"
#include "tls/openssl.hpp"

namespace ipdaemon::tls {

TicketKeys::List::~List() {
  for (Key& key : keys_) wipe(reinterpret_cast<char*>(&key), sizeof key);
}

TicketKeys::~TicketKeys() {
  if (current_.made_s == 0) return;
  OPENSSL_cleanse(&current_, sizeof current_);
  OPENSSL_cleanse(&previous_, sizeof previous_);
}

const TicketKeys::Key* TicketKeys::current(std::int64_t now_s) {
  if (!given_.all().empty()) return &given_.all().front();
  if (current_.made_s != 0 && now_s - current_.made_s < life_s) return &current_;
  Key next;
  const auto random = [](auto& bytes) {
    return RAND_priv_bytes_ex(library_context(), bytes.data(), bytes.size(), 0) == 1;
  };
  if (!random(next.name) || !random(next.cipher) || !random(next.mac)) return nullptr;
  next.made_s = now_s;
  previous_ = current_;
  current_ = next;
  OPENSSL_cleanse(&next, sizeof next);
  return &current_;
}

const TicketKeys::Key* TicketKeys::find_given(const unsigned char* name, bool* renew) const {
  for (const Key& key : given_.all()) {
    if (CRYPTO_memcmp(name, key.name.data(), key.name.size()) != 0) continue;
    *renew = &key != &given_.all().front();
    return &key;
  }
  return nullptr;
}

const TicketKeys::Key* TicketKeys::find(const unsigned char* name, std::int64_t now_s, bool* renew) {
  if (!given_.all().empty()) return find_given(name, renew);
  for (const Key* key : {&current_, &previous_}) {
    if (key->made_s == 0 || now_s - key->made_s >= 2 * life_s) continue;
    if (CRYPTO_memcmp(name, key->name.data(), key->name.size()) != 0) continue;
    *renew = now_s - key->made_s >= life_s;
    return key;
  }
  return nullptr;
}

int TicketKeys::prepare(const Ticket& ticket, bool encrypting, std::int64_t now_s) {
  static const EVP_CIPHER* const aes128 = EVP_CIPHER_fetch(library_context(), "AES-128-CBC", nullptr);
  static const EVP_CIPHER* const aes256 = EVP_CIPHER_fetch(library_context(), "AES-256-CBC", nullptr);
  constexpr std::size_t iv_length = 16;
  bool renew = false;
  const Key* key = encrypting ? current(now_s) : find(ticket.name, now_s, &renew);
  if (key == nullptr) return encrypting ? -1 : 0;
  const EVP_CIPHER* const aes = key->length == 16 ? aes128 : aes256;
  if (encrypting) {
    std::memcpy(ticket.name, key->name.data(), key->name.size());
    if (RAND_bytes_ex(library_context(), ticket.iv, iv_length, 0) != 1) return -1;
  }
  const bool ready = encrypting ? EVP_EncryptInit_ex2(ticket.cipher, aes, key->cipher.data(), ticket.iv, nullptr) == 1
                                : EVP_DecryptInit_ex2(ticket.cipher, aes, key->cipher.data(), ticket.iv, nullptr) == 1;
  char digest[] = "SHA256";
  auto secret = key->mac;
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret.data(), key->length),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  const bool keyed = ready && EVP_MAC_CTX_set_params(ticket.mac, parameters) == 1;
  OPENSSL_cleanse(secret.data(), secret.size());
  if (!keyed) return -1;
  return renew ? 2 : 1;
}

}  // namespace ipdaemon::tls
