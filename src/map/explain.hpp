// SPDX-License-Identifier: MIT
// What went wrong, in words: called after a failure only, never on the way to success. Private to
// src/. Each gives the text that stands before the errno in Error::what().
#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0::detail {

/// "update on map 'flows' (id 7, hash, key_size 8, value_size 16, max_entries 4): the map is full
/// (4 of 4 entries); ..."
[[nodiscard]] std::string explain(const Map& map, const Attempt& attempt,
                                  const std::error_code& ec);

/// "create map 'routes' (lpm_trie, key_size 8, ...): flags: lpm_trie maps need no_prealloc": every
/// field of the spec that the kernel, or before it this library, refuses, and what it takes.
[[nodiscard]] std::string explain_create(const MapSpec& spec, const std::error_code& ec);

/// `subject` is the path, the id or the descriptor that was to be opened; for Operation::list the
/// id to go on from, or nothing.
[[nodiscard]] std::string explain_open(Operation operation, std::string_view subject,
                                       const std::error_code& ec);

/// The flags by their names, as in "no_prealloc|rdonly_prog"; unknown bits in hexadecimal.
[[nodiscard]] std::string to_string(MapFlags flags);

}  // namespace bpfmap::inline v0::detail
