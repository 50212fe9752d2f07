// The sockets and files of the simulated system: what the server calls.
#include <algorithm>
#include <cstring>

#include "ipdaemon.h"
#include "world.hpp"

namespace ipdaemon::sim {
namespace {

constexpr int would_block = IPDAEMON_ERROR_WOULD_BLOCK;

}  // namespace

int World::create_socket(Family family, int* descriptor) {
  moment();
  if (family == Family::none) return IPDAEMON_ERROR_ADDRESS_FAMILY_NOT_SUPPORTED;
  *descriptor = new_descriptor(Kind::bare, -1);
  return 0;
}

int World::listen(const Endpoint& local, const ListenOptions& options, int* descriptor) {
  moment();
  if (choices_.chance(faults_.listen_errors, 1000)) {
    constexpr int errors[] = {IPDAEMON_ERROR_PERMISSION_DENIED, IPDAEMON_ERROR_ADDRESS_IN_USE,
                              IPDAEMON_ERROR_TOO_MANY_SOCKETS, IPDAEMON_ERROR_NO_BUFFERS};
    ++injected_errors_;
    return errors[choices_.below(4)];
  }
  auto fresh = std::make_unique<Listener>();
  fresh->local = local;
  fresh->options = options;
  if (local.port == 0) {
    fresh->local.port = next_port_++;
  } else {
    for (const auto& other : listeners_) {
      if (other->descriptor < 0 || other->local.port != local.port) continue;
      const bool overlap =
          other->local.address == local.address || other->local.address.is_any() || local.address.is_any();
      if (overlap && !(options.share_port && other->options.share_port)) return IPDAEMON_ERROR_ADDRESS_IN_USE;
    }
  }
  listeners_.push_back(std::move(fresh));
  *descriptor = new_descriptor(Kind::listener, static_cast<int>(listeners_.size()) - 1);
  listeners_.back()->descriptor = *descriptor;
  return 0;
}

int World::listen_again(int descriptor, int backlog) {
  moment();
  Descriptor* entry = find(descriptor, Kind::listener, "listen");
  if (entry == nullptr) return IPDAEMON_ERROR_NOT_A_SOCKET;
  listeners_[static_cast<std::size_t>(entry->index)]->options.backlog = backlog;
  return 0;
}

int World::accept(int descriptor, int* accepted, Endpoint* peer) {
  moment();
  Descriptor* entry = find(descriptor, Kind::listener, "accept");
  if (entry == nullptr) return IPDAEMON_ERROR_NOT_A_SOCKET;
  Listener& listener = *listeners_[static_cast<std::size_t>(entry->index)];
  if (listener.backlog.empty()) return would_block;
  if (now_us_ < accept_blocked_until_us_ || choices_.chance(faults_.accept_errors, 1000)) {
    if (now_us_ >= accept_blocked_until_us_) {
      accept_blocked_until_us_ = now_us_ + choices_.between(1000, 3000000);
      accept_block_error_ = choices_.below(2) == 0 ? IPDAEMON_ERROR_TOO_MANY_SOCKETS : IPDAEMON_ERROR_NO_BUFFERS;
    }
    ++injected_errors_;
    observer_.on_accept_error(listener.local.port, accept_block_error_);
    return accept_block_error_;
  }
  const int index = listener.backlog.front();
  listener.backlog.pop_front();
  Link& it = link(index);
  *peer = it.peer;
  it.accepted = true;
  ++transfers_;
  it.descriptor = new_descriptor(Kind::link, index);
  *accepted = it.descriptor;
  observer_.on_accepted(index);
  return 0;
}

Transfer World::receive(int descriptor, void* buffer, std::size_t length) {
  moment();
  Descriptor* entry = find(descriptor, Kind::link, "receive");
  if (entry == nullptr) return {0, IPDAEMON_ERROR_NOT_A_SOCKET};
  Link& it = link(entry->index);
  if (length == 0) observer_.on_misuse("receive into no room");
  // A broken connection never asks to try again.
  it.receive_refused = !it.dead() && take_block(&it.block_receive);
  if (it.receive_refused) {
    touch(descriptor);
    return {0, would_block};
  }
  if (it.unread() > 0) {
    std::size_t count = std::min(length, it.unread());
    if (choices_.chance(faults_.short_transfers, 1000)) count = 1 + choices_.below(std::min<std::size_t>(count, 40));
    std::memcpy(buffer, it.sent.data() + it.read_count, count);
    it.read_count += count;
    ++transfers_;
    observer_.on_server_read(entry->index, static_cast<std::int64_t>(count));
    return {static_cast<std::int64_t>(count), 0};
  }
  if (it.error_pending) {
    it.error_pending = false;
    return {0, IPDAEMON_ERROR_RESET_BY_PEER};
  }
  if (it.peer_ended || it.dead()) return {0, 0};
  return {0, would_block};
}

bool World::has_input(int descriptor) {
  moment();
  const Descriptor* entry = find(descriptor, Kind::link, "has_input");
  if (entry == nullptr) return false;
  const Link& it = link(entry->index);
  return it.unread() > 0 || it.error_pending || it.peer_ended || it.dead();
}

Transfer World::send(int descriptor, const BytesView* pieces, int count) {
  moment();
  Descriptor* entry = find(descriptor, Kind::link, "send");
  if (entry == nullptr) return {0, IPDAEMON_ERROR_NOT_A_SOCKET};
  Link& it = link(entry->index);
  std::size_t total = 0;
  for (int i = 0; i < count; ++i) total += pieces[i].size();
  observer_.on_server_tries_to_write(entry->index);
  if (total == 0) observer_.on_misuse("send of nothing");
  if (it.server_ended) observer_.on_misuse("send after shut_down_send");
  if (it.dead() || it.server_ended) {
    it.error_pending = false;
    return {0, IPDAEMON_ERROR_RESET_BY_PEER};
  }
  const std::int64_t room = it.window - static_cast<std::int64_t>(it.outgoing.size());
  if (room <= 0) return {0, would_block};
  if (take_block(&it.block_send)) {
    touch(descriptor);
    return {0, would_block};
  }
  std::size_t wanted = std::min(total, static_cast<std::size_t>(room));
  if (choices_.chance(faults_.short_transfers, 1000)) wanted = 1 + choices_.below(std::min<std::size_t>(wanted, 300));
  std::size_t done = 0;
  for (int i = 0; i < count && done < wanted; ++i) {
    const BytesView part = pieces[i].substr(0, wanted - done);
    if (part.empty()) continue;
    it.outgoing.append(part);
    observer_.on_server_wrote(entry->index, part);
    done += part.size();
  }
  ++transfers_;
  it.taken_count += static_cast<std::int64_t>(done);
  if (tell_peer_) tell_peer_(entry->index);
  return {static_cast<std::int64_t>(done), 0};
}

Transfer World::send_file(int descriptor, int file, std::int64_t offset, std::int64_t length) {
  Descriptor* source = find(file, Kind::file, "send_file");
  if (source == nullptr) return {0, IPDAEMON_ERROR_FILE_UNUSABLE};
  if (choices_.chance(faults_.file_errors, 1000)) {
    ++injected_errors_;
    return {0, IPDAEMON_ERROR_FILE_UNUSABLE};
  }
  const Bytes& content = files_[static_cast<std::size_t>(source->index)].content;
  if (static_cast<std::size_t>(offset) >= content.size()) {
    moment();
    return {0, 0};
  }
  const BytesView piece = BytesView(content).substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(length));
  return send(descriptor, &piece, 1);
}

