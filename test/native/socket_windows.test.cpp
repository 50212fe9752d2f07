// What is different on Windows about sockets and files: handles, Winsock's numbers, paths.
#include <winsock2.h>

#include <windows.h>

#include <string>
#include <utility>

#include "base/system_error.hpp"
#include "net/socket.hpp"
#include "peer.hpp"
#include "scratch_file.hpp"

using namespace ipdaemon;
using namespace ipdaemon::test;

TEST("accepted sockets and listeners are not inherited by other programs") {
  Pair pair;
  for (const SocketHandle socket : {pair.listener.socket.handle(), pair.server.handle()}) {
    DWORD flags = HANDLE_FLAG_INHERIT;
    REQUIRE(GetHandleInformation(reinterpret_cast<HANDLE>(socket), &flags));
    CHECK_EQ(flags & HANDLE_FLAG_INHERIT, 0);
  }
}

TEST("there is no limit of descriptors") {
  CHECK_EQ(raise_descriptor_limit(), 0);
}

TEST("a large send is not taken at once") {
  Pair pair;
  const std::string large(64 << 20, 'x');
  const Transfer transfer = send_one(pair.server, large);
  CHECK_EQ(transfer.error, 0);
  CHECK(transfer.count > 0);
  CHECK(transfer.count < std::int64_t{1} << 20);
}

TEST("what is not a readable regular file is refused with the reason, without waiting") {
  const ScratchFile scratch("x");
  const std::string pipe_path = "\\\\.\\pipe\\ipdaemon-test-" + std::to_string(GetCurrentProcessId());
  const HANDLE pipe =
      CreateNamedPipeA(pipe_path.c_str(), PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1, 4096, 4096, 0, nullptr);
  REQUIRE(pipe != INVALID_HANDLE_VALUE);
  File file;
  std::string reason;
  CHECK(!File::open(pipe_path, &file, &reason));
  CHECK_EQ(reason, std::string("not a regular file"));
  CloseHandle(pipe);
  CHECK(!File::open("NUL", &file, &reason));
  CHECK(!File::open("C:\\", &file, &reason));
  CHECK_EQ(reason, std::string("it is a directory"));
  CHECK(!File::open(scratch.path() + "-missing", &file, &reason));
  CHECK(reason.find("(error 2)") != std::string::npos);
  CHECK(!File::open(scratch.path() + std::string("\0x", 2), &file, &reason));
  CHECK(!File::open("", &file, &reason));
  CHECK(!File::open("no UTF-8: \xff", &file, &reason));
  CHECK(!file.valid());
}

TEST("the path of a file is UTF-8") {
  const ScratchFile scratch("content");
  const std::string path = scratch.path() + "-\xc3\xa4\xe2\x82\xac";
  const std::u8string as_utf8(path.begin(), path.end());
  std::filesystem::copy_file(scratch.path(), as_utf8);
  CHECK_EQ(opened(path).size(), 7);
  std::filesystem::remove(as_utf8);
}

TEST("system errors have the documented codes and name themselves") {
  const std::pair<int, int> expected[] = {
      {0, 0},
      {WSAEINTR, 10004},
      {WSAEACCES, 10013},
      {ERROR_ACCESS_DENIED, 10013},
      {WSAEINVAL, 10022},
      {WSAEMFILE, 10024},
      {ERROR_TOO_MANY_OPEN_FILES, 10024},
      {WSAEWOULDBLOCK, 10035},
      {WSAENOTSOCK, 10038},
      {WSAEADDRINUSE, 10048},
      {WSAECONNABORTED, 10053},
      {WSAECONNRESET, 10054},
      {ERROR_NETNAME_DELETED, 10054},
      {WSAENOBUFS, 10055},
      {ERROR_NOT_ENOUGH_MEMORY, 10055},
      {WSAESHUTDOWN, 10058},
      {WSAETIMEDOUT, 10060},
      {WSAHOST_NOT_FOUND, 11001},
      {ERROR_FILE_NOT_FOUND, 10022},
      {12'999, 10022},
  };
  for (const auto& [number, code] : expected) {
    if (code_from_system(number) != code) FAIL(text_from_system(number) + " is not " + std::to_string(code));
  }
  CHECK(text_from_system(WSAECONNRESET).find("(error 10054)") != std::string::npos);
  CHECK(!text_from_system(ERROR_FILE_NOT_FOUND).starts_with(" "));
}
