// SPDX-License-Identifier: MIT
// Calls every public operation that every_operation.hpp does not call: of Map, of views of memory,
// of rings, and free functions; in both forms, on empty objects. Compiles without exceptions, where
// only the forms with an error_code may be called.
#pragma once

#include <netinet/in.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bpfmap/in_kernel/in_kernel.hpp"
#include "bpfmap/interop/libbpf.hpp"
#include "bpfmap/layout/check_layout.hpp"
#include "bpfmap/layout/entry_text.hpp"
#include "every_operation.hpp"

namespace bpfmap::test {

inline constexpr std::chrono::milliseconds at_once{0};

/// The operations of Map on entries.
template <class Check>
void each_map_operation(Map& map, Check check) {
  std::array<std::byte, 8> room{};
  const std::array<std::uint64_t, 1> per_cpu{1};
  check("lookup", [&](auto&... ec) { (void)map.lookup(1, ec...); });
  check("lookup_into", [&](auto&... ec) { (void)map.lookup_into(1, room, ec...); });
  check("update", [&](auto&... ec) { map.update(1, 2, ec...); });
  check("erase", [&](auto&... ec) { (void)map.erase(1, ec...); });
  check("get_next_key", [&](auto&... ec) { (void)map.get_next_key(std::nullopt, ec...); });
  check("get_next_key_into",
        [&](auto&... ec) { (void)map.get_next_key_into(std::nullopt, room, ec...); });
  check("lookup_and_delete", [&](auto&... ec) { (void)map.lookup_and_delete(1, ec...); });
  check("lookup_and_delete_into",
        [&](auto&... ec) { (void)map.lookup_and_delete_into(1, room, ec...); });
  check("lookup_percpu", [&](auto&... ec) { (void)map.lookup_percpu(1, ec...); });
  check("lookup_percpu_into", [&](auto&... ec) { (void)map.lookup_percpu_into(1, room, ec...); });
  check("update_percpu", [&](auto&... ec) { map.update_percpu(1, per_cpu, ec...); });
  check("lookup_cpu", [&](auto&... ec) { (void)map.lookup_cpu(1, 0, ec...); });
  check("lookup_cpu_into", [&](auto&... ec) { (void)map.lookup_cpu_into(1, 0, room, ec...); });
  check("update_cpu", [&](auto&... ec) { map.update_cpu(1, 0, 2, ec...); });
  check("lookup_and_delete_percpu",
        [&](auto&... ec) { (void)map.lookup_and_delete_percpu(1, ec...); });
  check("lookup_and_delete_percpu_into",
        [&](auto&... ec) { (void)map.lookup_and_delete_percpu_into(1, room, ec...); });
}

/// The operations on a Map as a whole.
template <class Check>
void each_whole_map_operation(Map& map, Check check) {
  const std::array<int, 1> numbers{1};
  const std::array<std::byte, 8> bytes{};
  std::array<std::byte, 8> room{};
  std::array<bool, 1> found{};
  check("duplicate", [&](auto&... ec) { (void)map.duplicate(ec...); });
  check("fd_info", [&](auto&... ec) { (void)map.fd_info(ec...); });
  check("freeze", [&](auto&... ec) { map.freeze(ec...); });
  check("pin", [&](auto&... ec) { map.pin("", ec...); });
  check("find_pins", [&](auto&... ec) { (void)find_pins(map, "", ec...); });
  check("find_pins anywhere", [&](auto&... ec) { (void)find_pins(map, ec...); });
  check("incompatibilities",
        [&](auto&... ec) { (void)incompatibilities(map.info(), MapSpec{}, ec...); });
  check("resize", [&](auto&... ec) { (void)resize(map, "", 4, ec...); });
  check("migrate", [&](auto&... ec) { (void)migrate(map, "", MapSpec{}, ec...); });
  check("is_pinned_at", [&](auto&... ec) { (void)is_pinned_at(map, "", ec...); });
  check("spec_of", [&](auto&... ec) { (void)spec_of(map, ec...); });
  check("find_variable", [&](auto&... ec) { (void)find_variable(map, "x", ec...); });
  check("check_layout", [&](auto&... ec) { (void)check_layout<int, int>(map, ec...); });
  check("check_variable", [&](auto&... ec) { (void)check_variable<int>(map, "x", ec...); });
  check("next of a Walk", [&](auto&... ec) {
    Walk walk{map};
    (void)walk.next(ec...);
  });
  check("drain", [&](auto&... ec) {
    Drain<Map> drained = drain(map, ec...);
    for ([[maybe_unused]] const auto& entry : drained) continue;
  });
  check("update_batch", [&](auto&... ec) { (void)update_batch(map, bytes, bytes, ec...); });
  check("update_batch of numbers",
        [&](auto&... ec) { (void)update_batch(map, numbers, numbers, ec...); });
  check("erase_batch", [&](auto&... ec) { (void)erase_batch(map, bytes, ec...); });
  check("erase_batch of numbers", [&](auto&... ec) { (void)erase_batch(map, numbers, ec...); });
  check("lookup_batch_into",
        [&](auto&... ec) { (void)lookup_batch_into(map, bytes, room, found, ec...); });
  check("sync", [&](auto&... ec) { (void)sync(map, bytes, bytes, ec...); });
  each_verb(map, check);
}

/// The functions that make a Map, a typed map or a view of memory: the constructors of TypedMap,
/// and its static members.
template <class Check>
void each_opening(Check check) {
  using Hash = HashMap<std::uint32_t, std::uint64_t>;
  const std::string path;
  const std::uint32_t id = 0xffffffff;
  check("create", [&](auto&... ec) { (void)Map::create({}, ec...); });
  check("open_pinned", [&](auto&... ec) { (void)Map::open_pinned(path, ec...); });
  check("from_id", [&](auto&... ec) { (void)Map::from_id(id, ec...); });
  check("adopt", [&](auto&... ec) { (void)Map::adopt(sys::UniqueFd{}, ec...); });
  check("duplicate_of", [&](auto&... ec) { (void)Map::duplicate_of(-1, ec...); });
  check("open_or_create", [&](auto&... ec) { (void)open_or_create(path, {}, ec...); });
  check("HashMap", [&](auto&... ec) { (void)Hash{Map{}, ec...}; });
  check("create a HashMap", [&](auto&... ec) { (void)Hash::create({.key_size = 3}, ec...); });
  check("open_pinned a HashMap", [&](auto&... ec) { (void)Hash::open_pinned(path, ec...); });
  check("from_id a HashMap", [&](auto&... ec) { (void)Hash::from_id(id, ec...); });
  check("open_or_create a HashMap",
        [&](auto&... ec) { (void)Hash::open_or_create(path, {}, ec...); });
  check("create an ArrayOfMaps",
        [&](auto&... ec) { (void)ArrayOfMaps<Map>::create({}, Map{}, ec...); });
  check("MappedArray", [&](auto&... ec) { (void)MappedArray<std::uint64_t>{Map{}, ec...}; });
  check("MappedBytes", [&](auto&... ec) { (void)MappedBytes<>{Map{}, ec...}; });
  check("Arena", [&](auto&... ec) { (void)Arena{Map{}, ec...}; });
  check("RingReader", [&](auto&... ec) { (void)RingReader{Map{}, ec...}; });
  check("UserRingBuffer", [&](auto&... ec) { (void)UserRingBuffer{Map{}, ec...}; });
  check("PerfBuffer", [&](auto&... ec) { (void)PerfBuffer{Map{}, 1, ec...}; });
  check("IteratorReader", [&](auto&... ec) { (void)IteratorReader<int>{-1, ec...}; });
  check("adopt a walk",
        [&](auto&... ec) { (void)IteratorReader<int>::adopt(sys::UniqueFd{}, ec...); });
  check("from",
        [&](auto&... ec) { (void)from(static_cast<const struct bpf_map*>(nullptr), ec...); });
  check("reuse", [&](auto&... ec) { reuse(static_cast<struct bpf_map*>(nullptr), Map{}, ec...); });
}

/// Views of memory, and records.
template <class Check>
void each_memory_operation(Check check) {
  const auto ignore = [](BytesView) {};
  const MappedArray<std::uint64_t> array;
  const MappedBytes<> bytes;
  RingBuffer ring;
  RingReader reader;
  UserRingBuffer samples;
  PerfBuffer perf;
  IteratorReader<int> records;
  int record = 0;
  check("at of a MappedArray", [&](auto&... ec) { (void)array.at(0, ec...); });
  check("at of MappedBytes", [&](auto&... ec) { (void)bytes.at(0, ec...); });
  check("as", [&](auto&... ec) { (void)bytes.as<int>(0, ec...); });
  check("variable", [&](auto&... ec) { (void)bytes.variable<int>("x", ec...); });
  check("for_each of a RingBuffer", [&](auto&... ec) { ring.for_each(Map{}, ignore, ec...); });
  check("remove", [&](auto&... ec) { (void)ring.remove(Map{}, ec...); });
  check("poll a RingBuffer", [&](auto&... ec) { (void)ring.poll(at_once, ec...); });
  check("consume a RingBuffer", [&](auto&... ec) { (void)ring.consume(ec...); });
  check("next", [&](auto&... ec) { (void)reader.next(ec...); });
  check("next as an Event", [&](auto&... ec) { (void)reader.next<int>(ec...); });
  check("next_with_rest", [&](auto&... ec) { (void)reader.next_with_rest<int>(ec...); });
  check("wait", [&](auto&... ec) { (void)reader.wait(at_once, ec...); });
  check("reserve", [&](auto&... ec) { (void)samples.reserve<int>(at_once, ec...); });
  check("reserve bytes", [&](auto&... ec) { (void)samples.reserve(8, at_once, ec...); });
  check("wait_until_drained",
        [&](auto&... ec) { (void)samples.wait_until_drained(at_once, ec...); });
  check("for_each of a PerfBuffer", [&](auto&... ec) { perf.for_each(ignore, ec...); });
  check("on_lost", [&](auto&... ec) { perf.on_lost([](std::uint32_t, std::uint64_t) {}, ec...); });
  check("poll a PerfBuffer", [&](auto&... ec) { (void)perf.poll(at_once, ec...); });
  check("consume a PerfBuffer", [&](auto&... ec) { (void)perf.consume(ec...); });
  check("pause", [&](auto&... ec) { perf.pause(ec...); });
  check("resume", [&](auto&... ec) { perf.resume(ec...); });
  check("cpus", [&](auto&... ec) { (void)perf.cpus(ec...); });
  check("cpus_without_buffer", [&](auto&... ec) { (void)perf.cpus_without_buffer(ec...); });
  check("add_online_cpus", [&](auto&... ec) { (void)perf.add_online_cpus(ec...); });
  check("next record of a program", [&](auto&... ec) { (void)records.next(ec...); });
  check("next_into", [&](auto&... ec) { (void)records.next_into(record, ec...); });
}

/// The operations on many keys of handles that in_kernel() makes, on empty ones.
template <class Check>
void each_handle_operation(Check check) {
  const std::array<std::uint32_t, 2> keys{1, 2};
  const std::array<std::uint64_t, 2> values{1, 2};
  std::array<bool, 2> found{};
  const auto visit = [](std::size_t, std::uint64_t) {};
  HashMap<std::uint32_t, std::uint64_t> none;
  InKernel<HashMap<std::uint32_t, std::uint64_t>> fast;
  InKernel<PerCpuHashMap<std::uint32_t, std::uint64_t>> percpu;
  check("in_kernel", [&](auto&... ec) { (void)in_kernel(none, ec...); });
  check("in_kernel with options", [&](auto&... ec) { (void)in_kernel(none, {}, ec...); });
  check("lookup_batch", [&](auto&... ec) { (void)fast.lookup_batch(keys, ec...); });
  check("lookup_batch by a visitor", [&](auto&... ec) { fast.lookup_batch(keys, visit, ec...); });
  check("contains_batch", [&](auto&... ec) { fast.contains_batch(keys, found, ec...); });
  check("update_batch", [&](auto&... ec) { fast.update_batch(keys, values, ec...); });
  check("insert_batch", [&](auto&... ec) { fast.insert_batch(keys, values, ec...); });
  check("replace_batch", [&](auto&... ec) { fast.replace_batch(keys, values, ec...); });
  check("erase_batch", [&](auto&... ec) { fast.erase_batch(keys, ec...); });
  check("lookup_and_delete_batch",
        [&](auto&... ec) { fast.lookup_and_delete_batch(keys, visit, ec...); });
  check("sum_batch", [&](auto&... ec) { percpu.sum_batch(keys, whole_value, visit, ec...); });
  check("fetch_add", [&](auto&... ec) { fast.fetch_add(keys, whole_value, values, ec...); });
  check("fetch_add with a visitor",
        [&](auto&... ec) { fast.fetch_add(keys, whole_value, values, visit, ec...); });
  check("fetch_add_or_insert",
        [&](auto&... ec) { fast.fetch_add_or_insert(keys, whole_value, 1, 0, ec...); });
  check("fetch_or", [&](auto&... ec) { fast.fetch_or(keys, whole_value, 1, ec...); });
  check("exchange", [&](auto&... ec) { fast.exchange(keys, whole_value, 1, ec...); });
  check("compare_exchange",
        [&](auto&... ec) { fast.compare_exchange(keys, whole_value, 1, 2, ec...); });
  check("fetch_min", [&](auto&... ec) { fast.fetch_min(keys, whole_value, 1, ec...); });
  check("fetch_max", [&](auto&... ec) { fast.fetch_max(keys, whole_value, 1, ec...); });
}

/// What needs no map.
template <class Check>
void each_other_function(Check check) {
  const std::array<std::byte, 9> nine{};
  check("unpin", [&](auto&... ec) { (void)Map::unpin("", ec...); });
  check("list_pins", [&](auto&... ec) { (void)list_pins("", ec...); });
  check("list_maps", [&](auto&... ec) { (void)list_maps(ec...); });
  check("next_map_id", [&](auto&... ec) { (void)next_map_id(0xfffffffe, ec...); });
  check("supports a type", [&](auto&... ec) { (void)supports(MapType::hash, ec...); });
  check("supports flags",
        [&](auto&... ec) { (void)supports(MapType::hash, MapFlags::no_prealloc, ec...); });
  check("supports a token", [&](auto&... ec) { (void)supports(MapType::hash, BpfToken{}, ec...); });
  check("supports an operation",
        [&](auto&... ec) { (void)supports(Operation::erase, MapType::hash, ec...); });
  check("wait_for_programs", [&](auto&... ec) { wait_for_programs(ec...); });
  check("wait_for_sleepable_programs",
        [&](auto&... ec) { (void)wait_for_sleepable_programs(at_once, ec...); });
  check("decode_int_value", [&](auto&... ec) { (void)decode_int_value(nine, ec...); });
  check("decode_native_int", [&](auto&... ec) { (void)decode_native_int(nine, ec...); });
  check("encode_int_key", [&](auto&... ec) { (void)encode_int_key(256, 1, ec...); });
  check("encode_native_int", [&](auto&... ec) { (void)encode_native_int(256, 1, ec...); });
  check("FixedString", [&](auto&... ec) { (void)FixedString<2>{std::string_view{"long"}, ec...}; });
  check("parse", [&](auto&... ec) { (void)LpmKey<in_addr>::parse("nothing", ec...); });
}

/// Entries as text.
template <class Check>
void each_text_operation(Check check) {
  const EntryText text;
  Bytes value;
  check("EntryText", [&](auto&... ec) { (void)EntryText{Map{}, EntryTextOptions{}, ec...}; });
  check("key_text", [&](auto&... ec) { (void)text.key_text({}, TextStyle::line, ec...); });
  check("value_text", [&](auto&... ec) { (void)text.value_text({}, TextStyle::line, ec...); });
  check("entry_text", [&](auto&... ec) { (void)text.entry_text({}, {}, TextStyle::line, ec...); });
  check("parse_key", [&](auto&... ec) { (void)text.parse_key("1", ec...); });
  check("parse_value", [&](auto&... ec) { (void)text.parse_value("1", ec...); });
  check("parse_value_into", [&](auto&... ec) { text.parse_value_into("1", value, ec...); });
  check("parse_entry", [&](auto&... ec) { (void)text.parse_entry("value: 1", ec...); });
}

/// The queries of a handle.
template <class Check>
void each_query(Check check) {
  InKernel<HashMap<std::uint32_t, std::uint64_t>> handle;
  const auto number = value<std::uint64_t>();
  const auto where = number > 5;
  check("count_if", [&](auto&... ec) { (void)handle.count_if(where, ec...); });
  check("any_of", [&](auto&... ec) { (void)handle.any_of(where, ec...); });
  check("sum", [&](auto&... ec) { (void)handle.sum(number, where, ec...); });
  check("min", [&](auto&... ec) { (void)handle.min(number, where, ec...); });
  check("max", [&](auto&... ec) { (void)handle.max(number, where, ec...); });
  check("erase_if", [&](auto&... ec) { (void)handle.erase_if(where, ec...); });
  check("update_if", [&](auto&... ec) { (void)handle.update_if(where, add(number, 1), ec...); });
  check("copy_if", [&](auto&... ec) { (void)handle.copy_if(where, ec...); });
  check("snapshot", [&](auto&... ec) { (void)handle.snapshot(ec...); });
  check("to_vector of a query", [&](auto&... ec) { (void)handle.to_vector(where, ec...); });
  check("top", [&](auto&... ec) { (void)handle.top(3, number, where, ec...); });
  check("group_by", [&](auto&... ec) { (void)handle.group_by(number, number, where, 8, ec...); });
  check("count_by", [&](auto&... ec) { (void)handle.count_by(number, where, 8, ec...); });
  check("histogram", [&](auto&... ec) { (void)handle.histogram(number, where, ec...); });
  check("histogram with LinearBuckets",
        [&](auto&... ec) { (void)handle.histogram(number, LinearBuckets{}, where, ec...); });
}

/// Calls `check(name, call)` for all of the above; `call` as in each_operation().
template <class Check>
void each_function(Check check) {
  Map none;
  each_map_operation(none, check);
  each_handle_operation(check);
  each_whole_map_operation(none, check);
  each_opening(check);
  each_memory_operation(check);
  each_text_operation(check);
  each_other_function(check);
  each_query(check);
}

}  // namespace bpfmap::test
