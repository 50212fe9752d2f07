/* A C program with nothing but the header and the shared library: opens a server, listens on a port that
   the system chooses, and closes it. */
#include <stdio.h>
#include <string.h>

#include "ipdaemon.h"

int main(void) {
  static const char host[] = "127.0.0.1";
  ipdaemon_value value;
  ipdaemon_t handle = ipdaemon_open();
  int32_t code;
  memset(&value, 0, sizeof value);
  value.type = IPDAEMON_TYPE_TEXT;
  value.bytes = (const uint8_t*)host;
  value.length = strlen(host);
  code = ipdaemon_set(handle, IPDAEMON_PROPERTY_LOCAL_HOST, 0, &value);
  if (code == 0) {
    memset(&value, 0, sizeof value);
    value.type = IPDAEMON_TYPE_BOOLEAN;
    value.integer = 1;
    code = ipdaemon_set(handle, IPDAEMON_PROPERTY_LISTENING, 0, &value);
  }
  if (code == 0) code = ipdaemon_get(handle, IPDAEMON_PROPERTY_LOCAL_PORT, 0, &value);
  printf("ipdaemon %s, port %ld, last error %ld \"%s\"\n", ipdaemon_version(), (long)value.integer, (long)code,
         ipdaemon_get_last_error(handle));
  if (code == 0 && value.integer <= 0) code = -1;
  if (ipdaemon_close(handle) != 0) return 1;
  return code == 0 && ipdaemon_close(handle) == IPDAEMON_ERROR_INVALID_HANDLE ? 0 : 1;
}
