// The lines of LogSSLPackets. For this folder only.
#pragma once

#include <cstddef>
#include <string>

namespace ipdaemon::tls {

// As many are kept until somebody takes them.
constexpr std::size_t log_lines_max = 1000;

// One line for what OpenSSL reports as sent or received; empty for what is not news.
std::string log_line(bool sent, int version, int type, const unsigned char* bytes, std::size_t length);

}  // namespace ipdaemon::tls
