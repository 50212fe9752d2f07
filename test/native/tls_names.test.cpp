// Names of certificates as text, and which subject a wanted one means.
#include "tls/stores/names.hpp"

#include "check.hpp"
#include "tls_fixtures.hpp"

namespace ipdaemon::tls {

namespace {

std::string text_of(const fixture::Fields& fields) {
  return name_text(fixture::make_name(fields).get());
}

TEST("a name is written with the most specific field first, under the names of the properties") {
  fixture::need_openssl();
  CHECK_EQ(text_of({{"C", "DE"},
                    {"ST", "Hesse"},
                    {"L", "Town"},
                    {"O", "Firm"},
                    {"OU", "one"},
                    {"OU", "two"},
                    {"CN", "host.example"},
                    {"emailAddress", "a@b.example"}}),
           "E=a@b.example, CN=host.example, OU=two, OU=one, O=Firm, L=Town, S=Hesse, C=DE");
  CHECK_EQ(text_of({{"DC", "example"}, {"serialNumber", "7"}}), "serialNumber=7, DC=example");
  CHECK_EQ(text_of({{"1.3.6.1.4.1.99999.1", "x"}}), "1.3.6.1.4.1.99999.1=x");
  CHECK_EQ(text_of({}), "");
}

TEST("values that would be misread are quoted") {
  fixture::need_openssl();
  CHECK_EQ(text_of({{"O", "Firm, Ltd."}}), "O=\"Firm, Ltd.\"");
  CHECK_EQ(text_of({{"O", "the \"best\""}}), "O=\"the \"\"best\"\"\"");
  CHECK_EQ(text_of({{"O", "a+b"}, {"CN", "a=b;c<d>#e"}}), "CN=a=b;c<d>#e, O=\"a+b\"");
  CHECK_EQ(text_of({{"O", " a"}, {"CN", "b "}}), "CN=\"b \", O=\" a\"");
}

TEST("values come in UTF-8, whatever the certificate has, without control characters") {
  fixture::need_openssl();
  CHECK_EQ(text_of({{"CN",
                     "b\xc3\xbc"
                     "cher.example"}}),
           "CN=b\xc3\xbc"
           "cher.example");
  CHECK_EQ(name_text(fixture::make_name({{"O",
                                          "b\xfc"
                                          "cher"}},
                                        V_ASN1_T61STRING)
                         .get()),
           "O=b\xc3\xbc"
           "cher");
  CHECK_EQ(name_text(fixture::make_name({{"O", std::string_view("\0a\4\x16", 4)}}, V_ASN1_BMPSTRING).get()),
           "O=a\xd0\x96");
  CHECK_EQ(text_of({{"CN", std::string_view("a\0b\nc", 5)}}), "CN=a\\x00b\\x0ac");
}

TEST("a whole subject matches in any case, order and spelling of the fields") {
  fixture::need_openssl();
  constexpr std::string_view subject = "E=a@b.example, CN=host, OU=two, OU=one, O=\"Firm, \"\"Ltd\"\"\", S=Hesse, C=DE";
  CHECK_EQ(match_subject(subject, subject), SubjectMatch::exact);
  CHECK_EQ(
      match_subject("C=de,st=HESSE,o=\"firm, \"\"ltd\"\"\",OU=one,ou=two,cn=Host,emailAddress=A@b.example", subject),
      SubjectMatch::exact);
  CHECK_EQ(match_subject("  CN=host ", "CN=host"), SubjectMatch::exact);
  CHECK_EQ(match_subject("CN=\"host\"", "CN=host"), SubjectMatch::exact);
}

TEST("a part of a subject is found in it as text") {
  fixture::need_openssl();
  CHECK_EQ(match_subject("HOST", "CN=my.host.example"), SubjectMatch::contains);
  CHECK_EQ(match_subject("CN=host", "CN=host, O=Firm"), SubjectMatch::contains);
  CHECK_EQ(match_subject("CN=host", "CN=hosting"), SubjectMatch::contains);
  CHECK_EQ(match_subject("OU=two, OU=one", "CN=host, OU=two, OU=one"), SubjectMatch::contains);
  CHECK_EQ(match_subject("OU=one, OU=two", "CN=host, OU=two, OU=one"), SubjectMatch::none);
  CHECK_EQ(match_subject("CN=other", "CN=host"), SubjectMatch::none);
  CHECK_EQ(match_subject("", "CN=host"), SubjectMatch::none);
  CHECK_EQ(match_subject(" ", "CN=ho st"), SubjectMatch::none);
  // Broken quotes match nothing exactly, and do no harm.
  CHECK_EQ(match_subject("CN=\"host", "CN=host"), SubjectMatch::none);
  CHECK_EQ(match_subject("\"", "O=\"a,b\""), SubjectMatch::contains);
}

TEST("a certificate is written as one PEM block") {
  fixture::need_openssl();
  const fixture::Made made = fixture::make_certificate("pem.example");
  const std::string text = pem_text(made.certificate.get());
  CHECK(text.rfind("-----BEGIN CERTIFICATE-----\n", 0) == 0);
  CHECK(text.size() > 30 && text.substr(text.size() - 26) == "-----END CERTIFICATE-----\n");
}

}  // namespace

}  // namespace ipdaemon::tls
