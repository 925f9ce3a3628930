// SPDX-License-Identifier: MIT
// Runs queries over one map: a program per query where the kernel can, and a walk elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <system_error>

#include "bpfmap/config.hpp"
#include "bpfmap/in_kernel/detail/node.hpp"
#include "bpfmap/in_kernel/status.hpp"

namespace bpfmap::inline v0 {

class Map;

namespace detail {

enum class QueryKind : std::uint8_t {
  count,
  any,
  sum,
  min,
  max,
  erase,
  update,
  copy,
  top,
  group,
  histogram,
};

/// The buckets of a histogram.
struct Buckets {
  bool logarithmic = true;  ///< a bucket per number of bits: 65
  std::uint32_t count = 65;
  std::uint64_t from = 0;  ///< of linear ones: the first number of the first bucket
  std::uint64_t width = 1;
  bool from_is_negative = false;
};

inline constexpr std::uint32_t most_buckets = 512;
inline constexpr std::uint32_t most_top_entries = 128;

struct Query {
  QueryKind kind = QueryKind::count;
  bool is_signed = false;                ///< of `number`
  Nodes where = {};                      ///< empty: every entry
  Nodes number = {};                     ///< of sum, min, max, top, group and histogram
  Nodes group = {};                      ///< of group
  std::span<const Change> changes = {};  ///< of update
  Buckets buckets = {};                  ///< of histogram
  std::uint32_t most = 0;                ///< entries of top, groups of group
};

/// The key of a group, with what is known of its entries.
struct GroupData {
  std::uint64_t key = 0;
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
};

struct QueryResult {
  std::uint64_t matched = 0;                    ///< entries counted, erased, changed or copied
  std::uint64_t number = 0;                     ///< the sum, the minimum or the maximum
  std::uint64_t left_out = 0;                   ///< entries whose group had no room
  bool exact = true;                            ///< see QueryStatus
  const std::byte* entries = nullptr;           ///< of copy and top: `matched` of them
  std::span<const std::uint64_t> buckets = {};  ///< of histogram; of top, the numbers
  std::span<const GroupData> groups = {};       ///< of group
};

/// Where entries of copy and top lie, and how far apart they are.
struct EntryPlaces {
  std::size_t value_offset;
  std::size_t stride;
};
[[nodiscard]] constexpr EntryPlaces entry_places(std::size_t key_size,
                                                 std::size_t value_size) noexcept {
  const std::size_t key = (key_size + 7) / 8 * 8;
  return {key, key + (value_size + 7) / 8 * 8};
}

/// The programs and the memory of the queries over one map. The memory of a result is valid until
/// the next query.
class QueryEngine {
 public:
  QueryEngine() noexcept;
  QueryEngine(QueryEngine&& other) noexcept;
  QueryEngine& operator=(QueryEngine&& other) noexcept;
  ~QueryEngine();

  /// Runs `query` over `map`. Errors: Errc::no_map, Errc::out_of_range for a member outside of the
  /// key or value or an array index that does not exist, Errc::unsupported_operation, ENOMEM, EPERM
  /// and EBADF for a descriptor that may not, and those of a walk.
  QueryResult run(Map& map, const Query& query, std::error_code& ec) noexcept;

  /// Decides about the further queries; the default is `automatic`.
  void choose(EngineChoice choice, std::uint32_t longest_walk = 0) noexcept {
    choice_ = choice;
    longest_walk_ = longest_walk;
  }
  [[nodiscard]] QueryStatus status() const noexcept;

 private:
  struct State;
  EngineChoice choice_ = EngineChoice::automatic;
  std::uint32_t longest_walk_ = 0;
  std::unique_ptr<State> state_;
};

}  // namespace detail
}  // namespace bpfmap::inline v0
