// Certificate stores of all formats, made for tests, and what opening one gives.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "check.hpp"
#include "ipdaemon.h"
#include "scratch_file.hpp"
#include "tls/stores/encodings.hpp"
#include "tls/stores/identity_openssl.hpp"
#include "tls/stores/import.hpp"
#include "tls/stores/names.hpp"
#include "tls/stores/store.hpp"
#include "tls_fixtures.hpp"

namespace ipdaemon::tls::store_test {

using fixture::Made;
using test::ScratchFile;

inline constexpr int type_pfx = 3, type_jks = 5, type_pem = 7, type_certificate = 9, type_p7b = 12, type_ppk = 15,
                     type_xml = 17, type_jwk = 19, type_auto = 99;

struct Found {
  std::shared_ptr<const Identities> identities;
  Problem problem;

  // Subjects of the certificates, each with those of its chain.
  std::string text() const {
    if (!identities) return std::to_string(problem.code);
    std::string out;
    for (const Identity& one : identities->all()) {
      out += (out.empty() ? "" : "; ") + name_text(X509_get_subject_name(one.certificate.get()));
      for (const CertificatePtr& issuer : one.chain) out += " < " + name_text(X509_get_subject_name(issuer.get()));
    }
    return out;
  }
  bool says(std::string_view words) const { return problem.detail.find(words) != std::string::npos; }
};

inline Found find(std::int64_t type, BytesView store, BytesView subject = "*", BytesView password = "",
                  BytesView encoded = "") {
  Found found;
  found.identities = Identities::find({type, store, password, subject, encoded}, &found.problem);
  // One of both, and never a stale problem.
  CHECK_EQ(found.identities == nullptr, found.problem.code != 0);
  CHECK_EQ(found.problem.code != 0, !found.problem.detail.empty());
  return found;
}

inline std::string base64_of(BytesView bytes, bool url = false) {
  const char* digits = url ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                           : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    }
    for (std::size_t k = 0; k <= count; ++k) out += digits[bits >> (18 - 6 * k) & 63];
    if (!url) out.append(3 - count, '=');
  }
  return out;
}

inline std::string number_text(std::uint64_t number, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> 8 * i & 0xff);
  return out;
}

inline std::string counted(BytesView bytes, int count_bytes = 4) {
  return number_text(bytes.size(), count_bytes) + std::string(bytes);
}

inline std::string pem_of(const Made& made) {
  return pem_text(made.certificate.get());
}

inline std::string number_of(const EVP_PKEY* key, const char* name, std::size_t length = 0) {
  BIGNUM* number = nullptr;
  REQUIRE(fixture::EVP_PKEY_get_bn_param(key, name, &number) == 1);
  const BignumPtr owned(number);
  std::string out(static_cast<std::size_t>((fixture::BN_num_bits(number) + 7) / 8), '\0');
  fixture::BN_bn2bin(number, reinterpret_cast<unsigned char*>(out.data()));
  if (out.size() < length) out.insert(0, length - out.size(), '\0');
  return out;
}

inline std::string raw_key(const EVP_PKEY* key, bool is_private) {
  unsigned char bytes[64];
  std::size_t length = sizeof bytes;
  REQUIRE((is_private ? fixture::EVP_PKEY_get_raw_private_key(key, bytes, &length)
                      : EVP_PKEY_get_raw_public_key(key, bytes, &length)) == 1);
  return std::string(reinterpret_cast<const char*>(bytes), length);
}

inline std::string key_der(const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int length = fixture::i2d_PrivateKey(key, &der);
  REQUIRE(length > 0);
  const std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return out;
}

// Root, an authority below it, a server below that.
struct Family {
  Made root = fixture::make_certificate("root");
  Made authority = fixture::make_certificate("authority", "P-256", &root);
  Made server =
      fixture::make_certificate({{"O", "Firm, Ltd."}, {"CN", "www.example"}}, fixture::make_key("P-256"), &authority);

