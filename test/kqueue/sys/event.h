// kqueue on Linux, to test the poller of macOS and the BSDs: what that poller uses of it, over epoll. Filters for
// reading and writing, EV_CLEAR, EV_RECEIPT, EV_EOF and NOTE_LOWAT; anything else is refused with EINVAL. The values
// are those of macOS. See kqueue.cpp for what differs.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>

// NOLINTBEGIN: the names are those of the system.
struct kevent {
  uintptr_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  intptr_t data;
  void* udata;
};

#define EV_SET(event, ident_, filter_, flags_, fflags_, data_, udata_) \
  do {                                                                 \
    struct kevent* event_ = (event);                                   \
    event_->ident = (ident_);                                          \
    event_->filter = (filter_);                                        \
    event_->flags = (flags_);                                          \
    event_->fflags = (fflags_);                                        \
    event_->data = (data_);                                            \
    event_->udata = (udata_);                                          \
  } while (0)

#define EVFILT_READ (-1)
#define EVFILT_WRITE (-2)

#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_CLEAR 0x0020
#define EV_RECEIPT 0x0040
#define EV_ERROR 0x4000
#define EV_EOF 0x8000

#define NOTE_LOWAT 0x00000001

int kqueue();
int kevent(int queue, const struct kevent* changes, int change_count, struct kevent* events, int event_max,
           const struct timespec* timeout);
// NOLINTEND
