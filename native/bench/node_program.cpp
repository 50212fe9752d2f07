// A program of the benchmark as a Node addon: run(words) is the program with these words as its
// command line, on the thread that calls it. OpenSSL's symbols are left open, so Node's OpenSSL is used,
// which is what makes the comparison with servers in Node one of like with like.
#include <node_api.h>

#include <string>
#include <vector>

#include "bench/program.hpp"

namespace bench {
namespace {

std::string text_of(napi_env env, napi_value value) {
  size_t length = 0;
  napi_get_value_string_utf8(env, value, nullptr, 0, &length);
  std::string text(length + 1, '\0');
  napi_get_value_string_utf8(env, value, text.data(), text.size(), &length);
  text.resize(length);
  return text;
}

napi_value run(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value list = nullptr;
  napi_get_cb_info(env, info, &count, &list, nullptr, nullptr);
  uint32_t length = 0;
  napi_get_array_length(env, list, &length);
  std::vector<std::string> words(1, "bench");
  for (uint32_t i = 0; i < length; ++i) {
    napi_value word = nullptr;
    napi_get_element(env, list, i, &word);
    words.push_back(text_of(env, word));
  }
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  napi_value result = nullptr;
  napi_create_int32(env, bench_program(static_cast<int>(words.size()), pointers.data()), &result);
  return result;
}

}  // namespace
}  // namespace bench

NAPI_MODULE_INIT() {
  napi_value function = nullptr;
  napi_create_function(env, "run", NAPI_AUTO_LENGTH, bench::run, nullptr, &function);
  napi_set_named_property(env, exports, "run", function);
  return exports;
}
