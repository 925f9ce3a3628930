// SPDX-License-Identifier: MIT
// Verbs on a whole map: erase_if beside the loop written by hand, and a scan by one thread and two.
#include <atomic>

#include "bpfmap/bulk/parallel_scan.hpp"
#include "bpfmap/bulk/verbs.hpp"
#include "rows.hpp"

namespace bpfmap::bench {
namespace {

using Family = Hash<Stats32>;
using Key = Family::Key;
using Value = Family::Value;

bool is_victim(const Value& value) { return value.packets % 2 == 0; }

// lookup_batch and delete_batch, with what is known of both: the cursor of a hash is four bytes,
// and nobody else erases.
std::uint64_t erase_by_hand(Map& map) {
  constexpr std::uint32_t batch_size = 4096;
  std::vector<Key> keys(batch_size);
  std::vector<Value> values(batch_size);
  std::vector<Key> victims(batch_size);
  std::uint32_t cursor = 0;
  std::uint64_t erased = 0;
  bool first = true;
  for (int result = 0; result == 0; first = false) {
    std::uint32_t count = batch_size;
    result = ::bpf_map_lookup_batch(map.fd(), first ? nullptr : &cursor, &cursor, keys.data(),
                                    values.data(), &count, nullptr);
    if (result != 0 && result != -ENOENT) break;
    std::uint32_t chosen = 0;
    for (std::uint32_t i = 0; i < count; ++i)
      if (is_victim(values[i])) victims[chosen++] = keys[i];
    if (chosen != 0 && ::bpf_map_delete_batch(map.fd(), victims.data(), &chosen, nullptr) == 0)
      erased += chosen;
  }
  return erased;
}

std::uint64_t erase_by_verb(Map& map) {
  HashMap<Key, Value> typed{map.duplicate()};
  return erase_if(typed, [](const Key&, const Value& value) { return is_victim(value); });
}

template <class Erase>
void add_erase(const std::string& api, Erase erase) {
  add("erase_half/hash32/" + api, [erase](benchmark::State& state) {
    auto& table = shared_table<Family, scan_entries>();
    table.fill();
    std::uint64_t erased = 0;
    const auto entries = static_cast<benchmark::IterationCount>(table.present.size());
    while (state.KeepRunningBatch(entries)) erased = erase(table.map);
    if (erased != table.present.size() / 2)
      state.SkipWithError("not half of the entries were erased");
  })->Iterations(1);
}

void add_parallel(std::uint32_t threads) {
  add("parallel_scan/hash32/threads_" + std::to_string(threads),
      [threads](benchmark::State& state) {
        auto& table = shared_table<Family, scan_entries>();
        table.fill();
        const HashMap<Key, Value> typed{table.map.duplicate()};
        ParallelScanStatus status;
        const auto entries = static_cast<benchmark::IterationCount>(table.present.size());
        while (state.KeepRunningBatch(entries))
          status = parallel_scan(typed, threads, [](const Key& key, const Value& value) {
            benchmark::DoNotOptimize(key.src + value.packets);
          });
        if (status.entries != table.present.size() || status.threads != threads)
          state.SkipWithError("not every entry was seen, or not by so many threads");
      })
      ->Iterations(1)
      ->UseRealTime();
}

}  // namespace

void add_whole_maps() {
  add_erase("by_hand", erase_by_hand);
  add_erase("erase_if", erase_by_verb);
  add_parallel(1);
  add_parallel(2);
}

}  // namespace bpfmap::bench
