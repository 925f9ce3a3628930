// SPDX-License-Identifier: MIT
// An expression as data: nodes in postfix order, which compiled code evaluates or translates.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "bpfmap/bytes.hpp"

namespace bpfmap::inline v0::detail {

/// Where a member is.
enum class Source : std::uint8_t { none, key, value };

/// What a node computes from its operands, which precede it. Numbers have 64 bits.
enum class NodeKind : std::uint8_t {
  constant,  ///< `constant`
  load,      ///< the integer of `size` bytes at `offset`, extended by its sign
  add,       ///< from here, numbers from two numbers
  sub,
  mul,
  div,  ///< x / 0 is 0
  mod,  ///< x % 0 is x
  bit_and,
  bit_or,
  bit_xor,
  lsh,  ///< by the lower 6 bits
  rsh,  ///< arithmetically when signed
  min,
  max,
  negate,  ///< from here, a number from a number
  complement,
  equal,  ///< from here, a condition from two numbers
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  one_of,  ///< a condition from a number and `count` constants
  bytes,   ///< a condition from `count` constants: the pieces of `size` bytes at `offset`
  both,    ///< from here, conditions from conditions
  either,
  negation,
};

/// One node. `constant` and `mask` are no part of a program: it reads them when it runs.
struct Node {
  NodeKind kind = NodeKind::constant;
  Source source = Source::none;
  bool is_signed = false;   ///< of a load; otherwise, how the operands are compared or divided
  bool big_endian = false;  ///< of a load
  std::uint32_t size = 0;
  std::uint32_t offset = 0;
  std::uint32_t count = 0;
  std::uint32_t span = 1;  ///< this node and all of its operands
  std::uint32_t unused = 0;
  std::uint64_t constant = 0;
  std::uint64_t mask = ~std::uint64_t{0};  ///< of a piece of bytes, which `constant` has applied

  friend bool operator==(const Node&, const Node&) = default;
};

using Nodes = std::span<const Node>;

/// Returns the size of the piece of `size` bytes that begins at `at`: 8, 4, 2 or 1 bytes.
[[nodiscard]] constexpr std::size_t piece_size(std::size_t size, std::size_t at) noexcept {
  return size - at >= 8 ? 8 : std::bit_floor(size - at);
}
/// Returns the number of pieces.
[[nodiscard]] constexpr std::size_t piece_count(std::size_t size) noexcept {
  return size / 8 + static_cast<std::size_t>(std::popcount(size % 8));
}
/// Returns up to 8 bytes as a number, as a load of that many bytes reads them.
[[nodiscard]] inline std::uint64_t load_bytes(const std::byte* from, std::size_t size) noexcept {
  std::uint64_t number = 0;
  std::byte* const to = reinterpret_cast<std::byte*>(&number) +
                        (std::endian::native == std::endian::big ? 8 - size : 0);
  std::memcpy(to, from, size);
  return number;
}

/// Returns the nodes of operand `index` (0 or 1) of the last of `nodes`, which has two; 1 is also
/// the only operand.
[[nodiscard]] inline Nodes operand(Nodes nodes, int index) noexcept {
  const Nodes operands = nodes.first(nodes.size() - 1);
  const std::size_t second = operands.back().span;
  return index == 1 ? operands.last(second) : operands.first(operands.size() - second);
}

/// A change of an integer member of a value.
struct Change {
  bool adds = false;  ///< atomically, where the member has 4 or 8 aligned bytes
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
  bool big_endian = false;
  Nodes nodes;  ///< the number
};

}  // namespace bpfmap::inline v0::detail
