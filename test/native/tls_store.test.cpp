// Certificate stores: PEM, subjects, types, files, messages.
#include "tls_store_made.hpp"

namespace ipdaemon::tls::store_test {

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

}  // namespace ipdaemon::tls::store_test
