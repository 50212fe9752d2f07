#include "tls_sim.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "../tls_peer.hpp"
#include "choices.hpp"
#include "tls/stores/names.hpp"

// The fixtures are those of the native tests. Here, what they cannot do ends the process.
namespace ipdaemon::test {

void report_failure(const char* file, int line, const std::string& what) {
  std::printf("%s:%d: %s\n", file, line, what.c_str());
  std::fflush(stdout);
  std::abort();
}

void skip(const std::string& why) {
  report_failure(__FILE__, __LINE__, why);
  throw Ended();
}

}  // namespace ipdaemon::test

namespace ipdaemon::tls::fixture {

#ifndef IPDAEMON_OPENSSL_LINKED
#define IPD_TEST_FUNCTION(name) const auto name = reinterpret_cast<decltype(&::name)>(find_function(#name));
#else
#define IPD_TEST_FUNCTION(name) using ::name;
#endif
IPD_TEST_FUNCTION(EVP_RAND_CTX_set_params)
IPD_TEST_FUNCTION(RAND_get0_private)
IPD_TEST_FUNCTION(RAND_get0_public)
IPD_TEST_FUNCTION(RAND_set_DRBG_type)
#undef IPD_TEST_FUNCTION

// The next random bytes of this generator.
bool set_random(EVP_RAND_CTX* generator, void* bytes, std::size_t length) {
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_RAND_PARAM_TEST_ENTROPY, bytes, length),
      OSSL_PARAM_construct_end(),
  };
  return generator != nullptr && EVP_RAND_CTX_set_params(generator, parameters) == 1;
}

}  // namespace ipdaemon::tls::fixture

namespace ipdaemon::sim {

namespace fixture = tls::fixture;
using fixture::Client;
using fixture::Made;

namespace {

// More than a run takes.
constexpr std::size_t random_length = 1 << 20;

// Both generators of this thread give what is written here, one byte after another.
void set_random(std::uint64_t seed) {
  static std::vector<std::uint64_t> bytes(random_length / sizeof(std::uint64_t));
  for (const auto generator_of : {fixture::RAND_get0_public, fixture::RAND_get0_private}) {
    for (std::uint64_t& word : bytes) word = splitmix64(&seed);
    if (!fixture::set_random(generator_of(tls::library_context()), bytes.data(), random_length)) {
      test::report_failure(__FILE__, __LINE__, "OpenSSL's generator for tests cannot be set");
    }
  }
}

struct Material {
  Made authority;
  Made server;
  Made other_server;
  Made good;
  Made expired;
  Made stranger;
  std::string server_pem;
  std::string other_server_pem;
  std::string authority_pem;
  tls::SslContextPtr contexts[4][4];  // By version and certificate.

