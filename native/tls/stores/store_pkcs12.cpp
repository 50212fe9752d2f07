// PKCS#12, also called PFX: boxes of bags, each box and each key encrypted on its own. Read bag by bag,
// because OpenSSL's PKCS12_parse knows only the first key.
#include <new>

#include "tls/stores/encodings.hpp"
#include "tls/stores/import.hpp"
#include "tls/stores/readers.hpp"

namespace ipdaemon::tls {

namespace {

struct BoxesFree {
  void operator()(STACK_OF(PKCS7) * boxes) const { sk_PKCS7_pop_free(boxes, PKCS7_free); }
};
using BoxesPtr = std::unique_ptr<STACK_OF(PKCS7), BoxesFree>;

struct BagsFree {
  void operator()(STACK_OF(PKCS12_SAFEBAG) * bags) const { sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free); }
};
using BagsPtr = std::unique_ptr<STACK_OF(PKCS12_SAFEBAG), BagsFree>;

enum class Outcome { done, damaged, wrong_password, unknown_algorithm };

// A password as the functions of PKCS#12 want it: none and an empty one are different there.
struct Password {
  const char* text = nullptr;
  int length = 0;
};

class Pkcs12Reader {
 public:
  Pkcs12Reader(OSSL_LIB_CTX* context, BytesView password, StoreContent* out)
      : context_(context), given_(password), out_(out) {}

  Outcome read(BytesView content) {
    const ErrorScope errors;
    // The context that the object is made in is the one it decrypts in.
    PKCS12* file = PKCS12_init_ex(NID_pkcs7_data, context_, nullptr);
    if (file == nullptr) throw std::bad_alloc();
    const BioPtr bio(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
    const bool read = bio && d2i_PKCS12_bio(bio.get(), &file) != nullptr;
    const Pkcs12Ptr owned(file);  // Null now if there was nothing to keep.
    if (!read) return failed(Outcome::damaged);
    if (const Outcome outcome = find_password(file); outcome != Outcome::done) return failed(outcome);
    const BoxesPtr boxes(PKCS12_unpack_authsafes(file));
    if (!boxes) return failed(Outcome::damaged);
    for (int i = 0; i < sk_PKCS7_num(boxes.get()); ++i) {
      const Outcome outcome = read_box(sk_PKCS7_value(boxes.get(), i));
      if (outcome != Outcome::done) return failed(outcome);
    }
    return Outcome::done;
  }

  // Says the check value, if there is one.
  bool is_password_right() const { return is_password_right_; }
  // Why, as OpenSSL has it.
  const std::string& reason() const { return reason_; }

 private:
  Outcome failed(Outcome outcome) {
    reason_ = ErrorScope::text();
    return outcome;
  }

  // The check value of the file shows which form of the password is meant.
  Outcome find_password(PKCS12* file) {
    password_ = {given_.data(), static_cast<int>(given_.size())};
    if (given_.empty()) password_ = {"", 0};
    has_check_ = PKCS12_mac_present(file) == 1;
    is_password_right_ = true;
    if (!has_check_) return Outcome::done;
    const ErrorScope errors;
    if (PKCS12_verify_mac(file, password_.text, password_.length) == 1) return Outcome::done;
    if (given_.empty()) {
      password_ = {};
      if (PKCS12_verify_mac(file, nullptr, 0) == 1) return Outcome::done;
    }
    if (lacks_algorithm() || ErrorScope::is(ERR_LIB_PKCS12, PKCS12_R_UNKNOWN_DIGEST_ALGORITHM)) {
      return Outcome::unknown_algorithm;
    }
    is_password_right_ = false;
    return Outcome::wrong_password;
  }

  Outcome read_box(PKCS7* box) {
    const int kind = OBJ_obj2nid(box->type);
    if (kind == NID_pkcs7_data) {
      const BagsPtr bags(PKCS12_unpack_p7data(box));
      return bags ? read_bags(bags.get(), 0) : Outcome::damaged;
    }
    // Encrypted for a public key: nobody writes that, and there is no password for it.
    if (kind != NID_pkcs7_encrypted) return Outcome::done;
    BagsPtr bags(PKCS12_unpack_p7encdata(box, password_.text, password_.length));
    if (!bags && !has_check_ && given_.empty()) bags.reset(PKCS12_unpack_p7encdata(box, nullptr, 0));
    if (bags) return read_bags(bags.get(), 0);
    if (lacks_algorithm()) return Outcome::unknown_algorithm;
    // With the check value right, the password is right as well.
    return has_check_ ? Outcome::damaged : Outcome::wrong_password;
  }

  Outcome read_bags(const STACK_OF(PKCS12_SAFEBAG) * bags, int depth) {
    constexpr int depth_max = 8;
    if (depth > depth_max) return Outcome::damaged;
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); ++i) {
      const Outcome outcome = read_bag(sk_PKCS12_SAFEBAG_value(bags, i), depth);
      if (outcome != Outcome::done) return outcome;
    }
    return Outcome::done;
  }

