// The command line of the bench programs: `--name value` and `--flag`, nothing else.
//
// Every option is asked for by its name with the value it has when it is not given; what nobody asked
// for is then reported by `finish`, so that a misspelt option never measures something else silently.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace bench {

class Arguments {
 public:
  Arguments(int count, char** values) : program_(count > 0 ? values[0] : "bench") {
    for (int i = 1; i < count; ++i) words_.push_back({values[i], false});
  }

  // The first word when it is no option, otherwise "".
  std::string command() {
    if (words_.empty() || words_[0].text.starts_with("--")) return "";
    words_[0].used = true;
    return std::string(words_[0].text);
  }

  bool flag(std::string_view name) {
    for (Word& word : words_) {
      if (!word.used && word.text == name) return word.used = true;
    }
    return false;
  }

  std::string text(std::string_view name, std::string_view fallback) {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (words_[i].used || words_[i].text != name) continue;
      if (i + 1 == words_.size()) fail(std::string(name) + " needs a value");
      words_[i].used = words_[i + 1].used = true;
      return std::string(words_[i + 1].text);
    }
    return std::string(fallback);
  }

  std::int64_t number(std::string_view name, std::int64_t fallback, std::int64_t minimum, std::int64_t maximum) {
    const std::string value = text(name, std::to_string(fallback));
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || number < minimum || number > maximum) {
      fail(std::string(name) + " must be a number from " + std::to_string(minimum) + " to " + std::to_string(maximum));
    }
    return number;
  }

  // Seconds with decimals, as nanoseconds.
  std::int64_t nanoseconds(std::string_view name, double fallback, double maximum) {
    const std::string value = text(name, std::to_string(fallback));
    char* end = nullptr;
    const double seconds = std::strtod(value.c_str(), &end);
    if (end == value.c_str() || *end != '\0' || !(seconds >= 0) || seconds > maximum) {
      fail(std::string(name) + " must be seconds from 0 to " + std::to_string(static_cast<int>(maximum)));
    }
    return static_cast<std::int64_t>(seconds * 1e9);
  }

  // To be called when all options have been asked for.
  void finish() {
    for (const Word& word : words_) {
      if (!word.used) fail("unknown option " + std::string(word.text));
    }
  }

  [[noreturn]] void fail(const std::string& reason) const {
    std::fprintf(stderr, "%s: %s\n", program_.c_str(), reason.c_str());
    std::exit(2);
  }

 private:
  struct Word {
    std::string_view text;
    bool used;
  };
  std::string program_;
  std::vector<Word> words_;
};

}  // namespace bench
