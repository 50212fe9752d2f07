#include "tls/packet_log.hpp"

#include "tls/client_hello.hpp"
#include "tls/openssl.hpp"

namespace ipdaemon::tls {

namespace {

std::string record_name(int type) {
  switch (type) {
    case SSL3_RT_CHANGE_CIPHER_SPEC:
      return "change cipher spec";
    case SSL3_RT_ALERT:
      return "alert";
    case SSL3_RT_HANDSHAKE:
      return "handshake";
    case SSL3_RT_APPLICATION_DATA:
      return "application data";
    default:
      return "type " + std::to_string(type);
  }
}

std::string message_name(int type) {
  switch (type) {
    case SSL3_MT_CLIENT_HELLO:
      return "ClientHello";
    case SSL3_MT_SERVER_HELLO:
      return "ServerHello";
    case SSL3_MT_NEWSESSION_TICKET:
      return "NewSessionTicket";
    case SSL3_MT_ENCRYPTED_EXTENSIONS:
      return "EncryptedExtensions";
    case SSL3_MT_CERTIFICATE:
      return "Certificate";
    case SSL3_MT_SERVER_KEY_EXCHANGE:
      return "ServerKeyExchange";
    case SSL3_MT_CERTIFICATE_REQUEST:
      return "CertificateRequest";
    case SSL3_MT_SERVER_DONE:
      return "ServerHelloDone";
    case SSL3_MT_CERTIFICATE_VERIFY:
      return "CertificateVerify";
    case SSL3_MT_CLIENT_KEY_EXCHANGE:
      return "ClientKeyExchange";
    case SSL3_MT_FINISHED:
      return "Finished";
    case SSL3_MT_KEY_UPDATE:
      return "KeyUpdate";
    default:
      return "message of type " + std::to_string(type);
  }
}

std::string version_name(int version) {
  switch (version) {
    case TLS1_VERSION:
      return "TLSv1";
    case TLS1_1_VERSION:
      return "TLSv1.1";
    case TLS1_2_VERSION:
      return "TLSv1.2";
    case TLS1_3_VERSION:
      return "TLSv1.3";
    default:
      return "version " + std::to_string(version);
  }
}

}  // namespace

std::string log_line(bool sent, int version, int type, const unsigned char* bytes, std::size_t length) {
  const std::string begin = sent ? "sent " : "received ";
  if (type == SSL3_RT_HEADER && length >= 5) {
    return begin + "record: " + version_name(pair_at(bytes + 1)) + ", " + record_name(bytes[0]) + ", " +
           std::to_string(pair_at(bytes + 3)) + " bytes";
  }
  if (type == SSL3_RT_HANDSHAKE && length > 0) {
    return begin + version_name(version) + " " + message_name(bytes[0]) + ", " + std::to_string(length) + " bytes";
  }
  if (type == SSL3_RT_ALERT && length == 2) {
    return begin + "alert: " + SSL_alert_desc_string_long(bytes[1]);
  }
  return {};
}

}  // namespace ipdaemon::tls
