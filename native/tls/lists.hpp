// The lists of the TLS settings, as OpenSSL wants them. For this folder only.
#pragma once

#include <string>
#include <vector>

#include "tls/policy.hpp"
#include "tls/problem.hpp"

typedef struct ssl_ctx_st SSL_CTX;

namespace ipdaemon::tls {

// What suites a list of the setting SSLEnabledCipherSuites allows, by OpenSSL's names joined by colons.
struct SuiteLists {
  std::string tls12;
  std::string tls13;
};
// An element * stands for the defaults.
bool split_suites(BytesView list, const SuiteLists& defaults, SuiteLists* out, Problem* problem);

// The suites without a wish: forward secrecy and authenticated encryption; more only where the version
// has nothing better.
SuiteLists default_suites(bool with_old_versions);

// Groups by the numbers OpenSSL has for them.
bool group_numbers(BytesView setting, BytesView list, std::vector<int>* out, Problem* problem);
// The same in OpenSSL's own words, for groups without such a number. A hybrid group that this OpenSSL
// does not have is passed over, so that one list does for all.
bool group_list(BytesView setting, BytesView list, SSL_CTX* context, std::string* out, Problem* problem);

// Signature algorithms joined by colons.
std::string tls12_signature_list(BytesView list);
std::string tls13_signature_list(BytesView list);

// A number of the TLS registry, for what has no name here.
std::string code_text(unsigned code);
// The names of the TLS registry for what a ClientHello offers.
std::string signature_name(unsigned code);
struct GroupName {
  const char* shown = nullptr;  // Null: unknown here.
  int bits = 0;
  bool finite_field = false;
};
GroupName group_name(int number);
// The setting's name of a group by its code in the TLS registry; a number for what has none.
std::string group_setting(unsigned code);

}  // namespace ipdaemon::tls
