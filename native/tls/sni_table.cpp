#include "tls/sni_table.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "ipdaemon.h"
#include "tls/openssl.hpp"
#include "tls/stores/encodings.hpp"
#include "tls/stores/file.hpp"
#include "tls/stores/identity_openssl.hpp"

namespace ipdaemon::tls {

namespace {

// How many of a kind a notice tells.
constexpr std::size_t told_max = 3;

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (std::size_t i = 0; i < std::min(texts.size(), told_max); ++i) all += (i > 0 ? "; " : "") + texts[i];
  if (texts.size() > told_max) all += "; and " + std::to_string(texts.size() - told_max) + " more";
  return all;
}

bool unusable_file(const std::string& file, const std::string& why, Problem* problem) {
  *problem = {IPDAEMON_ERROR_TLS_STORE, "SSLSniCertificates: the file " + name_in_quotes(file) + ": " + why};
  return false;
}

}  // namespace

bool SniTable::read(BytesView list, std::shared_ptr<const SniTable>* out, Problem* problem) {
  if (without_blanks(list).empty()) return true;
  if (const char* reason = find_openssl(); reason != nullptr) {
    *problem = {IPDAEMON_ERROR_TLS_UNAVAILABLE, reason};
    return false;
  }
  auto table = std::make_shared<SniTable>();
  const bool good = each_entry(list, ';', [&](BytesView entry) {
    if (entry.empty()) return true;
    const std::string name(entry);
    return is_directory(name) ? table->add_directory(name, problem) : table->add_file(name, problem);
  });
  if (good && !table->entries_.empty()) *out = std::move(table);
  return good;
}

std::shared_ptr<const SniTable> SniTable::of(const std::shared_ptr<const Identities>& identities) {
  auto table = std::make_shared<SniTable>();
  if (identities) table->add({"", identities});
  return table;
}

bool SniTable::add_directory(const std::string& directory, Problem* problem) {
  std::vector<std::string> files;
  std::string why;
  if (!list_directory(directory, ".pem", &files, &why)) return unusable_file(directory, why, problem);
  if (files.empty()) return unusable_file(directory, "the directory has no file that ends in .pem", problem);
  return std::all_of(files.begin(), files.end(), [&](const std::string& file) { return add_file(file, problem); });
}

bool SniTable::add_file(const std::string& file, Problem* problem) {
  std::vector<std::shared_ptr<const Identities>> found;
  if (!Identities::find_by_names(file, &found, problem)) return unusable_file(file, problem->detail, problem);
  for (auto& identities : found) {
    if (!add({file, std::move(identities)})) return unusable_file(file, "a certificate has no DNS name", problem);
  }
  return true;
}

// False if there is no name that the entry could be found by.
bool SniTable::add(Entry entry) {
  const std::vector<std::string> names = entry.identities->dns_names();
  const std::size_t number = entries_.size();
  for (const std::string& name : names) {
    const auto [at, is_new] = names_.emplace(name, number);
    if (is_new || at->second == number) continue;
    doubles_.push_back("SSLSniCertificates has " + name_in_quotes(name) + " in several certificates; that in " +
                       name_in_quotes(entries_[at->second].file) + " is served");
  }
  entries_.push_back(std::move(entry));
  return !names.empty();
}

std::shared_ptr<const Identities> SniTable::find(BytesView name) const {
  if (entries_.empty()) return nullptr;
  std::string wanted = lower(name);
  if (!wanted.empty() && wanted.back() == '.') wanted.pop_back();
  // A client that asks for the pattern itself is not one of those that it stands for.
  if (wanted.empty() || wanted.front() == '*') return nullptr;
  auto at = names_.find(wanted);
  if (at == names_.end()) {
    const std::size_t dot = wanted.find('.');
    if (dot == std::string::npos || dot == 0) return nullptr;
    at = names_.find("*" + wanted.substr(dot));
  }
  return at != names_.end() ? entries_[at->second].identities : nullptr;
}

std::string SniTable::warning() const {
  std::vector<std::string> invalid;
  for (const Entry& entry : entries_) {
    std::string text = entry.identities->warning();
    if (!text.empty()) invalid.push_back(std::move(text));
  }
  const std::string doubles = joined(doubles_);
  const std::string dates = joined(invalid);
  return doubles + (doubles.empty() || dates.empty() ? "" : "; ") + dates;
}

}  // namespace ipdaemon::tls
