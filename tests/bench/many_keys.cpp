// SPDX-License-Identifier: MIT
// Many given keys at once: by a handle made by in_kernel(), beside a system call for each key. The
// time is that of one key.
#include <atomic>
#include <initializer_list>
#include <memory>
#include <span>
#include <thread>

#include "bpfmap/bulk/batch.hpp"
#include "bpfmap/in_kernel/in_kernel.hpp"
#include "rows.hpp"

namespace bpfmap::bench {
namespace {

using Family = Hash<Stats32>;
using Key = Family::Key;
using Value = Family::Value;
using FlowMap = Family::Typed;

constexpr std::uint32_t few_entries = 4096;
constexpr std::uint32_t many_entries = 1'000'000;

// The next `count` of a table's random keys.
class Keys {
 public:
  Keys(const std::vector<Key>& all, std::size_t count)
      : all_{all}, count_{std::min(count, all.size())} {}
  [[nodiscard]] std::span<const Key> next() {
    if (at_ + count_ > all_.size()) at_ = 0;
    at_ += count_;
    return all_.subspan(at_ - count_, count_);
  }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::span<const Key> all_;
  std::size_t count_;
  std::size_t at_ = 0;
};

struct OneByOne {
  static constexpr const char* name = "libbpf";
  explicit OneByOne(const Map& map) : fd{map.fd()} {}

  std::size_t lookup(std::span<const Key> keys) {
    std::size_t found = 0;
    for (const Key& key : keys) {
      Value value;
      if (::bpf_map_lookup_elem(fd, &key, &value) == 0 && value.packets != 0) ++found;
    }
    return found;
  }
  std::size_t insert(std::span<const Key> keys, std::span<const Value> values) {
    std::size_t inserted = 0;
    for (std::size_t i = 0; i < keys.size(); ++i)
      if (::bpf_map_update_elem(fd, &keys[i], &values[i], BPF_NOEXIST) == 0) ++inserted;
    return inserted;
  }
  std::size_t erase(std::span<const Key> keys) {
    std::size_t erased = 0;
    for (const Key& key : keys)
      if (::bpf_map_delete_elem(fd, &key) == 0) ++erased;
    return erased;
  }
  // Loses what a program counts between the two calls.
  std::size_t add(std::span<const Key> keys) {
    std::size_t added = 0;
    for (const Key& key : keys) {
      Value value;
      if (::bpf_map_lookup_elem(fd, &key, &value) != 0) continue;
      ++value.packets;
      if (::bpf_map_update_elem(fd, &key, &value, BPF_EXIST) == 0) ++added;
    }
    return added;
  }

  int fd;
};

template <EngineChoice choice>
struct ByHandle {
  static constexpr const char* name =
      choice == EngineChoice::system_calls ? "bpfmap_calls" : "in_kernel";
  explicit ByHandle(const Map& map)
      : fast{in_kernel(FlowMap{map.duplicate()}, {.engine = choice})} {}

  std::size_t lookup(std::span<const Key> keys) {
    std::size_t found = 0;
    fast.lookup_batch(keys, [&](std::size_t, const Value& value) { found += value.packets != 0; });
    return found;
  }
  std::size_t insert(std::span<const Key> keys, std::span<const Value> values) {
    return fast.insert_batch(keys, values).done;
  }
  std::size_t erase(std::span<const Key> keys) { return fast.erase_batch(keys).done; }
  std::size_t add(std::span<const Key> keys) {
    return fast.fetch_add(keys, &Value::packets, 1).done;
  }

