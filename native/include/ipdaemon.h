/* The C ABI of ipdaemon: a TCP and TLS server behind integer handles.

   This is the only header that programs and bindings include. Everything that crosses it is a
   fixed-width number, a pointer with a length, or the flat structs below. Nothing throws across it.

   Handles and threads
     A handle is a positive number. For a closed or invented one, functions return
     IPDAEMON_ERROR_INVALID_HANDLE and touch no memory. A handle belongs to the thread that opened it;
     in any other thread they return IPDAEMON_ERROR_WRONG_THREAD.

   Errors
     Functions that return int32_t return 0 or an error code of ipdaemon_errors.def, unless their comment
     says otherwise. The code and a text are also kept per handle (ipdaemon_get_last_error) until the
     next call with that handle. "Errors:" below leaves out those that every function may return:
     INVALID_HANDLE, WRONG_THREAD, OTHER_COPY, OUT_OF_MEMORY.

   Events
     Callbacks run only inside a call on the handle: ipdaemon_do_doevents, ipdaemon_poll, a blocking
     send, and the calls that end connections (do_disconnect, do_shutdown). A callback may make any
     call. While it runs, its connection delivers no further DataIn or Disconnected; the others go on
     if the callback pumps events itself. SSLConnectionRequest and SSLClientAuthentication run in the
     middle of a TLS handshake, which waits for the answer; a result other than 0 fails it.

   Memory
     What goes in is copied. What comes out by pointer belongs to the library: values of a callback
     stay valid until it returns, values of ipdaemon_get and ipdaemon_do_config until the next call
     with the same handle. */
#ifndef IPDAEMON_H
#define IPDAEMON_H

#include <stdint.h>

/* The version of this library; a test keeps it equal to that of package.json. */
#define IPDAEMON_VERSION "0.1.0"

#if defined(_WIN32)
#if defined(IPDAEMON_BUILDING)
#define IPDAEMON_API __declspec(dllexport)
#else
#define IPDAEMON_API
#endif
#else
#define IPDAEMON_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A server. 0 is never a valid handle. */
typedef int32_t ipdaemon_t;

/* What a binding passes instead of a handle that another copy of it opened in the same thread: this copy would
   not get its events, so every function returns IPDAEMON_ERROR_OTHER_COPY. */
#define IPDAEMON_OTHER_COPY ((ipdaemon_t)-1)

enum {
#define IPD_PROPERTY(id, NAME, name, type, per, access, when, minimum, maximum, fallback, summary) \
  IPDAEMON_PROPERTY_##NAME = id,
#include "ipdaemon_properties.def"
#undef IPD_PROPERTY
};

enum {
#define IPD_SETTING(id, NAME, name, type, per, access, when, minimum, maximum, fallback, summary) \
  IPDAEMON_SETTING_##NAME = id,
#include "ipdaemon_settings.def"
#undef IPD_SETTING
};

enum {
#define IPD_EVENT(id, NAME, name, summary) IPDAEMON_EVENT_##NAME = id,
#define IPD_PARAMETER(id, EVENT, name, type, direction, summary)
#include "ipdaemon_events.def"
#undef IPD_EVENT
#undef IPD_PARAMETER
};

enum {
#define IPD_CONSTANT(GROUP, group, NAME, name, value, summary) IPDAEMON_##GROUP##_##NAME = value,
#include "ipdaemon_constants.def"
#undef IPD_CONSTANT
};

/* What is counted, for ipdaemon_counter. The counter of a reason is its number added to IPDAEMON_COUNTER_REFUSED or
   IPDAEMON_COUNTER_CLOSED. */
enum {
#define IPD_COUNTER(id, NAME, name, metric, labels, summary) IPDAEMON_COUNTER_##NAME = id,
#define IPD_GAUGE(id, NAME, name, metric, summary) IPDAEMON_COUNTER_##NAME = id,
#include "ipdaemon_counters.def"
  IPDAEMON_COUNTER_END, /* Grows when rows are added, as the next two do. */
  IPDAEMON_COUNTER_REFUSED = 100,
  IPDAEMON_COUNTER_CLOSED = 200
};

