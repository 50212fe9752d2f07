#include "tls/key_log.hpp"

#include <utility>

#include "base/text.hpp"
#include "base/wiped_bytes.hpp"

namespace ipdaemon::tls {

std::shared_ptr<KeyLog> KeyLog::open(const std::string& path, std::string* reason) {
  if (path.find('\0') != std::string::npos) {
    *reason = "it is not a file name";
    return nullptr;
  }
  auto log = std::make_shared<KeyLog>();
  log->path_ = path;
  return log->file_.open(path, reason) ? log : nullptr;
}

std::string KeyLog::add(const char* line) {
  const std::size_t length = std::char_traits<char>::length(line);
  // One piece, which must not stay in memory.
  const auto piece = std::make_unique_for_overwrite<char[]>(length + 1);
  std::char_traits<char>::copy(piece.get(), line, length);
  piece[length] = '\n';
  std::string reason;
  const bool done = file_.append({piece.get(), length + 1}, &reason);
  wipe(piece.get(), length + 1);
  if (done || std::exchange(failed_, true)) return {};
  return "SSLKeyLogFile cannot write to " + in_quotes(path_) + ": " + reason;
}

}  // namespace ipdaemon::tls
