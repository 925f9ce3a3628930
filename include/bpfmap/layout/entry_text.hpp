// SPDX-License-Identifier: MIT
// Entries as text and as JSON, by the BTF of their map, and back. Needs no C++ type.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "bpfmap/bytes.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/map/map_info.hpp"

namespace bpfmap::inline v0 {

namespace detail {
struct EntryPlan;
}

/// The form in which EntryText writes an entry.
enum class TextStyle : std::uint8_t {
  line,   ///< `key: {saddr=10.0.0.1, dport=443} value: {packets=12, name="eth0"}`
  lines,  ///< the same with one member per line, indented
  json,   ///< one line of JSON: `{"key":{"saddr":"10.0.0.1"},"value":{"packets":12}}`
};

/// How EntryText writes and reads a member that a FieldHint names.
enum class FieldFormat : std::uint8_t {
  automatic,  ///< as its type has it
  decimal,    ///< an integer or pointer as a number, also an enumerator
  hex,        ///< an integer as 0x and digits
  network,    ///< an integer in network byte order, such as a port
  ipv4,       ///< 4 bytes in network byte order; on the 8-byte key of an LPM trie 10.0.0.0/8
  ipv6,       ///< 16 bytes; on the 20-byte key of an LPM trie 2001:db8::/32
  mac,        ///< 6 bytes
  text,       ///< an array of bytes as a text that ends in a zero
  bytes,      ///< the bytes in memory order, as 0x and two digits per byte
};

/// Gives a member a format: `{"saddr", FieldFormat::ipv4}`.
struct FieldHint {
  /// The names from "key" or "value" to the member with dots between them, without the indices of
  /// arrays ("key.tuple.saddr"), or the end of such a path ("tuple.saddr", "saddr"). A hint for a
  /// member of another size is ignored.
  std::string path;
  FieldFormat format = FieldFormat::automatic;
};

struct EntryTextOptions {
  std::vector<FieldHint> hints = {};  ///< the first that names a member is used
  /// Writes everything that the bytes hold, so that reading the text gives them back: non-zero
  /// padding as the member `(padding)`, and an array of char with something behind its zero as
  /// bytes. Without, padding is left out, and such an array is a text up to its zero.
  bool exact = true;
};

/// The key and the value that a text describes.
struct ParsedEntry {
  Bytes key;    ///< empty for a map without keys
  Bytes value;  ///< on a per-CPU map sys::percpu_size(value_size) bytes: every CPU's slot
};

/// Writes the entries of one map as text and as JSON, and reads them. Made once per map from the
/// map's BTF; it keeps no reference to the map, and copies share their data. Empty by default.
///
/// | in BTF | text | JSON |
/// |---|---|---|
/// | integer, bit-field | `-7` | `-7` |
/// | integer of more than 64 bits | `0x...`, all digits | string |
/// | bool, enum, enum64 | `true`, the enumerator's name; another value as a number | `true`, string
/// | | float, double | the shortest digits that read back the same; `inf`, `nan` | number, string |
/// | pointer | `0xffff888100000000` | string |
/// | array of char | `"eth0"` | string |
/// | array of unsigned char | `0x0a0b0c`, two digits per byte | string |
/// | struct, union, section | `{a=1, b={c=2}}`, a union with all members | object |
/// | array | `[1, 2]` | array |
///
/// An array of char is text when it holds UTF-8 without control characters, and zeros behind it;
/// any other is written as bytes. Members of a struct without a name are its parent's. A per-CPU
/// value is `values: {cpu0=1, cpu1=2}`, in JSON `"values":[{"cpu":0,"value":1}]`. Without BTF, a
/// key or value of 1, 2, 4 or 8 bytes is an unsigned number in machine order, and any other is
/// bytes.
///
/// BTF is not trusted: types that are nested more than 32 deep, have more than 65536 members, or
/// reach beyond the key or value are not used; see reason().
///
/// All operations may be called from several threads at once, except assigning and destroying.
class EntryText {
 public:
  EntryText() noexcept = default;
  /// Reads the BTF of `map` (BPF_BTF_GET_FD_BY_ID, 4.18, which needs CAP_SYS_ADMIN). BTF that is
  /// missing, forbidden or broken is no error: see reason(). Errc::no_map; EMFILE, ENFILE, ENOMEM.
  explicit EntryText(const Map& map, EntryTextOptions options = {});
  EntryText(const Map& map, EntryTextOptions options, std::error_code& ec) noexcept;
  EntryText(const Map& map, std::error_code& ec) noexcept : EntryText(map, {}, ec) {}
  /// As above for a map with `info`, whose type ids are those of the BTF in `btf`, such as the
  /// contents of an object's section .BTF.
  EntryText(const MapInfo& info, BytesView btf, EntryTextOptions options = {});
  EntryText(const MapInfo& info, BytesView btf, EntryTextOptions options,
            std::error_code& ec) noexcept;
  EntryText(const MapInfo& info, BytesView btf, std::error_code& ec) noexcept
      : EntryText(info, btf, {}, ec) {}

