// A reader for each format, in store_*.cpp. For this folder only.
#pragma once

#include "tls/stores/content.hpp"

namespace ipdaemon::tls {

// Each returns false with the reason in `problem`, and then what it added is not to be used.
bool read_pem(BytesView content, BytesView password, StoreContent* out, Problem* problem);
bool read_pkcs12(BytesView content, BytesView password, StoreContent* out, Problem* problem);
bool read_pkcs7(BytesView der, StoreContent* out, Problem* problem);
bool read_jks(BytesView content, BytesView password, StoreContent* out, Problem* problem);
bool read_jwk(BytesView content, StoreContent* out, Problem* problem);
bool read_ppk(BytesView content, BytesView password, StoreContent* out, Problem* problem);
bool read_xml(BytesView content, StoreContent* out, Problem* problem);

}  // namespace ipdaemon::tls
