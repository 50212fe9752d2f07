// Certificate stores of all formats: made here, opened, and opened again after they were damaged.
#include <cstdlib>
#include <functional>
#include <random>

#include "check.hpp"
#include "ipdaemon.h"
#include "scratch_file.hpp"
#include "tls/stores/encodings.hpp"
#include "tls/stores/identity_openssl.hpp"
#include "tls/stores/import.hpp"
#include "tls/stores/names.hpp"
#include "tls/stores/store.hpp"
#include "tls_fixtures.hpp"

namespace ipdaemon::tls {

namespace {

using fixture::Made;
using test::ScratchFile;

constexpr int type_pfx = 3, type_jks = 5, type_pem = 7, type_certificate = 9, type_p7b = 12, type_ppk = 15,
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

Found find(std::int64_t type, BytesView store, BytesView subject = "*", BytesView password = "",
           BytesView encoded = "") {
  Found found;
  found.identities = Identities::find({type, store, password, subject, encoded}, &found.problem);
  // One of both, and never a stale problem.
  CHECK_EQ(found.identities == nullptr, found.problem.code != 0);
  CHECK_EQ(found.problem.code != 0, !found.problem.detail.empty());
  return found;
}

std::string base64_of(BytesView bytes, bool url = false) {
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

std::string number_text(std::uint64_t number, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(number >> 8 * i & 0xff);
  return out;
}

std::string counted(BytesView bytes, int count_bytes = 4) {
  return number_text(bytes.size(), count_bytes) + std::string(bytes);
}

std::string pem_of(const Made& made) {
  return pem_text(made.certificate.get());
}

std::string number_of(const EVP_PKEY* key, const char* name, std::size_t length = 0) {
  BIGNUM* number = nullptr;
  REQUIRE(fixture::EVP_PKEY_get_bn_param(key, name, &number) == 1);
  const BignumPtr owned(number);
  std::string out(static_cast<std::size_t>((fixture::BN_num_bits(number) + 7) / 8), '\0');
  fixture::BN_bn2bin(number, reinterpret_cast<unsigned char*>(out.data()));
  if (out.size() < length) out.insert(0, length - out.size(), '\0');
  return out;
}

std::string raw_key(const EVP_PKEY* key, bool is_private) {
  unsigned char bytes[64];
  std::size_t length = sizeof bytes;
  REQUIRE((is_private ? fixture::EVP_PKEY_get_raw_private_key(key, bytes, &length)
                      : EVP_PKEY_get_raw_public_key(key, bytes, &length)) == 1);
  return std::string(reinterpret_cast<const char*>(bytes), length);
}

std::string key_der(const EVP_PKEY* key) {
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
std::string pfx_of(const std::vector<Pkcs12Part>& parts, const char* password, int cipher = NID_aes_256_cbc,
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

std::string der_value(char tag, BytesView value) {
  std::string length = value.size() < 128 ? number_text(value.size(), 1) : "\x82" + number_text(value.size(), 2);
  return tag + length + std::string(value);
}

std::string utf16(BytesView text) {
  const Secret wide = utf16_from_utf8(text);
  return std::string(wide.data(), wide.size());
}

// A private key as Java's key store has it.
std::string jks_key(const EVP_PKEY* key, BytesView password) {
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

std::string jks_certificate(const Made& made, int version) {
  return (version == 2 ? counted("X.509", 2) : "") + counted(fixture::der_of(made.certificate.get()));
}

std::string jks_entry(int tag, const char* alias) {
  return number_text(static_cast<std::uint64_t>(tag), 4) + counted(alias, 2) + number_text(0, 8);
}

std::string jks_of(const std::vector<std::string>& entries, BytesView password, int version = 2) {
  std::string out =
      "\xfe\xed\xfe\xed" + number_text(static_cast<std::uint64_t>(version), 4) + number_text(entries.size(), 4);
  for (const std::string& entry : entries) out += entry;
  return out + digest_of("SHA1", utf16(password) + "Mighty Aphrodite" + out);
}

std::string jks_of(const Family& family, BytesView password, BytesView key_password, int version = 2) {
  return jks_of({jks_entry(2, "root") + jks_certificate(family.root, version),
                 jks_entry(1, "server") + counted(jks_key(family.server.key.get(), key_password)) + number_text(2, 4) +
                     jks_certificate(family.server, version) + jks_certificate(family.authority, version)},
                password, version);
}

std::string jwk_member(const char* name, BytesView bytes) {
  return ",\"" + std::string(name) + "\":\"" + base64_of(bytes, true) + "\"";
}

std::string jwk_chain(const std::vector<const Made*>& chain) {
  std::string out;
  for (const Made* made : chain) {
    out += (out.empty() ? "" : ", ") + ("\"" + base64_of(fixture::der_of(made->certificate.get())) + "\"");
  }
  return ",\"x5c\":[" + out + "]";
}

std::string jwk_rsa(const EVP_PKEY* key, bool with_factors = true) {
  std::string out = "\"kty\":\"RSA\"";
  out += jwk_member("n", number_of(key, "n")) + jwk_member("e", number_of(key, "e")) +
         jwk_member("d", number_of(key, "d"));
  if (!with_factors) return out;
  return out + jwk_member("p", number_of(key, "rsa-factor1")) + jwk_member("q", number_of(key, "rsa-factor2")) +
         jwk_member("dp", number_of(key, "rsa-exponent1")) + jwk_member("dq", number_of(key, "rsa-exponent2")) +
         jwk_member("qi", number_of(key, "rsa-coefficient1"));
}

std::string jwk_ec(const EVP_PKEY* key, const char* curve, std::size_t length) {
  return "\"kty\":\"EC\",\"crv\":\"" + std::string(curve) + "\"" + jwk_member("x", number_of(key, "qx", length)) +
         jwk_member("y", number_of(key, "qy", length)) + jwk_member("d", number_of(key, "priv", length));
}

std::string jwk_edwards(const EVP_PKEY* key, const char* curve) {
  return "\"kty\":\"OKP\",\"crv\":\"" + std::string(curve) + "\"" + jwk_member("x", raw_key(key, false)) +
         jwk_member("d", raw_key(key, true));
}

std::string xml_of(const EVP_PKEY* key) {
  const auto element = [&](const char* name, const char* number) {
    return "<" + std::string(name) + ">" + base64_of(number_of(key, number)) + "</" + name + ">\n";
  };
  return "<?xml version=\"1.0\"?>\n<!-- a > b -->\n<RSAKeyValue note='x>y'>\n" + element("Modulus", "n") +
         element("Exponent", "e") + element("P", "rsa-factor1") + element("Q", "rsa-factor2") +
         element("DP", "rsa-exponent1") + element("DQ", "rsa-exponent2") + element("InverseQ", "rsa-coefficient1") +
         element("D", "d") + "</RSAKeyValue>";
}

// A number of SSH: never negative.
std::string ssh_number(const std::string& number) {
  return counted((static_cast<unsigned char>(number[0]) & 0x80) != 0 ? '\0' + number : number);
}

struct PpkKey {
  std::string kind;
  std::string public_half;
  std::string private_half;
};

PpkKey ppk_rsa(const EVP_PKEY* key) {
  return {"ssh-rsa", counted("ssh-rsa") + ssh_number(number_of(key, "e")) + ssh_number(number_of(key, "n")),
          ssh_number(number_of(key, "d")) + ssh_number(number_of(key, "rsa-factor1")) +
              ssh_number(number_of(key, "rsa-factor2")) + ssh_number(number_of(key, "rsa-coefficient1"))};
}

PpkKey ppk_ec(const EVP_PKEY* key, const std::string& curve, std::size_t length) {
  const std::string point = "\x04" + number_of(key, "qx", length) + number_of(key, "qy", length);
  return {"ecdsa-sha2-" + curve, counted("ecdsa-sha2-" + curve) + counted(curve) + counted(point),
          ssh_number(number_of(key, "priv"))};
}

PpkKey ppk_edwards(const EVP_PKEY* key, const char* kind) {
  return {kind, counted(kind) + counted(raw_key(key, false)), counted(raw_key(key, true))};
}

std::string encrypted_cbc(const std::string& plain, const std::string& key) {
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

std::string ppk_block(const char* name, BytesView bytes) {
  const std::string base64 = base64_of(bytes);
  std::string out = std::string(name) + "-Lines: " + std::to_string((base64.size() + 63) / 64) + "\r\n";
  for (std::size_t i = 0; i < base64.size(); i += 64) out += base64.substr(i, 64) + "\r\n";
  return out;
}

// No line end at the end, so that nothing of it can be left out.
std::string ppk_of(PpkKey key, int version, const std::string& password = "") {
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

TEST("PEM: key and certificates in any order, with the chain and without the root") {
  fixture::need_openssl();
  const Family family;
  CHECK_EQ(find(type_pem, family.certificates() + family.key()).text(), family_text);
  CHECK_EQ(find(type_pem, family.key() + pem_of(family.server) + pem_of(family.authority)).text(), family_text);
  CHECK_EQ(find(type_pem, "Bag Attributes\n  x: y\n" + family.certificates() + "words\n" + family.key()).text(),
           family_text);
  CHECK_EQ(find(type_pem, "\xef\xbb\xbf" + family.key() + family.certificates()).text(), family_text);
  CHECK_EQ(find(type_pem, base64_of(family.key() + family.certificates())).text(), family_text);
  CHECK_EQ(find(type_pem, family.key() + pem_of(family.server)).text(), "CN=www.example, O=\"Firm, Ltd.\"");
  const auto identities = find(type_pem, family.certificates() + family.key()).identities;
  REQUIRE(identities != nullptr);
  CHECK_EQ(identities->subject(), "CN=www.example, O=\"Firm, Ltd.\"");
  CHECK_EQ(identities->pem(), pem_of(family.server));
  CHECK_EQ(identities->fingerprint().size(), std::size_t{64});
  CHECK(identities->fingerprint() != find(type_pem, family.key() + pem_of(family.server)).identities->fingerprint());
  CHECK_EQ(identities->warning(), "");
}

TEST("PEM: encrypted keys of both kinds, and a wrong password is told apart") {
  fixture::need_openssl();
  const Family family;
  const std::string traditional = fixture::written([&](BIO* bio) {
    std::string password = "secret";
    return fixture::PEM_write_bio_PrivateKey_traditional(bio, family.server.key.get(), fixture::EVP_aes_256_cbc(),
                                                         as_bytes(password), static_cast<int>(password.size()), nullptr,
                                                         nullptr);
  });
  REQUIRE(traditional.find("Proc-Type") != std::string::npos);
  for (const std::string& key : {family.key("secret"), traditional}) {
    const std::string store = family.certificates() + key;
    CHECK_EQ(find(type_pem, store, "*", "secret").text(), family_text);
    for (const char* password : {"", "Secret", "secret "}) {
      const Found found = find(type_pem, store, "*", password);
      CHECK_EQ(found.problem.code, IPDAEMON_ERROR_TLS_STORE);
      CHECK(found.says("wrong password"));
    }
    CHECK(find(type_pem, store, "*", std::string(5000, 'x')).says("wrong password"));
  }
}

TEST("PEM: what is missing is said") {
  fixture::need_openssl();
  const Family family;
  const Found no_key = find(type_pem, family.certificates());
  CHECK_EQ(no_key.problem.code, IPDAEMON_ERROR_TLS_CERTIFICATE);
  CHECK(no_key.says("without a private key"));
  const Found other_key = find(type_pem, pem_of(family.server) + fixture::key_pem(family.root.key.get()));
  CHECK_EQ(other_key.problem.code, IPDAEMON_ERROR_TLS_CERTIFICATE);
  CHECK(other_key.says("does not belong"));
  const Found no_certificate = find(type_pem, family.key());
  CHECK_EQ(no_certificate.problem.code, IPDAEMON_ERROR_TLS_CERTIFICATE);
  CHECK(no_certificate.says("no certificate"));
  const std::string openssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
  CHECK(find(type_pem, pem_of(family.server) + openssh).says("ssh-keygen"));
}

TEST("an authority with the same name and another key does not get into the chain") {
  fixture::need_openssl();
  const Family family;
  const Made renewed = fixture::make_certificate("authority", "P-256", &family.root);
  CHECK_EQ(find(type_pem, family.key() + pem_of(family.server) + pem_of(renewed)).text(),
           "CN=www.example, O=\"Firm, Ltd.\"");
  CHECK_EQ(find(type_pem, family.key() + pem_of(family.server) + pem_of(renewed) + pem_of(family.authority)).text(),
           family_text);
}

TEST("a subject means all, exactly one, or those that contain it, with one certificate per kind of key") {
  fixture::need_openssl();
  const Made first = fixture::make_certificate({{"O", "Firm"}, {"CN", "one.example"}}, fixture::make_key("P-256"));
  const Made second = fixture::make_certificate({{"O", "Firm"}, {"CN", "two.example"}}, fixture::make_key("P-384"));
  const Made third = fixture::make_certificate({{"O", "Firm"}, {"CN", "one.example"}}, fixture::make_key("ED25519"));
  const Made keyless = fixture::make_certificate("keyless.example");
  std::string store = pem_of(keyless);
  for (const Made* made : {&first, &second, &third}) store += pem_of(*made) + fixture::key_pem(made->key.get());
  CHECK_EQ(find(type_pem, store, "*").text(), "CN=one.example, O=Firm; CN=one.example, O=Firm");
  CHECK_EQ(find(type_pem, store, " * ").text(), "CN=one.example, O=Firm; CN=one.example, O=Firm");
  CHECK_EQ(find(type_pem, store, "o=firm,cn=TWO.example").text(), "CN=two.example, O=Firm");
  CHECK_EQ(find(type_pem, store, "two").text(), "CN=two.example, O=Firm");
  CHECK_EQ(find(type_pem, store, "EXAMPLE").text(), "CN=one.example, O=Firm; CN=one.example, O=Firm");
  CHECK_EQ(find(type_pem, store, "CN=one.example, O=Firm").identities->all().size(), std::size_t{2});
  const Found none = find(type_pem, store, "CN=three.example");
  CHECK_EQ(none.problem.code, IPDAEMON_ERROR_TLS_NO_MATCH);
  CHECK(none.says("'CN=three.example'") && none.says("'CN=two.example, O=Firm'") && !none.says("keyless"));
  CHECK_EQ(find(type_pem, store, "").problem.code, IPDAEMON_ERROR_TLS_NO_MATCH);
  const Found named = find(type_pem, store, "CN=keyless.example");
  CHECK_EQ(named.problem.code, IPDAEMON_ERROR_TLS_CERTIFICATE);
  CHECK(named.says("keyless.example"));
}

TEST("every kind of key that TLS can use is taken") {
  fixture::need_openssl();
  for (const char* kind : {"RSA", "P-256", "P-384", "P-521", "ED25519", "ED448"}) {
    const Made made = fixture::make_certificate(kind, kind);
    CHECK_EQ(find(type_pem, fixture::key_pem(made.key.get()) + pem_of(made)).text(), "CN=" + std::string(kind));
    CHECK_EQ(find(type_pfx, pfx_of({{&made, true}}, "x"), "*", "x").text(), "CN=" + std::string(kind));
  }
}

TEST("PFX: with chain, passwords, no password, several identities") {
  fixture::need_openssl();
  const Family family;
  const std::vector<Pkcs12Part> parts = {
      {&family.server, true, "1"}, {&family.authority, false}, {&family.root, false}};
  const std::string store = pfx_of(parts, "p\xc3\xa4ss");
  CHECK_EQ(find(type_pfx, store, "*", "p\xc3\xa4ss").text(), family_text);
  CHECK_EQ(find(type_pfx, base64_of(store), "*", "p\xc3\xa4ss").text(), family_text);
  CHECK_EQ(find(type_jks, store, "*", "p\xc3\xa4ss").text(), family_text);
  for (const char* password : {"", "pass"}) {
    const Found found = find(type_pfx, store, "*", password);
    CHECK_EQ(found.problem.code, IPDAEMON_ERROR_TLS_STORE);
    CHECK(found.says("wrong password"));
  }
  CHECK_EQ(find(type_pfx, pfx_of(parts, "")).text(), family_text);
  CHECK_EQ(find(type_pfx, pfx_of(parts, nullptr)).text(), family_text);
  CHECK_EQ(find(type_pfx, pfx_of(parts, "", NID_pbe_WithSHA1And3_Key_TripleDES_CBC)).text(), family_text);
  CHECK_EQ(find(type_pfx, pfx_of(parts, nullptr, NID_pbe_WithSHA1And3_Key_TripleDES_CBC)).text(), family_text);
  const std::string unchecked = pfx_of(parts, "x", NID_aes_256_cbc, nullptr, false);
  CHECK_EQ(find(type_pfx, unchecked, "*", "x").text(), family_text);
  CHECK(find(type_pfx, unchecked, "*", "y").says("wrong password"));
  const Made other = fixture::make_certificate("other.example", "ED25519");
  const std::string two = pfx_of({{&family.server, true, "1"}, {&other, true, "2"}, {&family.authority, false}}, "x");
  CHECK_EQ(find(type_pfx, two, "*", "x").text(), std::string(family_text) + "; CN=other.example");
  CHECK_EQ(find(type_pfx, two, "CN=other.example", "x").text(), "CN=other.example");
  CHECK_EQ(find(type_pfx, pfx_of({{&family.server, false}}, "x"), "*", "x").problem.code,
           IPDAEMON_ERROR_TLS_CERTIFICATE);
  const Found other_password = find(type_pfx, pfx_of(parts, "x", NID_aes_256_cbc, nullptr, true, "z"), "*", "x");
  CHECK_EQ(other_password.problem.code, IPDAEMON_ERROR_TLS_CERTIFICATE);
  CHECK(other_password.says("a different password"));
}

TEST("PFX: of two certificates with one key, the one that the store pairs with it is taken") {
  fixture::need_openssl();
  KeyPtr key = fixture::make_key("P-256");
  EVP_PKEY_up_ref(key.get());
  const Made old_one = fixture::make_certificate({{"CN", "old.example"}}, KeyPtr(key.get()));
  const Made new_one = fixture::make_certificate({{"CN", "new.example"}}, std::move(key));
  CHECK_EQ(find(type_pfx, pfx_of({{&old_one, false}, {&new_one, true, "1"}}, "x"), "*", "x").text(), "CN=new.example");
  CHECK_EQ(find(type_pfx, pfx_of({{&old_one, false}, {&new_one, true, "1"}}, "x"), "old", "x").text(),
           "CN=old.example");
}

TEST("PFX: old encryption is read with OpenSSL's legacy provider") {
  fixture::need_openssl();
  if (legacy_context() == nullptr) SKIP("OpenSSL's legacy provider is not installed");
  const Family family;
  const std::vector<Pkcs12Part> parts = {{&family.server, true, "1"}, {&family.authority, false}};
  for (const bool with_check : {true, false}) {
    const std::string store = pfx_of(parts, "x", NID_pbe_WithSHA1And40BitRC2_CBC, legacy_context(), with_check);
    CHECK_EQ(find(type_pfx, store, "*", "x").text(), family_text);
    CHECK(find(type_pfx, store, "*", "y").says("wrong password"));
  }
}

TEST("JKS: keys with chains, trusted certificates, both versions, passwords") {
  fixture::need_openssl();
  const Family family;
  for (const int version : {1, 2}) {
    const std::string store = jks_of(family, "changeit", "changeit", version);
    CHECK_EQ(find(type_jks, store, "*", "changeit").text(), family_text);
    CHECK_EQ(find(type_jks, base64_of(store), "*", "changeit").text(), family_text);
    CHECK_EQ(find(type_auto, store, "*", "changeit").text(), family_text);
    for (const char* password : {"", "changeIt"}) {
      const Found found = find(type_jks, store, "*", password);
      CHECK_EQ(found.problem.code, IPDAEMON_ERROR_TLS_STORE);
      CHECK(found.says("wrong password"));
    }
  }
  // Beyond ASCII, also beyond 16 bits, and what is no UTF-8.
  for (const char* password : {"p\xc3\xa4ss\xe2\x82\xac", "\xf0\x9f\x94\x91", "p\xe4ss"}) {
    CHECK_EQ(find(type_jks, jks_of(family, password, password), "*", password).text(), family_text);
  }
  const Found own_password = find(type_jks, jks_of(family, "changeit", "another"), "*", "changeit");
  CHECK_EQ(own_password.problem.code, IPDAEMON_ERROR_TLS_CERTIFICATE);
  CHECK(own_password.says("a different password"));
  std::string damaged = jks_of(family, "changeit", "changeit");
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  CHECK(find(type_jks, damaged, "*", "changeit").says("damaged"));
  const Found jceks = find(type_jks, "\xce\xce\xce\xce" + std::string(50, '\0'));
  CHECK_EQ(jceks.problem.code, IPDAEMON_ERROR_TLS_STORE);
  CHECK(jceks.says("keytool"));
}

TEST("JWK: every kind of key, alone or in a set") {
  fixture::need_openssl();
  const Made rsa = fixture::make_certificate("rsa", "RSA");
  const Made p256 = fixture::make_certificate("p256", "P-256");
  const Made p384 = fixture::make_certificate("p384", "P-384");
  const Made p521 = fixture::make_certificate("p521", "P-521");
  const Made ed25519 = fixture::make_certificate("ed25519", "ED25519");
  const Made ed448 = fixture::make_certificate("ed448", "ED448");
  const std::pair<const Made*, std::string> all[] = {
      {&rsa, jwk_rsa(rsa.key.get())},
      {&rsa, jwk_rsa(rsa.key.get(), false)},
      {&p256, jwk_ec(p256.key.get(), "P-256", 32)},
      {&p384, jwk_ec(p384.key.get(), "P-384", 48)},
      {&p521, jwk_ec(p521.key.get(), "P-521", 66)},
      {&ed25519, jwk_edwards(ed25519.key.get(), "Ed25519")},
      {&ed448, jwk_edwards(ed448.key.get(), "Ed448")},
  };
  for (const auto& [made, jwk] : all) {
    const std::string subject = name_text(X509_get_subject_name(made->certificate.get()));
    CHECK_EQ(find(type_jwk, "{" + jwk + jwk_chain({made}) + "}").text(), subject);
    CHECK_EQ(find(type_jwk, "{" + jwk + "}").problem.code, IPDAEMON_ERROR_TLS_CERTIFICATE);
    CHECK_EQ(find(type_jwk, "{" + jwk + "}", "", "", pem_of(*made)).text(), subject);
  }
  const std::string set = "{\"keys\": [ {\"kty\":\"oct\",\"k\":\"AAAA\",\"d\":1}, {" + all[0].second +
                          jwk_chain({&rsa}) + "},{" + all[2].second + jwk_chain({&p256}) +
                          ",\"more\":[1.5e3,true,null,{}]}]}";
  CHECK_EQ(find(type_jwk, set).text(), "CN=rsa; CN=p256");
  CHECK_EQ(find(type_auto, set, "CN=p256").text(), "CN=p256");
  const Family family;
  CHECK_EQ(find(type_jwk, "{" + jwk_ec(family.server.key.get(), "P-256", 32) +
                              jwk_chain({&family.server, &family.authority, &family.root}) + "}")
               .text(),
           family_text);
}

TEST("JWK: what is not exactly a key is refused") {
  fixture::need_openssl();
  const Made made = fixture::make_certificate("p256");
  const Made other = fixture::make_certificate("other");
  const std::string good = jwk_ec(made.key.get(), "P-256", 32) + jwk_chain({&made});
  const std::string wrong_half =
      "\"kty\":\"EC\",\"crv\":\"P-256\"" + jwk_member("x", number_of(made.key.get(), "qx", 32)) +
      jwk_member("y", number_of(made.key.get(), "qy", 32)) + jwk_member("d", number_of(other.key.get(), "priv", 32));
  const std::string members_of_no_kind = "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":1,\"y\":[],\"d\":{}";
  const std::string bad[] = {"{" + wrong_half + jwk_chain({&made}) + "}",
                             "{" + members_of_no_kind + "}",
                             "{" + good + ",}",
                             "{" + good + "} x",
                             "{" + good + ",\"kty\":\"EC\"}",
                             "{" + good + ",\"a\":01}",
                             "{" + good + ",\"a\":\"\t\"}",
                             "{" + good + ",\"a\":\"\\x\"}",
                             "{" + good + ",\"a\":tru}",
                             "{" + good + ",a:1}",
                             std::string("{}"),
                             std::string("{\"keys\":1}"),
                             std::string("{\"keys\":[1]}"),
                             "{\"a\":" + std::string(100000, '[') + "}",
                             "{" + good + ",\"x5c\":[\"AAAA\"]}",
                             "{\"kty\":\"EC\",\"x5c\":[\"AAAA\"]}",
                             "{\"kty\":\"EC\",\"x5c\":\"AAAA\"}"};
  for (const std::string& text : bad) {
    CHECK_EQ(find(type_jwk, text).problem.code, IPDAEMON_ERROR_TLS_STORE);
  }
  CHECK_EQ(find(type_jwk, "{" + good + ",\"a\":\"\\u00e4\\/\\n\",\"b\":-0.5E-3}").text(), "CN=p256");
}

TEST("XML: an RSA key, with a certificate from SSLCertEncoded or beside it") {
  fixture::need_openssl();
  const Made rsa = fixture::make_certificate("rsa", "RSA");
  const std::string xml = xml_of(rsa.key.get());
  CHECK_EQ(find(type_xml, xml).problem.code, IPDAEMON_ERROR_TLS_CERTIFICATE);
  CHECK_EQ(find(type_xml, xml, "", "", pem_of(rsa)).text(), "CN=rsa");
  const std::string both = "<a:b xmlns:a=\"u\"><c/>" + xml.substr(xml.find("<RSAKey")) +
                           "<X509Data><ds:X509Certificate>" + base64_of(fixture::der_of(rsa.certificate.get())) +
                           "</ds:X509Certificate></X509Data></a:b>";
  CHECK_EQ(find(type_xml, both).text(), "CN=rsa");
  for (const std::string& text :
       {"<!DOCTYPE a>" + xml, xml + xml, xml + "x", std::string("<a>"), std::string("<a></b>"), std::string("<a/>"),
        std::string("<>"), std::string("</>"), std::string("<"), std::string("<a b='>"), std::string("<a><b></a></b>"),
        std::string("<a><![CDATA[x]]></a>"), std::string("<RSAKeyValue><D>!</D></RSAKeyValue>"),
        std::string("<RSAKeyValue><D>AAAA</D></RSAKeyValue>")}) {
    CHECK_EQ(find(type_xml, text).problem.code, IPDAEMON_ERROR_TLS_STORE);
  }
}

TEST("PPK: every kind of key, both versions, encrypted in version 2") {
  fixture::need_openssl();
  const Made rsa = fixture::make_certificate("rsa", "RSA");
  const Made p256 = fixture::make_certificate("p256", "P-256");
  const Made p384 = fixture::make_certificate("p384", "P-384");
  const Made p521 = fixture::make_certificate("p521", "P-521");
  const Made ed25519 = fixture::make_certificate("ed25519", "ED25519");
  const Made ed448 = fixture::make_certificate("ed448", "ED448");
  const std::pair<const Made*, PpkKey> all[] = {
      {&rsa, ppk_rsa(rsa.key.get())},
      {&p256, ppk_ec(p256.key.get(), "nistp256", 32)},
      {&p384, ppk_ec(p384.key.get(), "nistp384", 48)},
      {&p521, ppk_ec(p521.key.get(), "nistp521", 66)},
      {&ed25519, ppk_edwards(ed25519.key.get(), "ssh-ed25519")},
      {&ed448, ppk_edwards(ed448.key.get(), "ssh-ed448")},
  };
  for (const auto& [made, key] : all) {
    const std::string subject = name_text(X509_get_subject_name(made->certificate.get()));
    const std::string certificate = pem_of(*made);
    CHECK_EQ(find(type_ppk, ppk_of(key, 2), "", "", certificate).text(), subject);
    CHECK_EQ(find(type_ppk, ppk_of(key, 3), "", "", certificate).text(), subject);
    CHECK_EQ(find(type_ppk, ppk_of(key, 2, "secret"), "", "secret", certificate).text(), subject);
    for (const char* password : {"", "Secret"}) {
      const Found found = find(type_ppk, ppk_of(key, 2, "secret"), "", password, certificate);
      CHECK_EQ(found.problem.code, IPDAEMON_ERROR_TLS_STORE);
      CHECK(found.says("wrong password"));
    }
  }
  CHECK_EQ(find(type_ppk, ppk_of(all[1].second, 2)).problem.code, IPDAEMON_ERROR_TLS_CERTIFICATE);
  std::string encrypted = ppk_of(all[1].second, 2, "secret");
  encrypted.replace(encrypted.find("File-2"), 6, "File-3");
  const Found argon = find(type_ppk, encrypted, "*", "secret");
  CHECK_EQ(argon.problem.code, IPDAEMON_ERROR_TLS_STORE);
  CHECK(argon.says("Argon2"));
}

TEST("stores of certificates only: refused, unless a key is in the same content") {
  fixture::need_openssl();
  const Family family;
  const Pkcs7Ptr pkcs7(fixture::PKCS7_new());
  REQUIRE(fixture::PKCS7_set_type(pkcs7.get(), NID_pkcs7_signed) == 1);
  REQUIRE(fixture::PKCS7_content_new(pkcs7.get(), NID_pkcs7_data) == 1);
  fixture::PKCS7_add_certificate(pkcs7.get(), family.server.certificate.get());
  fixture::PKCS7_add_certificate(pkcs7.get(), family.authority.certificate.get());
  const std::string pem = fixture::written([&](BIO* bio) { return fixture::PEM_write_bio_PKCS7(bio, pkcs7.get()); });
  const std::string der = fixture::written([&](BIO* bio) { return fixture::i2d_PKCS7_bio(bio, pkcs7.get()); });
  for (const int type : {type_p7b, type_auto}) {
    for (const std::string& store : {pem, der, base64_of(der)}) {
      const Found found = find(type, store);
      CHECK_EQ(found.problem.code, IPDAEMON_ERROR_TLS_CERTIFICATE);
      CHECK(found.says("without a private key"));
    }
    CHECK_EQ(find(type, pem + family.key()).text(), family_text);
  }
  CHECK_EQ(find(type_pem, family.key() + pem).text(), family_text);
  const std::string certificate = fixture::der_of(family.server.certificate.get());
  for (const std::string& store : {certificate, base64_of(certificate), pem_of(family.server)}) {
    CHECK_EQ(find(type_certificate, store).problem.code, IPDAEMON_ERROR_TLS_CERTIFICATE);
  }
  CHECK_EQ(find(type_certificate, family.key() + family.certificates()).text(), family_text);
}

TEST("store types that cannot be served say why") {
  fixture::need_openssl();
  const std::pair<int, int> refused[] = {{0, IPDAEMON_ERROR_TLS_NO_MATCH},     {1, IPDAEMON_ERROR_TLS_NO_MATCH},
                                         {10, IPDAEMON_ERROR_TLS_CERTIFICATE}, {13, IPDAEMON_ERROR_TLS_CERTIFICATE},
                                         {20, IPDAEMON_ERROR_NOT_AVAILABLE},   {21, IPDAEMON_ERROR_INVALID_VALUE},
                                         {-1, IPDAEMON_ERROR_INVALID_VALUE},   {100, IPDAEMON_ERROR_INVALID_VALUE}};
  for (const auto& [type, code] : refused) CHECK_EQ(find(type, "x").problem.code, code);
  CHECK_EQ(find(type_auto, "ssh-ed25519 AAAA x").problem.code, IPDAEMON_ERROR_TLS_CERTIFICATE);
}

TEST("a store type fixes the format, and a store of another format names the type for it") {
  fixture::need_openssl();
  const Family family;
  const std::string pem = family.key() + family.certificates();
  const std::string pfx = pfx_of({{&family.server, true}}, "x");
  CHECK(find(type_pfx, pem).says("SSLCertStoreType must be 7"));
  CHECK(find(type_pem, pfx).says("SSLCertStoreType must be 3"));
  CHECK(find(type_jwk, base64_of(pfx)).says("SSLCertStoreType must be 3"));
  const ScratchFile file(pem);
  CHECK(find(2, file.path()).says("SSLCertStoreType must be 6"));
  CHECK_EQ(find(2, file.path()).problem.code, IPDAEMON_ERROR_TLS_STORE);
  for (const std::string& text : {std::string("words"), std::string(1, '\0'), std::string(1000, 'A')}) {
    for (const int type :
         {type_pfx, type_jks, type_pem, type_certificate, type_p7b, type_ppk, type_xml, type_jwk, type_auto}) {
      CHECK_EQ(find(type, text).problem.code, IPDAEMON_ERROR_TLS_STORE);
    }
  }
}

TEST("files: read, missing, no file at all") {
  fixture::need_openssl();
  const Family family;
  const std::string pem = family.key() + family.certificates();
  const ScratchFile file(pem);
  CHECK_EQ(find(6, file.path()).text(), family_text);
  CHECK_EQ(find(type_auto, file.path()).text(), family_text);
  const Found missing = find(6, file.path() + ".not");
  CHECK_EQ(missing.problem.code, IPDAEMON_ERROR_TLS_STORE);
  CHECK(missing.says("'" + file.path() + ".not'"));
  CHECK_EQ(find(6, "/").problem.code, IPDAEMON_ERROR_TLS_STORE);
  CHECK_EQ(find(6, "").problem.code, IPDAEMON_ERROR_TLS_STORE);
  CHECK_EQ(find(6, std::string(100000, 'x')).problem.code, IPDAEMON_ERROR_TLS_STORE);
  CHECK_EQ(find(6, file.path() + std::string(1, '\0')).problem.code, IPDAEMON_ERROR_TLS_STORE);
  const ScratchFile large(std::string(17 * 1024 * 1024, 'x'));
  CHECK(find(6, large.path()).says("too large"));
  const ScratchFile empty("");
  CHECK_EQ(find(6, empty.path()).problem.code, IPDAEMON_ERROR_TLS_STORE);
}

TEST("no message has a key or a password in it") {
  fixture::need_openssl();
  const Family family;
  const std::string der = key_der(family.server.key.get());
  const std::string base64 = base64_of(der);
  const std::string part = base64.substr(20, 20);
  for (const int type : {2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 15, 16, 17, 18, 19, 99}) {
    for (const std::string& store : {family.key(), base64, base64 + "A", base64.substr(0, base64.size() - 8), der}) {
      const Found found = find(type, store, "*", "hunter2");
      CHECK(found.problem.detail.find(part) == std::string::npos);
      CHECK(found.problem.detail.find("hunter2") == std::string::npos);
      CHECK(find(type, "", "*", "hunter2", store).problem.detail.find(part) == std::string::npos);
    }
  }
}

TEST("SSLCertEncoded: the certificate itself, with a key of its own or of the store") {
  fixture::need_openssl();
  const Family family;
  const std::string der = fixture::der_of(family.server.certificate.get());
  const std::string alone = "CN=www.example, O=\"Firm, Ltd.\"";
  for (const std::string& encoded : {der, base64_of(der), pem_of(family.server), base64_of(pem_of(family.server))}) {
    CHECK_EQ(find(type_pem, family.key(), "says nothing", "", encoded).text(), alone);
    CHECK_EQ(find(type_pem, family.key() + family.certificates(), "", "", encoded).text(), family_text);
    CHECK_EQ(find(0, "", "*", "", encoded).problem.code, IPDAEMON_ERROR_TLS_NO_MATCH);
    CHECK_EQ(find(0, "x", "*", "", encoded).problem.code, IPDAEMON_ERROR_TLS_NO_MATCH);
    CHECK_EQ(find(type_pem, fixture::key_pem(family.root.key.get()), "*", "", encoded).problem.code,
             IPDAEMON_ERROR_TLS_NO_MATCH);
    CHECK_EQ(find(type_pem, "words", "*", "", encoded).problem.code, IPDAEMON_ERROR_TLS_STORE);
  }
  // With the key, no store is needed; and a store of keys in DER can be found by itself.
  CHECK_EQ(find(0, "", "", "", family.certificates() + family.key()).text(), family_text);
  CHECK_EQ(find(0, "", "", "x", family.key("x") + pem_of(family.server)).text(), alone);
  CHECK_EQ(find(type_auto, key_der(family.server.key.get()), "", "", der).text(), alone);
  for (const std::string& encoded : {std::string("words"), der.substr(1), base64_of(family.key()), family.key(),
                                     pem_of(family.server).substr(0, 200), pfx_of({{&family.server, true}}, "")}) {
    CHECK_EQ(find(type_pem, family.key(), "", "", encoded).problem.code, IPDAEMON_ERROR_TLS_STORE);
  }
  const ScratchFile file(pem_of(family.server));
  const Found path = find(type_pem, family.key(), "", "", file.path());
  CHECK_EQ(path.problem.code, IPDAEMON_ERROR_TLS_STORE);
  CHECK(path.says("SSLCertStore"));
}

TEST("certificates outside of their time are served, with a warning") {
  fixture::need_openssl();
  const Made expired = fixture::make_certificate({{"CN", "past.example"}}, fixture::make_key("P-256"), nullptr, -3);
  const auto identities = find(type_pem, fixture::key_pem(expired.key.get()) + pem_of(expired)).identities;
  REQUIRE(identities != nullptr);
  CHECK(identities->warning().find("'CN=past.example' expired on 20") != std::string::npos);
  Made early = fixture::make_certificate("future.example");
  fixture::X509_gmtime_adj(X509_getm_notBefore(early.certificate.get()), 24 * 60 * 60);
  REQUIRE(X509_sign(early.certificate.get(), early.key.get(), EVP_sha256()) > 0);
  const auto later = find(type_pem, fixture::key_pem(early.key.get()) + pem_of(early)).identities;
  REQUIRE(later != nullptr);
  CHECK(later->warning().find("'CN=future.example' is not valid before 20") != std::string::npos);
}

struct Sample {
  int type;
  std::string content;
  const char* password;
  std::string encoded;
};

// Small stores of every format that end with something that is needed.
std::vector<Sample> samples() {
  const Made small = fixture::make_certificate("small", "ED25519");
  const Made rsa = fixture::make_certificate("rsa", "RSA");
  std::string pem = pem_of(small) + fixture::key_pem(small.key.get());
  pem.pop_back();
  const std::string jks = jks_of(
      {jks_entry(1, "a") + counted(jks_key(small.key.get(), "x")) + number_text(1, 4) + jks_certificate(small, 2)},
      "x");
  return {
      {type_pem, pem, "", ""},
      {type_pfx, pfx_of({{&small, true}}, "x"), "x", ""},
      {type_jks, jks, "x", ""},
      {type_jwk, "{" + jwk_edwards(small.key.get(), "Ed25519") + jwk_chain({&small}) + "}", "", ""},
      {type_ppk, ppk_of(ppk_edwards(small.key.get(), "ssh-ed25519"), 2), "", pem_of(small)},
      {type_ppk, ppk_of(ppk_edwards(small.key.get(), "ssh-ed25519"), 2, "x"), "x", pem_of(small)},
      {type_ppk, ppk_of(ppk_edwards(small.key.get(), "ssh-ed25519"), 3), "", pem_of(small)},
      {type_xml, xml_of(rsa.key.get()), "", pem_of(rsa)},
  };
}

TEST("damaged stores: every truncation is a problem, for its own type and for detection") {
  fixture::need_openssl();
  for (const Sample& sample : samples()) {
    const BytesView content = sample.content;
    REQUIRE(find(sample.type, content, "*", sample.password, sample.encoded).identities != nullptr);
    const auto check = [&](int type, std::size_t length) {
      const Found found = find(type, content.substr(0, length), "*", sample.password, sample.encoded);
      if (found.identities == nullptr) return;
      FAIL("type " + std::to_string(type) + " was read from " + std::to_string(length) + " of " +
           std::to_string(content.size()) + " bytes");
    };
    for (std::size_t length = 0; length < content.size(); ++length) check(sample.type, length);
    for (std::size_t length = 0; length < content.size(); length += 1 + length / 64) check(type_auto, length);
  }
}

TEST("damaged stores: changed bytes never crash, and never give a key that does not fit") {
  fixture::need_openssl();
  std::mt19937 random(20240607);
  for (const Sample& sample : samples()) {
    for (int round = 0; round < 200; ++round) {
      std::string content = sample.content;
      const unsigned changes = 1 + random() % 3;
      for (unsigned i = 0; i < changes; ++i) content[random() % content.size()] = static_cast<char>(random());
      const Found found = find(round % 2 == 0 ? sample.type : type_auto, content, "*", sample.password, sample.encoded);
      if (found.identities == nullptr) continue;
      for (const Identity& one : found.identities->all()) {
        CHECK_EQ(EVP_PKEY_eq(X509_get0_pubkey(one.certificate.get()), one.key.get()), 1);
      }
    }
  }
}

TEST("damaged stores: random bytes, also behind a good beginning") {
  fixture::need_openssl();
  std::mt19937 random(7);
  const std::string beginnings[] = {
      "",
      "0\x82\x01\x00",
      std::string("\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1\0\0\0\1", 16),
      std::string("\xfe\xed\xfe\xed\0\0\0\2\xff\xff\xff\xff\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\5X.509\xff\xff\xff\xff", 34),
      "-----BEGIN CERTIFICATE-----\n",
      "{\"kty\":\"RSA\",\"d\":\"",
      "<RSAKeyValue><D>",
      "PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nComment: \nPublic-Lines: 4294967295\n"};
  for (const std::string& beginning : beginnings) {
    for (int round = 0; round < 30; ++round) {
      std::string content = beginning;
      for (unsigned length = random() % 300; length > 0; --length) content += static_cast<char>(random());
      for (const int type :
           {type_pfx, type_jks, type_pem, type_certificate, type_p7b, type_ppk, type_xml, type_jwk, type_auto}) {
        CHECK(find(type, content, "*", "x").identities == nullptr);
      }
      CHECK(find(type_pem, "", "*", "", content.empty() ? "x" : content).identities == nullptr);
    }
  }
}

}  // namespace

}  // namespace ipdaemon::tls
