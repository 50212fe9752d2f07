// The test harness of the native parts: small enough to be built wherever the library is built, with
// nothing to fetch. A test is TEST("what it shows") { ... }; a failed CHECK is printed and the test
// goes on, a failed REQUIRE ends it. main.cpp runs what was registered.
#pragma once

#include <cstdint>
#include <exception>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace ipdaemon::test {

struct Case {
  const char* title;
  const char* file;
  void (*body)();
};

// Thrown by REQUIRE and SKIP; never leaves the runner.
struct Ended : std::exception {};

struct Run {
  std::vector<Case> cases;
  int failed_checks = 0;  // Of the case that runs.
  std::string skipped;    // Why the case that runs was skipped, if it was.
};

inline Run& run() {
  static Run instance;
  return instance;
}

struct Registration {
  Registration(const char* title, const char* file, void (*body)()) { run().cases.push_back({title, file, body}); }
};

// Runs those whose title or file contains the filter, prints what comes of it, and returns the status of the program.
int run_tests(const char* filter);

void report_failure(const char* file, int line, const std::string& what);
[[noreturn]] void skip(const std::string& why);

// How a value looks in a message. Bytes outside of printable ASCII are escaped.
inline std::string shown(std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string result = "\"";
  for (const char character : text.substr(0, 200)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
      result += character;
    } else {
      result += "\\x";
      result += digits[byte >> 4];
      result += digits[byte & 15];
    }
  }
  result += text.size() > 200 ? "...\" (" + std::to_string(text.size()) + " bytes)" : "\"";
  return result;
}

template <typename Value>
std::string shown_value(const Value& value) {
  if constexpr (std::is_same_v<Value, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_enum_v<Value>) {
    return std::to_string(static_cast<long long>(value));
  } else if constexpr (std::is_convertible_v<const Value&, std::string_view>) {
    return shown(value);
  } else {
    std::ostringstream stream;
    if constexpr (sizeof(Value) == 1) {
      stream << static_cast<int>(value);
    } else {
      stream << value;
    }
    return stream.str();
  }
}

template <typename Left, typename Right>
bool check_equal(const char* file, int line, const char* text, const Left& left, const Right& right) {
  bool equal;
  if constexpr (std::is_integral_v<Left> && std::is_integral_v<Right> && !std::is_same_v<Left, bool> &&
                !std::is_same_v<Right, bool>) {
    equal = static_cast<std::intmax_t>(left) == static_cast<std::intmax_t>(right);
  } else {
    equal = left == right;
  }
  if (!equal) report_failure(file, line, std::string(text) + ": " + shown_value(left) + " and " + shown_value(right));
  return equal;
}

inline bool check_true(const char* file, int line, const char* text, bool value) {
  if (!value) report_failure(file, line, text);
  return value;
}

}  // namespace ipdaemon::test

#define IPD_JOIN_(left, right) left##right
#define IPD_JOIN(left, right) IPD_JOIN_(left, right)
#define TEST(title)                                                                                                   \
  static void IPD_JOIN(test_body_, __LINE__)();                                                                       \
  static const ::ipdaemon::test::Registration IPD_JOIN(test_registration_, __LINE__)(title, __FILE__,                 \
                                                                                     IPD_JOIN(test_body_, __LINE__)); \
  static void IPD_JOIN(test_body_, __LINE__)()

#define CHECK(condition) ::ipdaemon::test::check_true(__FILE__, __LINE__, #condition, static_cast<bool>(condition))
#define CHECK_EQ(left, right) ::ipdaemon::test::check_equal(__FILE__, __LINE__, #left " is " #right, left, right)
#define REQUIRE(condition)                                  \
  do {                                                      \
    if (!CHECK(condition)) throw ::ipdaemon::test::Ended(); \
  } while (false)
#define REQUIRE_EQ(left, right)                                  \
  do {                                                           \
    if (!CHECK_EQ(left, right)) throw ::ipdaemon::test::Ended(); \
  } while (false)
#define FAIL(what) ::ipdaemon::test::report_failure(__FILE__, __LINE__, what)
#define SKIP(why) ::ipdaemon::test::skip(why)
