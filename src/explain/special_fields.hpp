// SPDX-License-Identifier: MIT
// What the kernel finds in the values of a map by their BTF. Private to src/explain/.
#pragma once

#include <optional>
#include <string>

#include "../map/btf.hpp"
#include "bpfmap/map/map_info.hpp"

namespace bpfmap::inline v0::detail {

/// Returns the fields of the values that the kernel manages, as text: "bpf_spin_lock at byte 4,
/// kptr to task_struct at byte 8". "none" where there are none, nullopt where the BTF cannot be
/// read (it takes CAP_SYS_ADMIN).
[[nodiscard]] std::optional<std::string> special_fields(const MapInfo& info);
/// As above, of values of type `id`.
[[nodiscard]] std::string special_fields(const Btf& btf, std::uint32_t id);

}  // namespace bpfmap::inline v0::detail