/* Why a peer never became a connection. */
enum {
#define IPD_REFUSED(number, NAME, name, word, summary, advice) IPDAEMON_REFUSED_##NAME = number,
#include "ipdaemon_counters.def"
  IPDAEMON_REFUSED_END
};

/* Why a connection ended. */
enum {
#define IPD_CLOSED(number, NAME, name, word, summary, advice) IPDAEMON_CLOSED_##NAME = number,
#include "ipdaemon_counters.def"
  IPDAEMON_CLOSED_END
};

enum {
#define IPD_ERROR(code, NAME, sentence) IPDAEMON_ERROR_##NAME = code,
#include "ipdaemon_errors.def"
#undef IPD_ERROR
};

/* What an ipdaemon_value holds. */
enum {
  IPDAEMON_TYPE_NONE = 0,
  IPDAEMON_TYPE_INTEGER = 1, /* integer */
  IPDAEMON_TYPE_BOOLEAN = 2, /* integer: 0 or 1; anything but 0 counts as true */
  IPDAEMON_TYPE_TEXT = 3,    /* bytes, length: UTF-8 */
  IPDAEMON_TYPE_BYTES = 4,   /* bytes, length: any bytes */
  IPDAEMON_TYPE_FLAGS = 5,   /* integer: an unsigned sum of bits */
  IPDAEMON_TYPE_OPAQUE = 6   /* bytes, length: never read back */
};

/* A property value, an event parameter, or a field of a described row. */
typedef struct ipdaemon_value {
  int32_t type; /* IPDAEMON_TYPE_* */
  int32_t reserved;
  int64_t integer;
  const uint8_t* bytes;
  uint64_t length;
} ipdaemon_value;

/* Called for an event. `parameters` are those of the event's rows in ipdaemon_events.def, in order. The
   callback may change the INOUT ones: `integer`, or `bytes` and `length`; that memory must stay valid
   until the callback has returned, and is copied then.
   Returns 0. Any other value ends the pumping: the state is made consistent, what was not delivered
   stays queued, and the call that pumped returns IPDAEMON_ERROR_HANDLER_STOPPED. A binding uses this
   to let an exception of its language pass. */
typedef int32_t (*ipdaemon_callback)(void* user, ipdaemon_t handle, int32_t event, ipdaemon_value* parameters,
                                     int32_t count);

/* Called for several pieces of input of one connection at a time, see ipdaemon_register_data_batch. */
typedef int32_t (*ipdaemon_data_batch)(void* user, ipdaemon_t handle, int32_t connection_id, const uint8_t* bytes,
                                       uint64_t length, int32_t count);

/* Called for input of several connections at a time, see ipdaemon_register_data_group. */
typedef int32_t (*ipdaemon_data_group)(void* user, ipdaemon_t handle, const uint8_t* bytes, uint64_t length,
                                       int32_t count);

/* Called between two slices of a blocking wait; a result other than 0 ends the wait. */
typedef int32_t (*ipdaemon_wait_hook)(void* user, ipdaemon_t handle);

/* ---- Life ------------------------------------------------------------------------------------ */

/* Opens a server. Returns its handle, or 0 if memory, descriptors or handles have run out. The same
   thread must close it. */
IPDAEMON_API ipdaemon_t ipdaemon_open(void);

/* Closes a server, its listener and its connections, without events. The handle is invalid from then
   on. Inside a callback of the handle the sockets are closed at once; its memory is freed when the
   outermost callback has returned. */
IPDAEMON_API int32_t ipdaemon_close(ipdaemon_t handle);

/* ---- Properties, callbacks, errors -------------------------------------------------------------- */

