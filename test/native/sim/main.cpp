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
#include "state_check.hpp"
#include "tls_sim.hpp"

namespace {

using namespace ipdaemon::sim;

struct Options {
  std::uint64_t seeds = 10000;
  std::uint64_t from = 1;
  std::uint64_t seed = 0;
  bool one_seed = false;
  bool trace = false;
  bool list = false;
  std::uint64_t determinism = 0;
  std::uint64_t hashes = 0;
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
  const SimulatorCode guard;
  std::signal(signal_number, SIG_DFL);
  std::printf("seed %llu: the run ended with signal %d (%s)\n", static_cast<unsigned long long>(current_seed),
              signal_number, signal_number == SIGALRM ? "it hangs" : strsignal(signal_number));
  print_current_tail();
  std::printf("replay: %s\n", current_replay.c_str());
  std::fflush(stdout);
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
  std::fputs(result.tail.c_str(), stdout);
  std::printf("%s failed: %s\n", what.c_str(), result.failure.c_str());
  std::printf("replay: %s\n", current_replay.c_str());
  std::fflush(stdout);
}

RunResult run_seed(std::uint64_t seed, bool trace) {
  announce(seed, replay_of(seed));
  SeededChoices choices(seed);
  const std::int64_t before = library_bytes();
  // Seeds below keep the hashes of their logs (--hashes).
  constexpr std::uint64_t later_from = 100'000;
  SeededChoices later(~seed);
  RunResult result = run_mixed(&choices, trace, seed >= later_from ? &later : nullptr);
  constexpr std::int64_t grown_max = 4096;  // The library's table of handles may grow.
  if (result.failure.empty() && library_bytes() - before > grown_max) {
    result.failure = "the library keeps " + std::to_string(library_bytes() - before) + " bytes after all was closed";
  }
  return result;
}

// What a child process tells of one run.
struct Verdict {
  std::uint64_t seed;
  std::uint64_t hash;
  std::uint64_t events;
  std::uint32_t reasons;  // For which connections ended, a bit each.
  bool failed;
};

// Runs seeds in a process of its own, which starts with nothing of other runs. Its verdicts come back
// through a pipe as they are reached; a crash of the child is the verdict of the seed after the last.
template <typename Report>
void run_in_child(const std::vector<std::uint64_t>& seeds, bool list, Report report_verdict) {
  std::size_t next = 0;
  while (next < seeds.size()) {
    int ends[2];
    if (pipe(ends) != 0) {
      std::perror("pipe");
      std::exit(2);
    }
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      for (std::size_t i = next; i < seeds.size(); ++i) {
        const RunResult result = run_seed(seeds[i], false);
        const Verdict verdict{seeds[i], result.hash, result.events, StateCheck::take_reasons(),
                              !result.failure.empty()};
        if (verdict.failed && list) {
          std::printf("%llu: %s\n", static_cast<unsigned long long>(seeds[i]), result.failure.c_str());
        } else if (verdict.failed) {
          report("seed " + std::to_string(seeds[i]), result);
        }
        std::fflush(stdout);
        if (write(ends[1], &verdict, sizeof verdict) != sizeof verdict) std::exit(2);
      }
      alarm(0);
      // A long-lived child looks for leaks at its end; for single runs that would cost too much, and
      // the count of the library's memory has been looked at.
      if (seeds.size() > 1) std::exit(0);
      _exit(0);
    }
    close(ends[1]);
    Verdict verdict;
    bool go_on = true;
    while (read(ends[0], &verdict, sizeof verdict) == sizeof verdict) {
      ++next;
      go_on = report_verdict(verdict);
      if (!go_on) break;
    }
    close(ends[0]);
    int status = 0;
    if (!go_on) kill(child, SIGKILL);
    waitpid(child, &status, 0);
    if (!go_on) return;
    if (next < seeds.size()) {
      // It told its seed itself when it crashed.
      if (!report_verdict({seeds[next++], 0, 0, 0, true})) return;
    } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      std::printf("the process of the seeds up to %llu ended badly, see above\n",
                  static_cast<unsigned long long>(seeds.back()));
      if (!report_verdict({seeds.back(), 0, 0, 0, true})) return;
    }
  }
}

// So many seeds have connections that end for want of memory and for an error of the network. Tests on real sockets
// cannot make these two.
constexpr std::uint64_t ends_sample = 400;

std::string missing_ends(std::uint32_t reasons) {
  std::string missing;
  if ((reasons & 1U << IPDAEMON_CLOSED_MEMORY) == 0) missing += " memory";
  if ((reasons & 1U << IPDAEMON_CLOSED_NETWORK) == 0) missing += " network";
  return missing;
}

int run_range(const Options& options, std::uint64_t first, std::uint64_t count) {
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::uint64_t events = 0;
  std::uint32_t reasons = 0;
  constexpr std::uint64_t failures_max = 10;
  const auto count_verdict = [&](const Verdict& verdict) {
    ++done;
    events += verdict.events;
    reasons |= verdict.reasons;
    if (verdict.failed) ++failed;
    if (done % 2500 == 0) {
      std::printf("%llu seeds, %llu events\n", static_cast<unsigned long long>(done),
                  static_cast<unsigned long long>(events));
      std::fflush(stdout);
    }
    return options.list || failed < failures_max;
  };
  std::vector<std::uint64_t> together;
  std::vector<std::uint64_t> alone;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    (needs_own_process(seed) ? alone : together).push_back(seed);
  }
  run_in_child(together, options.list, count_verdict);
  for (std::size_t i = 0; i < alone.size() && (options.list || failed < failures_max); ++i) {
    run_in_child({alone[i]}, options.list, count_verdict);
  }
  if (failed >= failures_max && done < count) std::printf("too many failures, the rest is left out\n");
  std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(done - failed),
              static_cast<unsigned long long>(failed));
  const bool all_ends = done < ends_sample || missing_ends(reasons).empty();
  if (!all_ends) std::printf("no connection ended for%s in these seeds\n", missing_ends(reasons).c_str());
  std::fflush(stdout);
  return failed == 0 && done > 0 && all_ends ? 0 : 1;
}