  std::string certificates() const { return pem_of(root) + pem_of(authority) + pem_of(server); }
  std::string key(const char* password = nullptr) const { return fixture::key_pem(server.key.get(), password); }
};

constexpr const char* family_text = "CN=www.example, O=\"Firm, Ltd.\" < CN=authority";

struct Pkcs12Part {
  const Made* made;
  bool with_key;
  const char* id = nullptr;  // localKeyID.
};

// Certificates first, then keys, as everybody writes it. An encryption of -1 is none.
inline std::string pfx_of(const std::vector<Pkcs12Part>& parts, const char* password, int cipher = NID_aes_256_cbc,
                          OSSL_LIB_CTX* context = nullptr, bool with_check = true, const char* key_password = nullptr) {
  STACK_OF(PKCS7)* safes = nullptr;
  STACK_OF(PKCS12_SAFEBAG)* certificates = nullptr;
  STACK_OF(PKCS12_SAFEBAG)* keys = nullptr;
  const auto name_it = [](PKCS12_SAFEBAG* bag, const char* id) {
    std::string bytes(id != nullptr ? id : "");
    REQUIRE(bag != nullptr);
    if (id != nullptr) {
      fixture::PKCS12_add_localkeyid(bag, reinterpret_cast<unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
    }
  };
  for (const Pkcs12Part& part : parts) {
    name_it(fixture::PKCS12_add_cert(&certificates, part.made->certificate.get()), part.id);
  }
  for (const Pkcs12Part& part : parts) {
    if (!part.with_key) continue;
    name_it(fixture::PKCS12_add_key_ex(&keys, part.made->key.get(), 0, 100, cipher,
                                       key_password != nullptr ? key_password : password, context, nullptr),
            part.id);
  }
  REQUIRE(fixture::PKCS12_add_safe_ex(&safes, certificates, cipher, 100, password, context, nullptr) == 1);
  if (keys != nullptr) REQUIRE(fixture::PKCS12_add_safe_ex(&safes, keys, -1, 0, nullptr, context, nullptr) == 1);
  const Pkcs12Ptr file(fixture::PKCS12_add_safes_ex(safes, 0, context, nullptr));
  if (with_check) REQUIRE(fixture::PKCS12_set_mac(file.get(), password, -1, nullptr, 0, 100, EVP_sha256()) == 1);
  sk_PKCS7_pop_free(safes, PKCS7_free);
  sk_PKCS12_SAFEBAG_pop_free(certificates, PKCS12_SAFEBAG_free);
  sk_PKCS12_SAFEBAG_pop_free(keys, PKCS12_SAFEBAG_free);
  return fixture::written([&](BIO* bio) { return fixture::i2d_PKCS12_bio(bio, file.get()); });
}

inline std::string der_value(char tag, BytesView value) {
  std::string length = value.size() < 128 ? number_text(value.size(), 1) : "\x82" + number_text(value.size(), 2);
  return tag + length + std::string(value);
}

inline std::string utf16(BytesView text) {
  const Secret wide = utf16_from_utf8(text);
  return std::string(wide.data(), wide.size());
}

// A private key as Java's key store has it.
inline std::string jks_key(const EVP_PKEY* key, BytesView password) {
  const std::string plain = key_der(key);
  const std::string wide = utf16(password);
  std::string pad(20, 's');
  std::string sealed = pad;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (i % 20 == 0) pad = digest_of("SHA1", wide + pad);
    sealed += static_cast<char>(plain[i] ^ pad[i % 20]);
  }
  sealed += digest_of("SHA1", wide + plain);
  const std::string algorithm("\x06\x0a\x2b\x06\x01\x04\x01\x2a\x02\x11\x01\x01\x05\x00", 14);
  return der_value('\x30', der_value('\x30', algorithm) + der_value('\x04', sealed));
}

inline std::string jks_certificate(const Made& made, int version) {
  return (version == 2 ? counted("X.509", 2) : "") + counted(fixture::der_of(made.certificate.get()));
}

