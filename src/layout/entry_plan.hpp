// SPDX-License-Identifier: MIT
// What EntryText knows of a map: its types as a tree that was checked once. Private to src/layout/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bpfmap/bytes.hpp"
#include "bpfmap/layout/entry_text.hpp"
#include "bpfmap/map/map_info.hpp"

namespace bpfmap::inline v0::detail {

enum class NodeKind : std::uint8_t {
  integer,
  boolean,
  enumeration,
  pointer,
  floating,
  wide,   ///< an integer of more than 64 bits
  bytes,  ///< 0x and two digits per byte
  text,   ///< an array of char
  ipv4,
  ipv6,
  mac,
  prefix,  ///< the key of an LPM trie
  structure,
  array,
};

/// The names and values of an enumeration, found in logarithmic time. Of enumerators with the same
/// name or value, which is broken BTF or an alias, the first counts.
class Enumerators {
 public:
  struct Enumerator {
    std::string name;
    std::uint64_t value;  ///< as BTF has it; see enumerator_fits()
  };

  explicit Enumerators(std::vector<Enumerator> all);

  /// In the order of the BTF, no name twice.
  [[nodiscard]] const std::vector<Enumerator>& all() const noexcept { return all_; }
  /// nullptr when there is none.
  [[nodiscard]] const Enumerator* named(std::string_view name) const noexcept;
  /// The enumerator of a number of `bits` bits; nullptr when there is none.
  [[nodiscard]] const Enumerator* of(std::uint64_t raw, unsigned bits) const noexcept;

 private:
  std::vector<Enumerator> all_;
  std::vector<std::uint32_t> by_name_;   // indices of all_
  std::vector<std::uint32_t> by_value_;  // of equal ones, the first in all_ is first
};

/// A type at its place: every bit of it is within its parent, and its depth is bounded.
struct EntryNode {
  NodeKind kind = NodeKind::bytes;
  bool is_signed = false;
  FieldFormat format = FieldFormat::automatic;  ///< of an integer: decimal, hex or network
  unsigned bits = 0;                            ///< of what load_bits() reads
  std::uint64_t bit_offset = 0;                 ///< from the beginning of the parent
  std::uint64_t size = 0;                       ///< bytes; of a bit-field those of its type
  std::uint64_t count = 0;                      ///< of an array's elements
  std::string name = {};                        ///< as a member, unique in its parent
  std::vector<EntryNode> children = {};         ///< members, or the element of an array
  std::shared_ptr<const Enumerators> enumerators = {};

  [[nodiscard]] bool is_aggregate() const noexcept {
    return kind == NodeKind::structure || kind == NodeKind::array;
  }
};

/// A key or a value.
struct EntrySide {
  EntryNode root;
  Bytes covered;  ///< the bits that the root's scalars read; empty when all bits are
};

struct EntryPlan {
  EntrySide key;
  EntrySide value;
  bool percpu = false;
  bool exact = true;
  std::string reason;
};

/// The name of the member that stands for the bits between members.
inline constexpr const char* padding_name = "(padding)";

[[nodiscard]] EntryPlan plan_of(const MapInfo& info, BytesView btf,
                                const EntryTextOptions& options);

/// A side written without BTF.
[[nodiscard]] EntrySide plain_side(std::uint32_t size);

/// Returns a copy of `bytes` in which the covered bits are zero; empty when no other bit is set.
[[nodiscard]] Bytes uncovered_bytes(const EntrySide& side, BytesView bytes);

/// Appends a key or a value of one CPU; `indent` is that of its first line.
void print_side(const EntrySide& side, BytesView bytes, TextStyle style, bool exact,
                unsigned indent, std::string& to);

/// Appends a string in quotes, escaped as JSON has it. `text` must be UTF-8.
void print_quoted(std::string_view text, std::string& to);

/// Whether every byte belongs to UTF-8 that is no control character.
[[nodiscard]] bool is_clean_text(std::string_view text) noexcept;

}  // namespace bpfmap::inline v0::detail
