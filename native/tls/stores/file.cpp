#include "tls/stores/file.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "tls/stores/content.hpp"
#include "tls/stores/encodings.hpp"
#include "tls/stores/format.hpp"

namespace ipdaemon::tls {

namespace {

constexpr std::size_t path_bytes_max = 4096;

std::filesystem::path path_of(BytesView name) {
  return std::filesystem::path(std::u8string(name.begin(), name.end()));
}

}  // namespace

bool can_be_path(BytesView value) {
  return !value.empty() && value.size() < path_bytes_max && value.find('\0') == BytesView::npos;
}

bool may_be_content(BytesView value) {
  constexpr std::size_t name_bytes_max = 64;  // That has no dot.
  return detect_format(value) != StoreFormat::unknown || value.find_first_of("\r\n") != BytesView::npos ||
         (value.size() > name_bytes_max && value.find('.') == BytesView::npos);
}

bool is_file(BytesView value) {
  if (!can_be_path(value)) return false;
  try {
    std::error_code error;
    return std::filesystem::is_regular_file(path_of(value), error) && !error;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return false;
  }
}

bool is_directory(BytesView value) {
  if (!can_be_path(value)) return false;
  try {
    std::error_code error;
    return std::filesystem::is_directory(path_of(value), error) && !error;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return false;
  }
}

bool list_directory(BytesView directory, BytesView end, std::vector<std::string>* out, std::string* why) {
  try {
    for (const auto& entry : std::filesystem::directory_iterator(path_of(directory))) {
      const std::u8string path = entry.path().u8string();
      std::string name(path.begin(), path.end());
      if (name.size() > end.size() && BytesView(name).substr(name.size() - end.size()) == end && is_file(name)) {
        out->push_back(std::move(name));
      }
    }
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::system_error& error) {
    *why = error.code().message();
    return false;
  }
  std::sort(out->begin(), out->end());
  return true;
}

bool load_file(BytesView name, Secret* out, std::string* why, bool* exists) {
  *exists = false;
  const auto fail = [&](const std::string& reason) {
    *why = reason;
    return false;
  };
  if (!can_be_path(name)) return fail("it is not a file name");
  try {
    const std::filesystem::path path = path_of(name);
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::not_found) {
      return fail(std::make_error_code(std::errc::no_such_file_or_directory).message());
    }
    if (error) return fail(error.message());
    *exists = true;
    if (status.type() != std::filesystem::file_type::regular) return fail("it is not a regular file");
    std::ifstream file;
    // Unbuffered: a buffer of the stream's own would keep parts of the key.
    file.rdbuf()->pubsetbuf(nullptr, 0);
    errno = 0;
    file.open(path, std::ios::binary);
    if (!file) return fail(errno != 0 ? std::generic_category().message(errno) : "it cannot be opened");
    constexpr std::size_t step = 64 * 1024;
    for (std::size_t length = 0;;) {
      out->resize(length + step);
      file.read(out->data() + length, static_cast<std::streamsize>(step));
      length += static_cast<std::size_t>(file.gcount());
      if (length > store_bytes_max) return fail("it is too large for a key store");
      if (file) continue;
      if (!file.eof()) return fail("reading it failed");
      out->resize(length);
      return true;
    }
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}

bool read_file(BytesView name, Secret* out, Problem* problem) {
  std::string why;
  bool exists = false;
  if (can_be_path(name) && load_file(name, out, &why, &exists)) return true;
  if (!can_be_path(name) || (!exists && may_be_content(name))) {
    return refuse_store(problem, "SSLCertStore is not a file name, which this SSLCertStoreType requires");
  }
  return refuse_store(problem, "the file " + name_in_quotes(name) + " cannot be read: " + why);
}

std::string state_of_file(BytesView name) {
  if (!can_be_path(name)) return {};
  try {
    std::error_code error;
    const std::filesystem::path path = path_of(name);
    const auto size = std::filesystem::file_size(path, error);
    if (error) return {};
    const auto time = std::filesystem::last_write_time(path, error);
    // Some libraries count the time of files in a type that has no text.
    const auto since_epoch = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch());
    return std::to_string(size) + "@" + std::to_string(since_epoch.count());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return {};
  }
}

}  // namespace ipdaemon::tls