/* Sets a property. `index` is the connection id for properties of a connection, and ignored
   otherwise. The value may have any type that converts without loss: numbers as decimal or 0x text,
   booleans as 0 1 true false yes no on off.
   Errors: UNKNOWN_NAME, READ_ONLY, INVALID_VALUE, UNKNOWN_CONNECTION;
   LOCAL_PORT_WHILE_LISTENING, LOCAL_HOST_WHILE_LISTENING;
   Listening, ConnectionBacklog: what the system reports;
   Listening, SSLEnabled and SSLStartMode, if TLS is to be used from now on: TLS_UNAVAILABLE, TLS_STORE,
   TLS_NO_MATCH, TLS_CERTIFICATE, NOT_AVAILABLE, TLS_NO_SERVER_CERTIFICATE;
   the certificate: TLS_STORE, TLS_NO_MATCH, TLS_CERTIFICATE, NOT_AVAILABLE, and while the server listens
   with TLS also TLS_NO_SERVER_CERTIFICATE and TLS_UNAVAILABLE;
   Connected: NOT_OPEN if set to true on a connection that is closing, HANDLER_STOPPED if set to false;
   DataToSend: those of ipdaemon_do_send.
   After an error the old value stands. */
IPDAEMON_API int32_t ipdaemon_set(ipdaemon_t handle, int32_t property, int32_t index, const ipdaemon_value* value);

/* Reads a property. `out` gets the value; bytes stay valid until the next call with the handle.
   Errors: UNKNOWN_NAME, WRITE_ONLY, UNKNOWN_CONNECTION.
   After an error `out` has the type NONE, with one exception: if the connection has ended, ReadyToSend is
   true, Connected false and BytesSent 2147483647, in addition to the error, so that a loop that waits
   for one of them without checking errors ends. */
IPDAEMON_API int32_t ipdaemon_get(ipdaemon_t handle, int32_t property, int32_t index, ipdaemon_value* out);

/* Sets the callback of an event, replacing the previous one. `event` is 1 to 9; `callback` gets `user`.
   NULL removes it.
   Errors: UNKNOWN_NAME. */
IPDAEMON_API int32_t ipdaemon_register_callback(ipdaemon_t handle, int32_t event, ipdaemon_callback callback,
                                                void* user);

/* Returns the text of the last error, as UTF-8 with a terminating NUL; "" after a success. Stays valid
   until the next call with the handle. For an invalid handle, the text of that error. */
IPDAEMON_API const char* ipdaemon_get_last_error(ipdaemon_t handle);

/* Returns the code of the last error; 0 after a success. */
IPDAEMON_API int32_t ipdaemon_get_last_error_code(ipdaemon_t handle);

/* ---- Methods --------------------------------------------------------------------------------- */

/* Sets or reads a configuration setting: "Name=Value" and "Name[id]=Value" set it, "Name" and
   "Name[id]" read it. `out`, which may be NULL, gets the value in force as text. Names are
   case-insensitive. A setting of TLS applies to handshakes that begin afterwards.
   Errors: UNKNOWN_NAME, INVALID_VALUE, READ_ONLY, WRITE_ONLY, NOT_AVAILABLE, NOT_NOW, UNKNOWN_CONNECTION,
   MAX_CONNECTIONS_WHILE_LISTENING, FILE_UNUSABLE; settings of TLS: TLS_UNAVAILABLE if OpenSSL fails,
   TLS_CERTIFICATE if the server listens with a certificate that would become unusable, TLS_STORE if a file of
   SSLSniCertificates cannot be used, and TLS_NO_SERVER_CERTIFICATE if the last one would be taken away; Reload: also
   TLS_STORE and TLS_NO_MATCH of the certificate store.
   After an error the old value stands. */
IPDAEMON_API int32_t ipdaemon_do_config(ipdaemon_t handle, const uint8_t* text, uint64_t length, ipdaemon_value* out);

/* Disconnects a connection. With Linger, what is queued is sent first; without it, the connection ends
   at once. Disconnected fires before the call returns, unless queued bytes are still being sent, or the
   call comes from a callback; then it fires afterwards. An implicit TLS handshake that is not done
   ends with Error and Connected, both with the code ABORTED (10053), and no Disconnected.
   Errors: UNKNOWN_CONNECTION, HANDLER_STOPPED. */
