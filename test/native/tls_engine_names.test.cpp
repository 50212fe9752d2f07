// What a client gets for the server name that it asks for, and which application protocol; and the log of secrets.
#include "scratch_file.hpp"
#include "tls/alpn.hpp"
#include "tls/key_log.hpp"
#include "tls/sni_table.hpp"
#include "tls_link.hpp"

namespace ipdaemon::tls::engine_test {

namespace {

// A certificate with its key, for these names.
std::string pem_for(const std::string& names) {
  BytesView pem;
  ipdaemon_value value = {};
  REQUIRE_EQ(ipdaemon_self_signed(reinterpret_cast<const std::uint8_t*>(names.data()), names.size(), 30, &value), 0);
  pem = {reinterpret_cast<const char*>(value.bytes), static_cast<std::size_t>(value.length)};
  return std::string(pem);
}

std::shared_ptr<const SniTable> table_of(const std::string& list) {
  std::shared_ptr<const SniTable> table;
  Problem problem;
  if (!SniTable::read(list, &table, &problem)) FAIL(problem.detail);
  REQUIRE(table != nullptr);
  return table;
}

// With certificates by name beside that of the server.
std::shared_ptr<const Context> context_with(const std::shared_ptr<const SniTable>& names, bool strict,
                                            const std::shared_ptr<KeyLog>& log = nullptr) {
  Policy options = default_options();
  options.strict_names = strict ? 1 : 0;
  Resources resources(std::make_shared<TicketKeys>());
  resources.names = names;
  resources.key_log = log;
  Problem problem;
  auto context = Context::build(options, identities_of({&server_made("P-256")}), std::move(resources), &problem);
  if (!context) FAIL(problem.detail);
  return context;
}

std::string served_to(const Server& server, SSL_CTX* client, const std::string& name) {
  Link link(server, client, name);
  link.program.listens = false;
  if (!link.run().is_open()) return "refused: " + link.engine->problem().detail;
  CHECK_EQ(link.engine->negotiated().server_name, name);
  return name_text(X509_get_subject_name(SSL_get0_peer_certificate(link.client.session())));
}

std::string common(const std::string& ours, const std::string& offered) {
  return std::string(common_protocol(protocol_list(ours), offered));
}

}  // namespace

TEST("a client gets the first protocol of ours that it offers, and lengths that lie end a list") {
  const std::string offered = protocol_list("http/1.1,h2,mqtt");
  CHECK_EQ(common("h2,mqtt", offered), "h2");
  CHECK_EQ(common("mqtt,h2", offered), "mqtt");
  CHECK_EQ(common("h3", offered), "");
  CHECK_EQ(common("h", offered), "");
  CHECK_EQ(common("h2", ""), "");
  CHECK_EQ(common("", offered), "");
  for (std::size_t length = 0; length < offered.size(); ++length) {
    // Of exactly this size, so that a sanitizer sees what is read behind it.
    const std::vector<char> cut(offered.begin(), offered.begin() + static_cast<std::ptrdiff_t>(length));
    CHECK_EQ(std::string(common_protocol(protocol_list("mqtt"), {cut.data(), cut.size()})), "");
  }
  CHECK_EQ(common("h2", std::string("\x00\x02h2", 4)), "");
  CHECK_EQ(common("h2", std::string("\xff") + "h2"), "");
  CHECK_EQ(protocol_names(offered), "'http/1.1', 'h2', 'mqtt'");
  CHECK_EQ(protocol_names(protocol_list("a,b,c,d,e,f,g,h")), "'a', 'b', 'c', 'd', 'e', 'f' and 2 more");
}

TEST("a name finds its certificate, exactly or by a pattern, in whatever case") {
  fixture::need_openssl();
  const test::ScratchFile one(pem_for("a.one.example,two.example"));
  const test::ScratchFile any(pem_for("*.one.example"));
  const auto table = table_of(any.path() + " ; " + one.path() + ";");
  const auto found = [&](BytesView name) {
    const auto identities = table->find(name);
    return identities ? identities->subject() : "";
  };
  CHECK_EQ(found("a.one.example"), "CN=a.one.example");
  CHECK_EQ(found("A.ONE.example."), "CN=a.one.example");
  CHECK_EQ(found("two.example"), "CN=a.one.example");
  CHECK_EQ(found("b.one.example"), "CN=*.one.example");
  for (const char* name :
       {"", ".", ".one.example", "*.one.example", "one.example", "c.b.one.example", "example", "a"}) {
    CHECK_EQ(found(name), "");
  }
  CHECK_EQ(table->warning(), "");
  const auto twice = table_of(one.path() + ";" + one.path());
  CHECK(twice->warning().find("'two.example' in several certificates") != std::string::npos);
  CHECK_EQ(twice->all().size(), std::size_t{2});
}

TEST("a handshake has the certificate of its name, and a strict server refuses names without one") {
  fixture::need_openssl();
  const test::ScratchFile one(pem_for("one.example"));
  const auto table = table_of(one.path());
  for (const int version : both_versions) {
    const SslContextPtr client = client_of(of_version(version));
    for (const bool strict : {false, true}) {
      Server server;
      server.context = context_with(table, strict);
      CHECK_EQ(served_to(server, client.get(), "one.example"), "CN=one.example");
      CHECK_EQ(served_to(server, client.get(), "two.example"),
               strict ? "refused: the client asks for 'two.example', which no certificate has; SSLStrictSNI is True"
                      : "CN=server P-256");
      CHECK_EQ(served_to(server, client.get(), ""),
               strict ? "refused: the client asks for no server name; SSLStrictSNI is True" : "CN=server P-256");
    }
  }
}

TEST("the log of secrets has those of each handshake, a line for each") {
  fixture::need_openssl();
  const test::ScratchFile file("");
  std::string reason;
  const std::shared_ptr<KeyLog> log = KeyLog::open(file.path(), &reason);
  REQUIRE(log != nullptr);
  Server server;
  server.context = context_with(nullptr, false, log);
  for (const int version : both_versions) {
    const SslContextPtr client = client_of(of_version(version));
    Link link(server, client.get());
    REQUIRE(link.run().is_open());
  }
  const File written = test::opened(file.path());
  std::string text(static_cast<std::size_t>(written.size()), '\0');
  CHECK_EQ(written.read(0, text.data(), text.size()).count, written.size());
  CHECK(text.find("CLIENT_RANDOM ") == 0);
  CHECK(text.find("\nSERVER_TRAFFIC_SECRET_0 ") != std::string::npos);
  CHECK_EQ(text.back(), '\n');
  CHECK(KeyLog::open("/nowhere/keys.log", &reason) == nullptr);
  CHECK(!reason.empty());
}

}  // namespace ipdaemon::tls::engine_test
