// Echo server on the C ABI, without a language above it: what the core costs between the floor and the
// bindings.
//
//   bench_core [--port N] [--lines] [--batch] [--file FILE] [--delay] [--certificate FILE [--tls 1.2|1.3]]
//
// --certificate speaks TLS as the other servers of the comparison do, see tls.hpp.
// With --lines each line is one DataIn and one send. --batch takes the pieces through the call that
// bindings use (ipdaemon_register_data_batch). With --file whatever comes is answered by the file. --delay leaves the
// gathering of small sends (Nagle) on.
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "bench/arguments.hpp"
#include "bench/descriptor.hpp"
#include "bench/program.hpp"
#include "ipdaemon.h"

namespace bench {
namespace {

constexpr std::int32_t batch_capacity = 1024;

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

void accept_data(ipdaemon_t server, std::int32_t connection, bool wanted) {
  ipdaemon_value value{};
  value.type = IPDAEMON_TYPE_BOOLEAN;
  value.integer = wanted ? 1 : 0;
  ipdaemon_set(server, IPDAEMON_PROPERTY_ACCEPT_DATA, connection, &value);
}

struct Answer {
  bool lines = false;
  std::string file;
  std::string line;
  std::array<std::int32_t, 2 + 3 * batch_capacity> words{};
  std::unordered_map<std::int32_t, std::string> refused;  // Sends that wait for ReadyToSend, by connection.

  void reply(ipdaemon_t server, std::int32_t connection, const std::uint8_t* bytes, std::uint64_t length) {
    if (!file.empty()) {
      ipdaemon_do_sendfile(server, connection, bytes_of(file), file.size());
    } else if (lines) {
      line.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
      line += '\n';
      send(server, connection, bytes_of(line), line.size());
    } else {
      send(server, connection, bytes, length);
    }
  }

  // A peer that does not take its echo is not read from until it has. Other errors are not looked at: what
  // was not sent is missing in the load generator's count.
  void send(ipdaemon_t server, std::int32_t connection, const std::uint8_t* bytes, std::uint64_t length) {
    if (ipdaemon_do_send(server, connection, bytes, length) != IPDAEMON_ERROR_WOULD_BLOCK) return;
    refused[connection].assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
    accept_data(server, connection, false);
    // Not before, as these events come on every connection.
    ipdaemon_register_callback(server, IPDAEMON_EVENT_READY_TO_SEND, on_ready_to_send, this);
    ipdaemon_register_callback(server, IPDAEMON_EVENT_DISCONNECTED, on_disconnected, this);
  }

  static std::int32_t on_ready_to_send(void* user, ipdaemon_t server, std::int32_t /*event*/,
                                       ipdaemon_value* parameters, std::int32_t /*count*/) {
    auto& answer = *static_cast<Answer*>(user);
    const auto connection = static_cast<std::int32_t>(parameters[0].integer);
    const auto found = answer.refused.find(connection);
    if (found == answer.refused.end()) return 0;
    const std::string bytes = std::move(found->second);
    answer.refused.erase(found);
    accept_data(server, connection, true);
    answer.send(server, connection, bytes_of(bytes), bytes.size());
    return 0;
  }

