// Runs the registered tests: all of them, or those whose title or file contains the first argument.
// --list prints the titles. The last line is "N passed, N failed"; the exit code is 1 if one failed.
#include <chrono>
#include <cstdio>
#include <cstring>

#include "check.hpp"

namespace ipdaemon::test {

void report_failure(const char* file, int line, const std::string& what) {
  ++run().failed_checks;
  std::printf("  %s:%d: %s\n", file, line, what.c_str());
  std::fflush(stdout);
}

void skip(const std::string& why) {
  run().skipped = why;
  throw Ended();
}

namespace {

const char* base_name(const char* path) {
  const char* slash = std::strrchr(path, '/');
  return slash != nullptr ? slash + 1 : path;
}

void run_body(const Case& test) {
  try {
    test.body();
  } catch (const Ended&) {
    // The reason was recorded where it was thrown.
  } catch (const std::exception& error) {
    report_failure(test.file, 0, std::string("exception: ") + error.what());
  }
}

}  // namespace

int run_tests(const char* filter) {
  int passed = 0;
  int failed = 0;
  int skipped = 0;
  for (const Case& test : run().cases) {
    if (std::strstr(test.title, filter) == nullptr && std::strstr(base_name(test.file), filter) == nullptr) continue;
    run().failed_checks = 0;
    run().skipped.clear();
    const auto begin = std::chrono::steady_clock::now();
    run_body(test);
    const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - begin;
    const char* outcome = "ok  ";
    if (run().failed_checks > 0) {
      ++failed;
      outcome = "FAIL";
    } else if (!run().skipped.empty()) {
      ++skipped;
      outcome = "skip";
    } else {
      ++passed;
    }
    std::printf("%s %s: %s (%.0f ms)%s%s\n", outcome, base_name(test.file), test.title, spent.count(),
                run().skipped.empty() ? "" : ": ", run().skipped.c_str());
    std::fflush(stdout);
  }
  if (passed + failed + skipped == 0) {
    std::printf("no test matches \"%s\"\n", filter);
    return 1;
  }
  if (skipped > 0) std::printf("%d skipped\n", skipped);
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed > 0 ? 1 : 0;
}

}  // namespace ipdaemon::test

int main(int count, char** arguments) {
  using namespace ipdaemon::test;
  const char* filter = count > 1 ? arguments[1] : "";
  if (std::strcmp(filter, "--list") == 0) {
    for (const Case& test : run().cases) std::printf("%s: %s\n", base_name(test.file), test.title);
    return 0;
  }
  return run_tests(filter);
}
