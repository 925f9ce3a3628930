// SPDX-License-Identifier: MIT
// Inner maps replaced one by one and all at once: each call waits for the programs that may use an
// old one.
#include <sys/resource.h>

#include "bpfmap/typed/array_of_maps.hpp"
#include "bpfmap/typed/hash_of_maps.hpp"
#include "rows.hpp"

namespace bpfmap::bench {
namespace {

constexpr std::uint32_t most_inner_maps = 1000;

using Inner = ArrayMap<std::uint64_t>;

// Descriptors for all of them: the usual limit is 1024.
void allow_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Two inner maps for each key, the one to replace the other.
template <class Outer>
struct Nest {
  std::vector<std::uint32_t> keys;
  std::vector<Inner> inners[2];
  Outer outer;

  explicit Nest(std::uint32_t count) {
    allow_descriptors();
    outer = Outer::create({.max_entries = count, .name = "bench"}, inner());
    for (std::uint32_t i = 0; i < count; ++i) {
      keys.push_back(i);
      inners[0].push_back(inner());
      inners[1].push_back(inner());
    }
    outer.set_batch(keys, inners[0]);
  }
  static Inner inner() { return Inner::create({.max_entries = 1, .name = "inner"}); }
  // Whether the first `count` were replaced.
  [[nodiscard]] bool is_replaced(std::size_t count) const {
    for (std::size_t i = 0; i < count; ++i)
      if (outer.lookup_id(keys[i]) != inners[1][i].map().info().id) return false;
    return true;
  }
};

// Replaces the first `count` of them; the time is that of one.
template <class Outer, class Replace>
void add_replace(const std::string& name, std::uint32_t count, Replace replace) {
  add("inner_maps/" + name,
      [count, replace](benchmark::State& state) {
        Nest<Outer> nest{entries_or_less(most_inner_maps)};
        const std::size_t replaced = std::min<std::size_t>(count, nest.keys.size());
        while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(replaced)))
          replace(nest, replaced);
        if (!nest.is_replaced(replaced)) state.SkipWithError("not every inner map was replaced");
      })
      ->Iterations(1)
      ->UseRealTime();
}

template <class Outer>
void add_both(const std::string& name) {
  // Fewer, because all would take ten seconds.
  add_replace<Outer>(name + "/set", 100, [](Nest<Outer>& nest, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) nest.outer.set(nest.keys[i], nest.inners[1][i]);
  });
  add_replace<Outer>(name + "/set_batch", most_inner_maps, [](Nest<Outer>& nest, std::size_t) {
    nest.outer.set_batch(nest.keys, nest.inners[1]);
  });
}

}  // namespace

void add_inner_maps() {
  add_both<ArrayOfMaps<Inner>>("array_of_maps");
  add_both<HashOfMaps<std::uint32_t, Inner>>("hash_of_maps");
}

}  // namespace bpfmap::bench
