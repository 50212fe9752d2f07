// Names of certificates in the form that the properties use: "CN=host, O=firm, C=US", the most
// specific field first. For this folder only.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "tls/openssl.hpp"

namespace ipdaemon::tls {

std::string name_text(const X509_NAME* name);

// How well a wanted subject fits a subject in full; see docs/reference on SSLCertSubject.
enum class SubjectMatch { none, contains, exact };
SubjectMatch match_subject(BytesView wanted, BytesView subject);

// The DNS names that a certificate is for, in small letters, without those that could be no names.
std::vector<std::string> dns_names_of(const X509* certificate);

// A certificate as one PEM block.
std::string pem_text(const X509* certificate);

}  // namespace ipdaemon::tls
