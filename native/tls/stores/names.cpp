#include "tls/stores/names.hpp"

#include <algorithm>
#include <memory>

#include "base/text.hpp"
#include "tls/stores/encodings.hpp"

namespace ipdaemon::tls {

namespace {

// The properties' own names for two of the fields; OpenSSL's short names for the others.
std::string field_name(const ASN1_OBJECT* object) {
  const int nid = OBJ_obj2nid(object);
  if (nid == NID_stateOrProvinceName) return "S";
  if (nid == NID_pkcs9_emailAddress) return "E";
  if (nid != NID_undef) {
    if (const char* name = OBJ_nid2sn(nid)) return name;
  }
  char dotted[128] = "";
  OBJ_obj2txt(dotted, sizeof dotted, object, 1);
  return dotted;
}

// Control characters are shown by their numbers: a name must not be able to break the line of a log, or
// to end early where somebody reads it as a C string.
std::string field_value(const ASN1_STRING* value) {
  unsigned char* utf8 = nullptr;
  const int length = ASN1_STRING_to_UTF8(&utf8, value);
  if (length < 0) {
    const int raw_length = ASN1_STRING_length(value);
    if (raw_length <= 0) return std::string();
    return "#" + hex_text({reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                           static_cast<std::size_t>(raw_length)});
  }
  std::string out;
  for (int i = 0; i < length; ++i) {
    const char c = static_cast<char>(utf8[i]);
    if (utf8[i] < 0x20 || utf8[i] == 0x7f) {
      out += "\\x" + hex_text({&c, 1});
    } else {
      out += c;
    }
  }
  OPENSSL_free(utf8);
  return out;
}

bool needs_quotes(const std::string& value) {
  return value.find_first_of(",\"+") != std::string::npos ||
         (!value.empty() && (value.front() == ' ' || value.back() == ' '));
}

std::string in_double_quotes(const std::string& value) {
  std::string out = "\"";
  for (const char c : value) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

// One "name=value" without what does not count: case, blanks around it, quotes, the other names of S and E.
std::string comparable_field(BytesView field) {
  field = without_blanks(field);
  const std::size_t equals = field.find('=');
  std::string name = lower(without_blanks(field.substr(0, equals)));
  if (equals == BytesView::npos) return name;
  if (name == "st") name = "s";
  if (name == "emailaddress") name = "e";
  BytesView value = without_blanks(field.substr(equals + 1));
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return name + "=" + lower(value);
  value = value.substr(1, value.size() - 2);
  std::string plain;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '"' && i + 1 < value.size() && value[i + 1] == '"') ++i;
    plain += lower(value[i]);
  }
  return name + "=" + plain;
}

std::vector<std::string> comparable_fields(BytesView subject) {
  std::vector<std::string> fields;
  bool in_value_quotes = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= subject.size(); ++i) {
    if (i < subject.size() && subject[i] == '"') in_value_quotes = !in_value_quotes;
    if (i < subject.size() && (subject[i] != ',' || in_value_quotes)) continue;
    fields.push_back(comparable_field(subject.substr(start, i - start)));
    start = i + 1;
  }
  std::sort(fields.begin(), fields.end());
  return fields;
}

}  // namespace

std::string name_text(const X509_NAME* name) {
  ErrorScope errors;
  std::string out;
  for (int i = X509_NAME_entry_count(name) - 1; i >= 0; --i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const std::string value = field_value(X509_NAME_ENTRY_get_data(entry));
    if (!out.empty()) out += ", ";
    out += field_name(X509_NAME_ENTRY_get_object(entry)) + "=";
    out += needs_quotes(value) ? in_double_quotes(value) : value;
  }
  return out;
}

SubjectMatch match_subject(BytesView wanted, BytesView subject) {
  wanted = without_blanks(wanted);
  if (wanted.empty()) return SubjectMatch::none;
  if (comparable_fields(wanted) == comparable_fields(subject)) return SubjectMatch::exact;
  const bool contains = lower(subject).find(lower(wanted)) != std::string::npos;
  return contains ? SubjectMatch::contains : SubjectMatch::none;
}

std::vector<std::string> dns_names_of(const X509* certificate) {
  const ErrorScope errors;
  struct NamesFree {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  };
  const std::unique_ptr<GENERAL_NAMES, NamesFree> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> found;
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type != GEN_DNS) continue;
    const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    const BytesView bytes(text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    const auto may_be_in_name = [](unsigned char c) { return c > ' ' && c < 0x7f; };
    if (!bytes.empty() && std::all_of(bytes.begin(), bytes.end(), may_be_in_name)) found.push_back(lower(bytes));
  }
  return found;
}

std::string pem_text(const X509* certificate) {
  ErrorScope errors;
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) return std::string();
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : std::string();
}

}  // namespace ipdaemon::tls
