// SPDX-License-Identifier: MIT
// The properties of a map to create. Layer 1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "bpfmap/map/flags.hpp"
#include "bpfmap/map/map_type.hpp"

namespace bpfmap::inline v0 {

/// The properties of a map to create, in the kernel's terms, for designated initialisers: `{.type =
/// MapType::lru_hash, .key_size = 4, .value_size = 8, .max_entries = 1024, .name = "flows"}`. A
/// typed map fills in the type and the sizes.
struct MapSpec {
  MapType type = MapType::unspec;
  std::uint32_t key_size = 0;    ///< bytes
  std::uint32_t value_size = 0;  ///< bytes of one value, of one CPU's slot on a per-CPU map
  std::uint32_t max_entries =
      0;  ///< entries; bytes for ring buffers, pages for arenas; 0 for storage maps
  MapFlags flags = MapFlags::none;
  std::string name = {};        ///< up to 15 of [A-Za-z0-9_.] (4.15)
  std::uint64_t map_extra = 0;  ///< hashes of a bloom filter (0: 5), address of an arena
  std::optional<std::uint32_t> numa_node = {};  ///< sets MapFlags::numa_node
  int inner_map_fd = -1;                        ///< a map like the inner maps, for a map of maps
  int btf_fd = -1;                              ///< the BTF that the type ids below belong to
  std::uint32_t btf_key_type_id = 0;
  std::uint32_t btf_value_type_id = 0;
  std::uint32_t btf_vmlinux_value_type_id = 0;  ///< struct_ops
  int value_type_btf_obj_fd = -1;               ///< sets MapFlags::vtype_btf_obj_fd (6.9)
  int token_fd = -1;                            ///< a BPF token; sets MapFlags::token_fd (6.9)
  std::uint32_t ifindex = 0;                    ///< a device to offload to
  std::optional<std::array<std::byte, 32>> excl_prog_hash =
      {};  ///< SHA-256 of the only program allowed (6.18)
};

}  // namespace bpfmap::inline v0