inline std::string jks_entry(int tag, const char* alias) {
  return number_text(static_cast<std::uint64_t>(tag), 4) + counted(alias, 2) + number_text(0, 8);
}

inline std::string jks_of(const std::vector<std::string>& entries, BytesView password, int version = 2) {
  std::string out =
      "\xfe\xed\xfe\xed" + number_text(static_cast<std::uint64_t>(version), 4) + number_text(entries.size(), 4);
  for (const std::string& entry : entries) out += entry;
  return out + digest_of("SHA1", utf16(password) + "Mighty Aphrodite" + out);
}

inline std::string jks_of(const Family& family, BytesView password, BytesView key_password, int version = 2) {
  return jks_of({jks_entry(2, "root") + jks_certificate(family.root, version),
                 jks_entry(1, "server") + counted(jks_key(family.server.key.get(), key_password)) + number_text(2, 4) +
                     jks_certificate(family.server, version) + jks_certificate(family.authority, version)},
                password, version);
}

inline std::string jwk_member(const char* name, BytesView bytes) {
  return ",\"" + std::string(name) + "\":\"" + base64_of(bytes, true) + "\"";
}

inline std::string jwk_chain(const std::vector<const Made*>& chain) {
  std::string out;
  for (const Made* made : chain) {
    out += (out.empty() ? "" : ", ") + ("\"" + base64_of(fixture::der_of(made->certificate.get())) + "\"");
  }
  return ",\"x5c\":[" + out + "]";
}

inline std::string jwk_rsa(const EVP_PKEY* key, bool with_factors = true) {
  std::string out = "\"kty\":\"RSA\"";
  out += jwk_member("n", number_of(key, "n")) + jwk_member("e", number_of(key, "e")) +
         jwk_member("d", number_of(key, "d"));
  if (!with_factors) return out;
  return out + jwk_member("p", number_of(key, "rsa-factor1")) + jwk_member("q", number_of(key, "rsa-factor2")) +
         jwk_member("dp", number_of(key, "rsa-exponent1")) + jwk_member("dq", number_of(key, "rsa-exponent2")) +
         jwk_member("qi", number_of(key, "rsa-coefficient1"));
}

inline std::string jwk_ec(const EVP_PKEY* key, const char* curve, std::size_t length) {
  return "\"kty\":\"EC\",\"crv\":\"" + std::string(curve) + "\"" + jwk_member("x", number_of(key, "qx", length)) +
         jwk_member("y", number_of(key, "qy", length)) + jwk_member("d", number_of(key, "priv", length));
}

inline std::string jwk_edwards(const EVP_PKEY* key, const char* curve) {
  return "\"kty\":\"OKP\",\"crv\":\"" + std::string(curve) + "\"" + jwk_member("x", raw_key(key, false)) +
         jwk_member("d", raw_key(key, true));
}

inline std::string xml_of(const EVP_PKEY* key) {
  const auto element = [&](const char* name, const char* number) {
    return "<" + std::string(name) + ">" + base64_of(number_of(key, number)) + "</" + name + ">\n";
  };
  return "<?xml version=\"1.0\"?>\n<!-- a > b -->\n<RSAKeyValue note='x>y'>\n" + element("Modulus", "n") +
         element("Exponent", "e") + element("P", "rsa-factor1") + element("Q", "rsa-factor2") +
         element("DP", "rsa-exponent1") + element("DQ", "rsa-exponent2") + element("InverseQ", "rsa-coefficient1") +
         element("D", "d") + "</RSAKeyValue>";
}

// A number of SSH: never negative.
inline std::string ssh_number(const std::string& number) {
  return counted((static_cast<unsigned char>(number[0]) & 0x80) != 0 ? '\0' + number : number);
}

struct PpkKey {
  std::string kind;
  std::string public_half;
  std::string private_half;
};

