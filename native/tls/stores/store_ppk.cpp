// PuTTY's private keys, versions 2 and 3: lines of text around two blocks of base64, the public and the
// private half in SSH's encoding, and a MAC over all of it that also shows a wrong password.
#include <charconv>
#include <string>

#include "ipdaemon.h"
#include "tls/stores/encodings.hpp"
#include "tls/stores/import.hpp"
#include "tls/stores/readers.hpp"

namespace ipdaemon::tls {

namespace {

struct CipherFree {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};
struct CipherContextFree {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

constexpr std::size_t cipher_block = 16;

struct PpkFile {
  int version = 0;
  BytesView algorithm;
  BytesView encryption;
  BytesView comment;
  Secret public_half;
  Secret private_half;
  Secret mac;
};

// The lines in their fixed order.
class PpkLines {
 public:
  explicit PpkLines(BytesView text) : rest_(text) {}

  BytesView next() {
    const std::size_t end = rest_.find('\n');
    BytesView line = rest_.substr(0, end);
    rest_ = end == BytesView::npos ? BytesView() : rest_.substr(end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
  }
  bool next_value(BytesView name, BytesView* value) {
    const BytesView line = next();
    if (!starts_with(line, name) || !starts_with(line.substr(name.size()), ": ")) return false;
    *value = line.substr(name.size() + 2);
    return true;
  }
  bool next_block(BytesView name, Secret* out) {
    BytesView value;
    unsigned count = 0;
    if (!next_value(name, &value)) return false;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
    if (error != std::errc() || end != value.data() + value.size()) return false;
    Secret base64;
    for (; count > 0; --count) {
      if (rest_.empty()) return false;
      append(&base64, next());
    }
    return decode_base64(view_of(base64), Base64::standard, out);
  }

 private:
  BytesView rest_;
};

bool parse(BytesView content, PpkFile* file, Problem* problem) {
  const auto damaged = [&] { return refuse_store(problem, "the PuTTY key is damaged"); };
  PpkLines lines(content);
  BytesView first = lines.next();
  constexpr BytesView start = "PuTTY-User-Key-File-";
  if (!starts_with(first, start)) return damaged();
  first.remove_prefix(start.size());
  if (first.size() < 3 || first.substr(1, 2) != ": ") return damaged();
  if (first[0] != '2' && first[0] != '3') {
    return refuse_store(problem, "PuTTY keys of this version are not supported; save the key again with PuTTYgen");
  }
  file->version = first[0] - '0';
  file->algorithm = first.substr(3);
  if (!lines.next_value("Encryption", &file->encryption) || !lines.next_value("Comment", &file->comment) ||
      !lines.next_block("Public-Lines", &file->public_half)) {
    return damaged();
  }
  if (file->encryption != "none" && file->encryption != "aes256-cbc") return damaged();
  if (file->encryption != "none" && file->version == 3) {
    return refuse_store(problem,
                        "encrypted PuTTY keys of version 3 need Argon2, which is not supported; save the key with "
                        "PuTTYgen as version 2, or without a password, or export it as PEM");
  }
  BytesView mac;
  if (!lines.next_block("Private-Lines", &file->private_half) || !lines.next_value("Private-MAC", &mac) ||
      !decode_hex(mac, &file->mac)) {
    return damaged();
  }
  return true;
}

// AES-256-CBC with two SHA-1 digests of the password for a key and no IV: version 2.
bool decrypt(BytesView password, Secret* bytes) {
  if (bytes->empty() || bytes->size() % cipher_block != 0) return false;
  Secret key;
  for (const char number : {'\0', '\1'}) {
    Secret input{'\0', '\0', '\0', number};
    append(&input, password);
    append(&key, digest_of("SHA1", view_of(input)));
  }
  const std::unique_ptr<EVP_CIPHER, CipherFree> cipher(EVP_CIPHER_fetch(library_context(), "AES-256-CBC", nullptr));
  const std::unique_ptr<EVP_CIPHER_CTX, CipherContextFree> context(EVP_CIPHER_CTX_new());
  static constexpr unsigned char no_iv[cipher_block] = {};
  if (!cipher || !context || key.size() < 32 ||
      EVP_DecryptInit_ex2(context.get(), cipher.get(), as_bytes(view_of(key)), no_iv, nullptr) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1) {
    return false;
  }
  Secret plain(bytes->size() + cipher_block);
  int length = 0;
  if (EVP_DecryptUpdate(context.get(), reinterpret_cast<unsigned char*>(plain.data()), &length,
                        as_bytes(view_of(*bytes)), static_cast<int>(bytes->size())) != 1) {
    return false;
  }
  plain.resize(static_cast<std::size_t>(length));
  if (plain.size() != bytes->size()) return false;
  *bytes = std::move(plain);
  return true;
}

void append_counted(Secret* out, BytesView bytes) {
  for (int shift = 24; shift >= 0; shift -= 8) out->push_back(static_cast<char>(bytes.size() >> shift & 0xff));
  append(out, bytes);
}

bool mac_fits(const PpkFile& file, BytesView password) {
  Secret data;
  for (const BytesView part :
       {file.algorithm, file.encryption, file.comment, view_of(file.public_half), view_of(file.private_half)}) {
    append_counted(&data, part);
  }
  Secret key;
  if (file.version == 2) {
    Secret input;
    append(&input, "putty-private-key-file-mac-key");
    if (file.encryption != "none") append(&input, password);
    append(&key, digest_of("SHA1", view_of(input)));
  }
  // Unencrypted keys of version 3 have an empty key here, and a null pointer would mean none at all.
  static constexpr char nothing[] = "";
  unsigned char mac[EVP_MAX_MD_SIZE];
  std::size_t length = 0;
  if (EVP_Q_mac(library_context(), "HMAC", nullptr, file.version == 2 ? "SHA1" : "SHA256", nullptr,
                key.empty() ? nothing : key.data(), key.size(), as_bytes(view_of(data)), data.size(), mac, sizeof mac,
                &length) == nullptr) {
    return false;
  }
  return file.mac.size() == length && CRYPTO_memcmp(file.mac.data(), mac, length) == 0;
}

Secret secret_of(BytesView bytes) {
  Secret out;
  append(&out, bytes);
  return out;
}

KeyPtr rsa_from(Cursor public_half, Cursor private_half) {
  BytesView e, n, d, p, q, qi;
  if (!public_half.take_counted(4, &e) || !public_half.take_counted(4, &n) || !private_half.take_counted(4, &d) ||
      !private_half.take_counted(4, &p) || !private_half.take_counted(4, &q) || !private_half.take_counted(4, &qi)) {
    return nullptr;
  }
  return rsa_key({secret_of(n), secret_of(e), secret_of(d), secret_of(p), secret_of(q), {}, {}, secret_of(qi)});
}

KeyPtr ec_from(const char* group, Cursor public_half, Cursor private_half) {
  BytesView curve, point, number;
  if (!public_half.take_counted(4, &curve) || !public_half.take_counted(4, &point) ||
      !private_half.take_counted(4, &number)) {
    return nullptr;
  }
  return ec_key(group, point, secret_of(number));
}

// The private half is a number in little-endian order, without the zeros of its end.
KeyPtr edwards_from(const char* kind, std::size_t bytes, Cursor public_half, Cursor private_half) {
  BytesView point, number;
  if (!public_half.take_counted(4, &point) || !private_half.take_counted(4, &number) || number.size() > bytes) {
    return nullptr;
  }
  Secret key = secret_of(number);
  key.resize(bytes, '\0');
  return edwards_key(kind, point, key);
}

bool key_from(const PpkFile& file, KeyPtr* out, Problem* problem) {
  Cursor public_half(view_of(file.public_half));
  const Cursor private_half(view_of(file.private_half));
  BytesView algorithm;
  if (!public_half.take_counted(4, &algorithm) || algorithm != file.algorithm) {
    return refuse_store(problem, "the PuTTY key is damaged");
  }
  if (algorithm == "ssh-rsa") {
    *out = rsa_from(public_half, private_half);
  } else if (algorithm == "ecdsa-sha2-nistp256") {
    *out = ec_from("P-256", public_half, private_half);
  } else if (algorithm == "ecdsa-sha2-nistp384") {
    *out = ec_from("P-384", public_half, private_half);
  } else if (algorithm == "ecdsa-sha2-nistp521") {
    *out = ec_from("P-521", public_half, private_half);
  } else if (algorithm == "ssh-ed25519") {
    *out = edwards_from("ED25519", 32, public_half, private_half);
  } else if (algorithm == "ssh-ed448") {
    *out = edwards_from("ED448", 57, public_half, private_half);
  } else {
    return refuse_store(problem, "PuTTY keys of type " + name_in_quotes(algorithm) + " are not supported");
  }
  return *out != nullptr || refuse_store(problem, "the PuTTY key is damaged");
}

}  // namespace

bool read_ppk(BytesView content, BytesView password, StoreContent* out, Problem* problem) {
  const ErrorScope errors;
  PpkFile file;
  if (!parse(without_blanks(content), &file, problem)) return false;
  const bool is_encrypted = file.encryption != "none";
  if (is_encrypted && !decrypt(password, &file.private_half)) return refuse_store(problem, "the PuTTY key is damaged");
  if (!mac_fits(file, password)) {
    return is_encrypted ? refuse_password(problem, password, "the PuTTY key")
                        : refuse_store(problem, "the PuTTY key is damaged: its MAC does not match");
  }
  KeyPtr key;
  if (!key_from(file, &key, problem)) return false;
  out->add(std::move(key));
  return true;
}

}  // namespace ipdaemon::tls