IPDAEMON_API int32_t ipdaemon_do_disconnect(ipdaemon_t handle, int32_t connection_id);

/* Delivers what is ready, each connection at most once. If nothing is, waits up to SelectWaitMillis.
   Called inside a callback, it serves all connections except those whose callbacks are running. Nested
   deeper than 64 it starts no DataIn, deeper than 80 it runs no callback; everything else continues.
   Errors: HANDLER_STOPPED. Problems of a connection are reported by events, never here. */
IPDAEMON_API int32_t ipdaemon_do_doevents(ipdaemon_t handle);

/* Ends a blocking send of a connection, which then returns TIMED_OUT (301). If none is waiting, does nothing.
   Errors: UNKNOWN_CONNECTION. */
IPDAEMON_API int32_t ipdaemon_do_interrupt(ipdaemon_t handle, int32_t connection_id);

/* Stops listening, ends all connections without events, and gives every property and setting its
   default. Callbacks stay registered. Inside a callback, this happens when the outermost one has
   returned. */
IPDAEMON_API int32_t ipdaemon_do_reset(ipdaemon_t handle);

/* Sends bytes, whole or not at all. With Timeout 0 they are accepted, or refused with WOULD_BLOCK (10035)
   if too much is queued; then ReadyToSend fires when the queue is empty. With a Timeout, the call
   returns when the system has taken all bytes, and delivers events meanwhile. During a TLS handshake a
   send is refused with WOULD_BLOCK whatever Timeout is, and ReadyToSend fires when the handshake is done.
   Errors: UNKNOWN_CONNECTION, NOT_OPEN, WOULD_BLOCK, IN_PROGRESS, MESSAGE_TOO_LONG, TIMED_OUT,
   TLS_ENCRYPT, HANDLER_STOPPED, and the error that broke the connection. */
IPDAEMON_API int32_t ipdaemon_do_send(ipdaemon_t handle, int32_t connection_id, const uint8_t* bytes, uint64_t length);

/* Sends the content of a regular file. `path` is UTF-8. Like ipdaemon_do_send, but with Timeout 0 the
   call returns at once, the file is sent as the peer takes it, and other sends are refused until then.
   Errors: FILE_UNUSABLE before anything was sent, UNKNOWN_CONNECTION, NOT_OPEN, WOULD_BLOCK, IN_PROGRESS,
   TIMED_OUT, TLS_ENCRYPT, HANDLER_STOPPED, and the error that broke the connection. */
IPDAEMON_API int32_t ipdaemon_do_sendfile(ipdaemon_t handle, int32_t connection_id, const uint8_t* path,
                                          uint64_t length);

/* Sends bytes followed by CR LF, as one send. Errors: those of ipdaemon_do_send. */
IPDAEMON_API int32_t ipdaemon_do_sendline(ipdaemon_t handle, int32_t connection_id, const uint8_t* bytes,
                                          uint64_t length);

/* Stops listening and disconnects every connection. Outside callbacks it returns when all are gone,
   after 10 seconds at most; what is left then is reset. Inside a callback, connections end as with
   ipdaemon_do_disconnect.
   Errors: HANDLER_STOPPED. */
IPDAEMON_API int32_t ipdaemon_do_shutdown(ipdaemon_t handle);

/* Starts TLS on an unencrypted connection. What was accepted before is sent first, unencrypted; what was
   received and not delivered is discarded. Returns at once: the client begins the handshake, and events
   report its outcome (SSLStatus, SSLConnectionRequest, SSLClientAuthentication; after a failure Error
   and Disconnected). Sends are refused until it is done.
   Errors: UNKNOWN_CONNECTION; BAD_STATE if TLS has already begun, or a blocking send is waiting; NOT_OPEN;
   TLS_UNAVAILABLE; TLS_STORE, TLS_NO_MATCH, TLS_CERTIFICATE, NOT_AVAILABLE if the certificate cannot be
   used; TLS_NO_SERVER_CERTIFICATE; INVALID_VALUE if a setting can no longer be used; WOULD_BLOCK while a
   file is being sent; and the error that broke the connection. After an error the connection
   stays unencrypted, unless it is broken. */
