// Keys in XML, as .NET writes them: RSAKeyValue with the numbers of an RSA key in base64, perhaps within
// something larger, and certificates in elements X509Certificate. Only what those need of XML is read:
// elements that hold nothing but text. Documents with a DOCTYPE or CDATA are refused.
#include "ipdaemon.h"
#include "tls/stores/encodings.hpp"
#include "tls/stores/import.hpp"
#include "tls/stores/readers.hpp"

namespace ipdaemon::tls {

namespace {

// An element with text and no elements in it.
struct Leaf {
  std::size_t parent = 0;  // Elements are counted from 1, in the order they begin.
  BytesView parent_name;
  BytesView name;
  BytesView text;
};

class XmlReader {
 public:
  explicit XmlReader(BytesView text) : rest_(text) {}

  bool read(std::vector<Leaf>* out) {
    while (!rest_.empty()) {
      const std::size_t at = rest_.find('<');
      // Outside of the one element that holds everything, there are only blanks.
      if (open_.empty() && !without_blanks(rest_.substr(0, at)).empty()) return false;
      if (at == BytesView::npos) break;
      rest_.remove_prefix(at);
      if (!read_markup(out)) return false;
    }
    return open_.empty() && count_ > 0;
  }

 private:
  struct Element {
    std::size_t number = 0;
    BytesView name;
    const char* text = nullptr;
    bool is_leaf = true;
  };

  static BytesView local_name(BytesView name) { return name.substr(name.find(':') + 1); }

  bool read_markup(std::vector<Leaf>* out) {
    if (starts_with(rest_, "<!--")) return skip_past("-->", 4);
    if (starts_with(rest_, "<?")) return skip_past("?>", 2);
    if (starts_with(rest_, "<!")) return false;
    if (starts_with(rest_, "</")) return close(out);
    return open();
  }

  bool skip_past(BytesView end, std::size_t from) {
    const std::size_t at = rest_.find(end, from);
    if (at == BytesView::npos) return false;
    rest_.remove_prefix(at + end.size());
    if (!open_.empty()) open_.back().is_leaf = false;
    return true;
  }

  bool open() {
    if (open_.empty() && count_ > 0) return false;
    // A tag ends at the first > that is in no value of an attribute.
    std::size_t end = 1;
    for (char quote = '\0'; end < rest_.size() && (quote != '\0' || rest_[end] != '>'); ++end) {
      if (quote == '\0' && rest_[end] == '<') return false;
      if (quote != '\0') {
        if (rest_[end] == quote) quote = '\0';
      } else if (rest_[end] == '"' || rest_[end] == '\'') {
        quote = rest_[end];
      }
    }
    if (end >= rest_.size()) return false;
    const bool is_empty = rest_[end - 1] == '/';
    const BytesView tag = rest_.substr(1, end - 1 - (is_empty ? 1 : 0));
    const BytesView name = tag.substr(0, tag.find_first_of(" \t\r\n"));
    if (name.empty() || name.find_first_of("/\"'=") != BytesView::npos) return false;
    rest_.remove_prefix(end + 1);
    if (!open_.empty()) open_.back().is_leaf = false;
    ++count_;
    if (!is_empty) open_.push_back({count_, name, rest_.data(), true});
    return true;
  }

  bool close(std::vector<Leaf>* out) {
    const std::size_t end = rest_.find('>');
    if (end == BytesView::npos || open_.empty()) return false;
    const Element element = open_.back();
    if (without_blanks(rest_.substr(2, end - 2)) != element.name) return false;
    open_.pop_back();
    if (element.is_leaf) {
      const BytesView text(element.text, static_cast<std::size_t>(rest_.data() - element.text));
      const Element parent = open_.empty() ? Element() : open_.back();
      out->push_back({parent.number, local_name(parent.name), local_name(element.name), text});
    }
    rest_.remove_prefix(end + 1);
    return true;
  }

  BytesView rest_;
  std::vector<Element> open_;
  std::size_t count_ = 0;
};

// The elements from `first` on that have the same parent.
bool read_rsa(const std::vector<Leaf>& leaves, std::size_t first, StoreContent* out, Problem* problem) {
  RsaNumbers numbers;
  const std::pair<BytesView, Secret*> names[] = {
      {"Modulus", &numbers.n}, {"Exponent", &numbers.e}, {"D", &numbers.d},   {"P", &numbers.p},
      {"Q", &numbers.q},       {"DP", &numbers.dp},      {"DQ", &numbers.dq}, {"InverseQ", &numbers.qi},
  };
  for (std::size_t i = first; i < leaves.size() && leaves[i].parent == leaves[first].parent; ++i) {
    const Leaf& leaf = leaves[i];
    for (const auto& [name, number] : names) {
      if (leaf.name == name && !decode_base64(leaf.text, Base64::standard, number)) {
        return refuse_store(problem, "the key in the XML text is damaged");
      }
    }
  }
  if (numbers.d.empty()) return true;  // A public key.
  KeyPtr key = rsa_key(std::move(numbers));
  if (!key) return refuse_store(problem, "the key in the XML text is damaged");
  out->add(std::move(key));
  return true;
}

}  // namespace

bool read_xml(BytesView content, StoreContent* out, Problem* problem) {
  const ErrorScope errors;
  if (starts_with(content, "\xef\xbb\xbf")) content.remove_prefix(3);
  std::vector<Leaf> leaves;
  if (!XmlReader(content).read(&leaves)) {
    return refuse_store(problem, "the XML text is damaged, or has a DOCTYPE or CDATA, which are not supported");
  }
  std::size_t last_key = 0;
  bool any = false;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const Leaf& leaf = leaves[i];
    if (leaf.name == "X509Certificate") {
      Secret der;
      CertificatePtr certificate;
      if (decode_base64(leaf.text, Base64::standard, &der)) certificate = certificate_from_der(view_of(der));
      if (!certificate) return refuse_store(problem, "a certificate in the XML text is damaged");
      out->add(std::move(certificate));
      any = true;
    } else if (leaf.parent_name == "RSAKeyValue" && leaf.parent != last_key) {
      last_key = leaf.parent;
      if (!read_rsa(leaves, i, out, problem)) return false;
      any = true;
    }
  }
  return any || refuse_store(problem, "the XML text has neither an RSAKeyValue nor an X509Certificate");
}

}  // namespace ipdaemon::tls
