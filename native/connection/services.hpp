// What a server is made of below itself, and what its connections, its listener and its lingering closes may ask: they
// know these objects and not the server.
#pragma once

#include <memory>

#include "connection/address_blocks.hpp"
#include "connection/certificate_choices.hpp"
#include "connection/connections.hpp"
#include "connection/data_group.hpp"
#include "connection/framing_spec.hpp"
#include "connection/lingering_close.hpp"
#include "connection/tls_session.hpp"
#include "properties/settings.hpp"
#include "pump/batch_pace.hpp"
#include "pump/deadlines.hpp"
#include "pump/dispatcher.hpp"
#include "pump/gathering.hpp"
#include "pump/notices.hpp"
#include "pump/owed_list.hpp"
#include "pump/pump.hpp"
#include "pump/turn_buffers.hpp"
#include "reactor/reactor.hpp"

namespace ipdaemon {

struct Services {
  Services(EventSink& sink, std::unique_ptr<Poller> poller)
      : reactor(std::move(poller)),
        deadlines(monotonic_ms()),
        dispatcher(sink, owed, gathering),
        pump(reactor, deadlines, owed, dispatcher, buffers, notices, gathering),
        group(*this),
        connections(reactor, deadlines),
        lingering(*this) {}
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  Poller& poller() { return reactor.poller(); }

  Reactor reactor;
  Deadlines deadlines;
  OwedList owed;
  Gathering gathering;
  BatchPace pace;
  TurnBuffers buffers;
  Notices notices;
  Settings settings;
  Dispatcher dispatcher;
  Pump pump;
  // What DefaultFraming says.
  std::shared_ptr<const FramingSpec> default_framing;
  CertificateChoices certificate_choices;
  HandshakeList handshakes;
  DataGroup group;
  Connections connections;
  AddressBlocks blocks;
  LingeringCloses lingering;
};

}  // namespace ipdaemon
