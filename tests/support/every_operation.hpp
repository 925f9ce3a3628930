// SPDX-License-Identifier: MIT
// Calls every public operation of every typed map, and every verb on whole maps, in both forms.
// Compiles without exceptions, where only the forms with an error_code may be called.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"

namespace bpfmap::test {

/// A class, the type of its maps, a key and a value for its operations, and the number of
/// operations that each_operation() finds.
template <class MapClass, MapType map_type, class MapKey, class MapValue, int count>
struct Row {
  using M = MapClass;
  using Key = MapKey;
  using Value = MapValue;
  static constexpr MapType type = map_type;
  static constexpr int operations = count;
};

template <class Key, class M, class Check>
void each_read(M& map, const Key& key, Check check) {
  if constexpr (requires { map.lookup(key); })
    check("lookup", [&](auto&... ec) { (void)map.lookup(key, ec...); });
  if constexpr (requires { map.contains(key); })
    check("contains", [&](auto&... ec) { (void)map.contains(key, ec...); });
  if constexpr (requires { map.lookup_id(key); })
    check("lookup_id", [&](auto&... ec) { (void)map.lookup_id(key, ec...); });
  if constexpr (requires { map.lookup_cookie(key); })
    check("lookup_cookie", [&](auto&... ec) { (void)map.lookup_cookie(key, ec...); });
  if constexpr (requires { map.lookup_cpu(key, 0U); })
    check("lookup_cpu", [&](auto&... ec) { (void)map.lookup_cpu(key, 0U, ec...); });
  if constexpr (requires { map.lookup_cpu(key, 0U); })
    check("lookup_cpu_into", [&](auto&... ec) {
      typename M::slot_type room{};
      (void)map.lookup_cpu_into(key, 0U, room, ec...);
    });
  if constexpr (requires { map.lookup_build_ids(key); }) {
    check("lookup_build_ids", [&](auto&... ec) { (void)map.lookup_build_ids(key, ec...); });
    check("ids", [&](auto&... ec) { (void)map.ids(ec...); });
    std::vector<std::uint64_t> frames;
    std::vector<BuildIdFrame> build_ids;
    check("lookup_into", [&](auto&... ec) { (void)map.lookup_into(key, frames, ec...); });
    check("lookup_build_ids_into",
          [&](auto&... ec) { (void)map.lookup_build_ids_into(key, build_ids, ec...); });
  } else if constexpr (requires { typename M::mapped_type; }) {
    using V = typename M::mapped_type;
    if constexpr (requires(V& room) { map.lookup_into(key, room); })
      check("lookup_into", [&](auto&... ec) {
        V room{};
        (void)map.lookup_into(key, room, ec...);
      });
    if constexpr (requires(V& room) { map.lookup_and_delete_into(key, room); })
      check("lookup_and_delete_into", [&](auto&... ec) {
        V room{};
        (void)map.lookup_and_delete_into(key, room, ec...);
      });
  }
}

template <class Key, class Value, class M, class Check>
void each_write(M& map, const Key& key, const Value& value, Check check) {
  if constexpr (requires { map.update(key, value); })
    check("update", [&](auto&... ec) { map.update(key, value, ec...); });
  if constexpr (requires { map.insert(key, value); })
    check("insert", [&](auto&... ec) { (void)map.insert(key, value, ec...); });
  if constexpr (requires { map.replace(key, value); })
    check("replace", [&](auto&... ec) { (void)map.replace(key, value, ec...); });
  if constexpr (requires { map.set(key, value); })
    check("set", [&](auto&... ec) { map.set(key, value, ec...); });
  if constexpr (requires { map.set(key, std::string{}); })
    check("set a path", [&](auto&... ec) { map.set(key, std::string{"/proc"}, ec...); });
  if constexpr (requires { map.update_cpu(key, 0U, value); })
    check("update_cpu", [&](auto&... ec) { map.update_cpu(key, 0U, value, ec...); });
  if constexpr (requires { map.erase(key); })
    check("erase", [&](auto&... ec) { map.erase(key, ec...); });
  if constexpr (requires { map.lookup_and_delete(key); })
    check("lookup_and_delete", [&](auto&... ec) { (void)map.lookup_and_delete(key, ec...); });
  if constexpr (requires { typename M::inner_type; }) {
    const std::array<Key, 1> keys{key};
    check("set_batch", [&](auto&... ec) {
      (void)map.set_batch(keys, std::span<const Value>{&value, 1}, ec...);
    });
  }
  if constexpr (std::is_copy_constructible_v<Value>) {  // a Map cannot be a per-CPU value
    if constexpr (requires(const PerCpuValues<Value>& values) { map.replace(key, values); }) {
      const PerCpuValues<Value> values{value};
      if constexpr (requires { map.update(key, values); })
        check("update CPUs", [&](auto&... ec) { map.update(key, values, ec...); });
      if constexpr (requires { map.insert(key, values); })
        check("insert CPUs", [&](auto&... ec) { (void)map.insert(key, values, ec...); });
      check("replace CPUs", [&](auto&... ec) { (void)map.replace(key, values, ec...); });
    }
  }
}

template <class Value, class M, class Check>
void each_of_a_queue(M& map, Value value, Check check) {
  if constexpr (requires { map.push(value); })
    check("push", [&](auto&... ec) { map.push(value, ec...); });
  if constexpr (requires { map.push_overwrite(value); })
    check("push_overwrite", [&](auto&... ec) { map.push_overwrite(value, ec...); });
  if constexpr (requires { map.pop(); }) {
    check("peek", [&](auto&... ec) { (void)map.peek(ec...); });
    check("peek_into", [&](auto&... ec) { (void)map.peek_into(value, ec...); });
    check("pop", [&](auto&... ec) { (void)map.pop(ec...); });
    check("pop_into", [&](auto&... ec) { (void)map.pop_into(value, ec...); });
  }
}

inline constexpr auto any = [](const auto&...) { return true; };

template <class M, class Check>
void each_verb(M& map, Check check) {
  if constexpr (requires { bpfmap::count(map); })
    check("count", [&](auto&... ec) { (void)bpfmap::count(map, ec...); });
  if constexpr (requires { bpfmap::empty(map); })
    check("empty", [&](auto&... ec) { (void)bpfmap::empty(map, ec...); });
  if constexpr (requires { bpfmap::clear(map); })
    check("clear", [&](auto&... ec) { (void)bpfmap::clear(map, ec...); });
  if constexpr (requires { bpfmap::drain(map); })
    check("drain", [&](auto&... ec) {
      for ([[maybe_unused]] const auto& entry : bpfmap::drain(map, ec...)) continue;
    });
  if constexpr (requires { bpfmap::scan(map); }) {
    check("scan", [&](auto&... ec) {
      for ([[maybe_unused]] const auto& entry : bpfmap::scan(map, ec...)) continue;
    });
    check("keys", [&](auto&... ec) {
      for ([[maybe_unused]] const auto& entry : bpfmap::keys(map, ec...)) continue;
    });
    check("values", [&](auto&... ec) {
      for ([[maybe_unused]] const auto& entry : bpfmap::values(map, ec...)) continue;
    });
  }
  if constexpr (requires { bpfmap::to_vector(map); })
    check("to_vector", [&](auto&... ec) { (void)bpfmap::to_vector(map, ec...); });
  if constexpr (requires { bpfmap::to_vector(map); })
    check("to_vector_into", [&](auto&... ec) {
      std::vector<OwnedEntry<M>> entries;
      bpfmap::to_vector_into(map, entries, ec...);
    });
  if constexpr (requires { bpfmap::count_if(map, any); })
    check("count_if", [&](auto&... ec) { (void)bpfmap::count_if(map, any, ec...); });
  if constexpr (requires { bpfmap::erase_if(map, any); })
    check("erase_if", [&](auto&... ec) { (void)bpfmap::erase_if(map, any, ec...); });
  if constexpr (requires { bpfmap::parallel_scan(map, 1U, any); })
    check("parallel_scan", [&](auto&... ec) { (void)bpfmap::parallel_scan(map, 1U, any, ec...); });
  if constexpr (requires { bpfmap::copy(map, map); })
    check("copy", [&](auto&... ec) { (void)bpfmap::copy(map, map, ec...); });
}

template <class Key, class Value, class M, class Check>
void each_batch(M& map, const Key& key, const Value& value, Check check) {
  if constexpr (std::is_copy_constructible_v<Value>) {
    const std::array<Key, 1> keys{key};
    const std::array<Value, 1> values{value};
    if constexpr (requires { bpfmap::update_batch(map, keys, values); })
      check("update_batch",
            [&](auto&... ec) { (void)bpfmap::update_batch(map, keys, values, ec...); });
    if constexpr (requires { bpfmap::insert_batch(map, keys, values); }) {
      check("insert_batch",
            [&](auto&... ec) { (void)bpfmap::insert_batch(map, keys, values, ec...); });
      check("replace_batch",
            [&](auto&... ec) { (void)bpfmap::replace_batch(map, keys, values, ec...); });
    }
    const std::array wanted{std::pair<Key, Value>{key, value}};
    if constexpr (requires { bpfmap::sync(map, wanted); })
      check("sync", [&](auto&... ec) { (void)bpfmap::sync(map, wanted, ec...); });
  }
  const std::array<Key, 1> keys{key};
  if constexpr (requires { bpfmap::erase_batch(map, keys); })
    check("erase_batch", [&](auto&... ec) { (void)bpfmap::erase_batch(map, keys, ec...); });
  if constexpr (requires { bpfmap::lookup_batch(map, keys); })
    check("lookup_batch", [&](auto&... ec) { (void)bpfmap::lookup_batch(map, keys, ec...); });
  if constexpr (requires { bpfmap::lookup_batch(map, keys); })
    check("lookup_batch_into", [&](auto&... ec) {
      std::array<std::optional<typename M::mapped_type>, 1> found;
      (void)bpfmap::lookup_batch_into(map, keys, found, ec...);
    });
}

/// Calls `check(name, call)` for each operation that the map has; returns how many there are.
/// `call(ec)` calls the form with an error_code, and `call()` the throwing form.
template <class R, class Check>
int each_operation(typename R::M& map, const typename R::Value& value, Check check) {
  int operations = 0;
  const auto counted = [&](const char* name, auto call) {
    ++operations;
    check(name, call);
  };
  const typename R::Key key{1};
  if constexpr (!requires { typename R::M::value_type; }) {
    each_read(map, key, counted);
    each_write(map, key, value, counted);
    each_batch(map, key, value, counted);
  } else {
    if constexpr (!requires { map.pop(); })
      counted("contains", [&](auto&... ec) { (void)map.contains(value, ec...); });
    each_of_a_queue(map, value, counted);
  }
  counted("duplicate", [&](auto&... ec) { (void)map.duplicate(ec...); });
  each_verb(map, counted);
  return operations;
}

template <class M, MapType type, class Value, int count>
using Slots = Row<M, type, std::uint32_t, Value, count>;

/// A key of an LPM trie.
struct Prefix {
  std::uint32_t length = 0;
  std::array<std::uint8_t, 4> address = {};
};

/// One row per class.
using EveryRow = std::tuple<
    Row<HashMap<std::uint32_t, std::uint64_t>, MapType::hash, std::uint32_t, std::uint64_t, 30>,
    Slots<ArrayMap<std::uint64_t>, MapType::array, std::uint64_t, 17>,
    Row<PerCpuHashMap<std::uint32_t, std::uint64_t>, MapType::percpu_hash, std::uint32_t,
        std::uint64_t, 36>,
    Slots<PerCpuArrayMap<std::uint64_t>, MapType::percpu_array, std::uint64_t, 20>,
    Row<LpmTrie<Prefix, std::uint64_t>, MapType::lpm_trie, Prefix, std::uint64_t, 28>,
    Slots<Queue<std::uint64_t>, MapType::queue, std::uint64_t, 10>,
    Slots<Stack<std::uint64_t>, MapType::stack, std::uint64_t, 10>,
    Slots<BloomFilter<std::uint64_t>, MapType::bloom_filter, std::uint64_t, 4>,
    Slots<ArrayOfMaps<Map>, MapType::array_of_maps, Map, 19>,
    Row<HashOfMaps<std::uint64_t, Map>, MapType::hash_of_maps, std::uint64_t, Map, 22>,
    Slots<ProgArray, MapType::prog_array, int, 17>,
    Slots<CgroupArray, MapType::cgroup_array, int, 7>,
    Slots<PerfEventArray, MapType::perf_event_array, int, 6>,
    Slots<DevMap, MapType::devmap, DevTarget, 16>,
    Slots<DevMapHash, MapType::devmap_hash, DevTarget, 19>,
    Slots<CpuMap, MapType::cpumap, CpuTarget, 16>, Slots<XskMap, MapType::xskmap, int, 6>,
    Slots<SockMap, MapType::sockmap, int, 19>,
    Row<SockHash<std::uint64_t>, MapType::sockhash, std::uint64_t, int, 20>,
    Slots<ReusePortSockArray, MapType::reuseport_sockarray, int, 19>,
    Row<SkStorage<std::uint64_t>, MapType::sk_storage, int, std::uint64_t, 11>,
    Row<TaskStorage<std::uint64_t>, MapType::task_storage, int, std::uint64_t, 11>,
    Row<InodeStorage<std::uint64_t>, MapType::inode_storage, int, std::uint64_t, 11>,
    Row<CgrpStorage<std::uint64_t>, MapType::cgrp_storage, int, std::uint64_t, 11>,
    Row<CgroupStorage<std::uint64_t, std::uint64_t>, MapType::cgroup_storage, std::uint64_t,
        std::uint64_t, 18>,
    Row<PerCpuCgroupStorage<std::uint64_t, std::uint64_t>, MapType::percpu_cgroup_storage,
        std::uint64_t, std::uint64_t, 19>,
    Slots<StackTraceMap, MapType::stack_trace, std::uint64_t, 21>>;

template <template <class...> class List, class Rows>
struct RowsAs;
template <template <class...> class List, class... Rows>
struct RowsAs<List, std::tuple<Rows...>> {
  using type = List<Rows...>;
};
/// The same rows in another list: EveryRowAs<::testing::Types>.
template <template <class...> class List>
using EveryRowAs = typename RowsAs<List, EveryRow>::type;

}  // namespace bpfmap::test
