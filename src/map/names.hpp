// SPDX-License-Identifier: MIT
// Types, flags and numbers as text. Private to src/.
#pragma once

#include <cstdint>
#include <string>

#include "bpfmap/map/flags.hpp"
#include "bpfmap/map/map_info.hpp"
#include "bpfmap/map/map_type.hpp"

namespace bpfmap::inline v0::detail {

/// "hash"; "type 70" for a type newer than this library.
[[nodiscard]] std::string type_name(MapType type);
/// The names of the flags, such as "no_prealloc|rdonly_prog"; unknown bits in hexadecimal.
[[nodiscard]] std::string to_string(MapFlags flags);
/// "0xff".
[[nodiscard]] std::string hexadecimal(std::uint64_t bits);
/// "'flows' (id 7, hash, key_size 8, value_size 16, max_entries 65536)".
[[nodiscard]] std::string describe(const MapInfo& info);

}  // namespace bpfmap::inline v0::detail
