// SPDX-License-Identifier: MIT
#include "bpfmap/typed/stack_trace_map.hpp"

#include <algorithm>
#include <cerrno>

namespace bpfmap::inline v0 {
namespace {

bool is_empty(std::uint64_t frame) noexcept { return frame == 0; }
bool is_empty(const BuildIdFrame& frame) noexcept {
  return frame.status == BuildIdFrame::Status::empty;
}

// Reads a stack into `frames`, without the zeros after the last frame.
template <class Frame>
bool read(const StackTraceMap& map, detail::argument<std::uint32_t> id, std::vector<Frame>& frames,
          std::error_code& ec) noexcept {
  detail::clear(ec);
  frames.clear();
  if (!detail::fit(map.map(), Operation::lookup, ec, id)) return false;
  const bool wants_build_ids = std::is_same_v<Frame, BuildIdFrame>;
  if (map && map.has_build_ids() != wants_build_ids)
    ec = Errc::wrong_map_flags;
  else
    detail::without_bad_alloc(ec, [&] { frames.resize(map.max_frames()); });
  if (ec) {
    ec = detail::record(map.map(), {Operation::lookup}, ec);
    return false;
  }
  const bool found = detail::lookup_element<-ENOENT>(map.map(), id.value(), frames.data(), 0, ec);
  if (found)
    frames.erase(std::find_if(frames.begin(), frames.end(),
                              [](const Frame& frame) { return is_empty(frame); }),
                 frames.end());
  else
    frames.clear();
  return found;
}

}  // namespace

bool StackTraceMap::lookup_into(argument<std::uint32_t> id, std::vector<std::uint64_t>& frames,
                                std::error_code& ec) const noexcept {
  return read(*this, id, frames, ec);
}

bool StackTraceMap::lookup_into(argument<std::uint32_t> id,
                                std::vector<std::uint64_t>& frames) const {
  std::error_code ec;
  const bool found = lookup_into(id, frames, ec);
  detail::throw_if(ec);
  return found;
}

std::optional<std::vector<std::uint64_t>> StackTraceMap::lookup(
    argument<std::uint32_t> id, std::error_code& ec) const noexcept {
  std::optional<std::vector<std::uint64_t>> frames{std::in_place};
  if (!lookup_into(id, *frames, ec)) frames.reset();
  return frames;
}

std::optional<std::vector<std::uint64_t>> StackTraceMap::lookup(argument<std::uint32_t> id) const {
  std::error_code ec;
  auto frames = lookup(id, ec);
  detail::throw_if(ec);
  return frames;
}

bool StackTraceMap::lookup_build_ids_into(argument<std::uint32_t> id,
                                          std::vector<BuildIdFrame>& frames,
                                          std::error_code& ec) const noexcept {
  return read(*this, id, frames, ec);
}

bool StackTraceMap::lookup_build_ids_into(argument<std::uint32_t> id,
                                          std::vector<BuildIdFrame>& frames) const {
  std::error_code ec;
  const bool found = lookup_build_ids_into(id, frames, ec);
  detail::throw_if(ec);
  return found;
}

std::optional<std::vector<BuildIdFrame>> StackTraceMap::lookup_build_ids(
    argument<std::uint32_t> id, std::error_code& ec) const noexcept {
  std::optional<std::vector<BuildIdFrame>> frames{std::in_place};
  if (!lookup_build_ids_into(id, *frames, ec)) frames.reset();
  return frames;
}

std::optional<std::vector<BuildIdFrame>> StackTraceMap::lookup_build_ids(
    argument<std::uint32_t> id) const {
  std::error_code ec;
  auto frames = lookup_build_ids(id, ec);
  detail::throw_if(ec);
  return frames;
}

std::vector<std::uint32_t> StackTraceMap::ids(std::error_code& ec) const noexcept {
  std::vector<std::uint32_t> ids;
  // The kernel starts again when the current stack is erased or read meanwhile: ids that were seen
  // are skipped. The cap ends a walk in which this never stops.
  std::optional<std::uint32_t> id = map().get_next_key<std::uint32_t>(std::nullopt, ec);
  const std::uint64_t most_steps = 16 * (std::uint64_t{max_entries()} + 64);
  for (std::uint64_t steps = 0; id && steps < most_steps; ++steps) {
    if (ids.empty() || *id > ids.back()) detail::without_bad_alloc(ec, [&] { ids.push_back(*id); });
    if (ec) {
      ec = detail::record(map(), {Operation::get_next_key}, ec);
      break;
    }
    id = map().get_next_key<std::uint32_t>(id, ec);
  }
  return ids;
}

std::vector<std::uint32_t> StackTraceMap::ids() const {
  std::error_code ec;
  auto ids = this->ids(ec);
  detail::throw_if(ec);
  return ids;
}

}  // namespace bpfmap::inline v0