IPDAEMON_API int32_t ipdaemon_do_startssl(ipdaemon_t handle, int32_t connection_id);

/* ---- For outer loops and bindings -------------------------------------------------------------- */

/* The descriptor that becomes readable when ipdaemon_poll has something to do, or -1 where the
   system has none. It belongs to the library: do not close, read or change it. */
IPDAEMON_API int64_t ipdaemon_wait_handle(ipdaemon_t handle);

/* For loops that cannot wait for such a descriptor: an object with which another thread waits until
   ipdaemon_poll has something to do. The other thread only waits; the handle stays with its own thread,
   which may block in calls as usual. One waiter at a time per handle.
   The handle's thread creates it with ipdaemon_open_waiter (NULL after an error, see
   ipdaemon_get_last_error) and calls ipdaemon_prepare_waiter each time before the other thread waits, and
   again whenever it has pumped while that thread waits.
   One thread at a time calls ipdaemon_waiter_wait. It waits up to `timeout_ms`, -1 for ever. It returns 1
   if there is something to do, and 0 after the time-out, a signal, or ipdaemon_waiter_wake. Any thread
   may call ipdaemon_waiter_wake; it ends the running wait, or the next one if none is running. The
   waiter knows nothing of deadlines, see ipdaemon_next_deadline.
   No wait may be running when the handle or the waiter is closed: wake it and wait for its end first.
   Errors of ipdaemon_open_waiter: TOO_MANY_SOCKETS if descriptors have run out, NOT_AVAILABLE in a simulation. */
typedef struct ipdaemon_waiter ipdaemon_waiter;
IPDAEMON_API ipdaemon_waiter* ipdaemon_open_waiter(ipdaemon_t handle);
IPDAEMON_API int32_t ipdaemon_prepare_waiter(ipdaemon_t handle);
IPDAEMON_API int32_t ipdaemon_waiter_wait(ipdaemon_waiter* waiter, int32_t timeout_ms);
IPDAEMON_API void ipdaemon_waiter_wake(ipdaemon_waiter* waiter);
IPDAEMON_API void ipdaemon_close_waiter(ipdaemon_waiter* waiter);

/* Milliseconds until ipdaemon_poll has something to do even if nothing arrives: 0 now, -1 never. */
IPDAEMON_API int32_t ipdaemon_next_deadline(ipdaemon_t handle);

/* Iterates over the handles of this thread whose answers to ipdaemon_wants_poll and ipdaemon_next_deadline a
   call may have changed, so that the loop has to ask again: a blocking send accepts peers, and a callback
   of one handle calls another. Returns the handle after `after` (0 for the first), and 0 after the last.
   Asking for the next deadline takes a handle out, so get the one after it first. Call it when no
   other call is on the stack. */
IPDAEMON_API ipdaemon_t ipdaemon_next_changed(ipdaemon_t after);

/* As ipdaemon_do_doevents, waiting at most `timeout_ms` instead of SelectWaitMillis. */
IPDAEMON_API int32_t ipdaemon_poll(ipdaemon_t handle, int32_t timeout_ms);

/* Declares that the host's own loop calls ipdaemon_poll while ipdaemon_wants_poll returns 1. From then on
   ProcessIdleEvents exists and is True by default. Call it once, after ipdaemon_open. */
IPDAEMON_API int32_t ipdaemon_enable_idle_events(ipdaemon_t handle);

/* 1 while the host's loop should wait for the handle: it listens or has connections, and
   ProcessIdleEvents is True. Otherwise 0, also for an invalid handle. */
IPDAEMON_API int32_t ipdaemon_wants_poll(ipdaemon_t handle);

