// The simulator's command line. Runs seeds, says which fail and how to see one again.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "choices.hpp"
#include "memory_sim.hpp"
#include "scenario.hpp"

namespace {

using namespace ipdaemon::sim;

struct Options {
  std::uint64_t seeds = 10000;
  std::uint64_t from = 1;
  std::uint64_t seed = 0;
  bool one_seed = false;
  bool trace = false;
  bool quiet = false;
  std::uint64_t determinism = 0;
  std::string scenario;
  int connections = 100000;
  std::string bytes_file;
  int jobs = 1;
};

const char* program_name = "ipdaemon_sim";
std::uint64_t current_seed = 0;
std::string current_replay;

constexpr unsigned seconds_per_run_max = 60;

// A crash or a hang of the server must still name its seed.
extern "C" void on_crash(int signal_number) {
  std::printf("seed %llu: the run ended with signal %d (%s)\n", static_cast<unsigned long long>(current_seed),
              signal_number, signal_number == SIGALRM ? "it hangs" : strsignal(signal_number));
  print_current_tail();
  std::printf("replay: %s\n", current_replay.c_str());
  std::fflush(stdout);
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

void announce(std::uint64_t seed, const std::string& replay) {
  current_seed = seed;
  current_replay = replay;
  alarm(seconds_per_run_max);
}

std::string replay_of(std::uint64_t seed) {
  return std::string(program_name) + " --seed " + std::to_string(seed) + " --trace";
}

void report(const std::string& what, const RunResult& result) {
  std::printf("%s failed: %s\n", what.c_str(), result.failure.c_str());
  std::printf("replay: %s\n", current_replay.c_str());
  std::fflush(stdout);
}

RunResult run_seed(std::uint64_t seed, bool trace) {
  announce(seed, replay_of(seed));
  SeededChoices choices(seed);
  const std::int64_t before = library_bytes();
  RunResult result = run_mixed(&choices, trace);
  constexpr std::int64_t grown_max = 4096;  // The library's table of handles may grow.
  if (result.failure.empty() && library_bytes() - before > grown_max) {
    result.failure = "the library keeps " + std::to_string(library_bytes() - before) + " bytes after all was closed";
  }
  return result;
}

int run_range(const Options& options, std::uint64_t first, std::uint64_t count) {
  std::uint64_t passed = 0;
  std::uint64_t failed = 0;
  std::uint64_t events = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t seed = first + i;
    const RunResult result = run_seed(seed, false);
    events += result.events;
    if (result.failure.empty()) {
      ++passed;
    } else {
      ++failed;
      report("seed " + std::to_string(seed), result);
      if (failed >= 10) {
        std::printf("too many failures, the rest is left out\n");
        break;
      }
    }
    if (!options.quiet && (i + 1) % 2500 == 0) {
      std::printf("%llu seeds, %llu events\n", static_cast<unsigned long long>(i + 1),
                  static_cast<unsigned long long>(events));
      std::fflush(stdout);
    }
  }
  std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(passed),
              static_cast<unsigned long long>(failed));
  std::fflush(stdout);
  return failed == 0 && passed > 0 ? 0 : 1;
}

// The same seeds twice: the logs must be the same.
int check_determinism(std::uint64_t first, std::uint64_t count) {
  std::uint64_t different = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const RunResult one = run_seed(seed, false);
    const RunResult two = run_seed(seed, false);
    if (one.hash == two.hash) continue;
    ++different;
    std::printf("seed %llu gives two different logs\n", static_cast<unsigned long long>(seed));
  }
  std::printf("determinism: %llu seeds twice, %llu different\n", static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(different));
  std::fflush(stdout);
  return different == 0 ? 0 : 1;
}

int run_many_scenario(const Options& options) {
  announce(options.from, std::string(program_name) + " --scenario many --connections " +
                             std::to_string(options.connections) + " --from " + std::to_string(options.from));
  alarm(10 * seconds_per_run_max);
  SeededChoices choices(options.from);
  const RunResult result = run_many(&choices, options.trace, options.connections);
  if (!result.failure.empty()) {
    report("scenario many", result);
    return 1;
  }
  std::printf("scenario many: %d connections, %llu events, passed\n", options.connections,
              static_cast<unsigned long long>(result.events));
  std::fflush(stdout);
  return 0;
}

