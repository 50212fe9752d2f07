// DataIn of several connections in one callback, and what a binding gathers of their answers: ipdaemon_send_group.
#include "memory_sim.hpp"
#include "program.hpp"

namespace ipdaemon::sim {

void Program::register_group(Server& server, int capacity) {
  log_.write("register_data_group(%d, %d)", server.number, capacity);
  server.group.words.resize(2 + 5 * static_cast<std::size_t>(capacity));
  checker_.call_begins(Call::register_callback, server.handle, 0, false);
  const int code = library([&] {
    return ipdaemon_register_data_group(server.handle, on_group, &server, server.group.words.data(), capacity);
  });
  checker_.call_ends(code);
}

std::int32_t Program::on_group(void* user, ipdaemon_t handle, const std::uint8_t* bytes, std::uint64_t length,
                               std::int32_t count) {
  const SimulatorCode guard;
  Server& server = *static_cast<Server*>(user);
  Program& program = *server.program;
  LogChecker& checker = program.checker_;
  std::int32_t* words = server.group.words.data();
  server.group.text.clear();
  server.group.sends.clear();
  int result = 0;
  for (std::int32_t i = 0; i < count && result == 0 && words[0] == 0; ++i) {
    if (program.refuses_to_run() || checker.failed()) return 1;
    words[1] = i + 1;
    const std::int32_t* piece = words + 2 + 5 * i;
    if (piece[1] < 0 || piece[2] < piece[1] || static_cast<std::uint64_t>(piece[2]) > length) {
      checker.fail("a group has a piece outside of its bytes");
      return 1;
    }
    const BytesView text = as_view(bytes + piece[1], static_cast<std::uint64_t>(piece[2] - piece[1]));
    const std::uint64_t before = hash_of(text);
    checker.data_begins(handle, piece[0]);
    checker.data_piece(handle, piece[0], text, piece[3] != 0);
    result = program.on_member(server, piece[0], text, piece[3] != 0, piece[4]);
    if (hash_of(text) != before) checker.fail("the text of DataIn changed while its callback was running");
    checker.event_ends(result);
    // As if a millisecond were over.
    if (server.group.draws->chance(1, 10)) break;
  }
  if (server.open) program.send_group(server);
  return result;
}

// Most handlers only answer, and some do what those of other callbacks do.
int Program::on_member(Server& server, int id, BytesView text, bool eol, std::int32_t gather_max) {
  Choices& draws = *server.group.draws;
  if (calm_ || draws.chance(3, 4)) {
    std::int32_t left = gather_max;
    for (int sends = static_cast<int>(draws.below(3)); sends > 0 && left > 0; --sends) {
      const BytesView answer = text.substr(0, static_cast<std::size_t>(left));
      gather(server, id, answer);
      left -= static_cast<std::int32_t>(answer.size());
    }
    return !calm_ && draws.chance(1, 40) ? 1 : 0;
  }
  send_group(server);
  return server.open ? on_data(server, id, text, eol) : 0;
}

// A send that the library is told of later.
void Program::gather(Server& server, int id, BytesView bytes) {
  Group& group = server.group;
  log_.write("gathers (%d, %d, %s)", server.number, id, shown(bytes).c_str());
  checker_.call_begins(Call::send, server.handle, id, false);
  checker_.send_begins(server.handle, id, bytes, false);
  group.text.append(bytes);
  if (group.sends.empty() || group.sends[group.sends.size() - 3] != id)
    group.sends.insert(group.sends.end(), {id, 0, 0});
  group.sends[group.sends.size() - 2] = static_cast<std::int32_t>(group.text.size());
  group.sends[group.sends.size() - 1] = static_cast<std::int32_t>(bytes.size());
  checker_.send_ends(server.handle, id, 0, -1);
  checker_.call_ends(0);
}

void Program::send_group(Server& server) {
  Group& group = server.group;
  if (group.sends.empty()) return;
  const auto count = static_cast<std::int32_t>(group.sends.size() / 3);
  // A binding that had no memory for the text says so, and these connections end.
  const bool is_lost = !calm_ && group.draws->chance(1, 60);
  log_.write("send_group(%d, %d connections)%s", server.number, count, is_lost ? " without memory" : "");
  for (std::size_t i = 0; is_lost && i < group.sends.size(); i += 3) checker_.lost_sends(server.handle, group.sends[i]);
  checker_.call_begins(Call::send, server.handle, 0, false);
  const int code = library([&] {
    return ipdaemon_send_group(server.handle, is_lost ? nullptr : as_bytes(group.text), is_lost ? 1 : group.text.size(),
                               group.sends.data(), count);
  });
  log_.write("= %d", code);
  checker_.call_ends(code);
  if (is_lost && code != IPDAEMON_ERROR_NO_BUFFERS) checker_.fail("sends of a group that are lost are not told so");
  group.text.clear();
  group.sends.clear();
}

}  // namespace ipdaemon::sim