/* Sets the hook that blocking waits call at least every 100 ms. NULL removes it. */
IPDAEMON_API int32_t ipdaemon_set_wait_hook(ipdaemon_t handle, ipdaemon_wait_hook hook, void* user);

/* Delivers DataIn in batches: if several pieces of one connection are complete, `callback` gets them in
   one call; all others go to the DataIn callback as usual, which must be registered: without it
   no input is delivered to either.
   `descriptor` is memory of the caller with room for 2 + 3 * capacity numbers that outlives the
   registration. Before the call the library writes descriptor[0] = 0, descriptor[1] = 0 and for piece i
   descriptor[2 + 3 * i] = begin and descriptor[3 + 3 * i] = end of its bytes, descriptor[4 + 3 * i] = eol.
   The callee goes through the pieces in order. Before it looks at piece i it writes descriptor[1] = i + 1,
   and after each piece it stops if descriptor[0] is no longer 0: then something has happened that changes
   what comes next. Pieces that it did not count in descriptor[1] are delivered again later.
   A NULL callback removes it. */
IPDAEMON_API int32_t ipdaemon_register_data_batch(ipdaemon_t handle, ipdaemon_data_batch callback, void* user,
                                                  int32_t* descriptor, int32_t capacity);

/* Delivers DataIn of several connections that are readable at the same time in one call, where what was read of each is
   one whole piece; all others go the other ways, and the DataIn callback must be registered, too.
   `descriptor` is memory of the caller with room for 2 + 5 * capacity numbers that outlives the registration. Before
   the call the library writes descriptor[0] = 0, descriptor[1] = 0 and for piece i, from descriptor[2 + 5 * i] on:
   the connection id, begin and end of its bytes, eol, and how many bytes of sends to its connection may be gathered
   until ipdaemon_send_group, as ipdaemon_gather_max says it. The callee goes through the pieces as through those of
   ipdaemon_register_data_batch, and each stands for a DataIn callback of its own: any call with the handle sets
   descriptor[0]. It stops, too, when it has taken longer than a millisecond, as what the first have sent waits for the
   others; it is given less at a time if it does not get through. A NULL callback removes. */
IPDAEMON_API int32_t ipdaemon_register_data_group(ipdaemon_t handle, ipdaemon_data_group callback, void* user,
                                                  int32_t* descriptor, int32_t capacity);

/* How many bytes of sends to the connection a callback of a data batch may gather, instead of calling
   ipdaemon_do_send for each, until it calls ipdaemon_send_gathered: all of them would be accepted at once.
   0: none. Any other call with the handle ends this permission, so send first what was gathered. */
IPDAEMON_API int32_t ipdaemon_gather_max(ipdaemon_t handle, int32_t connection_id);

/* Sends what was gathered: the bytes of several sends, the last of which had `last_length` bytes, which
   becomes BytesSent. Errors: those of ipdaemon_do_send. NULL for `bytes` with a `length` other than 0
   says that they were lost because memory ran out: the connection ends with 10055. */
IPDAEMON_API int32_t ipdaemon_send_gathered(ipdaemon_t handle, int32_t connection_id, const uint8_t* bytes,
                                            uint64_t length, uint64_t last_length);

/* The same, where some of the sends were lines: CR LF is added behind `lines` places of the bytes, which `line_ends`
   has in ascending order, none above `length`. */
IPDAEMON_API int32_t ipdaemon_send_gathered_lines(ipdaemon_t handle, int32_t connection_id, const uint8_t* bytes,
                                                  uint64_t length, const int32_t* line_ends, int32_t lines,
                                                  uint64_t last_length);

/* Sends what a callback of a data group has gathered: for each of `count` connections three numbers in `sends`, its id,
   where its bytes end in `bytes`, and the length of the last send to it. Each is as ipdaemon_send_gathered; the first
   error is returned. */
IPDAEMON_API int32_t ipdaemon_send_group(ipdaemon_t handle, const uint8_t* bytes, uint64_t length, const int32_t* sends,
                                         int32_t count);

