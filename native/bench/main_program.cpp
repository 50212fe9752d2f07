// A program of the benchmark on its own; one with TLS has the OpenSSL it is linked with.
#include "bench/program.hpp"

int main(int argc, char** argv) {
  return bench_program(argc, argv);
}
