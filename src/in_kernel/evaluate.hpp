// SPDX-License-Identifier: MIT
// Evaluates expressions in user space.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bpfmap/in_kernel/detail/node.hpp"
#include "bpfmap/in_kernel/detail/query_engine.hpp"

namespace bpfmap::inline v0::detail {

/// An entry, whose value may have several slots: those of a per-CPU map, of which an integer is the
/// sum.
struct EntryBytes {
  const std::byte* key;
  const std::byte* value;
  std::size_t slots = 1;
  std::size_t slot_stride = 0;
};

/// Returns the number of `nodes`, whose members are inside of the key and the value.
[[nodiscard]] std::uint64_t evaluate_number(Nodes nodes, const EntryBytes& entry) noexcept;
/// Returns the condition of `nodes`; true when there are none.
[[nodiscard]] bool evaluate_condition(Nodes nodes, const EntryBytes& entry) noexcept;

/// Returns the integer that a load reads from `from`.
[[nodiscard]] std::uint64_t read_member(const Node& load, const std::byte* from) noexcept;
/// Makes a change in the copy of a value that `entry` shows.
void apply(const Change& change, const EntryBytes& entry, std::byte* value) noexcept;

/// Returns the bucket of a number.
[[nodiscard]] std::uint32_t bucket_of(const Buckets& buckets, std::uint64_t number,
                                      bool is_signed) noexcept;

}  // namespace bpfmap::inline v0::detail