int World::shut_down_send(int descriptor) {
  moment();
  Descriptor* entry = find(descriptor, Kind::link, "shut_down_send");
  if (entry == nullptr) return IPDAEMON_ERROR_NOT_A_SOCKET;
  Link& it = link(entry->index);
  if (it.dead()) return IPDAEMON_ERROR_NOT_CONNECTED;
  it.server_ended = true;
  it.server_ended_us = now_us_;
  touch(descriptor);
  if (tell_peer_) tell_peer_(entry->index);
  return 0;
}

void World::close(int descriptor, bool reset) {
  moment();
  const std::size_t position = static_cast<std::size_t>(descriptor - 3);
  const Kind kind = descriptor >= 3 && position < descriptors_.size() ? descriptors_[position].kind : Kind::none;
  if (kind != Kind::listener && kind != Kind::link && kind != Kind::bare) {
    observer_.on_misuse("close of descriptor " + std::to_string(descriptor) + ", which is no open socket");
    return;
  }
  const int index = descriptors_[position].index;
  free_descriptor(descriptor);
  if (kind == Kind::bare) return;
  if (kind == Kind::listener) {
    Listener& listener = *listeners_[static_cast<std::size_t>(index)];
    listener.descriptor = -1;
    for (const int waiting : listener.backlog) {
      link(waiting).server_reset = true;
      link(waiting).server_closed = true;
      if (tell_peer_) tell_peer_(waiting);
    }
    listener.backlog.clear();
    return;
  }
  Link& it = link(index);
  it.descriptor = -1;
  it.server_closed = true;
  if (!it.server_ended) it.server_ended_us = now_us_;
  it.server_ended = true;
  if (reset || it.unread() > 0) {
    // Unread input makes a close a reset, and a reset loses what the peer has not read.
    it.server_reset = true;
    it.outgoing.clear();
  }
  observer_.on_server_closed(index, it.server_reset);
  if (tell_peer_) tell_peer_(index);
}

