#include "connection/certificate_choices.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace ipdaemon {

namespace {

// A server with more names reads again.
constexpr std::size_t choices_max = 256;

}  // namespace

std::shared_ptr<const tls::Identities> CertificateChoices::find(const tls::StoreQuery& query, tls::Problem* problem) {
  std::string state = tls::file_state(query);
  const auto same = [&](const Choice& choice) {
    return choice.type == query.type && choice.store == query.store && choice.password == query.password &&
           choice.subject == query.subject && choice.state == state;
  };
  const auto known = std::find_if(choices_.begin(), choices_.end(), same);
  if (known != choices_.end()) return known->identities;
  std::shared_ptr<const tls::Identities> found = tls::Identities::find(query, problem);
  if (!found) return nullptr;
  if (choices_.size() >= choices_max) choices_.erase(choices_.begin());
  choices_.push_back({query.type, WipedBytes(query.store), WipedBytes(query.password), std::string(query.subject),
                      std::move(state), found});
  return found;
}

}  // namespace ipdaemon
