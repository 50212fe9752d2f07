#include "server/metrics.hpp"

#include <cstdio>

#include "base/bytes.hpp"
#include "ipdaemon.h"
#include "server/server.hpp"

namespace ipdaemon {

namespace {

struct Metric {
  BytesView name;
  const char* type;
  const char* help;
};
constexpr Metric metrics[] = {
#define IPD_METRIC(metric, type, help) {metric, #type, help},
#include "ipdaemon_counters.def"
};

// One line of a counter or a gauge.
struct Sample {
  BytesView metric;
  const char* labels;
  int counter;
};
constexpr Sample samples[] = {
#define IPD_COUNTER(id, NAME, name, metric, labels, summary) {metric, labels, id},
#define IPD_GAUGE(id, NAME, name, metric, summary) {metric, "", id},
#include "ipdaemon_counters.def"
#define IPD_REFUSED(number, NAME, name, word, summary, advice) \
  {"ipdaemon_refused_total", "reason=\"" word "\"", IPDAEMON_COUNTER_REFUSED + number},
#include "ipdaemon_counters.def"
#define IPD_CLOSED(number, NAME, name, word, summary, advice) \
  {"ipdaemon_closed_total", "reason=\"" word "\"", IPDAEMON_COUNTER_CLOSED + number},
#include "ipdaemon_counters.def"
};

// Decimal whatever the locale is, without zeros at the end.
std::string seconds(std::int64_t us) {
  char text[32];
  std::snprintf(text, sizeof text, "%lld.%06lld", static_cast<long long>(us / 1000000),
                static_cast<long long>(us % 1000000));
  std::string result = text;
  result.erase(result.find_last_not_of('0') + 1);
  if (result.back() == '.') result.pop_back();
  return result;
}

class MetricsText {
 public:
  explicit MetricsText(Server& server)
      : server_(server), port_("port=\"" + std::to_string(server.listening().local_port()) + "\"") {}

  void add(const Metric& metric) {
    const std::string name(metric.name);
    text_ += "# HELP " + name + " " + metric.help + "\n# TYPE " + name + " " + metric.type + "\n";
    if (const Histogram* histogram = histogram_of(metric.name); histogram != nullptr) {
      add_histogram(name, *histogram);
      return;
    }
    for (const Sample& sample : samples) {
      if (sample.metric == metric.name) add_line(name, sample.labels, std::to_string(server_.counter(sample.counter)));
    }
  }
  std::string take() { return std::move(text_); }

 private:
  const Histogram* histogram_of(BytesView name) const {
    const Services& services = server_.services();
    if (name == "ipdaemon_handshake_seconds") return &services.connections.counters.handshakes;
    if (name == "ipdaemon_connection_seconds") return &services.connections.counters.connections;
    if (name == "ipdaemon_turn_seconds") return &services.pump.turns();
    return nullptr;
  }

  void add_histogram(const std::string& name, const Histogram& histogram) {
    std::int64_t count = 0;
    for (int bucket = 0; bucket <= Histogram::bucket_count; ++bucket) {
      count += histogram.count(bucket);
      const std::string limit = bucket < Histogram::bucket_count ? seconds(Histogram::limit_us(bucket)) : "+Inf";
      add_line(name + "_bucket", "le=\"" + limit + "\"", std::to_string(count));
    }
    add_line(name + "_sum", "", seconds(histogram.sum_us()));
    add_line(name + "_count", "", std::to_string(count));
  }

  void add_line(const std::string& name, const std::string& labels, const std::string& value) {
    text_ += name + "{" + port_ + (labels.empty() ? "" : ",") + labels + "} " + value + "\n";
  }

  Server& server_;
  const std::string port_;
  std::string text_;
};

}  // namespace

std::string metrics_text(Server& server) {
  MetricsText text(server);
  for (const Metric& metric : metrics) text.add(metric);
  return text.take();
}

}  // namespace ipdaemon
