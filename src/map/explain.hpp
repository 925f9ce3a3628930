// SPDX-License-Identifier: MIT
// What went wrong, in words: called after a failure only, never on the way to success. Private to src/.
//
// Every function here returns the text that stands before the errno in Error::what(), or throws that Error.
#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0::detail {

/// "update on map 'flows' (id 7, hash, key_size 8, value_size 16, max_entries 4): the map is full (4 of 4 entries): ..."
[[nodiscard]] std::string explain(const Map& map, const Attempt& attempt, const std::error_code& ec);

/// "create map 'flows' (lpm_trie, key_size 8, ...): flags: an LPM trie needs MapFlags::no_prealloc": which field of the
/// spec the kernel (or, before it, this library) refuses, and what it takes.
[[nodiscard]] std::string explain_create(const MapSpec& spec, const std::error_code& ec);

/// `subject` is what was opened, as in "path '/sys/fs/bpf/flows'", "id 7" or "descriptor 5".
[[nodiscard]] std::string explain_open(Operation operation, std::string_view subject, const std::error_code& ec);

/// The kernel's row for a flag, as in "no_prealloc|rdonly_prog"; unknown bits in hexadecimal.
[[nodiscard]] std::string to_string(MapFlags flags);

}  // namespace bpfmap::inline v0::detail
