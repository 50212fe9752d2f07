// PEM: blocks of base64 between BEGIN and END lines, in any order, with anything in between.
#include <cstring>
#include <new>

#include "ipdaemon.h"
#include "tls/stores/encodings.hpp"
#include "tls/stores/import.hpp"
#include "tls/stores/readers.hpp"

namespace ipdaemon::tls {

namespace {

// One block as OpenSSL hands it out.
class Block {
 public:
  Block() = default;
  ~Block() {
    OPENSSL_free(name_);
    OPENSSL_free(header_);
    OPENSSL_clear_free(data_, capacity_);
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  bool read(BIO* bio) {
    const bool there = PEM_read_bio(bio, &name_, &header_, &data_, &length_) == 1;
    capacity_ = there ? static_cast<std::size_t>(length_) : 0;
    return there;
  }
  // Undoes the encryption that the block's own header describes, if there is any.
  Unlocked decrypt(BytesView password);
  bool is_encrypted() const { return std::strstr(header_, "ENCRYPTED") != nullptr; }

  BytesView name() const { return name_; }
  BytesView der() const { return {reinterpret_cast<const char*>(data_), static_cast<std::size_t>(length_)}; }

 private:
  char* name_ = nullptr;
  char* header_ = nullptr;
  unsigned char* data_ = nullptr;
  long length_ = 0;
  std::size_t capacity_ = 0;
};

// Hands out the password of the properties; OpenSSL would ask for one at the terminal.
int give_password(char* buffer, int size, int, void* user) {
  const BytesView password = *static_cast<const BytesView*>(user);
  if (password.size() > static_cast<std::size_t>(size)) return -1;
  copy_bytes(buffer, password);
  return static_cast<int>(password.size());
}

Unlocked Block::decrypt(BytesView password) {
  EVP_CIPHER_INFO cipher;
  if (PEM_get_EVP_CIPHER_INFO(header_, &cipher) != 1) return Unlocked::unknown_algorithm;
  if (PEM_do_header(&cipher, data_, &length_, give_password, &password) == 1) return Unlocked::done;
  return lacks_algorithm() ? Unlocked::unknown_algorithm : Unlocked::wrong_password;
}

class PemReader {
 public:
  PemReader(BytesView password, StoreContent* out, Problem* problem)
      : password_(password), out_(out), problem_(problem) {}

  bool take(Block* block) {
    const BytesView name = block->name();
    if (name == PEM_STRING_X509 || name == PEM_STRING_X509_OLD) return take_certificate(block->der(), false);
    // The settings of trust that follow this certificate mean nothing here.
    if (name == PEM_STRING_X509_TRUSTED) return take_certificate(block->der(), true);
    if (name == PEM_STRING_PKCS7 || name == PEM_STRING_PKCS7_SIGNED || name == PEM_STRING_CMS) {
      return read_pkcs7(block->der(), out_, problem_);
    }
    if (name == PEM_STRING_PKCS8) return take_encrypted_key(block->der());
    if (name == PEM_STRING_PKCS8INF || name == PEM_STRING_RSA || name == PEM_STRING_ECPRIVATEKEY ||
        name == PEM_STRING_DSA) {
      return take_key(block);
    }
    if (name == "OPENSSH PRIVATE KEY") {
      return refuse_store(problem_,
                          "the private key is in OpenSSH format; convert it with ssh-keygen -p -m PKCS8 -f FILE");
    }
    return true;  // Parameters, requests, lists of revoked certificates.
  }

 private:
  bool take_certificate(BytesView der, bool more_may_follow) {
    CertificatePtr certificate = certificate_from_der(der, more_may_follow);
    if (!certificate) return refuse_store(problem_, "a certificate in the PEM text is damaged");
    out_->add(std::move(certificate));
    return true;
  }

  bool take_key(Block* block) {
    const bool is_encrypted = block->is_encrypted();
    const Unlocked unlocked = is_encrypted ? block->decrypt(password_) : Unlocked::done;
    if (unlocked == Unlocked::unknown_algorithm) return refuse_algorithm(problem_, "the private key");
    KeyPtr key = unlocked == Unlocked::done ? key_from_der(block->der()) : nullptr;
    // A wrong password can leave what looks like good padding.
    if (!key && is_encrypted) return refuse_password(problem_, password_, "the private key");
    if (!key) return refuse_store(problem_, "a private key in the PEM text is damaged or of an unknown type");
    out_->add(std::move(key));
    return true;
  }

  bool take_encrypted_key(BytesView der) {
    KeyPtr key;
    if (!unlock_key(der, password_, &key, problem_)) return false;
    out_->add(std::move(key));
    return true;
  }

  BytesView password_;
  StoreContent* out_;
  Problem* problem_;
};

}  // namespace

bool read_pem(BytesView content, BytesView password, StoreContent* out, Problem* problem) {
  const ErrorScope errors;
  content = without_blanks(content);
  if (starts_with(content, "\xef\xbb\xbf")) content.remove_prefix(3);
  content = without_blanks(content);
  const BioPtr bio(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
  if (!bio) throw std::bad_alloc();
  PemReader reader(password, out, problem);
  bool any = false;
  while (true) {
    const ErrorScope block_errors;
    Block block;
    if (!block.read(bio.get())) {
      const unsigned long error = ErrorScope::last();
      if (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE) break;
      return refuse_store(problem, "the PEM text is damaged: " + ErrorScope::text());
    }
    any = true;
    if (!reader.take(&block)) return false;
  }
  if (any) return true;
  const std::string fault = pem_line_fault(content);
  return refuse_store(
      problem,
      fault.empty() ? "it contains no PEM text; PEM begins with a line such as -----BEGIN CERTIFICATE-----" : fault);
}

}  // namespace ipdaemon::tls
