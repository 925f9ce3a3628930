// SPDX-License-Identifier: MIT
// StackTraceMap: BPF_MAP_TYPE_STACK_TRACE. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/typed/detail/keyed_map.hpp"

namespace bpfmap::inline v0 {

/// A frame of a user stack when the map has MapFlags::stack_build_id: struct bpf_stack_build_id.
struct BuildIdFrame {
  enum class Status : std::int32_t {
    empty,  ///< behind the last frame
    valid,  ///< build_id and offset hold
    ip,     ///< no build id was found: `ip` is the address
  };
  Status status = Status::empty;
  std::array<std::uint8_t, 20> build_id{};
  std::uint64_t offset_or_ip = 0;  ///< into the file, or an address: see status
};
static_assert(sizeof(BuildIdFrame) == 32);

/// Stacks that programs record with bpf_get_stackid, by the id that it gave them:
/// BPF_MAP_TYPE_STACK_TRACE (4.6). Only programs write; user space reads and erases.
///
/// The id is a hash of the stack: with other stacks of the same id BPF_F_REUSE_STACKID decides in
/// the program which is kept.
class StackTraceMap : public detail::ElementMap<std::uint32_t> {
 public:
  /// Frames of a stack at most, when create() is not told: PERF_MAX_STACK_DEPTH.
  static constexpr std::uint32_t default_max_frames = 127;

  /// Empty: without a map.
  StackTraceMap() noexcept = default;
  /// A view of `map`. Throws Error (Errc::wrong_map_type) when it is no stack_trace.
  explicit StackTraceMap(Map map) : Base(std::move(map), requirement) {}
  StackTraceMap(Map map, std::error_code& ec) noexcept : Base(std::move(map), requirement, ec) {}

  /// A new map for `max_entries` stacks. Type and key_size are filled in, and so is value_size:
  /// default_max_frames of 8 bytes, or of 32 with MapFlags::stack_build_id.
  [[nodiscard]] static StackTraceMap create(MapSpec spec) {
    return StackTraceMap{create_map(sized(std::move(spec)), requirement)};
  }
  [[nodiscard]] static StackTraceMap create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = create_map(sized(std::move(spec)), requirement, ec);
    return ec ? StackTraceMap{} : StackTraceMap{std::move(map), ec};
  }

  /// Whether frames are BuildIdFrames: build_ids() reads those, and frames() addresses.
  [[nodiscard]] bool has_build_ids() const noexcept {
    return has(map_.info().flags, MapFlags::stack_build_id);
  }
  /// Frames of a stack at most.
  [[nodiscard]] std::uint32_t max_frames() const noexcept {
    return map_.info().value_size / frame_size(map_.info().flags);
  }

  /// The addresses of stack `id`, the innermost first; nullopt: there is none
  /// (BPF_MAP_LOOKUP_ELEM). Errc::wrong_map_flags on a map with build ids.
  [[nodiscard]] std::optional<std::vector<std::uint64_t>> frames(std::uint32_t id) const;
  [[nodiscard]] std::optional<std::vector<std::uint64_t>> frames(
      std::uint32_t id, std::error_code& ec) const noexcept;
  /// The same into `frames`, which keeps its memory; false, and it is empty: there is none.
  bool frames_into(std::uint32_t id, std::vector<std::uint64_t>& frames) const;
  bool frames_into(std::uint32_t id, std::vector<std::uint64_t>& frames,
                   std::error_code& ec) const noexcept;

  /// The frames of stack `id` by build id and offset; nullopt: there is none. Errc::wrong_map_flags
  /// on a map without build ids.
  [[nodiscard]] std::optional<std::vector<BuildIdFrame>> build_ids(std::uint32_t id) const;
  [[nodiscard]] std::optional<std::vector<BuildIdFrame>> build_ids(
      std::uint32_t id, std::error_code& ec) const noexcept;

  /// Removes stack `id`; false: there is none (BPF_MAP_DELETE_ELEM).
  bool erase(std::uint32_t id) { return remove(id, thrower(Operation::erase, id)); }
  bool erase(std::uint32_t id, std::error_code& ec) noexcept { return remove(id, setter(ec)); }

  /// The ids of all stacks, ascending (BPF_MAP_GET_NEXT_KEY, 4.18). One that is being read at the
  /// same time may be missing: the kernel takes a stack out while it copies it.
  [[nodiscard]] std::vector<std::uint32_t> ids() const;
  /// The same; those before the error when `ec` is set.
  [[nodiscard]] std::vector<std::uint32_t> ids(std::error_code& ec) const noexcept;

 private:
  using Base = detail::ElementMap<std::uint32_t>;

  friend detail::TypedAccess;
  static constexpr std::array types{MapType::stack_trace};
  static constexpr detail::ViewRequirement requirement{
      types, sizeof(std::uint32_t), default_max_frames * sizeof(std::uint64_t), detail::any_size};

  static constexpr std::uint32_t frame_size(MapFlags flags) noexcept {
    return has(flags, MapFlags::stack_build_id) ? sizeof(BuildIdFrame) : sizeof(std::uint64_t);
  }
  [[noreturn]] void raise_lookup(std::uint32_t id, const std::error_code& ec) const;
  static MapSpec sized(MapSpec spec) noexcept {
    if (spec.value_size == 0) spec.value_size = default_max_frames * frame_size(spec.flags);
    return spec;
  }
};

}  // namespace bpfmap::inline v0
