// What SSLTicketKeys says: keys of session tickets that several servers share.
#pragma once

#include <string>

#include "base/bytes.hpp"
#include "tls/problem.hpp"
#include "tls/tickets.hpp"

namespace ipdaemon::tls {

// Reads "@FILE" and keys in base64, separated by commas. A file has a key in base64 on each line, or is one key as it
// is. False with the reason. `notice` has what whoever starts a server should know of the files. No key gets into a
// text.
bool read_ticket_keys(BytesView list, TicketKeys::List* out, std::string* notice, Problem* problem);

}  // namespace ipdaemon::tls
