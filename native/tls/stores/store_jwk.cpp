// JSON Web Keys, one or a set: the numbers of a key in base64url, and with "x5c" its certificates.
#include "ipdaemon.h"
#include "tls/stores/encodings.hpp"
#include "tls/stores/import.hpp"
#include "tls/stores/json.hpp"
#include "tls/stores/readers.hpp"

namespace ipdaemon::tls {

namespace {

class JwkReader {
 public:
  JwkReader(StoreContent* out, Problem* problem) : out_(out), problem_(problem) {}

  bool read(const Json& json) {
    if (json.kind != Json::Kind::object) return damaged("is not a JSON object");
    const Json* keys = json.member("keys");
    if (keys == nullptr) return read_key(json, 0);
    if (keys->kind != Json::Kind::array) return damaged("has \"keys\" that is not an array");
    for (std::size_t i = 0; i < keys->items.size(); ++i) {
      if (!read_key(keys->items[i], i)) return false;
    }
    return true;
  }

 private:
  bool damaged(const std::string& what) { return refuse_store(problem_, "the JSON Web Key " + what); }

  static bool is(const Json* value, BytesView wanted) {
    return value != nullptr && value->kind == Json::Kind::string && value->text == wanted;
  }

  bool read_key(const Json& jwk, std::size_t number) {
    const Json* kind = jwk.member("kty");
    if (kind == nullptr || kind->kind != Json::Kind::string) return damaged("has no \"kty\"");
    const Bytes entry = std::to_string(number);
    if (!read_certificates(jwk, entry)) return false;
    if (jwk.member("d") == nullptr) return true;  // Public, or not a key pair.
    KeyPtr key;
    if (is(kind, "RSA")) {
      if (jwk.member("oth") != nullptr) return damaged("has more than two primes, which is not supported");
      key = read_rsa(jwk);
    } else if (is(kind, "EC")) {
      key = read_ec(jwk);
    } else if (is(kind, "OKP")) {
      key = read_edwards(jwk);
    } else {
      return true;
    }
    if (!key) return damaged("has numbers that are damaged, or a curve that is not supported");
    out_->add(std::move(key), entry);
    return true;
  }

  bool read_certificates(const Json& jwk, const Bytes& entry) {
    const Json* chain = jwk.member("x5c");
    if (chain == nullptr) return true;
    if (chain->kind != Json::Kind::array) return damaged("has an \"x5c\" that is not an array");
    for (std::size_t i = 0; i < chain->items.size(); ++i) {
      const Secret base64 = chain->items[i].string();
      Secret der;
      CertificatePtr certificate;
      if (decode_base64(view_of(base64), Base64::standard, &der)) certificate = certificate_from_der(view_of(der));
      if (!certificate) return damaged("has a damaged certificate in \"x5c\"");
      out_->add(std::move(certificate), i == 0 ? entry : Bytes());
    }
    return true;
  }

  // False if the member is there and is not base64; nothing if it is not there.
  static bool read_number(const Json& jwk, BytesView name, Secret* out) {
    const Json* value = jwk.member(name);
    if (value == nullptr) return true;
    const Secret text = value->string();
    return decode_base64(view_of(text), Base64::url, out);
  }

  static KeyPtr read_rsa(const Json& jwk) {
    RsaNumbers numbers;
    const bool read = read_number(jwk, "n", &numbers.n) && read_number(jwk, "e", &numbers.e) &&
                      read_number(jwk, "d", &numbers.d) && read_number(jwk, "p", &numbers.p) &&
                      read_number(jwk, "q", &numbers.q) && read_number(jwk, "dp", &numbers.dp) &&
                      read_number(jwk, "dq", &numbers.dq) && read_number(jwk, "qi", &numbers.qi);
    return read ? rsa_key(std::move(numbers)) : nullptr;
  }

  static KeyPtr read_ec(const Json& jwk) {
    const Json* curve = jwk.member("crv");
    const char* group = is(curve, "P-256") ? "P-256" : is(curve, "P-384") ? "P-384" : is(curve, "P-521") ? "P-521" : "";
    const std::size_t length = is(curve, "P-256") ? 32 : is(curve, "P-384") ? 48 : 66;
    Secret x, y, d;
    if (*group == '\0' || !read_number(jwk, "x", &x) || !read_number(jwk, "y", &y) || !read_number(jwk, "d", &d) ||
        x.size() != length || y.size() != length) {
      return nullptr;
    }
    Bytes point("\4");
    point.append(x.data(), x.size());
    point.append(y.data(), y.size());
    return ec_key(group, point, d);
  }

  static KeyPtr read_edwards(const Json& jwk) {
    const Json* curve = jwk.member("crv");
    const char* kind = is(curve, "Ed25519") ? "ED25519" : is(curve, "Ed448") ? "ED448" : "";
    Secret x, d;
    if (*kind == '\0' || !read_number(jwk, "x", &x) || !read_number(jwk, "d", &d)) return nullptr;
    return edwards_key(kind, view_of(x), d);
  }

  StoreContent* out_;
  Problem* problem_;
};

}  // namespace

bool read_jwk(BytesView content, StoreContent* out, Problem* problem) {
  const ErrorScope errors;
  if (starts_with(content, "\xef\xbb\xbf")) content.remove_prefix(3);
  Json json;
  if (!parse_json(content, &json)) return refuse_store(problem, "the JSON Web Key is damaged: it is not JSON");
  return JwkReader(out, problem).read(json);
}

}  // namespace ipdaemon::tls
