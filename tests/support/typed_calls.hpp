// SPDX-License-Identifier: MIT
// Every operation of each typed map as a row, in both forms: for what must hold for all of them.
#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <string>
#include <system_error>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "kernel_test.hpp"

namespace bpfmap::test {

/// One operation on one entry. The two forms do the same; neither keeps what it gets.
template <class M>
struct TypedCall {
  const char* name;
  Operation operation;
  int command;          // the one call of bpf(2) that it makes
  std::uint64_t flags;  // that it makes it with
  int answer;           // the errno that is a value and no error; 0: there is none
  std::function<void(M&, std::error_code&)> quiet;  // takes the error_code
  std::function<void(M&)> loud;                     // throws

  [[nodiscard]] bool reads() const noexcept {
    return command == BPF_MAP_LOOKUP_ELEM || command == BPF_MAP_LOOKUP_AND_DELETE_ELEM;
  }
  [[nodiscard]] bool writes() const noexcept { return command != BPF_MAP_LOOKUP_ELEM; }
};

template <class K, class V>
[[nodiscard]] std::vector<TypedCall<HashMap<K, V>>> hash_calls(K key, V value) {
  using M = HashMap<K, V>;
  return {
      {"lookup", Operation::lookup, BPF_MAP_LOOKUP_ELEM, 0, ENOENT,
       [key](M& map, std::error_code& ec) { (void)map.lookup(key, ec); },
       [key](M& map) { (void)map.lookup(key); }},
      {"lookup_into", Operation::lookup, BPF_MAP_LOOKUP_ELEM, 0, ENOENT,
       [key](M& map, std::error_code& ec) {
         V room{};
         (void)map.lookup_into(key, room, ec);
       },
       [key](M& map) {
         V room{};
         (void)map.lookup_into(key, room);
       }},
      {"contains", Operation::lookup, BPF_MAP_LOOKUP_ELEM, 0, ENOENT,
       [key](M& map, std::error_code& ec) { (void)map.contains(key, ec); },
       [key](M& map) { (void)map.contains(key); }},
      {"update", Operation::update, BPF_MAP_UPDATE_ELEM, BPF_ANY, 0,
       [key, value](M& map, std::error_code& ec) { map.update(key, value, ec); },
       [key, value](M& map) { map.update(key, value); }},
      {"insert", Operation::update, BPF_MAP_UPDATE_ELEM, BPF_NOEXIST, EEXIST,
       [key, value](M& map, std::error_code& ec) { (void)map.insert(key, value, ec); },
       [key, value](M& map) { (void)map.insert(key, value); }},
      {"replace", Operation::update, BPF_MAP_UPDATE_ELEM, BPF_EXIST, ENOENT,
       [key, value](M& map, std::error_code& ec) { (void)map.replace(key, value, ec); },
       [key, value](M& map) { (void)map.replace(key, value); }},
      {"erase", Operation::erase, BPF_MAP_DELETE_ELEM, 0, ENOENT,
       [key](M& map, std::error_code& ec) { (void)map.erase(key, ec); },
       [key](M& map) { (void)map.erase(key); }},
      {"lookup_and_delete", Operation::lookup_and_delete, BPF_MAP_LOOKUP_AND_DELETE_ELEM, 0, ENOENT,
       [key](M& map, std::error_code& ec) { (void)map.lookup_and_delete(key, ec); },
       [key](M& map) { (void)map.lookup_and_delete(key); }},
      {"lookup_and_delete_into", Operation::lookup_and_delete, BPF_MAP_LOOKUP_AND_DELETE_ELEM, 0,
       ENOENT,
       [key](M& map, std::error_code& ec) {
         V room{};
         (void)map.lookup_and_delete_into(key, room, ec);
       },
       [key](M& map) {
         V room{};
         (void)map.lookup_and_delete_into(key, room);
       }},
  };
}

template <class V>
[[nodiscard]] std::vector<TypedCall<ArrayMap<V>>> array_calls(std::uint32_t index, V value) {
  using M = ArrayMap<V>;
  return {
      {"lookup", Operation::lookup, BPF_MAP_LOOKUP_ELEM, 0, 0,
       [index](M& map, std::error_code& ec) { (void)map.lookup(index, ec); },
       [index](M& map) { (void)map.lookup(index); }},
      {"lookup_into", Operation::lookup, BPF_MAP_LOOKUP_ELEM, 0, 0,
       [index](M& map, std::error_code& ec) {
         V room{};
         map.lookup_into(index, room, ec);
       },
       [index](M& map) {
         V room{};
         map.lookup_into(index, room);
       }},
      {"update", Operation::update, BPF_MAP_UPDATE_ELEM, BPF_ANY, 0,
       [index, value](M& map, std::error_code& ec) { map.update(index, value, ec); },
       [index, value](M& map) { map.update(index, value); }},
  };
}

template <class K, class V>
[[nodiscard]] std::vector<TypedCall<PerCpuHashMap<K, V>>> percpu_hash_calls(K key, V value) {
  using M = PerCpuHashMap<K, V>;
  const PerCpuValues<V> values{value};
  return {
      {"lookup", Operation::lookup, BPF_MAP_LOOKUP_ELEM, 0, ENOENT,
       [key](M& map, std::error_code& ec) { (void)map.lookup(key, ec); },
       [key](M& map) { (void)map.lookup(key); }},
      {"lookup_into", Operation::lookup, BPF_MAP_LOOKUP_ELEM, 0, ENOENT,
       [key](M& map, std::error_code& ec) {
         PerCpuValues<V> room;
         (void)map.lookup_into(key, room, ec);
       },
       [key](M& map) {
         PerCpuValues<V> room;
         (void)map.lookup_into(key, room);
       }},
      {"contains", Operation::lookup, BPF_MAP_LOOKUP_ELEM, 0, ENOENT,
       [key](M& map, std::error_code& ec) { (void)map.contains(key, ec); },
       [key](M& map) { (void)map.contains(key); }},
      {"update of every CPU", Operation::update, BPF_MAP_UPDATE_ELEM, BPF_ANY, 0,
       [key, value](M& map, std::error_code& ec) { map.update(key, value, ec); },
       [key, value](M& map) { map.update(key, value); }},
      {"update of each CPU", Operation::update, BPF_MAP_UPDATE_ELEM, BPF_ANY, 0,
       [key, values](M& map, std::error_code& ec) { map.update(key, values, ec); },
       [key, values](M& map) { map.update(key, values); }},
      {"insert of every CPU", Operation::update, BPF_MAP_UPDATE_ELEM, BPF_NOEXIST, EEXIST,
       [key, value](M& map, std::error_code& ec) { (void)map.insert(key, value, ec); },
       [key, value](M& map) { (void)map.insert(key, value); }},
      {"insert of each CPU", Operation::update, BPF_MAP_UPDATE_ELEM, BPF_NOEXIST, EEXIST,
       [key, values](M& map, std::error_code& ec) { (void)map.insert(key, values, ec); },
       [key, values](M& map) { (void)map.insert(key, values); }},
      {"replace of every CPU", Operation::update, BPF_MAP_UPDATE_ELEM, BPF_EXIST, ENOENT,
       [key, value](M& map, std::error_code& ec) { (void)map.replace(key, value, ec); },
       [key, value](M& map) { (void)map.replace(key, value); }},
      {"replace of each CPU", Operation::update, BPF_MAP_UPDATE_ELEM, BPF_EXIST, ENOENT,
       [key, values](M& map, std::error_code& ec) { (void)map.replace(key, values, ec); },
       [key, values](M& map) { (void)map.replace(key, values); }},
      {"erase", Operation::erase, BPF_MAP_DELETE_ELEM, 0, ENOENT,
       [key](M& map, std::error_code& ec) { (void)map.erase(key, ec); },
       [key](M& map) { (void)map.erase(key); }},
      {"lookup_and_delete", Operation::lookup_and_delete, BPF_MAP_LOOKUP_AND_DELETE_ELEM, 0, ENOENT,
       [key](M& map, std::error_code& ec) { (void)map.lookup_and_delete(key, ec); },
       [key](M& map) { (void)map.lookup_and_delete(key); }},
  };
}

template <class V>
[[nodiscard]] std::vector<TypedCall<PerCpuArrayMap<V>>> percpu_array_calls(std::uint32_t index,
                                                                           V value) {
  using M = PerCpuArrayMap<V>;
  const PerCpuValues<V> values{value};
  return {
      {"lookup", Operation::lookup, BPF_MAP_LOOKUP_ELEM, 0, 0,
       [index](M& map, std::error_code& ec) { (void)map.lookup(index, ec); },
       [index](M& map) { (void)map.lookup(index); }},
      {"lookup_into", Operation::lookup, BPF_MAP_LOOKUP_ELEM, 0, 0,
       [index](M& map, std::error_code& ec) {
         PerCpuValues<V> room;
         map.lookup_into(index, room, ec);
       },
       [index](M& map) {
         PerCpuValues<V> room;
         map.lookup_into(index, room);
       }},
      {"update of every CPU", Operation::update, BPF_MAP_UPDATE_ELEM, BPF_ANY, 0,
       [index, value](M& map, std::error_code& ec) { map.update(index, value, ec); },
       [index, value](M& map) { map.update(index, value); }},
      {"update of each CPU", Operation::update, BPF_MAP_UPDATE_ELEM, BPF_ANY, 0,
       [index, values](M& map, std::error_code& ec) { map.update(index, values, ec); },
       [index, values](M& map) { map.update(index, values); }},
  };
}

/// Both forms of `call` end with `code`, and the Error names the operation and the map.
template <class M>
void expect_refused(M& map, const TypedCall<M>& call, std::error_code code) {
  SCOPED_TRACE(call.name);
  std::error_code ec;
  call.quiet(map, ec);
  EXPECT_EQ(ec, code);
  const std::string explained = explain(ec);
  const Error error = error_of([&] { call.loud(map); });
  EXPECT_EQ(error.what(), explained);
  EXPECT_EQ(error.code(), code) << error.what();
  EXPECT_EQ(error.operation(), call.operation);
  EXPECT_EQ(error.map_id(), map.map().info().id);
}

/// Both forms of `call` end without an error, the quiet one first.
template <class M>
void expect_no_error(M& map, const TypedCall<M>& call) {
  SCOPED_TRACE(call.name);
  std::error_code ec = Errc::invalid_name;
  call.quiet(map, ec);
  EXPECT_EQ(ec, std::error_code{}) << "not cleared";
  EXPECT_NO_THROW(call.loud(map));
}

}  // namespace bpfmap::test
