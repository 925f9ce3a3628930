// SPDX-License-Identifier: MIT
// An element of an array read and written by a system call, and as memory.
#include "bpfmap/typed/mapped_array.hpp"
#include "rows.hpp"

namespace bpfmap::bench {
namespace {

using Family = Array<Stats8>;

// The array of the other rows, which a mapping needs a flag for.
Map& mappable() {
  static MappedArray<std::uint64_t> array = [] {
    auto all = MappedArray<std::uint64_t>::create(
        {.max_entries = entries_or_less(element_entries), .name = "bench"});
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i + 1;
    return all;
  }();
  return array.map();
}

template <class Access>
void add_access(const std::string& name, Access access) {
  add("memory/" + name, [access](benchmark::State& state) {
    const std::vector<std::uint32_t>& order = shared_table<Family, element_entries>().present;
    const auto element = access(mappable().duplicate());
    std::size_t i = 0;
    benchmark::IterationCount good = 0;
    for (auto _ : state) {
      if (element(order[i])) ++good;
      if (++i == order.size()) i = 0;
    }
    if (good != state.iterations()) state.SkipWithError("an operation went wrong");
  });
}

}  // namespace

void add_memory() {
  add_access("array8.read/libbpf", [](Map map) {
    return [map = std::move(map)](std::uint32_t i) {
      std::uint64_t value = 0;
      return ::bpf_map_lookup_elem(map.fd(), &i, &value) == 0 && value == i + 1;
    };
  });
  add_access("array8.read/ArrayMap", [](Map map) {
    return [array = ArrayMap<std::uint64_t>{std::move(map)}](std::uint32_t i) {
      return array.lookup(i) == i + 1;
    };
  });
  add_access("array8.read/MappedArray", [](Map map) {
    return [array = MappedArray<std::uint64_t>{std::move(map)}](std::uint32_t i) {
      return array.load(i) == i + 1;
    };
  });
  add_access("array8.write/libbpf", [](Map map) {
    return [map = std::move(map)](std::uint32_t i) {
      const std::uint64_t value = i + 1;
      return ::bpf_map_update_elem(map.fd(), &i, &value, BPF_ANY) == 0;
    };
  });
  add_access("array8.write/MappedArray", [](Map map) {
    return [array = MappedArray<std::uint64_t>{std::move(map)}](std::uint32_t i) {
      array.store(i, i + 1);
      return true;
    };
  });
}

}  // namespace bpfmap::bench
