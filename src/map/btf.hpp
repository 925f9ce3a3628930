// SPDX-License-Identifier: MIT
// The types of a BTF object. Private to the library.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "bpfmap/bytes.hpp"

namespace bpfmap::inline v0::detail {

/// The kinds of <linux/btf.h>.
enum class BtfKind : std::uint32_t {
  integer = 1,
  pointer = 2,
  array = 3,
  structure = 4,
  union_type = 5,
  enumeration = 6,
  forward = 7,
  type_definition = 8,
  volatile_type = 9,
  const_type = 10,
  restrict_type = 11,
  function = 12,
  func_proto = 13,
  variable = 14,
  section = 15,
  floating = 16,
  decl_tag = 17,
  type_tag = 18,
  enum64 = 19,
};

/// The record that every type begins with.
struct BtfType {
  std::uint32_t name;
  std::uint32_t info;
  std::uint32_t size_or_type;

  [[nodiscard]] BtfKind kind() const noexcept { return BtfKind{info >> 24U & 0x1fU}; }
  [[nodiscard]] std::uint32_t members() const noexcept { return info & 0xffffU; }
  /// The upper 8 bits of a member's offset are the size of a bit field.
  [[nodiscard]] bool has_bit_fields() const noexcept { return info >> 31U != 0; }
};

/// Reads BTF in memory, which must outlive it. What is not in the bytes is nullopt.
class Btf {
 public:
  explicit Btf(BytesView bytes);

  /// Why types are missing that the BTF may have, such as a kind that a newer kernel has; else
  /// empty.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

  [[nodiscard]] std::optional<BtfType> type(std::uint32_t id) const noexcept;
  /// The i-th three words behind type `id`: of a struct name, type and offset in bits; of a section
  /// type, offset and size; of an array the types of element and index, and the number of elements.
  [[nodiscard]] std::optional<std::array<std::uint32_t, 3>> words(std::uint32_t id,
                                                                  std::uint32_t i) const noexcept;
  /// The i-th word behind type `id`, whose meaning depends on the kind.
  [[nodiscard]] std::optional<std::uint32_t> word(std::uint32_t id, std::uint32_t i) const noexcept;
  /// Empty for a name of more than 512 bytes, which the kernel refuses: a million members that
  /// share a long one would not fit into memory.
  [[nodiscard]] std::string_view name(const BtfType& type) const noexcept;
  /// Returns the bytes of an object of type `id`; nullopt when it has no size, and for pointers.
  [[nodiscard]] std::optional<std::uint64_t> size_of(std::uint32_t id) const noexcept;

 private:
  BytesView types_;
  BytesView strings_;
  std::vector<std::size_t> at_;  // of each type
  std::string reason_;
};

/// Reads the BTF that `fd` refers to from the kernel; empty when `ec` is set.
[[nodiscard]] Bytes read_btf_of(int fd, std::error_code& ec);
/// Reads the BTF object of the id from the kernel.
[[nodiscard]] Bytes read_btf(std::uint32_t id, std::error_code& ec);

}  // namespace bpfmap::inline v0::detail
