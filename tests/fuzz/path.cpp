// SPDX-License-Identifier: MIT
// No text is the path of a pin outside a bpffs: opening, unpinning and pinning are refused, with
// the same text in both forms, and make no file.
#include <unistd.h>

#include <string>

#include "bpfmap/map/map.hpp"
#include "bpfmap/map/pins.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using bpfmap::fuzz::both_forms;
  using bpfmap::fuzz::require;
  // In /proc, where no file can be made or removed.
  static const bool moved = ::chdir("/proc/self") == 0;
  require(moved);
  std::string path{bpfmap::fuzz::text_of(data, size)};
  if (path.starts_with('/')) path.insert(0, "/proc/self");
  if (path.find("..") != std::string::npos) return 0;
  static bpfmap::Map map = bpfmap::Map::create(
      {.type = bpfmap::MapType::array, .key_size = 4, .value_size = 4, .max_entries = 1});
  require(!!both_forms([&](auto&... ec) { (void)bpfmap::Map::open_pinned(path, ec...); }));
  require(!!both_forms([&](auto&... ec) { map.pin(path, ec...); }));
  require(!!both_forms([&](auto&... ec) { map.unpin(path, ec...); }));
  return 0;
}
