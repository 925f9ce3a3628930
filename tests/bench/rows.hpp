// SPDX-License-Identifier: MIT
// How a row gets into the benchmark. Names are group/row/column; a group's first column is what the
// others are compared with.
#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "apis.hpp"

namespace bpfmap::bench {

/// Operations on single entries, scans of whole maps and records of ring buffers, by libbpf, bpf(2)
/// and bpfmap.
void add_elements();
void add_scans();
void add_whole_maps();
/// Queries of a handle made by in_kernel(), beside loops over batches.
void add_queries();
void add_rings();
/// Arrays as memory, and maps of maps.
void add_memory();
void add_inner_maps();
/// Many given keys by one system call.
void add_many_keys();
/// The same by other libraries, in builds that have found them.
void add_bcc();
void add_cilium();

/// All names in the order in which they were added: the order of the tables.
inline std::vector<std::string>& names() {
  static std::vector<std::string> all;
  return all;
}

template <class Body>
benchmark::internal::Benchmark* add(const std::string& name, Body body) {
  names().push_back(name);
  return benchmark::RegisterBenchmark(name.c_str(), body);
}

/// The map that all APIs are measured on, made when the first of them asks for it.
template <class Family, std::uint32_t entries>
Table<Family>& shared_table() {
  static Table<Family> table{entries_or_less(entries)};
  return table;
}

// --- operations on single entries: each goes to the next key in random order ---

inline constexpr std::uint32_t element_entries = 65536;

/// Calls `visit` for each pair of a family and an operation.
template <class Visit>
void for_each_element(Visit visit) {
  const auto hash = [&visit]<class Family>() {
    visit.template operator()<Family, LookupHit>();
    visit.template operator()<Family, LookupMiss>();
    visit.template operator()<Family, Update>();
    visit.template operator()<Family, InsertErase>();
  };
  hash.template operator()<Hash<Stats8>>();
  hash.template operator()<Hash<Stats32>>();
  visit.template operator()<Array<Stats8>, LookupHit>();
  visit.template operator()<Array<Stats8>, Update>();
  visit.template operator()<PerCpuHash<Stats8>, LookupHit>();
  visit.template operator()<PerCpuHash<Stats8>, Update>();
}

template <class Family, class Operation>
[[nodiscard]] std::string element_name(const char* api) {
  return "element/" + row_name<Family, Operation>() + '/' + api;
}

template <class Family, class Operation, template <class> class Api>
void add_element() {
  add(element_name<Family, Operation>(Api<Family>::name), [](benchmark::State& state) {
    const Table<Family>& table = shared_table<Family, element_entries>();
    Api<Family> api{table.map};
    std::size_t i = 0;
    benchmark::IterationCount good = 0;
    for (auto _ : state) {
      if (Operation::run(api, table, i)) ++good;
      if (++i == table.present.size()) i = 0;
    }
    if (good != state.iterations()) state.SkipWithError("an operation went wrong");
  });
}

// --- scans of whole maps ---

inline constexpr std::uint32_t scan_entries = 1'000'000;

/// What a scan has seen, to make sure that it was all.
struct Seen {
  std::uint64_t entries = 0;
  std::uint64_t packets = 0;
  std::uint64_t keys = 0;

  template <class Key>
  void add(const Key& key, std::uint64_t value) {
    ++entries;
    packets += value;
    if constexpr (std::is_integral_v<Key>)
      keys += key;
    else
      keys += key.src;
  }
  template <class Family>
  [[nodiscard]] bool is_all_of(const Table<Family>& table) const {
    Seen all;
    for (std::uint64_t i = 0; i < table.present.size(); ++i) all.add(table.present[i], i + 1);
    const std::uint64_t values = Family::is_percpu ? sys::possible_cpus().size() : 1;
    return entries == all.entries && packets == all.packets * values && keys == all.keys;
  }
};

template <class Visit>
void for_each_scan(Visit visit) {
  visit.template operator()<Hash<Stats32>>();
  visit.template operator()<Array<Stats32>>();
  visit.template operator()<PerCpuHash<Stats32>>();
}

/// `scan(map)` gives what it has Seen. The time is that of one entry.
template <class Family, class Scan>
void add_scan(const std::string& api, Scan scan) {
  add(std::string{"scan/"} + Family::name + '/' + api, [scan](benchmark::State& state) {
    Table<Family>& table = shared_table<Family, scan_entries>();
    table.fill();
    Seen seen;
    const auto entries = static_cast<benchmark::IterationCount>(table.present.size());
    while (state.KeepRunningBatch(entries)) seen = scan(std::as_const(table.map));
    if (!seen.is_all_of(table)) state.SkipWithError("not every entry was seen once");
  })->Iterations(1);  // one scan a repetition, each after filling the map anew
}

}  // namespace bpfmap::bench