  static std::int32_t on_disconnected(void* user, ipdaemon_t /*server*/, std::int32_t /*event*/,
                                      ipdaemon_value* parameters, std::int32_t /*count*/) {
    static_cast<Answer*>(user)->refused.erase(static_cast<std::int32_t>(parameters[0].integer));
    return 0;
  }
};

std::int32_t on_data_in(void* user, ipdaemon_t server, std::int32_t /*event*/, ipdaemon_value* parameters,
                        std::int32_t /*count*/) {
  const auto connection = static_cast<std::int32_t>(parameters[0].integer);
  static_cast<Answer*>(user)->reply(server, connection, parameters[1].bytes, parameters[1].length);
  return 0;
}

std::int32_t on_data_batch(void* user, ipdaemon_t server, std::int32_t connection, const std::uint8_t* bytes,
                           std::uint64_t /*length*/, std::int32_t count) {
  auto& answer = *static_cast<Answer*>(user);
  std::int32_t* words = answer.words.data();
  for (std::int32_t i = 0; i < count && words[0] == 0; ++i) {
    words[1] = i + 1;
    const std::int32_t begin = words[2 + 3 * i];
    const std::int32_t end = words[3 + 3 * i];
    answer.reply(server, connection, bytes + begin, static_cast<std::uint64_t>(end - begin));
  }
  return 0;
}

void check(ipdaemon_t server, std::int32_t code) {
  if (code == 0) return;
  std::fprintf(stderr, "bench_core: %d: %s\n", code, ipdaemon_get_last_error(server));
  std::exit(1);
}

void set_number(ipdaemon_t server, std::int32_t property, std::int64_t number) {
  ipdaemon_value value{};
  value.type = IPDAEMON_TYPE_INTEGER;
  value.integer = number;
  check(server, ipdaemon_set(server, property, 0, &value));
}

void set_bytes(ipdaemon_t server, std::int32_t property, std::string_view bytes) {
  ipdaemon_value value{};
  value.type = IPDAEMON_TYPE_BYTES;
  value.bytes = bytes_of(bytes);
  value.length = bytes.size();
  check(server, ipdaemon_set(server, property, 0, &value));
}

void configure(ipdaemon_t server, std::string_view setting) {
  check(server, ipdaemon_do_config(server, bytes_of(setting), setting.size(), nullptr));
}

void speak_tls(ipdaemon_t server, std::string_view certificate, bool tls12) {
  configure(server, tls12 ? "SSLEnabledProtocols=3072" : "SSLEnabledProtocols=12288");
  configure(server, tls12 ? "SSLEnabledCipherSuites=TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;"
                            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
                          : "SSLEnabledCipherSuites=TLS_AES_128_GCM_SHA256");
  configure(server, tls12 ? "TLS12SupportedGroups=ecdhe_x25519,ecdhe_secp256r1"
                          : "TLS13SupportedGroups=ecdhe_x25519,ecdhe_secp256r1");
  set_number(server, IPDAEMON_PROPERTY_SSL_CERT_STORE_TYPE, IPDAEMON_SSL_CERT_STORE_TYPE_PEM_KEY_FILE);
  set_bytes(server, IPDAEMON_PROPERTY_SSL_CERT_STORE, certificate);
  set_bytes(server, IPDAEMON_PROPERTY_SSL_CERT_SUBJECT, "*");
  set_number(server, IPDAEMON_PROPERTY_SSL_START_MODE, IPDAEMON_SSL_START_MODE_IMPLICIT);
}

// Whether who started us has ended: its end of our standard input is closed then.
bool input_has_ended() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  char ignored = 0;
  return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &ignored, 1) <= 0;
}

// The wait is in the server's own poller, as in do_doevents; looking at the input is rare, and free then.
void serve(ipdaemon_t server) {
  const bool look = input_is_pipe();
  for (unsigned turn = 1; turn % 256 != 0 || !look || !input_has_ended(); ++turn) {
    check(server, ipdaemon_poll(server, 100));
  }
}

}  // namespace
}  // namespace bench

extern "C" int bench_program(int argc, char** argv) {
  bench::Arguments arguments(argc, argv);
  const std::int64_t port = arguments.number("--port", 0, 0, 65535);
  bench::Answer answer;
  answer.lines = arguments.flag("--lines");
  answer.file = arguments.text("--file", "");
  const bool batch = arguments.flag("--batch");
  const bool no_delay = !arguments.flag("--delay");
  const std::string certificate = arguments.text("--certificate", "");
  const std::string version = arguments.text("--tls", "1.3");
  arguments.finish();
  bench::raise_descriptor_limit();

  const ipdaemon_t server = ipdaemon_open();
  if (server == 0) return 1;
  bench::configure(server, "MaxConnections=20000");
  bench::configure(server, no_delay ? "TcpNoDelay=1" : "TcpNoDelay=0");
  bench::set_bytes(server, IPDAEMON_PROPERTY_LOCAL_HOST, "127.0.0.1");
  bench::set_number(server, IPDAEMON_PROPERTY_LOCAL_PORT, port);
  bench::set_number(server, IPDAEMON_PROPERTY_CONNECTION_BACKLOG, 1024);
  bench::set_bytes(server, IPDAEMON_PROPERTY_DEFAULT_EOL, answer.lines ? "\n" : "");
  if (!certificate.empty()) bench::speak_tls(server, certificate, version == "1.2");
  bench::check(server, ipdaemon_register_callback(server, IPDAEMON_EVENT_DATA_IN, bench::on_data_in, &answer));
  if (batch) {
    bench::check(server, ipdaemon_register_data_batch(server, bench::on_data_batch, &answer, answer.words.data(),
                                                      bench::batch_capacity));
  }
  bench::set_number(server, IPDAEMON_PROPERTY_LISTENING, 1);
  ipdaemon_value local{};
  bench::check(server, ipdaemon_get(server, IPDAEMON_PROPERTY_LOCAL_PORT, 0, &local));
  std::printf("listening %d\n", static_cast<int>(local.integer));
  std::fflush(stdout);
  bench::serve(server);
  return ipdaemon_close(server);
}
