// The first bytes of a client, of any kind and in any pieces.
#include <string>

#include "check.hpp"
#include "tls/hello_buffer.hpp"

namespace ipdaemon::tls {

namespace {

std::string counted(const std::string& bytes, int width) {
  std::string out;
  for (int i = width - 1; i >= 0; --i) out += static_cast<char>(bytes.size() >> (8 * i) & 0xff);
  return out + bytes;
}

std::string record(const std::string& content, char type = 22) {
  return std::string{type, 3, 1} + counted(content, 2);
}

std::string client_hello(std::size_t length) {
  return "\x01" + counted(std::string(length, 'h'), 3);
}

// After how many bytes it is due when they come one by one; -1 for never.
int due_after(const std::string& bytes) {
  HelloBuffer buffer;
  BytesView all;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (!buffer.add(BytesView(bytes).substr(i, 1), &all)) continue;
    CHECK(all == BytesView(bytes).substr(0, i + 1));
    return static_cast<int>(i) + 1;
  }
  CHECK_EQ(buffer.size(), bytes.size());
  return -1;
}

int size_of(const std::string& bytes) {
  return static_cast<int>(bytes.size());
}

}  // namespace

TEST("a ClientHello is due when it is complete, in however many records it comes") {
  const std::string hello = client_hello(300);
  CHECK_EQ(due_after(record(hello)), size_of(record(hello)));
  CHECK_EQ(due_after(record(hello).substr(0, 100)), -1);
  CHECK_EQ(due_after(""), -1);
  std::string split;
  for (const char byte : hello) split += record({byte}) + record("");
  CHECK_EQ(due_after(split), size_of(split) - size_of(record("")));
  const std::string longer = client_hello(17000);
  const std::string two = record(longer.substr(0, 16384)) + record(longer.substr(16384));
  CHECK_EQ(due_after(two), size_of(two));
  // All at once it is not copied.
  HelloBuffer buffer;
  BytesView all;
  const std::string more = record(hello) + "and more";
  CHECK(buffer.add(more, &all));
  CHECK(all.data() == more.data() && all.size() == more.size());
  CHECK_EQ(buffer.size(), std::size_t{0});
}

TEST("anything but a ClientHello is due as soon as it can be refused, and waits no shorter than OpenSSL would") {
  CHECK_EQ(due_after("GET / HTTP/1.1\r\n"), 5);
  CHECK_EQ(due_after("EHLO"), -1);
  CHECK_EQ(due_after(std::string(100, '\0')), 5);
  CHECK_EQ(due_after(std::string("\x16\x03\x01\xff\xff", 5)), 5);
  for (const char type : {20, 21, 23, 24}) {
    const std::string alert = record("\x02\x28", type);
    CHECK_EQ(due_after(alert), size_of(alert));
    CHECK_EQ(due_after(alert.substr(0, alert.size() - 1)), -1);
  }
  const std::string other = record("\x02" + counted(std::string(300, 's'), 3));
  CHECK_EQ(due_after(other), size_of(other));
  // An alert in the middle.
  const std::string given_up = record(client_hello(300).substr(0, 50)) + record(std::string("\x01\x00", 2), 21);
  CHECK_EQ(due_after(given_up), size_of(given_up));
  // The form of SSL 2.
  const std::string old("\x80\x10\x01\x00\x02\x00\x03\x00\x00\x00\x04\x01\x00\x80xxxx", 18);
  CHECK_EQ(due_after(old), 18);
  CHECK_EQ(due_after(old.substr(0, 17)), -1);
}

TEST("nothing is kept without end") {
  const std::string endless = client_hello(0xfffff);
  std::string slow;
  std::string fast;
  for (std::size_t at = 0; slow.size() < 2 * HelloBuffer::kept_max; ++at) slow += record(endless.substr(at, 1));
  for (std::size_t at = 0; fast.size() < 2 * HelloBuffer::kept_max; at += 16384)
    fast += record(endless.substr(at, 16384));
  for (const std::string* bytes : {&slow, &fast}) {
    CHECK_EQ(due_after(*bytes), static_cast<int>(HelloBuffer::kept_max));
  }
  std::string empty;
  for (int i = 0; i < 100; ++i) empty += record("");
  CHECK_EQ(due_after(empty), 33 * 5);
}

}  // namespace ipdaemon::tls