// The same seeds twice: the logs must be the same.
int check_determinism(std::uint64_t first, std::uint64_t count) {
  std::uint64_t different = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    std::uint64_t hashes[2] = {0, 1};
    for (std::uint64_t& hash : hashes) {
      run_in_child({seed}, true, [&hash](const Verdict& verdict) {
        hash = verdict.hash;
        return true;
      });
    }
    if (hashes[0] == hashes[1]) continue;
    ++different;
    std::printf("seed %llu gives two different logs\n", static_cast<unsigned long long>(seed));
  }
  std::printf("determinism: %llu seeds twice, %llu different\n", static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(different));
  std::fflush(stdout);
  return different == 0 ? 0 : 1;
}

// One line for each seed: its number and the hash of its log. A change that keeps the behaviour, and the order of
// system calls, clock reads and allocations, keeps every line. Each seed has a process of its own, since the log may
// depend on what the process did before.
int print_hashes(std::uint64_t first, std::uint64_t count) {
  std::uint64_t failed = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    run_in_child({seed}, true, [&failed](const Verdict& verdict) {
      if (verdict.failed) ++failed;
      std::printf("%llu %016llx\n", static_cast<unsigned long long>(verdict.seed),
                  static_cast<unsigned long long>(verdict.hash));
      return true;
    });
  }
  return failed == 0 ? 0 : 1;
}

int run_scenario(const Options& options, const std::string& name, int connections) {
  announce(options.from, std::string(program_name) + " --scenario " + name + " --connections " +
                             std::to_string(connections) + " --from " + std::to_string(options.from));
  alarm(10 * seconds_per_run_max);
  SeededChoices choices(options.from);
  const RunResult result = name == "many" ? run_many(&choices, options.trace, connections)
                                          : run_gateway(&choices, options.trace, connections);
  const bool passed = result.failure.empty();
  if (!passed) report("scenario " + name, result);
  std::printf("scenario %s: %d connections, %llu events: %d passed, %d failed\n", name.c_str(), connections,
              static_cast<unsigned long long>(result.events), passed ? 1 : 0, passed ? 0 : 1);
  std::fflush(stdout);
  return passed ? 0 : 1;
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
      "usage: ipdaemon_sim [--seeds N] [--from N] [--jobs N]   runs seeds, the scenario many and a check of "
      "determinism\n"
      "                    [--list]                            one line for each failure, without an end after ten\n"
      "       ipdaemon_sim --seed N [--trace]                  runs one seed\n"
      "       ipdaemon_sim --scenario many [--connections N]   runs one big server\n"
      "       ipdaemon_sim --scenario gateway [--connections N]  connections come and go while one callback pumps\n"
      "       ipdaemon_sim --check-determinism N [--from N]    runs seeds twice and compares their logs\n"
      "       ipdaemon_sim --hashes N [--from N]               prints the hash of each seed's log\n"
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
    } else if (word == "--list") {
      options->list = true;
    } else if (word == "--check-determinism") {
      options->determinism = number();
    } else if (word == "--hashes") {
      options->hashes = number();
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
         (options->scenario.empty() || options->scenario == "many" || options->scenario == "gateway");
}

}  // namespace

int main(int count, char** words) {
  Options options;
  if (count > 0) program_name = words[0];
  if (!parse(count, words, &options)) return usage();
  for (const int number : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGALRM}) std::signal(number, on_crash);

  // Once for all processes that are forked off.
  if (!tls_available()) std::printf("no OpenSSL here: everything is in clear\n");
  if (!options.bytes_file.empty()) return replay_bytes(options);
  if (options.one_seed) {
    const RunResult result = run_seed(options.seed, options.trace);
    if (!result.failure.empty()) report("seed " + std::to_string(options.seed), result);
    std::printf("%d passed, %d failed\n", result.failure.empty() ? 1 : 0, result.failure.empty() ? 0 : 1);
    return result.failure.empty() ? 0 : 1;
  }
  if (!options.scenario.empty()) return run_scenario(options, options.scenario, options.connections);
  if (options.hashes > 0) return print_hashes(options.from, options.hashes);
  if (options.determinism > 0) return check_determinism(options.from, options.determinism);

  // A full run: everything once.
  constexpr std::uint64_t full_run = 1000;
  constexpr std::uint64_t determinism_sample = 50;
  int code = 0;
  if (options.seeds >= full_run) code |= check_determinism(options.from, determinism_sample);
  code |= options.jobs > 1 ? run_jobs(options) : run_range(options, options.from, options.seeds);
  // Last, as it leaves this process with a past.
  if (options.seeds >= full_run) {
    code |= run_scenario(options, "gateway", options.connections);
    code |= run_scenario(options, "many", options.connections);
  }
  return code;
}
