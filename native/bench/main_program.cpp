// A TLS program of the benchmark on its own, with the OpenSSL it is linked with.
#include "bench/tls.hpp"

int main(int argc, char** argv) {
  return bench_program(argc, argv);
}
