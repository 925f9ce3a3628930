// SPDX-License-Identifier: MIT
// Translates queries into BPF programs, which walk over the map by bpf_for_each_map_elem (5.13).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bpfmap/in_kernel/detail/query_engine.hpp"
#include "program.hpp"

namespace bpfmap::inline v0::detail {

/// What a program and user space share: the only value of an array map.
struct QueryMemory {
  static constexpr std::size_t most_constants = 512;

  std::uint64_t matched;
  std::uint64_t number;
  std::uint64_t stopped;  // 1: there was no room for another entry
  std::uint64_t left_out;
  std::uint64_t room;   // in entries, of copy; the number of entries, of top
  std::uint64_t least;  // of top: the least number kept, and its place
  std::uint64_t least_at;
  std::uint64_t scratch;
  std::int64_t returned;  // what bpf_for_each_map_elem returned
  std::uint64_t from;     // of linear buckets
  std::uint64_t width;
  std::uint64_t constants[most_constants];  // of each: the number, and the mask
  std::uint64_t buckets[most_buckets];      // of top: the numbers kept
};

/// The maps and the CPUs that a program is for.
struct QueryTarget {
  int map = -1;
  std::uint32_t key_size = 0;
  std::uint32_t value_size = 0;
  int memory = -1;                           // the array map with a QueryMemory
  int entries = -1;                          // the array map with copied entries
  int groups = -1;                           // the hash map from keys of groups to GroupSums
  std::span<const std::uint32_t> cpus = {};  // of a per-CPU map: members are sums over these
  bool aligned_loads_only = false;
};

struct GroupSums {
  std::uint64_t count;
  std::uint64_t sum;
};

/// Returns the numbers of the constants in `query`, and their masks, as QueryMemory::constants has
/// them.
[[nodiscard]] std::vector<std::uint64_t> constants_of(const Query& query);

/// Writes the program; returns false when it cannot be written: the expression is too
/// large, or it reads or changes a member beyond the first 32,767 bytes.
[[nodiscard]] bool generate(const Query& query, const QueryTarget& target,
                            bytecode::Assembler& program);

}  // namespace bpfmap::inline v0::detail
