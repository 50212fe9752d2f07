// What OpenSSL calls during a session; for this folder only.
#pragma once

#include "tls/engine.hpp"
#include "tls/openssl.hpp"

namespace ipdaemon::tls {

// What OpenSSL calls. Each finds its engine in the session.
struct Engine::Callbacks {
  static Engine& of(const SSL* session) { return *static_cast<Engine*>(SSL_get_ex_data(session, 0)); }

  // The engine's buffers as OpenSSL's transport.
  static const BIO_METHOD* transport();
  static int read(BIO* bio, char* to, std::size_t length, std::size_t* count);
  static int write(BIO* bio, const char* from, std::size_t length, std::size_t* count);
  static long control(BIO* bio, int command, long, void*);
  static int create(BIO* bio);

  static int client_hello(SSL* session, int* alert, void* context);
  static int select_protocol(SSL* session, const unsigned char** out, unsigned char* length, const unsigned char* list,
                             unsigned list_length, void*);
  static int certificate(X509_STORE_CTX* store, void*);
  static void message(int sent, int version, int type, const void* bytes, std::size_t length, SSL* session, void*);
  static int ticket_key(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                        int encrypting);
  static int make_ticket(SSL* session, void*);
  static void log_key(const SSL* session, const char* line);
};

}  // namespace ipdaemon::tls