  /// Returns whether key and value are both written by BTF.
  [[nodiscard]] bool has_btf() const noexcept { return plan_ != nullptr && reason().empty(); }
  /// Returns why the key or the value is written without BTF; empty when both are written by it.
  [[nodiscard]] const std::string& reason() const noexcept;

  /// Returns `key`, which must be key_size bytes (Errc::wrong_key_size): `{saddr=10.0.0.1}`.
  /// Errc::no_map when this is empty.
  [[nodiscard]] std::string key_text(BytesView key, TextStyle style = TextStyle::line) const;
  [[nodiscard]] std::string key_text(BytesView key, TextStyle style,
                                     std::error_code& ec) const noexcept;
  /// Returns `value`, which must be value_size bytes, or on a per-CPU map every CPU's slot,
  /// sys::percpu_size(value_size) bytes (Errc::wrong_value_size). Errc::no_map when this is empty.
  [[nodiscard]] std::string value_text(BytesView value, TextStyle style = TextStyle::line) const;
  [[nodiscard]] std::string value_text(BytesView value, TextStyle style,
                                       std::error_code& ec) const noexcept;
  /// Returns both, as TextStyle shows them, without a newline at the end. A map without keys has an
  /// empty key, which is not written. Errors as above.
  [[nodiscard]] std::string entry_text(BytesView key, BytesView value,
                                       TextStyle style = TextStyle::line) const;
  [[nodiscard]] std::string entry_text(BytesView key, BytesView value, TextStyle style,
                                       std::error_code& ec) const noexcept;

  /// Reads a key: what key_text() writes in any style, or members without braces, each with its
  /// path: `saddr=10.0.0.1 ports[1]=443 tuple.proto=6`. Members that are not named are zero, and so
  /// is padding.
  ///
  /// Numbers are decimal or 0x and digits; commas may be left out; names may be in quotes, and `:`
  /// may replace `=`. Text that is no number may be without quotes where it has no space, comma or
  /// bracket. Any struct, array or array of char may be 0x and two digits per byte.
  ///
  /// Errc::out_of_range for a number, text or index that does not fit; Errc::invalid_text for
  /// anything else; both name the column, in bytes from 1, and what was expected there.
  [[nodiscard]] Bytes parse_key(std::string_view text) const;
  [[nodiscard]] Bytes parse_key(std::string_view text, std::error_code& ec) const noexcept;
  /// Reads a value, as parse_key(). On a per-CPU map the result has every CPU's slot: one value is
  /// copied to all, and of `{cpu0=1, cpu2=5}` or its JSON form the CPUs that are not named get
  /// zeros; Errc::no_such_cpu for a CPU that is not possible.
  [[nodiscard]] Bytes parse_value(std::string_view text) const;
  [[nodiscard]] Bytes parse_value(std::string_view text, std::error_code& ec) const noexcept;
  /// Reads a value over another one: what `text` does not name stays as it is. `value` is as for
  /// value_text(), and unspecified when `ec` is set.
  void parse_value_into(std::string_view text, MutableBytesView value) const;
  void parse_value_into(std::string_view text, MutableBytesView value,
                        std::error_code& ec) const noexcept;
  /// Reads an entry: what entry_text() writes in any style. Errors as for parse_value();
  /// Errc::invalid_text also when the key or the value is missing.
  [[nodiscard]] ParsedEntry parse_entry(std::string_view text) const;
  [[nodiscard]] ParsedEntry parse_entry(std::string_view text, std::error_code& ec) const noexcept;

 private:
  std::shared_ptr<const detail::EntryPlan> plan_;
};

}  // namespace bpfmap::inline v0
