// What is to be reported about the server as a whole, as soon as callbacks may run: Error events and SSLStatus texts
// that no connection is the cause of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace ipdaemon {

class Notices {
 public:
  struct Error {
    int code = 0;
    std::string detail;
    int setting = 0;  // What it is about.
  };

  bool empty() const { return errors_.empty() && statuses_.empty(); }
  void clear() {
    errors_.clear();
    statuses_.clear();
  }

  // Instead of the errors about this setting that have not been reported yet.
  void replace_errors(int setting, std::vector<Error> errors) {
    errors_.erase(std::remove_if(errors_.begin(), errors_.end(), [&](const Error& e) { return e.setting == setting; }),
                  errors_.end());
    for (Error& error : errors) {
      error.setting = setting;
      errors_.push_back(std::move(error));
    }
  }
  bool has_error() const { return !errors_.empty(); }
  Error take_error() {
    Error error = std::move(errors_.back());
    errors_.pop_back();
    return error;
  }

  // A program that sets certificates and never pumps must not collect them for ever.
  void add_status(std::string text) {
    if (text.empty() || std::find(statuses_.begin(), statuses_.end(), text) != statuses_.end()) return;
    if (statuses_.size() == statuses_max) statuses_.erase(statuses_.begin());
    statuses_.push_back(std::move(text));
  }
  void clear_statuses() { statuses_.clear(); }
  bool has_status() const { return !statuses_.empty(); }
  std::string take_status() {
    std::string text = std::move(statuses_.front());
    statuses_.erase(statuses_.begin());
    return text;
  }

 private:
  static constexpr std::size_t statuses_max = 16;

  std::vector<Error> errors_;
  std::vector<std::string> statuses_;
};

}  // namespace ipdaemon
