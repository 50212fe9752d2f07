// The certificate that the library makes by itself, as a store, to OpenSSL's verification, and by its names.
#include <algorithm>
#include <string>

#include "check.hpp"
#include "ipdaemon.h"
#include "tls/stores/identity_openssl.hpp"
#include "tls/stores/names.hpp"
#include "tls_fixtures.hpp"

namespace ipdaemon::tls::fixture {

#ifndef IPDAEMON_OPENSSL_LINKED
#define IPD_TEST_FUNCTION(name) inline const auto name = reinterpret_cast<decltype(&::name)>(find_function(#name));
#else
#define IPD_TEST_FUNCTION(name) using ::name;
#endif
IPD_TEST_FUNCTION(ASN1_INTEGER_get_uint64)
IPD_TEST_FUNCTION(ASN1_TIME_diff)
IPD_TEST_FUNCTION(X509_STORE_free)
IPD_TEST_FUNCTION(X509_STORE_new)
IPD_TEST_FUNCTION(X509_check_host)
IPD_TEST_FUNCTION(X509_check_ip_asc)
IPD_TEST_FUNCTION(X509_get_extension_flags)
#undef IPD_TEST_FUNCTION

}  // namespace ipdaemon::tls::fixture

namespace ipdaemon::tls {

namespace {

struct StoreFree {
  void operator()(X509_STORE* store) const { fixture::X509_STORE_free(store); }
};

constexpr int type_pem_content = 7;

std::string made(BytesView names, int days = 30) {
  fixture::need_openssl();
  ipdaemon_value pem{};
  REQUIRE_EQ(ipdaemon_self_signed(as_bytes(names), names.size(), days, &pem), 0);
  REQUIRE_EQ(pem.type, IPDAEMON_TYPE_TEXT);
  return std::string(as_view(pem.bytes, pem.length));
}

int refusal(BytesView names, int days = 30) {
  fixture::need_openssl();
  ipdaemon_value pem{IPDAEMON_TYPE_INTEGER, 0, 1, nullptr, 1};
  const int code = ipdaemon_self_signed(as_bytes(names), names.size(), days, &pem);
  CHECK_EQ(pem.type, IPDAEMON_TYPE_NONE);
  CHECK_EQ(pem.length, 0);
  return code;
}

std::shared_ptr<const Identities> opened(const std::string& pem) {
  Problem problem;
  auto identities = Identities::find({type_pem_content, pem, "", "*", ""}, &problem);
  if (!identities) FAIL(problem.detail);
  REQUIRE(identities != nullptr);
  REQUIRE_EQ(identities->all().size(), 1);
  return identities;
}

X509* certificate_of(const Identities& identities) {
  return identities.all().front().certificate.get();
}

bool is_for(const Identities& identities, const char* name, bool is_address = false) {
  X509* certificate = certificate_of(identities);
  return (is_address ? fixture::X509_check_ip_asc(certificate, name, 0)
                     : fixture::X509_check_host(certificate, name, 0, 0, nullptr)) == 1;
}

}  // namespace

TEST("a self-signed certificate is a PEM store with a key that fits") {
  const auto identities = opened(made("localhost"));
  CHECK_EQ(identities->subject(), "CN=localhost");
  CHECK_EQ(identities->warning(), "");
  const Identity& identity = identities->all().front();
  CHECK(identity.chain.empty());
  CHECK_EQ(EVP_PKEY_eq(X509_get0_pubkey(identity.certificate.get()), identity.key.get()), 1);
  CHECK_EQ(EVP_PKEY_is_a(identity.key.get(), "EC"), 1);
  CHECK_EQ(EVP_PKEY_get_bits(identity.key.get()), 256);
}

TEST("a self-signed certificate verifies against itself, and is no authority") {
  const auto identities = opened(made("localhost"));
  X509* certificate = certificate_of(*identities);
  CHECK_EQ(X509_self_signed(certificate, 1), 1);
  const std::unique_ptr<X509_STORE, StoreFree> store(fixture::X509_STORE_new());
  const StoreContextPtr context(X509_STORE_CTX_new_ex(library_context(), nullptr));
  REQUIRE(X509_STORE_add_cert(store.get(), certificate) == 1);
  REQUIRE(X509_STORE_CTX_init(context.get(), store.get(), certificate, nullptr) == 1);
  CHECK_EQ(X509_verify_cert(context.get()), 1);
  CHECK_EQ(fixture::X509_get_extension_flags(certificate) & EXFLAG_CA, 0u);
}

TEST("a self-signed certificate is for all of its names and no other") {
  const auto identities = opened(made("one.example, 127.0.0.1,::1 ,*.two.example,2001:DB8::5,under_score"));
  CHECK_EQ(identities->subject(), "CN=one.example");
  for (const char* name : {"one.example", "ONE.example", "any.two.example", "under_score"}) {
    if (!is_for(*identities, name)) FAIL(name);
  }
  for (const char* address : {"127.0.0.1", "::1", "2001:db8::5"}) {
    if (!is_for(*identities, address, true)) FAIL(address);
  }
  CHECK(!is_for(*identities, "two.example"));
  CHECK(!is_for(*identities, "127.0.0.2", true));
}

TEST("a self-signed certificate is valid for the days that were asked for, from a little earlier on") {
  for (const int days : {1, 30, 36500}) {
    const auto identities = opened(made("localhost", days));
    const X509* certificate = certificate_of(*identities);
    CHECK_EQ(X509_cmp_current_time(X509_get0_notBefore(certificate)), -1);
    CHECK_EQ(X509_cmp_current_time(X509_get0_notAfter(certificate)), 1);
    int span_days = 0;
    int span_seconds = 0;
    REQUIRE(fixture::ASN1_TIME_diff(&span_days, &span_seconds, X509_get0_notBefore(certificate),
                                    X509_get0_notAfter(certificate)) == 1);
    CHECK_EQ(span_days, days);
    CHECK_EQ(span_seconds, 3600);
  }
}

TEST("no two self-signed certificates have the same key or the same number") {
  const auto first = opened(made("localhost"));
  const auto second = opened(made("localhost"));
  CHECK_EQ(EVP_PKEY_eq(first->all().front().key.get(), second->all().front().key.get()), 0);
  std::uint64_t numbers[2] = {};
  REQUIRE(fixture::ASN1_INTEGER_get_uint64(&numbers[0], X509_get_serialNumber(certificate_of(*first))) == 1);
  REQUIRE(fixture::ASN1_INTEGER_get_uint64(&numbers[1], X509_get_serialNumber(certificate_of(*second))) == 1);
  CHECK(numbers[0] != numbers[1]);
}

TEST("a self-signed certificate is refused for what is no name, no address and no time") {
  for (const char* names : {"", ",", "a,", "a,,b", "a b", "a;b", "DNS:a", "256.0.0.1", "1.2.3", "...", ":",
                            "::1::", "fe80::1%lo", "\xc3\xa4.example", "a\n", "email:copy", "@section"}) {
    if (refusal(names) != IPDAEMON_ERROR_INVALID_VALUE) FAIL(names);
  }
  CHECK_EQ(refusal(BytesView("a\0b", 3)), IPDAEMON_ERROR_INVALID_VALUE);
  CHECK_EQ(refusal("b," + std::string(254, 'a')), IPDAEMON_ERROR_INVALID_VALUE);
  CHECK_EQ(refusal(std::string(65, 'a')), IPDAEMON_ERROR_INVALID_VALUE);
  std::string many = "a";
  while (many.size() <= 4096) many += ",a";
  CHECK_EQ(refusal(many), IPDAEMON_ERROR_INVALID_VALUE);
  for (const int days : {0, -1, 36501}) CHECK_EQ(refusal("localhost", days), IPDAEMON_ERROR_INVALID_VALUE);
  opened(made(std::string(64, 'a') + "," + std::string(253, 'b')));
}

TEST("a self-signed certificate leaves no error in the queue of the thread") {
  made("localhost");
  refusal("256.0.0.1");
  CHECK_EQ(ERR_peek_error(), 0u);
}

}  // namespace ipdaemon::tls