int World::set_option(int descriptor, SocketOption option, int value) {
  moment();
  if (choices_.chance(faults_.option_errors, 1000)) {
    ++injected_errors_;
    return IPDAEMON_ERROR_NO_BUFFERS;
  }
  const std::size_t position = static_cast<std::size_t>(descriptor - 3);
  if (descriptor < 3 || position >= descriptors_.size() || descriptors_[position].kind == Kind::none) {
    observer_.on_misuse("an option of a descriptor that is not open");
    return IPDAEMON_ERROR_NOT_A_SOCKET;
  }
  if (option == SocketOption::send_buffer && descriptors_[position].kind == Kind::link) {
    link(descriptors_[position].index).window = value;
  }
  return 0;
}

int World::get_option(int descriptor, SocketOption option, int* value) {
  moment();
  const std::size_t position = static_cast<std::size_t>(descriptor - 3);
  if (descriptor < 3 || position >= descriptors_.size()) return IPDAEMON_ERROR_NOT_A_SOCKET;
  *value = 0;
  if (option == SocketOption::send_buffer && descriptors_[position].kind == Kind::link) {
    *value = static_cast<int>(link(descriptors_[position].index).window);
  }
  if (option == SocketOption::receive_buffer) *value = 65536;
  return 0;
}

int World::local_endpoint(int descriptor, Endpoint* out) {
  const std::size_t position = static_cast<std::size_t>(descriptor - 3);
  if (descriptor < 3 || position >= descriptors_.size()) return IPDAEMON_ERROR_NOT_A_SOCKET;
  const Descriptor& entry = descriptors_[position];
  if (entry.kind == Kind::listener) {
    *out = listeners_[static_cast<std::size_t>(entry.index)]->local;
    return 0;
  }
  if (entry.kind == Kind::link) {
    *out = link(entry.index).local;
    return 0;
  }
  observer_.on_misuse("local_endpoint of a descriptor that is not open");
  return IPDAEMON_ERROR_NOT_A_SOCKET;
}

int World::pending_error(int descriptor) {
  moment();
  Descriptor* entry = find(descriptor, Kind::link, "pending_error");
  if (entry == nullptr) return IPDAEMON_ERROR_NOT_A_SOCKET;
  Link& it = link(entry->index);
  if (!it.error_pending) return 0;
  it.error_pending = false;
  return IPDAEMON_ERROR_RESET_BY_PEER;
}

// ---- Files

int World::open_file(const std::string& path, std::int64_t* size, std::string* reason) {
  moment();
  if (choices_.chance(faults_.file_errors, 1000)) {
    ++injected_errors_;
    *reason = "an injected error";
    return -1;
  }
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (files_[i].path != path) continue;
    *size = static_cast<std::int64_t>(files_[i].content.size());
    return new_descriptor(Kind::file, static_cast<int>(i));
  }
  *reason = "no such file";
  return -1;
}

void World::close_file(int descriptor) {
  if (find(descriptor, Kind::file, "closing a file") != nullptr) free_descriptor(descriptor);
}

Transfer World::read_file(int descriptor, std::int64_t offset, void* buffer, std::size_t length) {
  Descriptor* entry = find(descriptor, Kind::file, "reading a file");
  if (entry == nullptr) return {0, IPDAEMON_ERROR_FILE_UNUSABLE};
  const Bytes& content = files_[static_cast<std::size_t>(entry->index)].content;
  if (static_cast<std::size_t>(offset) >= content.size()) return {0, 0};
  const std::size_t count = content.copy(static_cast<char*>(buffer), length, static_cast<std::size_t>(offset));
  return {static_cast<std::int64_t>(count), 0};
}

}  // namespace ipdaemon::sim
