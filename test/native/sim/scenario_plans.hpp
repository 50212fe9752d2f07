// What a run is drawn from: the troubles of the system, what programs and peers are like.
#pragma once

#include "choices.hpp"
#include "memory_sim.hpp"
#include "peers.hpp"
#include "program.hpp"
#include "world.hpp"

namespace ipdaemon::sim {

Faults draw_faults(Choices& choices);
MemoryPlan draw_memory(Choices& choices);
ServerPlan draw_server(Choices& choices);
// For DataGroup.
void draw_groups(Choices& choices, ServerPlan* plan);
PeerPlan draw_one_of_crowd(Choices& choices, const ServerPlan& server, std::uint16_t port);
void draw_tls(Choices& choices, ServerPlan* plan);
// PieceTimeout, SendTimeout, MaxConnectionTime, Drain, and changes of TLS.
void draw_limits(Choices& choices, ServerPlan* plan);
// Behind a proxy, and the header of a peer of such a server.
void draw_proxies(Choices& choices, ServerPlan* plan);
HeaderPlan draw_header(Choices& choices, const ServerPlan& server, const PeerPlan& peer);
// Callbacks that wait inside of each other, as ported loops do, for more peers than pumps may be nested.
void draw_deep_waits(Choices& choices, ServerPlan* plan);
PeerPlan draw_peer(Choices& choices, const ServerPlan& server, std::uint16_t port);
// Bytes that are interesting for the framing of a server.
Bytes draw_input(Choices& choices, std::size_t length, const ServerPlan& plan);
// The files that programs send, of which one shrinks during the run.
void add_files(World& world, Choices& choices);

}  // namespace ipdaemon::sim