int replay_bytes(const Options& options) {
  std::ifstream file(options.bytes_file, std::ios::binary);
  if (!file) {
    std::printf("%s cannot be read\n", options.bytes_file.c_str());
    return 2;
  }
  std::ostringstream bytes;
  bytes << file.rdbuf();
  announce(0, std::string(program_name) + " --replay-bytes " + options.bytes_file + " --trace");
  ByteChoices choices(bytes.str());
  const RunResult result = run_mixed(&choices, options.trace);
  if (!result.failure.empty()) {
    report(options.bytes_file, result);
    return 1;
  }
  std::printf("%s passed\n", options.bytes_file.c_str());
  return 0;
}

// Shares the seeds between processes; each prints for itself.
int run_jobs(const Options& options) {
  std::vector<pid_t> children;
  const auto jobs = static_cast<std::uint64_t>(options.jobs);
  for (std::uint64_t job = 0; job < jobs; ++job) {
    const std::uint64_t begin = options.seeds * job / jobs;
    const std::uint64_t end = options.seeds * (job + 1) / jobs;
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      // Not _exit: the leak check at the end of the process belongs to the test.
      std::exit(run_range(options, options.from + begin, end - begin));
    }
    children.push_back(child);
  }
  int code = 0;
  for (const pid_t child : children) {
    int status = 0;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) code = 1;
  }
  std::printf("all jobs: %llu seeds, %s\n", static_cast<unsigned long long>(options.seeds),
              code == 0 ? "all passed" : "failed");
  return code;
}

int usage() {
  std::printf(
      "usage: ipdaemon_sim [--seeds N] [--from N] [--jobs N]   runs seeds, the scenario many and a check of determinism\n"
      "       ipdaemon_sim --seed N [--trace]                  runs one seed\n"
      "       ipdaemon_sim --scenario many [--connections N]   runs one big server\n"
      "       ipdaemon_sim --check-determinism N [--from N]    runs seeds twice and compares their logs\n"
      "       ipdaemon_sim --replay-bytes FILE [--trace]       takes the choices from a fuzzer's file\n");
  return 2;
}

bool parse(int count, char** words, Options* options) {
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto value = [&]() -> const char* { return i + 1 < count ? words[++i] : ""; };
    const auto number = [&] { return std::strtoull(value(), nullptr, 10); };
    if (word == "--seeds") {
      options->seeds = number();
    } else if (word == "--from") {
      options->from = number();
    } else if (word == "--seed") {
      options->seed = number();
      options->one_seed = true;
    } else if (word == "--trace") {
      options->trace = true;
    } else if (word == "--quiet") {
      options->quiet = true;
    } else if (word == "--check-determinism") {
      options->determinism = number();
    } else if (word == "--scenario") {
      options->scenario = value();
    } else if (word == "--connections") {
      options->connections = static_cast<int>(number());
    } else if (word == "--replay-bytes") {
      options->bytes_file = value();
    } else if (word == "--jobs") {
      options->jobs = static_cast<int>(number());
    } else {
      return false;
    }
  }
  return options->jobs > 0 && options->connections > 0 && options->connections <= 100000 &&
         (options->scenario.empty() || options->scenario == "many");
}

}  // namespace

int main(int count, char** words) {
  Options options;
  if (count > 0) program_name = words[0];
  if (!parse(count, words, &options)) return usage();
  for (const int number : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGALRM}) std::signal(number, on_crash);

  if (!options.bytes_file.empty()) return replay_bytes(options);
  if (options.one_seed) {
    const RunResult result = run_seed(options.seed, options.trace);
    if (!result.failure.empty()) report("seed " + std::to_string(options.seed), result);
    std::printf("%d passed, %d failed\n", result.failure.empty() ? 1 : 0, result.failure.empty() ? 0 : 1);
    return result.failure.empty() ? 0 : 1;
  }
  if (options.scenario == "many") return run_many_scenario(options);
  if (options.determinism > 0) return check_determinism(options.from, options.determinism);

  // A full run: everything once.
  constexpr std::uint64_t full_run = 1000;
  constexpr std::uint64_t determinism_sample = 50;
  int code = 0;
  if (options.seeds >= full_run) {
    code |= run_many_scenario(options);
    code |= check_determinism(options.from, determinism_sample);
  }
  code |= options.jobs > 1 ? run_jobs(options) : run_range(options, options.from, options.seeds);
  return code;
}
