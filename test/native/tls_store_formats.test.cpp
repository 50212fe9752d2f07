// Certificate stores of the other formats: PFX, JKS, JWK, XML, PPK.
#include "tls_store_made.hpp"

namespace ipdaemon::tls::store_test {

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

}  // namespace ipdaemon::tls::store_test
