// SPDX-License-Identifier: MIT
// Tries what the running kernel supports, on private maps with a single entry. Nothing is
// remembered. Private to src/map/.
#pragma once

#include <cerrno>
#include <optional>
#include <system_error>

#include "bpfmap/map/map.hpp"
#include "bpfmap/map/supports.hpp"
#include "sets.hpp"

namespace bpfmap::inline v0::detail {

/// Returns the smallest spec that a type accepts, with at least 4 bytes for the int of the BTF.
[[nodiscard]] MapSpec least_spec(MapType type) noexcept;
/// Creates such a map with `flags`, through `token` if it is a descriptor.
[[nodiscard]] Map make_least(MapType type, MapFlags flags, std::error_code& ec,
                             BpfToken token = {}) noexcept;

[[nodiscard]] constexpr bool means_not_permitted(int error) noexcept {
  return error == EPERM || error == EACCES;
}
/// Returns what the errno of such a creation shows; nullopt when it shows nothing.
[[nodiscard]] std::optional<Support> creation_says(MapType type, int error) noexcept;

/// The operations that are tried.
inline constexpr Operations probed =
    set(Operation::lookup, Operation::update, Operation::erase, Operation::get_next_key,
        Operation::lookup_and_delete, Operation::lookup_batch, Operation::update_batch,
        Operation::erase_batch, Operation::drain, Operation::freeze, Operation::from_id,
        Operation::list, Operation::mmap, Operation::poll, Operation::consume, Operation::reserve);
/// The operations that every map type has.
inline constexpr Operations of_every_map =
    set(Operation::create, Operation::open_pinned, Operation::open_or_create, Operation::adopt,
        Operation::duplicate, Operation::view, Operation::info, Operation::pin, Operation::unpin,
        Operation::encode, Operation::decode);

/// Returns the command of an operation on a map's entries; none for any other operation.
[[nodiscard]] MapCommands command_of(Operation operation) noexcept;

/// Tries one of `probed` on a map of its own.
[[nodiscard]] Support probe(Operation operation, MapType type, std::error_code& ec);

}  // namespace bpfmap::inline v0::detail
