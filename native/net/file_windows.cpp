// Files through handles, read at positions.
#include "net/file.hpp"

#include <windows.h>

#include <algorithm>
#include <utility>

#include "base/system_error.hpp"
#include "ipdaemon.h"

namespace ipdaemon {

namespace {

HANDLE system_handle(std::intptr_t handle) {
  return reinterpret_cast<HANDLE>(handle);
}

// False for invalid UTF-8.
bool to_wide(const std::string& path, std::wstring* out) {
  const int length = static_cast<int>(path.size());
  const int size = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path.data(), length, nullptr, 0);
  if (size <= 0) return false;
  out->resize(static_cast<std::size_t>(size));
  MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path.data(), length, out->data(), size);
  return true;
}

}  // namespace

File::File(File&& other) noexcept : handle_(std::exchange(other.handle_, -1)), size_(std::exchange(other.size_, 0)) {}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    if (valid()) CloseHandle(system_handle(handle_));
    handle_ = std::exchange(other.handle_, -1);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

File::~File() {
  if (valid()) CloseHandle(system_handle(handle_));
}

bool File::open(const std::string& path, File* out, std::string* reason) {
  if (path.find('\0') != std::string::npos) {
    *reason = "the path contains a NUL";
    return false;
  }
  std::wstring wide;
  if (!to_wide(path, &wide)) {
    *reason = "the path is empty or is not valid UTF-8";
    return false;
  }
  // Others may go on writing, renaming and deleting, as on other systems.
  const DWORD sharing = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
  const HANDLE handle = CreateFileW(wide.c_str(), GENERIC_READ, sharing, nullptr, OPEN_EXISTING,
                                    FILE_ATTRIBUTE_NORMAL | FILE_FLAG_SEQUENTIAL_SCAN, nullptr);
  if (handle == INVALID_HANDLE_VALUE) {
    const DWORD error = GetLastError();
    const DWORD attributes = GetFileAttributesW(wide.c_str());
    const bool is_folder = attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    *reason = is_folder ? "it is a directory" : text_from_system(static_cast<int>(error));
    return false;
  }
  File file;
  file.handle_ = reinterpret_cast<std::intptr_t>(handle);
  LARGE_INTEGER size = {};
  if (GetFileType(handle) != FILE_TYPE_DISK || !GetFileSizeEx(handle, &size)) {
    *reason = "not a regular file";
    return false;
  }
  file.size_ = size.QuadPart;
  *out = std::move(file);
  return true;
}

Transfer File::read(std::int64_t offset, void* buffer, std::size_t length) const {
  OVERLAPPED position = {};
  position.Offset = static_cast<DWORD>(offset & 0xffffffff);
  position.OffsetHigh = static_cast<DWORD>(offset >> 32);
  DWORD count = 0;
  const auto wanted = static_cast<DWORD>(std::min<std::size_t>(length, 0x7fffffff));
  if (ReadFile(system_handle(handle_), buffer, wanted, &count, &position)) return {count, 0};
  return GetLastError() == ERROR_HANDLE_EOF ? Transfer{} : Transfer{0, IPDAEMON_ERROR_FILE_UNUSABLE};
}

}  // namespace ipdaemon
