// SPDX-License-Identifier: MIT
// Queries by a walk over the map in user space, where a program cannot do them.
#pragma once

#include <cstdint>
#include <system_error>
#include <vector>

#include "bpfmap/bytes.hpp"
#include "bpfmap/in_kernel/detail/query_engine.hpp"
#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0::detail {

/// What a walk leaves for the caller, until the next query.
struct WalkMemory {
  Bytes entries;
  std::vector<std::uint64_t> buckets;
  std::vector<GroupData> groups;
};

/// Runs `query` by a walk. Throws std::bad_alloc.
QueryResult walk(Map& map, const Query& query, WalkMemory& memory, std::error_code& ec);

/// Puts entries with their numbers in descending order; `order` has the places of the entries, one
/// after the other in `from`, which have `stride` bytes each.
void sort_top(const std::byte* from, std::size_t stride, std::span<const std::uint64_t> numbers,
              bool is_signed, WalkMemory& memory);

}  // namespace bpfmap::inline v0::detail