  Material() {
    // Ed25519, as its signatures are always of the same length.
    const auto made = [](const char* name, const Made* issuer = nullptr, int days = 30) {
      return fixture::make_certificate({{"CN", name}}, fixture::make_key("ED25519"), issuer, days);
    };
    authority = fixture::make_authority("authority");
    server = made("server");
    other_server = made("other server");
    good = made("good", &authority);
    expired = made("expired", &authority, -10);
    stranger = made("stranger");
    const auto pem = [](const Made& one) {
      return fixture::key_pem(one.key.get()) + tls::pem_text(one.certificate.get());
    };
    server_pem = pem(server);
    other_server_pem = pem(other_server);
    authority_pem = tls::pem_text(authority.certificate.get());
    constexpr int versions[] = {0, TLS1_2_VERSION, TLS1_3_VERSION, TLS1_1_VERSION};
    const Made* const certificates[] = {nullptr, &good, &expired, &stranger};
    for (int version = 0; version < 4; ++version) {
      for (int certificate = 0; certificate < 4; ++certificate) {
        fixture::ClientOptions options;
        options.version = versions[version];
        options.certificate = certificates[certificate];
        // Every other kind comes without tickets.
        options.tickets = (version + certificate) % 2 == 0;
        contexts[version][certificate] = fixture::make_client_context(options);
      }
    }
  }
};

const Material* material() {
  static const Material* const made = []() -> const Material* {
    if (tls::find_openssl() != nullptr) return nullptr;
    if (fixture::RAND_set_DRBG_type(tls::library_context(), "TEST-RAND", nullptr, nullptr, nullptr) != 1)
      return nullptr;
    set_random(1);
    static const Material all;
    return &all;
  }();
  return made;
}

}  // namespace

bool tls_available() {
  return material() != nullptr;
}

void seed_tls(std::uint64_t seed) {
  set_random(seed);
}

const std::string& server_pem() {
  return material()->server_pem;
}
const std::string& other_server_pem() {
  return material()->other_server_pem;
}
const std::string& authority_pem() {
  return material()->authority_pem;
}

const char* subject_of(ClientCertificate certificate) {
  constexpr const char* subjects[] = {"", "CN=good", "CN=expired", "CN=stranger"};
  return subjects[static_cast<int>(certificate)];
}

SessionStore::SessionStore() = default;

SessionStore::~SessionStore() {
  for (auto& of_version : last_) {
    for (SSL_SESSION* session : of_version) {
      if (session != nullptr) fixture::SSL_SESSION_free(session);
    }
  }
}

TlsEnd::TlsEnd(const TlsPlan& plan, SessionStore* store, std::size_t heard_from, std::size_t heard, std::size_t said)
    : plan_(plan), store_(*store), heard_from_(heard_from), said_(said), flip_at_(plan.flip_at), heard_(heard) {
  const auto version = static_cast<std::size_t>(plan.version);
  const auto certificate = static_cast<std::size_t>(plan.certificate);
  client_ = std::make_unique<Client>(material()->contexts[version][certificate].get(), "name.example",
                                     plan.resumes ? store_.last_[version][certificate] : nullptr);
  client_->feed({});
  collect(0);
}

TlsEnd::~TlsEnd() = default;

// What the client has made goes behind what is on its way.
void TlsEnd::collect(std::size_t needs) {
  const std::string made = client_->take();
  if (made.empty()) return;
  wire_ += made;
  unsent_ += made.size();
  constexpr std::size_t header = 5;
  while (record_begin_ + header <= wire_.size()) {
    const auto byte = [&](std::size_t at) {
      return std::size_t{static_cast<unsigned char>(wire_[record_begin_ + at])};
    };
    if (flip_at_ == record_begin_ + 1 || flip_at_ == record_begin_ + 2) flip_at_ = record_begin_ + header;
    record_begin_ += header + (byte(3) << 8 | byte(4));
  }
  if (!flights_.empty()) needs = std::max(needs, flights_.back().needs);
  flights_.push_back({wire_.size(), needs});
}

void TlsEnd::hear(BytesView bytes) {
  const std::size_t clear = heard_from_ - std::min(heard_from_, heard_);
  const BytesView fresh = bytes.substr(std::min(clear, bytes.size()));
  heard_ += bytes.size();
  if (fresh.empty() || is_failed()) return;
  const bool was_open = is_open();
  const std::size_t before = wire_.size();
  client_->feed(fresh);
  collect(heard_);
  if (was_open) return;
  if (wire_.size() > before) {
    ++handshake_flights_;
    handshake_wire_ = wire_.size();
  }
  if (is_open()) opened_at_ = heard_;
}

void TlsEnd::say(BytesView plain) {
  if (!is_open()) return;
  client_->write(plain);
  collect(opened_at_);
  plain_said_ += plain;
  marks_.push_back({said_ + wire_.size(), plain_said_.size()});
}

void TlsEnd::say_no_more() {
  if (closed_at_ != SIZE_MAX || !is_open()) return;
  SSL_SESSION*& kept =
      store_.last_[static_cast<std::size_t>(plan_.version)][static_cast<std::size_t>(plan_.certificate)];
  fixture::SSL_SESSION_free(kept);
  kept = client_->ticket().release();
  client_->close();
  collect(opened_at_);
  closed_at_ = said_ + wire_.size();
}

BytesView TlsEnd::to_send(std::size_t peer_has_read, std::size_t length) const {
  std::size_t end = on_wire();
  for (const Flight& flight : flights_) {
    if (flight.needs <= peer_has_read) end = std::max(end, flight.wire);
  }
  end = std::min(end, plan_.cut_at);
  return BytesView(wire_).substr(on_wire(), std::min(length, end - std::min(end, on_wire())));
}

void TlsEnd::damage(Bytes* piece) const {
  const std::size_t begin = on_wire();
  if (flip_at_ < begin || flip_at_ - begin >= piece->size()) return;
  char& byte = (*piece)[flip_at_ - begin];
  byte = static_cast<char>(byte ^ 0x55);
}

void TlsEnd::sent(std::size_t count) {
  unsent_ -= count;
}

bool TlsEnd::is_open() const {
  return client_->state() == Client::State::open || client_->state() == Client::State::closed;
}
bool TlsEnd::is_failed() const {
  return client_->state() == Client::State::failed;
}
bool TlsEnd::is_closed() const {
  return client_->state() == Client::State::closed;
}

bool TlsEnd::server_may_be_open(std::size_t server_has_read) const {
  return handshake_flights_ > 0 && server_has_read >= said_ + handshake_wire_;
}

std::size_t TlsEnd::plain_in(std::size_t wire) const {
  const std::size_t whole = damaged() ? std::min(wire, said_ + flip_at_) : wire;
  std::size_t plain = 0;
  for (const Mark& mark : marks_) {
    if (mark.wire <= whole) plain = mark.plain;
  }
  return plain;
}

const std::string& TlsEnd::plain_heard() const {
  return client_->plain();
}

bool TlsEnd::resumed() const {
  return client_->resumed();
}

}  // namespace ipdaemon::sim
