// Certificate stores of all formats that were damaged.
#include <cstdlib>
#include <random>

#include "tls_store_made.hpp"

namespace ipdaemon::tls::store_test {

namespace {

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

}  // namespace

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

}  // namespace ipdaemon::tls::store_test
