#include "log.hpp"

#include <algorithm>
#include <cstdio>

namespace ipdaemon::sim {

std::uint64_t hash_of(BytesView bytes) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
  return hash;
}

std::string shown(BytesView bytes) {
  constexpr std::size_t shown_max = 32;
  std::string text = "\"";
  for (const char byte : bytes.substr(0, shown_max)) {
    const auto value = static_cast<unsigned char>(byte);
    char escape[8];
    if (byte == '\r') {
      text += "\\r";
    } else if (byte == '\n') {
      text += "\\n";
    } else if (value < 32 || value > 126) {
      std::snprintf(escape, sizeof escape, "\\x%02x", value);
      text += escape;
    } else {
      text += byte;
    }
  }
  text += bytes.size() > shown_max ? "\"..." : "\"";
  return text + " (" + std::to_string(bytes.size()) + ")";
}

void Log::write(const char* format, ...) {
  std::array<char, line_length_max>& line = tail_[lines_ % tail_length];
  ++lines_;
  const std::int64_t now = now_us_ != nullptr ? *now_us_ : 0;
  const int indent = std::min(depth, 20) * 2;
  const int head = std::snprintf(line.data(), line.size(), "%6lld.%06lld %*s", static_cast<long long>(now / 1000000),
                                 static_cast<long long>(now % 1000000), indent, "");
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(line.data() + head, line.size() - static_cast<std::size_t>(head), format, arguments);
  va_end(arguments);
  const BytesView text(line.data());
  hash_ = (hash_ ^ hash_of(text)) * 0x100000001b3ULL;
  if (trace_) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fputc('\n', stdout);
  }
}

void Log::note(const std::string& text) const {
  if (trace_) std::printf("%*s| %s\n", 15 + std::min(depth, 20) * 2, "", text.c_str());
}

std::string Log::tail() const {
  std::string text;
  if (trace_) return text;
  const std::uint64_t from = lines_ > tail_length ? lines_ - tail_length : 0;
  for (std::uint64_t i = from; i < lines_; ++i) text += std::string("  ") + tail_[i % tail_length].data() + "\n";
  return text;
}

}  // namespace ipdaemon::sim
