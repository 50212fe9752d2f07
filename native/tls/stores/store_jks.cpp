// Java's own key store (JKS), which Java wrote before version 9. All numbers are big-endian: a magic
// number, the version, the count of entries, the entries, and a SHA-1 digest over the password, a fixed
// phrase and everything before it. Private keys are encrypted with a keystream of SHA-1 digests.
#include "ipdaemon.h"
#include "tls/stores/encodings.hpp"
#include "tls/stores/import.hpp"
#include "tls/stores/readers.hpp"

namespace ipdaemon::tls {

namespace {

constexpr std::size_t digest_bytes = 20;
constexpr BytesView phrase = "Mighty Aphrodite";

Bytes sha1_of(BytesView first, BytesView second, BytesView third = {}) {
  Secret all;
  all.reserve(first.size() + second.size() + third.size());
  append(&all, first);
  append(&all, second);
  append(&all, third);
  return digest_of("SHA1", view_of(all));
}

// Salt, encrypted key, digest of password and key.
Unlocked unlock(BytesView protected_key, BytesView password, KeyPtr* out) {
  if (protected_key.size() <= 2 * digest_bytes) return Unlocked::no_key;
  const BytesView encrypted = protected_key.substr(digest_bytes, protected_key.size() - 2 * digest_bytes);
  Bytes pad(protected_key.substr(0, digest_bytes));
  Secret key;
  key.reserve(encrypted.size());
  for (std::size_t i = 0; i < encrypted.size(); ++i) {
    if (i % digest_bytes == 0) pad = sha1_of(password, pad);
    if (pad.size() != digest_bytes) return Unlocked::unknown_algorithm;
    key.push_back(static_cast<char>(encrypted[i] ^ pad[i % digest_bytes]));
  }
  OPENSSL_cleanse(pad.data(), pad.size());
  if (sha1_of(password, view_of(key)) != protected_key.substr(protected_key.size() - digest_bytes))
    return Unlocked::wrong_password;
  *out = key_from_der(view_of(key));
  return *out ? Unlocked::done : Unlocked::no_key;
}

class JksReader {
 public:
  JksReader(BytesView entries, BytesView password, StoreContent* out, Problem* problem)
      : cursor_(entries), password_(password), out_(out), problem_(problem) {}

  bool read() {
    std::uint64_t magic = 0;
    std::uint64_t count = 0;
    if (!cursor_.take_number(4, &magic) || !cursor_.take_number(4, &version_) || !cursor_.take_number(4, &count)) {
      return damaged();
    }
    if (version_ != 1 && version_ != 2) return damaged();
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!read_entry(i)) return false;
    }
    return cursor_.at_end() || damaged();
  }

 private:
  enum class Tag : std::uint64_t { key = 1, certificate = 2 };

  bool damaged() { return refuse_store(problem_, "the Java key store is damaged"); }

  bool read_entry(std::uint64_t number) {
    std::uint64_t tag = 0;
    std::uint64_t date = 0;
    BytesView alias;
    if (!cursor_.take_number(4, &tag) || !cursor_.take_counted(2, &alias) || !cursor_.take_number(8, &date)) {
      return damaged();
    }
    if (tag == static_cast<std::uint64_t>(Tag::certificate)) return read_certificate({});
    if (tag != static_cast<std::uint64_t>(Tag::key)) return damaged();
    BytesView protected_key;
    std::uint64_t chain_length = 0;
    if (!cursor_.take_counted(4, &protected_key) || !cursor_.take_number(4, &chain_length)) return damaged();
    const Bytes entry = std::to_string(number);
    if (!read_key(protected_key, alias, entry)) return false;
    for (std::uint64_t i = 0; i < chain_length; ++i) {
      if (!read_certificate(i == 0 ? entry : Bytes())) return false;
    }
    return true;
  }

  bool read_key(BytesView der, BytesView alias, const Bytes& entry) {
    const unsigned char* at = as_bytes(der);
    const EncryptedKeyPtr outer(d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size())));
    if (!outer) return damaged();
    const X509_ALGOR* algorithm = nullptr;
    const ASN1_OCTET_STRING* octets = nullptr;
    X509_SIG_get0(outer.get(), &algorithm, &octets);
    const ASN1_OBJECT* object = nullptr;
    X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
    char name[64] = "";
    OBJ_obj2txt(name, sizeof name, object, 1);
    if (BytesView(name) != "1.3.6.1.4.1.42.2.17.1.1") {
      out_->missing_key = "the private key " + name_in_quotes(alias) + " uses an encryption that is not supported";
      return true;
    }
    KeyPtr key;
    const BytesView protected_key(reinterpret_cast<const char*>(ASN1_STRING_get0_data(octets)),
                                  static_cast<std::size_t>(ASN1_STRING_length(octets)));
    const Unlocked unlocked = unlock(protected_key, password_, &key);
    if (unlocked == Unlocked::done) {
      out_->add(std::move(key), entry);
    } else if (unlocked == Unlocked::wrong_password) {
      // The store's own digest was right: this entry has another password.
      out_->missing_key =
          "the private key " + name_in_quotes(alias) +
          " has a different password from the Java key store; give it the same one with keytool -keypasswd";
    } else {
      out_->missing_key = "the private key " + name_in_quotes(alias) + " cannot be read";
    }
    return true;
  }

  bool read_certificate(const Bytes& entry) {
    BytesView kind = "X.509";
    BytesView der;
    if (version_ == 2 && !cursor_.take_counted(2, &kind)) return damaged();
    if (!cursor_.take_counted(4, &der)) return damaged();
    if (kind != "X.509" && kind != "X509") return true;
    CertificatePtr certificate = certificate_from_der(der);
    if (!certificate) return refuse_store(problem_, "a certificate in the Java key store is damaged");
    out_->add(std::move(certificate), entry);
    return true;
  }

  Cursor cursor_;
  std::uint64_t version_ = 0;
  BytesView password_;  // As UTF-16.
  StoreContent* out_;
  Problem* problem_;
};

}  // namespace

bool read_jks(BytesView content, BytesView password, StoreContent* out, Problem* problem) {
  const ErrorScope errors;
  if (content.size() < digest_bytes) return refuse_store(problem, "the Java key store is damaged");
  const BytesView entries = content.substr(0, content.size() - digest_bytes);
  const Secret wide = utf16_from_utf8(password);
  const bool password_fits = sha1_of(view_of(wide), phrase, entries) == content.substr(entries.size());
  if (!JksReader(entries, view_of(wide), out, problem).read()) return false;
  if (password_fits) return true;
  // A key that opens shows that the password is right.
  if (!out->keys.empty()) return refuse_store(problem, "the Java key store is damaged: its digest does not match");
  return refuse_password(problem, password, "the Java key store");
}

}  // namespace ipdaemon::tls
