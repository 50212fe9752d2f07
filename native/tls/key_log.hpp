// The secrets of all connections, written to a file for whoever has to look into recorded traffic: SSLKeyLogFile.
#pragma once

#include <memory>
#include <string>

#include "base/file_access.hpp"

namespace ipdaemon::tls {

class KeyLog {
 public:
  // Null with the reason.
  static std::shared_ptr<KeyLog> open(const std::string& path, std::string* reason);

  const std::string& path() const { return path_; }
  // Appends a line. Returns what there is to tell when that fails for the first time; empty otherwise.
  std::string add(const char* line);

 private:
  std::string path_;
  PrivateFile file_;
  bool failed_ = false;
};

}  // namespace ipdaemon::tls
