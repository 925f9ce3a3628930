// SPDX-License-Identifier: MIT
// The calls that README.md and the pages of the reference show: they compile as shown.
#include <gtest/gtest.h>

#include <bpfmap/bpfmap.hpp>
#include <bpfmap/interop/libbpf.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace bpfmap {
namespace {

struct FlowKey {
  std::uint32_t src = 0, dst = 0;
};
struct FlowStats {
  std::uint64_t packets = 0, bytes = 0;
};
using Flows = HashMap<FlowKey, FlowStats>;

[[maybe_unused]] Flows get_a_map(struct bpf_map* object_map) {
  auto flows = Flows::create({.max_entries = 65536, .name = "flows"});
  auto cache = Flows::create({.type = MapType::lru_hash, .max_entries = 65536});
  flows = Flows::open_pinned("/sys/fs/bpf/flows");
  flows = Flows::open_or_create("/sys/fs/bpf/flows", {.max_entries = 65536});
  flows = Flows::from_id(42);
  reuse(object_map, flows.map());
  return Flows{from(object_map)};
}

[[maybe_unused]] std::uint64_t use_whole_maps(Flows& flows, Flows& other) {
  std::uint64_t total = 0;
  for (auto [key, stats] : flows)
    if (stats.packets == 0) flows.erase(key);
  for (const FlowKey& key : keys(flows)) total += key.src;
  for (const FlowStats& stats : values(flows)) total += stats.packets;
  for (auto [key, stats] : drain(flows)) total += stats.packets;
  const auto is_idle = [](const FlowKey&, const FlowStats& stats) { return stats.packets == 0; };
  total += count(flows) + count_if(flows, is_idle) + (empty(flows) ? 1U : 0U);
  total += erase_if(flows, is_idle) + clear(flows) + to_vector(flows).size() + copy(flows, other);
  const std::vector<std::pair<FlowKey, FlowStats>> wanted(1);
  total += sync(flows, wanted).updated;
  parallel_scan(flows, 2, [](const FlowKey&, const FlowStats&) {});
  const Scan<Flows> all = scan(flows);
  return total + (all.status().exact ? 1U : 0U);
}

[[maybe_unused]] std::uint64_t use_batches(Flows& flows) {
  const std::vector<FlowKey> keys(2);
  const std::vector<FlowStats> values(2);
  return update_batch(flows, keys, values).done + insert_batch(flows, keys, values).skipped +
         replace_batch(flows, keys, values).skipped + erase_batch(flows, keys).skipped +
         lookup_batch(flows, keys).size();
}

[[maybe_unused]] std::uint64_t use_cpus(PerCpuHashMap<FlowKey, FlowStats>& flows, const Map& map) {
  std::uint64_t total = 0;
  PerCpuValues<FlowStats> stats;
  if (flows.lookup_into(FlowKey{}, stats)) total = stats.sum(&FlowStats::packets);
  flows.update(FlowKey{}, FlowStats{.packets = 1, .bytes = 60});
  flows.update(FlowKey{}, stats);
  for (auto [key, slots] : flows) total += slots.sum(&FlowStats::packets);
  for (auto [key, value] : map) {
    const PerCpuView<std::uint64_t> slots{value};
    total += slots.sum();
  }
  return total;
}

[[maybe_unused]] std::uint64_t use_events_and_memory(const struct bpf_map* object_map) {
  RingReader ring{from(object_map)};
  std::uint64_t total = 0;
  while (ring.wait(std::chrono::seconds{1}))
    while (const FlowStats* stats = ring.next<FlowStats>()) total += stats->packets;
  auto counters = MappedArray<std::uint64_t>::create({.max_entries = 256});
  return total + counters.atomic(3).fetch_add(1);
}

[[maybe_unused]] bool use_errors(Flows& flows) {
  std::error_code ec;
  flows.update(FlowKey{}, FlowStats{}, ec);
  return !explain(ec).empty() &&
         (ec == Condition::map_full || ec == Errc::wrong_key_size ||
          ec == std::errc::operation_not_permitted) &&
         supports(MapType::arena) == Support::yes &&
         supports(Operation::lookup_and_delete, MapType::hash) == Support::yes;
}

TEST(TheReadme, NamesWhatLookupsReturn) {
  static_assert(std::is_same_v<decltype(std::declval<ArrayMap<int>&>().lookup(0)), int>);
  static_assert(
      std::is_same_v<decltype(std::declval<Flows&>().lookup(FlowKey{})), std::optional<FlowStats>>);
}

}  // namespace
}  // namespace bpfmap
