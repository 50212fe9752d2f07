/* An echo server in C, on the installed library: bytes go back as they arrive. CMakeLists.txt beside it builds
   it; with pkg-config: cc echo.c $(pkg-config --cflags --libs ipdaemon) -o echo */
#include <ipdaemon.h>
#include <stdio.h>
#include <stdlib.h>

static int32_t on_data(void* user, ipdaemon_t server, int32_t event, ipdaemon_value* p, int32_t count) {
  (void)user, (void)event, (void)count;
  /* A client that does not read while much is queued for it is disconnected. */
  if (ipdaemon_do_send(server, (int32_t)p[0].integer, p[1].bytes, p[1].length) != 0) {
    ipdaemon_do_disconnect(server, (int32_t)p[0].integer);
  }
  return 0;
}

int main(int argc, char** argv) {
  const ipdaemon_t server = ipdaemon_open();
  ipdaemon_value value = {IPDAEMON_TYPE_INTEGER, 0, argc > 1 ? atoi(argv[1]) : 7777, NULL, 0};
  int32_t code = ipdaemon_set(server, IPDAEMON_PROPERTY_LOCAL_PORT, 0, &value);
  if (code == 0) code = ipdaemon_register_callback(server, IPDAEMON_EVENT_DATA_IN, on_data, NULL);
  value.type = IPDAEMON_TYPE_BOOLEAN;
  value.integer = 1;
  if (code == 0) code = ipdaemon_set(server, IPDAEMON_PROPERTY_LISTENING, 0, &value);
  if (code == 0) code = ipdaemon_get(server, IPDAEMON_PROPERTY_LOCAL_PORT, 0, &value);
  if (code == 0) {
    printf("ipdaemon %s is listening on port %d\n", ipdaemon_version(), (int)value.integer);
    fflush(stdout);
    while ((code = ipdaemon_do_doevents(server)) == 0) {
    }
  }
  fprintf(stderr, "echo: %d %s\n", (int)code, ipdaemon_get_last_error(server));
  ipdaemon_close(server);
  return EXIT_FAILURE;
}