  InKernel<FlowMap> fast;
};
using InProgram = ByHandle<EngineChoice::require_kernel>;
using ByCalls = ByHandle<EngineChoice::system_calls>;

template <class Api, std::uint32_t entries, class Work>
void add_row(const std::string& row, std::size_t count, Work work) {
  add("many_keys/" + row + '_' + std::to_string(count) + "_of_" + std::to_string(entries) + '/' +
          Api::name,
      [count, work](benchmark::State& state) {
        auto& table = shared_table<Family, entries>();
        Api api{table.map};
        Keys keys{table.present, count};
        const std::vector<Value> values(keys.count(), value_of<Value>(1));
        std::size_t wrong = 0;
        const auto batch = static_cast<benchmark::IterationCount>(keys.count());
        while (state.KeepRunningBatch(batch))
          wrong += keys.count() - work(api, keys.next(), values);
        if (wrong != 0) state.SkipWithError("not every key was worked on");
      });
}

template <class Api, std::uint32_t entries>
void add_lookups(std::size_t count) {
  add_row<Api, entries>("lookup", count, [](Api& api, std::span<const Key> keys, const auto&) {
    return api.lookup(keys);
  });
}
// Erases the keys first: both are measured.
template <class Api, std::uint32_t entries>
void add_inserts(std::size_t count) {
  add_row<Api, entries>("erase_insert", count,
                        [](Api& api, std::span<const Key> keys, const std::vector<Value>& values) {
                          const std::size_t erased = api.erase(keys);
                          return std::min(erased, api.insert(keys, values));
                        });
}
template <class Api, std::uint32_t entries>
void add_sums(std::size_t count) {
  add_row<Api, entries>(
      "add", count, [](Api& api, std::span<const Key> keys, const auto&) { return api.add(keys); });
}

template <std::uint32_t entries>
void add_rows() {
  for (const std::size_t count : std::initializer_list<std::size_t>{1, 2, 8, 64, 1024}) {
    add_lookups<OneByOne, entries>(count);
    add_lookups<ByCalls, entries>(count);
    add_lookups<InProgram, entries>(count);
  }
  for (const std::size_t count : std::initializer_list<std::size_t>{8, 1024}) {
    add_inserts<OneByOne, entries>(count);
    add_inserts<ByCalls, entries>(count);
    add_inserts<InProgram, entries>(count);
    add_sums<OneByOne, entries>(count);
    add_sums<InProgram, entries>(count);
  }
}

// The time of one key, of all threads together.
void add_threads(std::uint32_t threads) {
  add("many_keys_by_threads/lookup_1024/threads_" + std::to_string(threads),
      [threads](benchmark::State& state) {
        auto& table = shared_table<Family, few_entries>();
        constexpr std::size_t rounds = 200;
        Keys sample{table.present, 1024};
        const auto batch =
            static_cast<benchmark::IterationCount>(sample.count() * rounds * threads);
        std::atomic<std::size_t> found{0};
        std::size_t asked = 0;
        std::vector<std::unique_ptr<InProgram>> handles;
        for (std::uint32_t t = 0; t < threads; ++t)
          handles.push_back(std::make_unique<InProgram>(table.map));
        while (state.KeepRunningBatch(batch)) {
          std::vector<std::thread> running;
          for (auto& handle : handles)
            running.emplace_back([&] {
              Keys keys{table.present, 1024};
              for (std::size_t i = 0; i < rounds; ++i) found += handle->lookup(keys.next());
            });
          for (auto& thread : running) thread.join();
          asked += sample.count() * rounds * threads;
        }
        if (found != asked) state.SkipWithError("not every key was found");
      })
      ->UseRealTime();
}

// What making a handle costs: two programs and three arrays.
void add_making() {
  add("many_keys_handle/make/in_kernel", [](benchmark::State& state) {
    auto& table = shared_table<Family, few_entries>();
    for (auto _ : state) benchmark::DoNotOptimize(InProgram{table.map}.fast.keys_per_call());
  });
}

}  // namespace

void add_many_keys() {
  std::error_code ec;
  const auto map = FlowMap::create({.max_entries = 1}, ec);
  // A kernel without such programs has nothing to compare.
  if (ec || in_kernel(map, ec).status().reads != Engine::kernel) return;
  add_rows<few_entries>();
  add_rows<many_entries>();
  add_threads(1);
  add_threads(2);
  add_making();
}

}  // namespace bpfmap::bench
