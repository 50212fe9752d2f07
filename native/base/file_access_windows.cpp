#include "base/file_access.hpp"

#include <windows.h>

#include "base/system_error.hpp"

namespace ipdaemon {

bool others_can_read(const std::string&) {
  return false;
}

PrivateFile::~PrivateFile() {
  if (handle_ != -1) CloseHandle(reinterpret_cast<HANDLE>(handle_));
}

bool PrivateFile::open(const std::string& path, std::string* reason) {
  const int length = static_cast<int>(path.size());
  const int size = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path.data(), length, nullptr, 0);
  std::wstring wide(static_cast<std::size_t>(size), L'\0');
  MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path.data(), length, wide.data(), size);
  if (size <= 0 || wide.find(L'\0') != std::wstring::npos) {
    *reason = "the path is empty or is not valid UTF-8";
    return false;
  }
  const HANDLE handle =
      CreateFileW(wide.c_str(), FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, nullptr,
                  OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, nullptr);
  if (handle == INVALID_HANDLE_VALUE) {
    *reason = text_from_system(static_cast<int>(GetLastError()));
    return false;
  }
  handle_ = reinterpret_cast<std::intptr_t>(handle);
  if (GetFileType(handle) == FILE_TYPE_DISK) return true;
  *reason = "it is not a regular file";
  return false;
}

bool PrivateFile::append(BytesView bytes, std::string* reason) {
  DWORD count = 0;
  const bool done = WriteFile(reinterpret_cast<HANDLE>(handle_), bytes.data(), static_cast<DWORD>(bytes.size()), &count,
                              nullptr) != 0;
  if (done && count == bytes.size()) return true;
  *reason = text_from_system(static_cast<int>(done ? ERROR_DISK_FULL : GetLastError()));
  return false;
}

}  // namespace ipdaemon