/* Hands the small sends that callbacks on the stack have gathered to the system, for all handles of the
   thread; later sends are not gathered any more. For a host that ends the thread or the process in the
   middle of a callback. ipdaemon_close does the same for its handle. */
IPDAEMON_API void ipdaemon_end_gathering(void);

/* For a binding whose language cannot hold the input that its callback has just received: ends the
   connection with Error and Disconnected, both with `code`: MESSAGE_TOO_LONG if the input is too long,
   NO_BUFFERS or OUT_OF_MEMORY if there is no memory for it. Errors: UNKNOWN_CONNECTION. */
IPDAEMON_API int32_t ipdaemon_refuse_input(ipdaemon_t handle, int32_t connection_id, int32_t code);

/* Records an error as if the last call had failed with it, for bindings that refuse a value before it
   reaches the library. `detail` is UTF-8. Returns `code`. */
IPDAEMON_API int32_t ipdaemon_fail(ipdaemon_t handle, int32_t code, const uint8_t* detail, uint64_t length);

/* The same for a send: BytesSent of the connection, if there is one, becomes 0. */
IPDAEMON_API int32_t ipdaemon_fail_send(ipdaemon_t handle, int32_t connection_id, int32_t code, const uint8_t* detail,
                                        uint64_t length);

/* Reads a counter (IPDAEMON_COUNTER_*), which counts from ipdaemon_open on. Returns -1 for an unknown
   counter or an invalid handle. Does not change the last error. */
IPDAEMON_API int64_t ipdaemon_counter(ipdaemon_t handle, int32_t counter);

/* The sentence of an error code, "" for an unknown one. Static. */
IPDAEMON_API const char* ipdaemon_error_sentence(int32_t code);

/* The version of this library as text, for example "0.1.0". Static. */
IPDAEMON_API const char* ipdaemon_version(void);

/* Makes a certificate to try TLS with: a new P-256 key and its self-signed certificate, as one PEM text for
   SSLCertStore with SSLCertStoreType 7 (PEMKeyBlob) or 99 (Auto). Clients do not trust it unless they are
   told to; a server for others needs a certificate from an authority.
   `names` lists the host names and addresses that it is for, separated by commas, 4096 bytes at most.
   The first, 64 bytes at most, is also its subject. It is valid from an hour ago for `days` (1 to 36500).
   `out` becomes TEXT that stays valid until the next call of this function in the same thread. Needs no
   handle. Errors: INVALID_VALUE, TLS_UNAVAILABLE, TLS_CERTIFICATE if OpenSSL cannot make it, OUT_OF_MEMORY. */
IPDAEMON_API int32_t ipdaemon_self_signed(const uint8_t* names, uint64_t length, int32_t days, ipdaemon_value* out);

/* The tables of this library, and the columns of their rows. In CALL_ERRORS, the id 0 stands for errors that cannot be
   listed one by one. */
