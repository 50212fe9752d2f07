// The text of Framing: what it may say, how it reads back, and what is said about one that is wrong.
#include "connection/framing_spec.hpp"

#include <memory>
#include <string>

#include "check.hpp"
#include "ipdaemon.h"

using namespace ipdaemon;

namespace {

std::string canonical(BytesView text) {
  std::shared_ptr<const FramingSpec> spec;
  std::string detail;
  if (FramingSpec::parse(text, "Framing", 2048, &spec, &detail) != 0) return "error: " + detail;
  return spec != nullptr ? spec->text() : "none";
}

std::string refusal(BytesView text) {
  std::shared_ptr<const FramingSpec> spec;
  std::string detail;
  CHECK_EQ(FramingSpec::parse(text, "Framing", 2048, &spec, &detail), IPDAEMON_ERROR_INVALID_VALUE);
  CHECK(spec == nullptr);
  return detail;
}

constexpr const char* types[] = {"u8",   "u16be", "u16le", "u24be", "u24le", "u32be", "u32le", "varint", "dec1", "dec2",
                                 "dec3", "dec4",  "dec5",  "dec6",  "dec7",  "dec8",  "dec9",  "dec10",  "hex2", "hex3",
                                 "hex4", "hex5",  "hex6",  "hex7",  "hex8",  "bcd1",  "bcd2",  "bcd3",   "bcd4"};

}  // namespace

TEST("a framing reads back with every option, which parses to the same") {
  CHECK_EQ(canonical(""), std::string("none"));
  CHECK_EQ(canonical("octets"), std::string("octets,max=65536,over=close"));
  CHECK_EQ(canonical("SYSLOG , Max = 0x100 ,over=Skip"), std::string("syslog,max=256,over=skip"));
  CHECK_EQ(canonical("length=u16be"),
           std::string("length=u16be,offset=0,adjust=0,strip=header,max=1048576,over=close"));
  const std::string full = "length=dec4,offset=64,adjust=-65535,strip=65535,max=2147483647,over=split";
  CHECK_EQ(canonical(full), full);
  CHECK_EQ(canonical("length=u8,strip=0,strip"), std::string("error: strip of Framing cannot be ''; use header or 0 to "
                                                             "65535"));
  CHECK_EQ(canonical("eols=\\r\\n|\\x1C\r"), std::string("eols=\\r\\n|\\x1c\\r,max=2048,over=split"));
  const std::string escaped = "eols=\\,\\|\\\\\\t\\0\\x20\\xffA,max=1,over=close";
  CHECK_EQ(canonical(escaped), escaped);
  for (const char* type : types) {
    const std::string text = std::string("length=") + type + ",offset=0,adjust=0,strip=header,max=1048576,over=close";
    CHECK_EQ(canonical(std::string("length=") + type), text);
    CHECK_EQ(canonical(text), text);
  }
}

TEST("an end of line may hold a blank, a comma and a bar, and is as long as it says") {
  std::shared_ptr<const FramingSpec> spec;
  std::string detail;
  REQUIRE(FramingSpec::parse("eols= ;|\\,\\|,max=9", "Framing", 2048, &spec, &detail) == 0);
  REQUIRE(spec->ends.size() == 2);
  CHECK_EQ(spec->ends[0], std::string(" ;"));
  CHECK_EQ(spec->ends[1], std::string(",|"));
  CHECK_EQ(spec->max, 9U);
  CHECK(FramingSpec::parse("eols=" + std::string(255, 'a'), "Framing", 2048, &spec, &detail) == 0);
}

TEST("a framing that is wrong is refused with the setting, the option, the value and what would do") {
  CHECK_EQ(refusal("lines"),
           std::string("Framing cannot be 'lines'; use length=TYPE, eols=END|END..., octets or syslog"));
  CHECK_EQ(refusal("octets=4"),
           std::string("Framing cannot be 'octets=4'; use length=TYPE, eols=END|END..., octets or syslog"));
  for (const char* type : {"", "u9", "dec0", "dec11", "dec", "dec01", "dec+4", "hex1", "hex9", "bcd5", "varint2"}) {
    CHECK_EQ(refusal(std::string("length=") + type),
             "length of Framing cannot be '" + std::string(type) +
                 "'; use u8, u16be, u16le, u24be, u24le, u32be, u32le, varint, dec1 to dec10, hex2 to hex8 or bcd1 to "
                 "bcd4");
  }
  CHECK_EQ(refusal("octets,max=0"), std::string("max of Framing cannot be '0'; use 1 to 2147483647"));
  CHECK_EQ(refusal("length=u8,offset=65"), std::string("offset of Framing cannot be '65'; use 0 to 64"));
  CHECK_EQ(refusal("length=u8,adjust=-65536"),
           std::string("adjust of Framing cannot be '-65536'; use -65535 to 65535"));
  CHECK_EQ(refusal("length=u8,strip=all"), std::string("strip of Framing cannot be 'all'; use header or 0 to 65535"));
  CHECK_EQ(refusal("syslog,over=drop"), std::string("over of Framing cannot be 'drop'; use close, skip or split"));
  CHECK_EQ(refusal("syslog,strip=0"), std::string("Framing has no option 'strip' here; use max or over"));
  CHECK_EQ(refusal("length=u8,"), std::string("Framing has no option '' here; use offset, adjust, strip, max or over"));
  CHECK_EQ(refusal("octets,max=5,max=6"), std::string("Framing has the option 'max' twice; leave one of them out"));
  CHECK_EQ(refusal("length=u8,strip=header,strip=0"),
           std::string("Framing has the option 'strip' twice; leave one of them out"));
}

TEST("ends of line that no stream could be cut by are refused") {
  const std::string wanted = "use 1 to 16 ends of 1 to 255 bytes, | between";
  CHECK_EQ(refusal("eols="), "eols of Framing cannot be ''; " + wanted);
  CHECK_EQ(refusal("eols=a||b"), "eols of Framing cannot be 'a||b'; " + wanted);
  CHECK_EQ(refusal("eols=a|b|"), "eols of Framing cannot be 'a|b|'; " + wanted);
  CHECK(refusal("eols=" + std::string(256, 'a')).find(wanted) != std::string::npos);
  std::string seventeen = "eols=a";
  for (char c = 'b'; c <= 'q'; ++c) seventeen += std::string("|") + c;
  CHECK(refusal(seventeen).find(wanted) != std::string::npos);
  const std::string escapes = "use \\r \\n \\t \\0 \\\\ \\, \\| or \\x and two hexadecimal digits";
  for (const char* end : {"\\q", "\\x1", "\\xg0", "a\\"}) {
    CHECK_EQ(refusal(std::string("eols=") + end), "eols of Framing cannot be '" + std::string(end) + "'; " + escapes);
  }
  CHECK_EQ(refusal("eols=\\r|\\r\\n"),
           std::string("eols of Framing cannot be '\\r|\\r\\n'; no end may be the beginning of another; for lines that "
                       "end in CR, LF or both use SingleLineMode"));
  CHECK(refusal("eols=ab|ab").find("no end may be the beginning") != std::string::npos);
}
