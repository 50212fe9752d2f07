#include "tls/ticket_key_list.hpp"

#include <algorithm>
#include <cstring>

#include "base/file_access.hpp"
#include "base/text.hpp"
#include "base/wiped_bytes.hpp"
#include "ipdaemon.h"
#include "tls/openssl.hpp"
#include "tls/stores/encodings.hpp"
#include "tls/stores/file.hpp"

namespace ipdaemon::tls {

namespace {

constexpr std::size_t keys_max = 16;
constexpr std::size_t name_length = 16;
constexpr std::size_t short_length = name_length + 2 * 16;
constexpr std::size_t long_length = name_length + 2 * 32;

class KeyReader {
 public:
  KeyReader(TicketKeys::List* out, std::string* notice, Problem* problem)
      : out_(out), notice_(notice), problem_(problem) {
    out_->reserve(keys_max);
  }

  bool take(BytesView entry) { return entry.substr(0, 1) == "@" ? take_file(entry.substr(1)) : take_text(entry); }

 private:
  bool refuse(const std::string& text) {
    *problem_ = {IPDAEMON_ERROR_INVALID_VALUE, "SSLTicketKeys: key " + std::to_string(out_->all().size() + 1) +
                                                   (file_.empty() ? "" : " in the file " + name_in_quotes(file_)) +
                                                   text};
    return false;
  }

  bool take_text(BytesView text) {
    Secret key;
    if (!decode_base64(text, Base64::standard, &key)) return refuse(" is not base64");
    return take_key(view_of(key));
  }

  // The name, then, as other servers have it, the halves of a short key in one order and of a long one in the other.
  bool take_key(BytesView bytes) {
    if (out_->all().size() == keys_max) return refuse(" is one too many; there may be 16");
    if (bytes.size() != short_length && bytes.size() != long_length) {
      return refuse(" has " + std::to_string(bytes.size()) + " bytes; a key has 48 (AES-128) or 80 (AES-256)");
    }
    TicketKeys::Key key;
    key.length = (bytes.size() - name_length) / 2;
    if (!out_->all().empty() && out_->all().front().length != key.length) {
      return refuse(" has " + std::to_string(bytes.size()) + " bytes, and the first has another length");
    }
    const bool is_short = bytes.size() == short_length;
    std::memcpy(key.name.data(), bytes.data(), name_length);
    std::memcpy((is_short ? key.cipher : key.mac).data(), bytes.data() + name_length, key.length);
    std::memcpy((is_short ? key.mac : key.cipher).data(), bytes.data() + name_length + key.length, key.length);
    out_->add(key);
    OPENSSL_cleanse(&key, sizeof key);
    return true;
  }

  bool take_file(BytesView name) {
    Secret content;
    std::string why;
    bool exists = false;
    if (!load_file(name, &content, &why, &exists)) {
      *problem_ = {IPDAEMON_ERROR_FILE_UNUSABLE, "SSLTicketKeys names the file " + name_in_quotes(name) + ": " + why};
      return false;
    }
    file_ = name;
    if (others_can_read(file_)) {
      *notice_ += (notice_->empty() ? "" : "; ") + std::string("other users can read the ticket keys in ") +
                  name_in_quotes(name);
    }
    const bool taken = take_content(view_of(content));
    file_.clear();
    return taken;
  }

  bool take_content(BytesView content) {
    const auto is_text = [](char c) { return (c >= ' ' && c < 0x7f) || c == '\n' || c == '\r' || c == '\t'; };
    if (!std::all_of(content.begin(), content.end(), is_text)) return take_key(content);
    const std::size_t before = out_->all().size();
    const bool taken = each_entry(content, '\n', [this](BytesView line) {
      line = without_blanks(line.substr(0, line.find('#')));
      return line.empty() || take_text(line);
    });
    return taken && (out_->all().size() > before || refuse(" is missing"));
  }

  TicketKeys::List* out_;
  std::string* notice_;
  Problem* problem_;
  std::string file_;  // That is being read.
};

}  // namespace

bool read_ticket_keys(BytesView list, TicketKeys::List* out, std::string* notice, Problem* problem) {
  if (without_blanks(list).empty()) return true;
  if (const char* reason = find_openssl(); reason != nullptr) {
    *problem = {IPDAEMON_ERROR_TLS_UNAVAILABLE, reason};
    return false;
  }
  KeyReader reader(out, notice, problem);
  return each_entry(list, ',', [&](BytesView entry) { return reader.take(without_blanks(entry)); });
}

}  // namespace ipdaemon::tls
