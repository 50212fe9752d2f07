// errno to error code, once. Every row gives the name too, because messages show it: two systems use
// different numbers and different sentences for the same name.
#include "base/system_error.hpp"

#include <cerrno>
#include <cstring>

#include "ipdaemon.h"

namespace ipdaemon {

namespace {

// EPIPE: whether we or the peer ended sending is known by the caller only; most often it was the peer.
#define IPD_SYSTEM_ERRORS(ROW)                     \
  ROW(EINTR, INTERRUPTED)                          \
  ROW(EBADF, BAD_SOCKET)                           \
  ROW(EACCES, PERMISSION_DENIED)                   \
  ROW(EPERM, PERMISSION_DENIED)                    \
  ROW(EFAULT, BAD_ADDRESS)                         \
  ROW(EINVAL, INVALID_ARGUMENT)                    \
  ROW(EMFILE, TOO_MANY_SOCKETS)                    \
  ROW(ENFILE, TOO_MANY_SOCKETS)                    \
  ROW(EAGAIN, WOULD_BLOCK)                         \
  ROW(EINPROGRESS, IN_PROGRESS)                    \
  ROW(EALREADY, ALREADY_IN_PROGRESS)               \
  ROW(ENOTSOCK, NOT_A_SOCKET)                      \
  ROW(EDESTADDRREQ, DESTINATION_MISSING)           \
  ROW(EMSGSIZE, MESSAGE_TOO_LONG)                  \
  ROW(EPROTOTYPE, WRONG_PROTOCOL)                  \
  ROW(ENOPROTOOPT, NO_SUCH_OPTION)                 \
  ROW(EPROTONOSUPPORT, PROTOCOL_NOT_SUPPORTED)     \
  ROW(EPROTO, PROTOCOL_NOT_SUPPORTED)              \
  ROW(ESOCKTNOSUPPORT, SOCKET_TYPE_NOT_SUPPORTED)  \
  ROW(EOPNOTSUPP, OPERATION_NOT_SUPPORTED)         \
  ROW(EPFNOSUPPORT, PROTOCOL_FAMILY_NOT_SUPPORTED) \
  ROW(EAFNOSUPPORT, ADDRESS_FAMILY_NOT_SUPPORTED)  \
  ROW(EADDRINUSE, ADDRESS_IN_USE)                  \
  ROW(EADDRNOTAVAIL, ADDRESS_NOT_AVAILABLE)        \
  ROW(ENETDOWN, NETWORK_DOWN)                      \
  ROW(ENETUNREACH, NETWORK_UNREACHABLE)            \
  ROW(ENETRESET, NETWORK_RESET)                    \
  ROW(ECONNABORTED, ABORTED)                       \
  ROW(ECONNRESET, RESET_BY_PEER)                   \
  ROW(EPIPE, RESET_BY_PEER)                        \
  ROW(ENOBUFS, NO_BUFFERS)                         \
  ROW(ENOMEM, NO_BUFFERS)                          \
  ROW(EISCONN, IS_CONNECTED)                       \
  ROW(ENOTCONN, NOT_CONNECTED)                     \
  ROW(ESHUTDOWN, WAS_SHUT_DOWN)                    \
  ROW(ETOOMANYREFS, TOO_MANY_REFERENCES)           \
  ROW(ETIMEDOUT, CONNECTION_TIMED_OUT)             \
  ROW(ECONNREFUSED, REFUSED)                       \
  ROW(ELOOP, TOO_MANY_LINKS)                       \
  ROW(ENAMETOOLONG, NAME_TOO_LONG)                 \
  ROW(EHOSTDOWN, HOST_DOWN)                        \
  ROW(EHOSTUNREACH, NO_ROUTE)                      \
  ROW(ENOTEMPTY, NOT_EMPTY)                        \
  ROW(EUSERS, TOO_MANY_USERS)                      \
  ROW(EDQUOT, QUOTA)                               \
  ROW(ESTALE, STALE)                               \
  ROW(EREMOTE, REMOTE)

// Those that opening and reading a file brings. They have no socket code of their own.
#define IPD_FILE_ERRORS(ROW) \
  ROW(ENOENT)                \
  ROW(ENOTDIR)               \
  ROW(EISDIR)                \
  ROW(EIO)                   \
  ROW(ENXIO)                 \
  ROW(ENODEV)                \
  ROW(EBUSY)                 \
  ROW(EFBIG)                 \
  ROW(EOVERFLOW)             \
  ROW(ENOSYS)                \
  ROW(EEXIST)                \
  ROW(ETXTBSY)

static_assert(EAGAIN == EWOULDBLOCK, "one row serves both");

// Empty for a number that is in neither list.
const char* name_of(int system_error) {
  switch (system_error) {
#define IPD_ROW(number, NAME) \
  case number:                \
    return #number;
    IPD_SYSTEM_ERRORS(IPD_ROW)
#undef IPD_ROW
#define IPD_ROW(number) \
  case number:          \
    return #number;
    IPD_FILE_ERRORS(IPD_ROW)
#undef IPD_ROW
    default:
      return "";
  }
}

// strerror_r returns the text in glibc and a status elsewhere, depending on what was asked of the
// headers; the overloads take both.
[[maybe_unused]] const char* text_of(const char* result, const char*) {
  return result;
}
[[maybe_unused]] const char* text_of(int status, const char* buffer) {
  return status == 0 ? buffer : "Unknown error";
}

}  // namespace

int code_from_system(int system_error) {
  switch (system_error) {
#define IPD_ROW(number, NAME) \
  case number:                \
    return IPDAEMON_ERROR_##NAME;
    IPD_SYSTEM_ERRORS(IPD_ROW)
#undef IPD_ROW
    case 0:
      return IPDAEMON_ERROR_NONE;
    default:
      return IPDAEMON_ERROR_INVALID_ARGUMENT;
  }
}

std::string text_from_system(int system_error) {
  char buffer[256] = "";
  std::string text = text_of(strerror_r(system_error, buffer, sizeof buffer), buffer);
  const std::string name = name_of(system_error);
  return text + " (" + (name.empty() ? "error " + std::to_string(system_error) : name) + ")";
}

}  // namespace ipdaemon