  Outcome read_bag(const PKCS12_SAFEBAG* bag, int depth) {
    switch (PKCS12_SAFEBAG_get_nid(bag)) {
      case NID_keyBag:
        return add_key(key_from_pkcs8(PKCS12_SAFEBAG_get0_p8inf(bag)), bag);
      case NID_pkcs8ShroudedKeyBag:
        return read_shrouded(bag);
      case NID_certBag:
        return read_certificate(bag);
      case NID_safeContentsBag:
        return read_bags(PKCS12_SAFEBAG_get0_safes(bag), depth + 1);
      default:
        return Outcome::done;
    }
  }

  Outcome add_key(KeyPtr key, const PKCS12_SAFEBAG* bag) {
    if (key) {
      out_->add(std::move(key), entry_of(bag));
    } else {
      out_->missing_key = "a private key in the PKCS#12 content is damaged or of a type that OpenSSL does not support";
    }
    return Outcome::done;
  }

  Outcome read_shrouded(const PKCS12_SAFEBAG* bag) {
    KeyPtr key;
    const X509_SIG* encrypted = PKCS12_SAFEBAG_get0_pkcs8(bag);
    Unlocked unlocked = unlock_pkcs8(encrypted, password_.text, static_cast<std::size_t>(password_.length), &key);
    if (unlocked == Unlocked::wrong_password && !has_check_ && given_.empty()) {
      unlocked = unlock_pkcs8(encrypted, nullptr, 0, &key);
    }
    if (unlocked == Unlocked::wrong_password && !has_check_) return Outcome::wrong_password;
    if (unlocked == Unlocked::unknown_algorithm) {
      out_->missing_key =
          "a private key in the PKCS#12 content uses an encryption that OpenSSL does not support, or for which it "
          "needs its legacy provider";
      return Outcome::done;
    }
    if (unlocked == Unlocked::wrong_password) {
      out_->missing_key = "a private key in the PKCS#12 content has a different password from the file";
      return Outcome::done;
    }
    return add_key(std::move(key), bag);
  }

  Outcome read_certificate(const PKCS12_SAFEBAG* bag) {
    if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate) return Outcome::done;
    const CertificatePtr foreign(PKCS12_SAFEBAG_get1_cert(bag));
    CertificatePtr certificate = foreign ? reimported(foreign.get()) : nullptr;
    if (!certificate) return Outcome::damaged;
    out_->add(std::move(certificate), entry_of(bag));
    return Outcome::done;
  }

  static Bytes entry_of(const PKCS12_SAFEBAG* bag) {
    const ASN1_TYPE* id = PKCS12_SAFEBAG_get0_attr(bag, NID_localKeyID);
    if (id == nullptr || id->type != V_ASN1_OCTET_STRING) return {};
    const ASN1_OCTET_STRING* bytes = id->value.octet_string;
    return Bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(bytes)),
                 static_cast<std::size_t>(ASN1_STRING_length(bytes)));
  }

  OSSL_LIB_CTX* context_;
  BytesView given_;
  Password password_;
  bool has_check_ = false;
  bool is_password_right_ = false;
  StoreContent* out_;
  std::string reason_;
};

}  // namespace

bool read_pkcs12(BytesView content, BytesView password, StoreContent* out, Problem* problem) {
  const ErrorScope errors;
  *out = {};
  Pkcs12Reader reader(library_context(), password, out);
  Outcome outcome = reader.read(content);
  std::string reason = reader.reason();
  // Whether an algorithm is missing cannot be told reliably, but whether the password is.
  if (outcome != Outcome::done && reader.is_password_right() && legacy_context() != nullptr) {
    *out = {};
    Pkcs12Reader old_reader(legacy_context(), password, out);
    outcome = old_reader.read(content);
    if (outcome != Outcome::done) reason = old_reader.reason();
  }
  switch (outcome) {
    case Outcome::done:
      return true;
    case Outcome::damaged:
      return refuse_store(problem, "the PKCS#12 content is damaged: " + reason);
    case Outcome::wrong_password:
      return refuse_password(problem, password, "the store");
    case Outcome::unknown_algorithm:
      break;
  }
  return refuse_algorithm(problem, "the PKCS#12 content");
}

}  // namespace ipdaemon::tls
