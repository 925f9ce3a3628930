// SPDX-License-Identifier: MIT
// The kernel's description of a map. Layer 1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "bpfmap/map/flags.hpp"
#include "bpfmap/map/map_type.hpp"

namespace bpfmap::inline v0 {

/// The access that a map's descriptor has from user space.
enum class Access : std::uint8_t {
  read_write,
  read_only,   ///< BPF_F_RDONLY: every write is EPERM
  write_only,  ///< BPF_F_WRONLY: every read is EPERM
};

/// The kernel's info about a map (BPF_OBJ_GET_INFO_BY_FD, 4.13). It never changes while the map
/// lives.
///
/// The kernel changes some of the values given at creation: it rounds max_entries of NO_COMMON_LRU
/// maps up to a multiple of the possible CPUs, and reports rdonly_prog for devmaps. It does not
/// report rdonly and wronly here, because they belong to the descriptor.
struct MapInfo {
  MapType type = MapType::unspec;
  std::uint32_t id = 0;           ///< the kernel's id of this map
  std::uint32_t key_size = 0;     ///< bytes; 0 for maps without keys
  std::uint32_t value_size = 0;   ///< bytes of one value, of one CPU's slot on a per-CPU map
  std::uint32_t max_entries = 0;  ///< entries; bytes for ring buffers, pages for arenas
  MapFlags flags = MapFlags::none;
  std::string name = {};        ///< up to 15 characters; empty before 4.15
  std::uint64_t map_extra = 0;  ///< hashes of a bloom filter, address of an arena (5.16)
  std::uint32_t btf_id = 0;     ///< 0: the map was created without BTF (4.18)
  std::uint32_t btf_key_type_id = 0;
  std::uint32_t btf_value_type_id = 0;
  std::uint32_t btf_vmlinux_id = 0;             ///< 6.7
  std::uint32_t btf_vmlinux_value_type_id = 0;  ///< struct_ops (5.6)
  std::uint32_t ifindex = 0;                    ///< not 0: the map is offloaded to this device
};

/// The values that /proc reports for a map's descriptor. They change, so every call reads them.
/// nullopt when /proc is not mounted or lacks the line. EMFILE, ENFILE or ENOMEM when it cannot be
/// read at the moment.
struct MapFdInfo {
  std::optional<std::uint64_t> memlock;  ///< bytes of kernel memory charged for the map
  std::optional<bool> frozen;            ///< BPF_MAP_FREEZE was called (5.2)
  Access access = Access::read_write;    ///< the access of this descriptor
  /// The type of the programs that the map works with, a BPF_PROG_TYPE_ number; nullopt until a
  /// program has used the map, and on types that any program may use. Reported for prog_array
  /// (4.16), and since 5.18 for devmaps and cpumaps, which hold programs in their entries.
  std::optional<std::uint32_t> owner_program_type = {};
};

/// Returns the info of every map of the system, ascending by id (BPF_MAP_GET_NEXT_ID, 4.13); omits
/// a map that disappears during the walk. Needs CAP_SYS_ADMIN (EPERM).
[[nodiscard]] std::vector<MapInfo> list_maps();
/// As above; the maps read so far when `ec` is set.
[[nodiscard]] std::vector<MapInfo> list_maps(std::error_code& ec) noexcept;

/// Returns the smallest map id above `id` (0: the first); nullopt when there is none
/// (BPF_MAP_GET_NEXT_ID, 4.13). Needs CAP_SYS_ADMIN (EPERM).
[[nodiscard]] std::optional<std::uint32_t> next_map_id(std::uint32_t id);
[[nodiscard]] std::optional<std::uint32_t> next_map_id(std::uint32_t id,
                                                       std::error_code& ec) noexcept;

}  // namespace bpfmap::inline v0
