// SPDX-License-Identifier: MIT
// Queries in the kernel beside the best loop over batches that one writes by hand.
#include <memory>

#include "bpfmap/bulk/verbs.hpp"
#include "bpfmap/in_kernel/in_kernel.hpp"
#include "rows.hpp"

namespace bpfmap::bench {
namespace {

using Family = Hash<Stats32>;
using Key = Family::Key;
using Value = Family::Value;
using Handle = InKernel<HashMap<Key, Value>>;

bool is_wanted(const Value& value) { return value.packets % 2 == 0; }
auto wanted() { return value(&Value::packets) % 2U == 0U; }

// Calls `visit(keys, values, count)` with each batch.
template <class Visit>
void for_each_batch(const Map& map, std::uint32_t batch_size, Visit visit) {
  std::vector<Key> keys(batch_size);
  std::vector<Value> values(batch_size);
  std::uint32_t cursor = 0;
  bool first = true;
  for (int result = 0; result == 0; first = false) {
    std::uint32_t count = batch_size;
    result = ::bpf_map_lookup_batch(map.fd(), first ? nullptr : &cursor, &cursor, keys.data(),
                                    values.data(), &count, nullptr);
    if (result != 0 && result != -ENOENT) break;
    visit(keys.data(), values.data(), count);
  }
}

std::uint64_t sum_by_batches(const Map& map, std::uint32_t batch_size) {
  std::uint64_t sum = 0;
  for_each_batch(map, batch_size, [&](const Key*, const Value* values, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i)
      if (is_wanted(values[i])) sum += values[i].packets;
  });
  return sum;
}
std::uint64_t erase_by_batches(const Map& map, std::uint32_t batch_size) {
  std::vector<Key> victims(batch_size);
  std::uint64_t erased = 0;
  for_each_batch(map, batch_size, [&](const Key* keys, const Value* values, std::uint32_t count) {
    std::uint32_t chosen = 0;
    for (std::uint32_t i = 0; i < count; ++i)
      if (is_wanted(values[i])) victims[chosen++] = keys[i];
    if (chosen != 0 && ::bpf_map_delete_batch(map.fd(), victims.data(), &chosen, nullptr) == 0)
      erased += chosen;
  });
  return erased;
}
std::uint64_t copy_by_batches(const Map& map, std::uint32_t batch_size) {
  static std::vector<Entry<Key, Value>> copies;
  std::size_t copied = 0;
  for_each_batch(map, batch_size, [&](const Key* keys, const Value* values, std::uint32_t count) {
    if (copies.size() < copied + count) copies.resize(copied + count);
    for (std::uint32_t i = 0; i < count; ++i) copies[copied++] = {keys[i], values[i]};
  });
  return copied;
}

// Made once: what is measured is a query of a handle that has its program and its memory.
Handle& handle(EngineChoice engine) {
  static auto kernel =
      in_kernel(HashMap<Key, Value>{shared_table<Family, scan_entries>().map.duplicate()});
  static auto calls =
      in_kernel(HashMap<Key, Value>{shared_table<Family, scan_entries>().map.duplicate()},
                {.engine = EngineChoice::system_calls});
  return engine == EngineChoice::system_calls ? calls : kernel;
}

// `query()` gives `expected(entries)`; `warm` is run before, unmeasured.
template <class Warm, class Query, class Expected>
void add_query(const std::string& name, Warm warm, Query query, Expected expected) {
  add(name, [=](benchmark::State& state) {
    auto& table = shared_table<Family, scan_entries>();
    table.fill();
    warm();
    std::uint64_t found = 0;
    const auto entries = static_cast<benchmark::IterationCount>(table.present.size());
    while (state.KeepRunningBatch(entries)) found = query(table.map);
    if (found != expected(std::uint64_t{table.present.size()}))
      state.SkipWithError("the query went wrong");
  })->Iterations(1);
}

// By batches, by a program, and by the same query without programs.
template <class ByBatches, class ByHandle, class Warm, class Expected>
void add_row(const std::string& row, ByBatches by_batches, ByHandle by_handle, Warm warm,
             Expected expected) {
  for (const std::uint32_t size : {4096U, 16384U, 65536U})
    add_query(
        "query/" + row + "/batch_" + std::to_string(size), [] {},
        [=](const Map& map) { return by_batches(map, size); }, expected);
  for (const auto engine : {EngineChoice::automatic, EngineChoice::system_calls})
    add_query(
        "query/" + row + (engine == EngineChoice::automatic ? "/in_kernel" : "/system_calls"),
        [=] { warm(handle(engine)); }, [=](const Map&) { return by_handle(handle(engine)); },
        expected);
}

}  // namespace

void add_queries() {
  const auto half = [](std::uint64_t entries) { return entries / 2; };
  const auto sum = [](Handle& fast) { return fast.sum(value(&Value::packets), wanted()); };
  add_row("sum_if", sum_by_batches, sum, sum,
          [](std::uint64_t entries) { return (entries / 2) * (entries / 2 + 1); });
  add_row(
      "erase_half", erase_by_batches, [](Handle& fast) { return fast.erase_if(wanted()); },
      [](Handle& fast) { fast.erase_if(value(&Value::packets) % 2U == 2U); }, half);
  const auto copy = [](Handle& fast) { return std::uint64_t{fast.snapshot().size()}; };
  add_row("snapshot", copy_by_batches, copy, copy, [](std::uint64_t entries) { return entries; });
  const auto top = [](Handle& fast) { return fast.top(10, value(&Value::packets)).number(0); };
  add_query(
      "query/top_10/batch_65536", [] {},
      [](const Map& map) {
        std::vector<Entry<Key, Value>> best(11);
        const auto more = [](const auto& a, const auto& b) {
          return a.value.packets > b.value.packets;
        };
        for_each_batch(map, 65536, [&](const Key* keys, const Value* values, std::uint32_t count) {
          for (std::uint32_t i = 0; i < count; ++i) {
            if (values[i].packets <= best[9].value.packets) continue;
            best[9] = {keys[i], values[i]};
            std::sort(best.begin(), best.begin() + 10, more);
          }
        });
        return best[0].value.packets;
      },
      [](std::uint64_t entries) { return entries; });
  add_query(
      "query/top_10/in_kernel", [=] { top(handle(EngineChoice::automatic)); },
      [=](const Map&) { return top(handle(EngineChoice::automatic)); },
      [](std::uint64_t entries) { return entries; });
}

}  // namespace bpfmap::bench
