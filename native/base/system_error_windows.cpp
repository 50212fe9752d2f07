// Winsock's numbers are the codes of this library; other numbers of Windows that sockets and files bring are mapped.
#include "base/system_error.hpp"

#include <winsock2.h>

#include <windows.h>

#include "ipdaemon.h"

namespace ipdaemon {

namespace {

bool is_code(int number) {
  switch (number) {
#define IPD_ERROR(code, NAME, sentence) case code:
#include "ipdaemon_errors.def"
#undef IPD_ERROR
    return true;
    default:
      return false;
  }
}

std::string utf8(const wchar_t* text, int length) {
  const int size = WideCharToMultiByte(CP_UTF8, 0, text, length, nullptr, 0, nullptr, nullptr);
  std::string result(static_cast<std::size_t>(size), '\0');
  WideCharToMultiByte(CP_UTF8, 0, text, length, result.data(), size, nullptr, nullptr);
  return result;
}

}  // namespace

int code_from_system(int system_error) {
  switch (system_error) {
    case ERROR_ACCESS_DENIED:
      return IPDAEMON_ERROR_PERMISSION_DENIED;
    case ERROR_TOO_MANY_OPEN_FILES:
      return IPDAEMON_ERROR_TOO_MANY_SOCKETS;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
    case ERROR_NO_SYSTEM_RESOURCES:
      return IPDAEMON_ERROR_NO_BUFFERS;
    case ERROR_NETNAME_DELETED:
      return IPDAEMON_ERROR_RESET_BY_PEER;
    case ERROR_CONNECTION_ABORTED:
      return IPDAEMON_ERROR_ABORTED;
    case ERROR_INVALID_HANDLE:
      return IPDAEMON_ERROR_BAD_SOCKET;
    // The peer has ended: as EPIPE elsewhere.
    case WSAEDISCON:
      return IPDAEMON_ERROR_RESET_BY_PEER;
    case WSANO_RECOVERY:
      return IPDAEMON_ERROR_NAME_SERVER_FAILED;
    case 0:
      return IPDAEMON_ERROR_NONE;
    default:
      return system_error >= WSABASEERR && is_code(system_error) ? system_error : IPDAEMON_ERROR_INVALID_ARGUMENT;
  }
}

std::string text_from_system(int system_error) {
  wchar_t buffer[256];
  const DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK;
  const auto english = static_cast<DWORD>(MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US));
  DWORD length = FormatMessageW(flags, nullptr, static_cast<DWORD>(system_error), english, buffer, 256, nullptr);
  // A system in another language may not have the English texts.
  if (length == 0) {
    length = FormatMessageW(flags, nullptr, static_cast<DWORD>(system_error), 0, buffer, 256, nullptr);
  }
  while (length > 0 && (buffer[length - 1] == L' ' || buffer[length - 1] == L'.')) --length;
  const std::string text = length > 0 ? utf8(buffer, static_cast<int>(length)) : "unknown error";
  return text + " (error " + std::to_string(system_error) + ")";
}

}  // namespace ipdaemon
