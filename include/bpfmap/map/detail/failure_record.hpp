// SPDX-License-Identifier: MIT
// How an operation reports its failure: it records on this thread what failed, and returns the
// code. explain(ec) and the throwing form make the text from the record. Called after a failure
// only; no heap. Layer 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>

#include "bpfmap/bytes.hpp"
#include "bpfmap/error.hpp"
#include "bpfmap/map/flags.hpp"
#include "bpfmap/map/map_type.hpp"

namespace bpfmap::inline v0 {

class Map;
struct MapInfo;
struct MapSpec;

namespace detail {

struct EntryLayout;

/// Returns bytes with a known size and unknown contents.
[[nodiscard]] inline BytesView sized(std::size_t size) noexcept {
  return {static_cast<const std::byte*>(nullptr), size};
}

/// The arguments of a failed operation on a map. The first 64 bytes of key and value are kept, and
/// the first 511 of the subject.
struct Attempt {
  Operation operation;
  BytesView key = {};    ///< empty, or sized(), when it is not known
  BytesView value = {};  ///< the same
  std::uint64_t flags = 0;
  std::optional<std::size_t> count = {};  ///< of the values given, when they are counted
  std::string_view subject = {};          ///< the path that the operation acts on
};

/// The fields of a map that a typed map requires, for the text of a refusal.
struct RequiredFields {
  std::span<const MapType> types;
  std::uint32_t key_size = 0;
  std::uint32_t value_size = 0;
  MapFlags flags = MapFlags::none;
};

/// Converts a sys:: result, which is -errno or an Errc, to a code: Errc::no_map for an empty map,
/// and Errc::index_out_of_range for every errno that the kernel returns for an index out of range.
[[nodiscard, gnu::cold]] std::error_code element_error(const Map& map, const Attempt& attempt,
                                                       int result) noexcept;

/// Records a failed operation on `map`; returns `ec`.
[[gnu::cold]] std::error_code record(const Map& map, const Attempt& attempt,
                                     std::error_code ec) noexcept;
/// As above for a result, which is -errno or an Errc; returns its element_error().
[[gnu::cold]] std::error_code record(const Map& map, const Attempt& attempt, int result) noexcept;
/// Records a failed batch; returns `ec`. `attempt` has the key of the entry that failed.
[[gnu::cold]] std::error_code record_batch(const Map& map, const Attempt& attempt,
                                           const BatchResult& result, std::error_code ec) noexcept;
/// Records that `inner` could not be put into `outer`; returns `ec`. `like` is the template of the
/// inner maps, or all zero when it is not known.
[[gnu::cold]] std::error_code record_inner(const Map& outer, const Attempt& attempt,
                                           const MapInfo& inner, const MapInfo& like,
                                           std::error_code ec) noexcept;
/// Adds to the latest record that `inner` could not be put into a map of maps; `like` as above.
[[gnu::cold]] void add_inner(const MapInfo& inner, const MapInfo& like) noexcept;
/// Records that a typed map refuses `map`; returns `ec`. `layout` is that of its entries, if they
/// have one.
[[gnu::cold]] std::error_code record_view(const Map& map, const RequiredFields& required,
                                          std::error_code ec,
                                          const EntryLayout* layout = nullptr) noexcept;
/// Records a failed creation; returns `ec`. `required` has the fields that a typed map requires of
/// the spec.
[[gnu::cold]] std::error_code record_create(const MapSpec& spec, std::error_code ec) noexcept;
[[gnu::cold]] std::error_code record_create(const MapSpec& spec, const RequiredFields& required,
                                            std::error_code ec) noexcept;
/// Records a failed opening; `subject` is the path, the id or the descriptor. Returns `ec`.
[[gnu::cold]] std::error_code record_open(Operation operation, std::string_view subject,
                                          std::error_code ec) noexcept;
[[gnu::cold]] std::error_code record_open(Operation operation, std::int64_t subject,
                                          std::error_code ec) noexcept;
/// Records that open_or_create failed at `step`; returns `ec`. `found` is the map that was opened
/// or created.
[[gnu::cold]] std::error_code record_open_or_create(std::string_view path, const MapSpec& spec,
                                                    Operation step, const Map& found,
                                                    std::error_code ec) noexcept;

/// Clears this thread's record. For tests.
void forget_failure() noexcept;

}  // namespace detail
}  // namespace bpfmap::inline v0
