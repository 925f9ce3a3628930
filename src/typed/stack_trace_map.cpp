// SPDX-License-Identifier: MIT
#include "bpfmap/typed/stack_trace_map.hpp"

#include <algorithm>
#include <cerrno>

namespace bpfmap::inline v0 {
namespace {

// Fills `frames` with what `read(buffer)` gives, without the empty ones behind the last. The kernel
// fills a stack up with zeros.
template <class Frame, class Read>
bool fill(std::vector<Frame>& frames, std::uint32_t max_frames, std::error_code& ec, Read read) {
  frames.clear();
  detail::without_bad_alloc(ec, [&] { frames.resize(max_frames); });
  if (ec || !read(frames.data())) {
    frames.clear();
    return false;
  }
  const auto is_empty = [](const Frame& frame) {
    if constexpr (std::is_integral_v<Frame>)
      return frame == 0;
    else
      return frame.status == Frame::Status::empty;
  };
  frames.erase(std::find_if(frames.begin(), frames.end(), is_empty), frames.end());
  return true;
}

}  // namespace

void StackTraceMap::raise_lookup(std::uint32_t id, const std::error_code& ec) const {
  detail::raise(map_, {Operation::lookup, detail::ObjectBytes<std::uint32_t>{id}.view()}, ec);
}

bool StackTraceMap::frames_into(std::uint32_t id, std::vector<std::uint64_t>& frames,
                                std::error_code& ec) const noexcept {
  const auto report = setter(ec);
  frames.clear();
  if (has_build_ids()) {
    ec = Errc::wrong_map_flags;
    return false;
  }
  return fill(frames, max_frames(), ec,
              [&](void* room) { return read(id, room, {}, -ENOENT, report); });
}

bool StackTraceMap::frames_into(std::uint32_t id, std::vector<std::uint64_t>& frames) const {
  std::error_code ec;
  const bool found = frames_into(id, frames, ec);
  if (ec) raise_lookup(id, ec);
  return found;
}

std::optional<std::vector<std::uint64_t>> StackTraceMap::frames(
    std::uint32_t id, std::error_code& ec) const noexcept {
  std::vector<std::uint64_t> frames;
  return frames_into(id, frames, ec) ? std::optional{std::move(frames)} : std::nullopt;
}

std::optional<std::vector<std::uint64_t>> StackTraceMap::frames(std::uint32_t id) const {
  std::vector<std::uint64_t> frames;
  return frames_into(id, frames) ? std::optional{std::move(frames)} : std::nullopt;
}

std::optional<std::vector<BuildIdFrame>> StackTraceMap::build_ids(
    std::uint32_t id, std::error_code& ec) const noexcept {
  const auto report = setter(ec);
  if (map_ && !has_build_ids()) {
    ec = Errc::wrong_map_flags;
    return std::nullopt;
  }
  std::vector<BuildIdFrame> frames;
  const bool found = fill(frames, max_frames(), ec,
                          [&](void* room) { return read(id, room, {}, -ENOENT, report); });
  return found ? std::optional{std::move(frames)} : std::nullopt;
}

std::optional<std::vector<BuildIdFrame>> StackTraceMap::build_ids(std::uint32_t id) const {
  std::error_code ec;
  auto frames = build_ids(id, ec);
  if (ec) raise_lookup(id, ec);
  return frames;
}

std::vector<std::uint32_t> StackTraceMap::ids(std::error_code& ec) const noexcept {
  std::vector<std::uint32_t> ids;
  // A stack that goes while the walk is at it, or is just being read, makes the kernel begin again:
  // what was seen is passed over. The cap ends a walk during which that happens all the time.
  std::optional<std::uint32_t> id = map_.get_next_key<std::uint32_t>(std::nullopt, ec);
  const std::uint64_t most_steps = 16 * (std::uint64_t{map_.info().max_entries} + 64);
  for (std::uint64_t steps = 0; id && steps < most_steps; ++steps) {
    if (ids.empty() || *id > ids.back()) detail::without_bad_alloc(ec, [&] { ids.push_back(*id); });
    if (ec) break;
    id = map_.get_next_key<std::uint32_t>(id, ec);
  }
  return ids;
}

std::vector<std::uint32_t> StackTraceMap::ids() const {
  std::error_code ec;
  auto ids = this->ids(ec);
  if (ec) detail::raise(map_, {Operation::get_next_key}, ec);
  return ids;
}

}  // namespace bpfmap::inline v0
