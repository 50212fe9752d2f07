// To be preloaded: sendfile fails with the numbers in SENDFILE_ERRORS, one after the other and then from the first on;
// 0 lets a call pass. Says so once. That is what a seccomp filter does, and some file systems.
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

ssize_t sendfile(int to, int from, off_t* position, size_t length) {
  static const char* next;
  if (next == NULL || *next == '\0') next = getenv("SENDFILE_ERRORS");
  char* end;
  const long error = strtol(next, &end, 10);
  next = *end == ',' ? end + 1 : end;
  if (error != 0) {
    static int told;
    if (!told++) told += write(2, "sendfile fails\n", 15) > 0;
    errno = (int)error;
    return -1;
  }
  return syscall(SYS_sendfile, to, from, position, length);
}

// Its name where files may be large.
ssize_t sendfile64(int to, int from, off64_t* position, size_t length) {
  return sendfile(to, from, (off_t*)position, length);
}