inline PpkKey ppk_rsa(const EVP_PKEY* key) {
  return {"ssh-rsa", counted("ssh-rsa") + ssh_number(number_of(key, "e")) + ssh_number(number_of(key, "n")),
          ssh_number(number_of(key, "d")) + ssh_number(number_of(key, "rsa-factor1")) +
              ssh_number(number_of(key, "rsa-factor2")) + ssh_number(number_of(key, "rsa-coefficient1"))};
}

inline PpkKey ppk_ec(const EVP_PKEY* key, const std::string& curve, std::size_t length) {
  const std::string point = "\x04" + number_of(key, "qx", length) + number_of(key, "qy", length);
  return {"ecdsa-sha2-" + curve, counted("ecdsa-sha2-" + curve) + counted(curve) + counted(point),
          ssh_number(number_of(key, "priv"))};
}

inline PpkKey ppk_edwards(const EVP_PKEY* key, const char* kind) {
  return {kind, counted(kind) + counted(raw_key(key, false)), counted(raw_key(key, true))};
}

inline std::string encrypted_cbc(const std::string& plain, const std::string& key) {
  EVP_CIPHER_CTX* context = fixture::EVP_CIPHER_CTX_new();
  const unsigned char iv[16] = {};
  std::string out(plain.size() + 16, '\0');
  int length = 0;
  const bool done = fixture::EVP_EncryptInit_ex(context, fixture::EVP_aes_256_cbc(), nullptr, as_bytes(key), iv) == 1 &&
                    fixture::EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
                    fixture::EVP_EncryptUpdate(context, reinterpret_cast<unsigned char*>(out.data()), &length,
                                               as_bytes(plain), static_cast<int>(plain.size())) == 1;
  fixture::EVP_CIPHER_CTX_free(context);
  REQUIRE(done);
  out.resize(static_cast<std::size_t>(length));
  return out;
}

inline std::string ppk_block(const char* name, BytesView bytes) {
  const std::string base64 = base64_of(bytes);
  std::string out = std::string(name) + "-Lines: " + std::to_string((base64.size() + 63) / 64) + "\r\n";
  for (std::size_t i = 0; i < base64.size(); i += 64) out += base64.substr(i, 64) + "\r\n";
  return out;
}

// No line end at the end, so that nothing of it can be left out.
inline std::string ppk_of(PpkKey key, int version, const std::string& password = "") {
  const std::string encryption = password.empty() ? "none" : "aes256-cbc";
  while (!password.empty() && key.private_half.size() % 16 != 0) key.private_half += 'p';
  std::string data = counted(key.kind) + counted(encryption) + counted("a key") + counted(key.public_half);
  data += counted(key.private_half);
  std::string mac_key;
  if (version == 2) mac_key = digest_of("SHA1", "putty-private-key-file-mac-key" + password);
  const char* mac_hash = version == 2 ? "SHA1" : "SHA256";
  unsigned char mac[EVP_MAX_MD_SIZE];
  std::size_t length = 0;
  REQUIRE(EVP_Q_mac(library_context(), "HMAC", nullptr, mac_hash, nullptr, mac_key.c_str(), mac_key.size(),
                    as_bytes(data), data.size(), mac, sizeof mac, &length) != nullptr);
  if (!password.empty()) {
    const std::string halves =
        digest_of("SHA1", std::string(4, '\0') + password) + digest_of("SHA1", std::string("\0\0\0\1", 4) + password);
    key.private_half = encrypted_cbc(key.private_half, halves.substr(0, 32));
  }
  return "PuTTY-User-Key-File-" + std::to_string(version) + ": " + key.kind + "\r\nEncryption: " + encryption +
         "\r\nComment: a key\r\n" + ppk_block("Public", key.public_half) + ppk_block("Private", key.private_half) +
         "Private-MAC: " + hex_text({reinterpret_cast<const char*>(mac), length});
}

}  // namespace ipdaemon::tls::store_test