enum {
  IPDAEMON_TABLE_PROPERTIES = 1,
  IPDAEMON_TABLE_SETTINGS = 2,
  IPDAEMON_TABLE_EVENTS = 3,
  IPDAEMON_TABLE_PARAMETERS = 4,
  IPDAEMON_TABLE_CONSTANTS = 5,
  IPDAEMON_TABLE_ERRORS = 6,
  IPDAEMON_TABLE_CALLS = 7,
  IPDAEMON_TABLE_CALL_ERRORS = 8
};
enum {
  IPDAEMON_COLUMN_ID = 1,         /* number: property id, setting position, event id, constant value, error code */
  IPDAEMON_COLUMN_NAME = 2,       /* text: "LocalPort"; parameters: the key; calls: "do_send" */
  IPDAEMON_COLUMN_SUMMARY = 3,    /* text; errors: the sentence */
  IPDAEMON_COLUMN_TYPE = 4,       /* text: "INTEGER", "BOOLEAN", "TEXT", "BYTES", "FLAGS", "OPAQUE" */
  IPDAEMON_COLUMN_PER = 5,        /* text: "SERVER", "CONNECTION" */
  IPDAEMON_COLUMN_ACCESS = 6,     /* text: "READ_WRITE", "READ_ONLY", "WRITE_ONLY" */
  IPDAEMON_COLUMN_WHEN = 7,       /* text: "ALWAYS", "NOT_LISTENING" */
  IPDAEMON_COLUMN_MINIMUM = 8,    /* number */
  IPDAEMON_COLUMN_MAXIMUM = 9,    /* number */
  IPDAEMON_COLUMN_DEFAULT = 10,   /* text */
  IPDAEMON_COLUMN_GROUP = 11,     /* text: constants: the enumeration; parameters: the event; errors: the call */
  IPDAEMON_COLUMN_DIRECTION = 12, /* text: parameters: "IN", "INOUT" */
  IPDAEMON_COLUMN_CALLABLE = 13,  /* text: calls: "ALLOWED", "NESTS", "DEFERRED" */
  IPDAEMON_COLUMN_SYMBOL = 14,    /* text: the upper-case name used in the C constants */
  IPDAEMON_COLUMN_WHO = 15        /* text: errors of calls: "ALL", "ABI", "BINDING", see ipdaemon_calls.def */
};

/* Reads one field of one row; rows count from 0. Static. Returns UNKNOWN_NAME past the last row, for an
   unknown table, and for a column that the table does not have. */
IPDAEMON_API int32_t ipdaemon_describe(int32_t table, int32_t row, int32_t column, ipdaemon_value* out);

/* ---- Events through shared memory ---------------------------------------------------------------- */

/* For FFI bindings, where dereferencing a native pointer is expensive: the callbacks below copy what they
   get into memory that the binding can read without a call. */

/* Values of ipdaemon_shared.event that are not events: pieces of input as for ipdaemon_data_batch, and a blocking
   wait. */
enum { IPDAEMON_SHARED_BATCH = 0, IPDAEMON_SHARED_WAIT = -1 };

/* The most parameters that an event has. */
enum { IPDAEMON_SHARED_PARAMETERS = 8 };

/* The head of that memory; `size` bytes for the bytes of parameters follow it. The caller fills in the
   first two fields once. One such memory serves all handles of a thread.
   Before calling `callback` the library fills in the rest. It copies the bytes of parameters behind this
   struct, in order; those that do not fit stay where they are, and `bytes` points there. A batch has four
   parameters: connection id, bytes, number of pieces, and the result of ipdaemon_gather_max. A wait has
   none.
   Callbacks nest if the callee pumps, and the inner one overwrites the parameters of the outer one: read
   them first. Then change INOUT parameters, and set `result` last. The library sets it to -1 beforehand,
   which ends the pumping as any result other than 0 of an ipdaemon_callback does; so a callee that could
   not run ends it. Otherwise it is the sum of 1 << i for each parameter i that was changed, 0 for none. */
typedef struct ipdaemon_shared {
  void (*callback)(void);
  uint64_t size;
  int32_t result;
  ipdaemon_t handle;
  int32_t event;
  int32_t count;
  ipdaemon_value parameters[IPDAEMON_SHARED_PARAMETERS];
} ipdaemon_shared;

/* Register these with ipdaemon_register_callback, ipdaemon_register_data_batch and ipdaemon_set_wait_hook;
   `user` is the ipdaemon_shared. Do not call them directly. */
IPDAEMON_API int32_t ipdaemon_shared_event(void* user, ipdaemon_t handle, int32_t event, ipdaemon_value* parameters,
                                           int32_t count);
IPDAEMON_API int32_t ipdaemon_shared_batch(void* user, ipdaemon_t handle, int32_t connection_id, const uint8_t* bytes,
                                           uint64_t length, int32_t count);
IPDAEMON_API int32_t ipdaemon_shared_wait(void* user, ipdaemon_t handle);

#ifdef __cplusplus
}
#endif

#endif
