// SPDX-License-Identifier: MIT
// StackTraceMap: BPF_MAP_TYPE_STACK_TRACE. Layer 2.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/typed/base/element.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {

/// A frame of a user stack when the map has MapFlags::stack_build_id: struct bpf_stack_build_id.
struct BuildIdFrame {
  enum class Status : std::int32_t {
    empty,  ///< after the last frame
    valid,  ///< build_id and offset are valid
    ip,     ///< no build id was found; offset_or_ip is an address
  };
  Status status = Status::empty;
  std::array<std::uint8_t, 20> build_id{};
  std::uint64_t offset_or_ip = 0;  ///< an offset into the file, or an address: see status
};
static_assert(sizeof(BuildIdFrame) == 32);

/// Stacks that programs record with bpf_get_stackid, by the id that it returned:
/// BPF_MAP_TYPE_STACK_TRACE (4.6). Only programs write; user space reads and erases.
///
/// The id is a hash of the stack: in the program, BPF_F_REUSE_STACKID decides which of two stacks
/// with the same id is kept. Unless value_size is set, create() makes room for default_max_frames
/// of 8 bytes, or of 32 bytes with MapFlags::stack_build_id.
class StackTraceMap : public TypedMap<StackTraceMap> {
 public:
  using TypedMap::TypedMap;
  using key_type = std::uint32_t;
  using mapped_type = Bytes;
  using shown_type = BytesView;  ///< the value that a scan shows: its frames, then zeros

  /// The default maximum of frames per stack: PERF_MAX_STACK_DEPTH.
  static constexpr std::uint32_t default_max_frames = 127;

  /// Returns true when frames are BuildIdFrames, read with lookup_build_ids(); false when they are
  /// addresses, read with lookup().
  [[nodiscard]] bool has_build_ids() const noexcept {
    return has(map().info().flags, MapFlags::stack_build_id);
  }
  /// Returns the maximum number of frames in a stack.
  [[nodiscard]] std::uint32_t max_frames() const noexcept {
    return map().info().value_size / frame_size(map().info().flags);
  }

  /// Returns the addresses of stack `id`, the innermost first; nullopt when there is none
  /// (BPF_MAP_LOOKUP_ELEM). Errc::wrong_map_flags on a map with build ids.
  [[nodiscard]] std::optional<std::vector<std::uint64_t>> lookup(argument<std::uint32_t> id) const;
  [[nodiscard]] std::optional<std::vector<std::uint64_t>> lookup(
      argument<std::uint32_t> id, std::error_code& ec) const noexcept;
  /// As lookup(), into `frames`, which keeps its capacity; returns false, and clears `frames`, when
  /// there is no such stack.
  bool lookup_into(argument<std::uint32_t> id, std::vector<std::uint64_t>& frames) const;
  bool lookup_into(argument<std::uint32_t> id, std::vector<std::uint64_t>& frames,
                   std::error_code& ec) const noexcept;

  /// Returns the frames of stack `id` by build id and offset; nullopt when there is none.
  /// Errc::wrong_map_flags on a map without build ids.
  [[nodiscard]] std::optional<std::vector<BuildIdFrame>> lookup_build_ids(
      argument<std::uint32_t> id) const;
  [[nodiscard]] std::optional<std::vector<BuildIdFrame>> lookup_build_ids(
      argument<std::uint32_t> id, std::error_code& ec) const noexcept;
  /// As lookup_build_ids(), into `frames`, which keeps its capacity; returns false, and clears
  /// `frames`, when there is no such stack.
  bool lookup_build_ids_into(argument<std::uint32_t> id, std::vector<BuildIdFrame>& frames) const;
  bool lookup_build_ids_into(argument<std::uint32_t> id, std::vector<BuildIdFrame>& frames,
                             std::error_code& ec) const noexcept;

  /// Removes stack `id`; returns false when there is none (BPF_MAP_DELETE_ELEM).
  bool erase(argument<std::uint32_t> id) {
    std::error_code ec = detail::no_error();
    const bool erased = erase(id, ec);
    detail::throw_if(ec);
    return erased;
  }
  bool erase(argument<std::uint32_t> id, std::error_code& ec) noexcept {
    return detail::fit(map(), Operation::erase, ec, id) &&
           detail::delete_element<-ENOENT>(map(), id.value(), ec);
  }

  /// Returns the ids of all stacks, ascending (BPF_MAP_GET_NEXT_KEY, 4.18). A stack that is being
  /// read at the same time may be missing, because the kernel removes a stack while it copies it.
  [[nodiscard]] std::vector<std::uint32_t> ids() const;
  /// As above; those before the error when `ec` is set.
  [[nodiscard]] std::vector<std::uint32_t> ids(std::error_code& ec) const noexcept;

 private:
  friend TypedMap;
  static constexpr std::uint32_t frame_size(MapFlags flags) noexcept {
    return has(flags, MapFlags::stack_build_id) ? sizeof(BuildIdFrame) : sizeof(std::uint64_t);
  }
  static void fill_value_size(MapSpec& spec) noexcept {
    if (spec.value_size == 0) spec.value_size = default_max_frames * frame_size(spec.flags);
  }
  static constexpr std::array types{MapType::stack_trace};
  static constexpr detail::Requirement requirement{types,
                                                   sizeof(std::uint32_t),
                                                   default_max_frames * sizeof(std::uint64_t),
                                                   detail::any_size,
                                                   MapFlags::none,
                                                   &fill_value_size};
};

}  // namespace bpfmap::inline v0
