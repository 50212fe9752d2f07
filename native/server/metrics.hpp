// What the setting Metrics reads: everything that is counted, in the text format of Prometheus.
#pragma once

#include <string>

namespace ipdaemon {

class Server;

std::string metrics_text(Server& server);

}  // namespace ipdaemon
