// SPDX-License-Identifier: MIT
// One map operation, by each API, as its user would write it. A lookup gives the number that the
// program is after, 0 when there is no such key; the others say whether they did what they should.
#pragma once

#include <bpf/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <system_error>
#include <vector>

#include "workload.hpp"

namespace bpfmap::bench {

// Calls on memory: what bpf(2) and libbpf leave to their users is the buffer, and for per-CPU maps
// its size and the loop over the slots.
template <class Family, class Calls>
class ByPointer {
 public:
  using Key = typename Family::Key;
  using Value = typename Family::Value;
  static_assert(sizeof(Value) % 8 == 0, "a slot is as large as a value");

  explicit ByPointer(const Map& map) : fd_(map.fd()), slots_(sys::possible_cpus().size()) {}

  std::uint64_t lookup(const Key& key) {
    if constexpr (Family::is_percpu) {
      if (Calls::lookup(fd_, &key, slots_.data()) != 0) return 0;
      std::uint64_t packets = 0;
      for (const Value& slot : slots_) packets += slot.packets;
      return packets;
    } else {
      Value value;
      return Calls::lookup(fd_, &key, &value) == 0 ? value.packets : 0;
    }
  }
  bool update(const Key& key, const Value& value) { return put(key, value, BPF_ANY); }
  bool insert(const Key& key, const Value& value) { return put(key, value, BPF_NOEXIST); }
  bool erase(const Key& key) { return Calls::erase(fd_, &key) == 0; }

 private:
  bool put(const Key& key, const Value& value, std::uint64_t flags) {
    if constexpr (Family::is_percpu) {
      std::fill(slots_.begin(), slots_.end(), value);
      return Calls::update(fd_, &key, slots_.data(), flags) == 0;
    } else {
      return Calls::update(fd_, &key, &value, flags) == 0;
    }
  }

  int fd_;
  std::vector<Value> slots_;
};

struct LibbpfCalls {
  static int lookup(int fd, const void* key, void* value) {
    return ::bpf_map_lookup_elem(fd, key, value);
  }
  static int update(int fd, const void* key, const void* value, std::uint64_t flags) {
    return ::bpf_map_update_elem(fd, key, value, flags);
  }
  static int erase(int fd, const void* key) { return ::bpf_map_delete_elem(fd, key); }
};

struct SyscallCalls {
  static long lookup(int fd, const void* key, void* value) {
    return call(BPF_MAP_LOOKUP_ELEM, fd, key, value, 0);
  }
  static long update(int fd, const void* key, const void* value, std::uint64_t flags) {
    return call(BPF_MAP_UPDATE_ELEM, fd, key, value, flags);
  }
  static long erase(int fd, const void* key) {
    return call(BPF_MAP_DELETE_ELEM, fd, key, nullptr, 0);
  }

 private:
  static long call(int cmd, int fd, const void* key, const void* value, std::uint64_t flags) {
    bpf_attr attr;
    constexpr unsigned int size = offsetof(bpf_attr, flags) + sizeof attr.flags;
    std::memset(&attr, 0, size);
    attr.map_fd = static_cast<std::uint32_t>(fd);
    attr.key = reinterpret_cast<std::uintptr_t>(key);
    attr.value = reinterpret_cast<std::uintptr_t>(value);
    attr.flags = flags;
    return ::syscall(__NR_bpf, cmd, &attr, size);
  }
};

template <class Family>
struct Libbpf : ByPointer<Family, LibbpfCalls> {
  static constexpr const char* name = "libbpf";
  using ByPointer<Family, LibbpfCalls>::ByPointer;
};

template <class Family>
struct Syscall : ByPointer<Family, SyscallCalls> {
  static constexpr const char* name = "syscall";
  using ByPointer<Family, SyscallCalls>::ByPointer;
};

// The typed class of the family. `Ec...` is std::error_code, or nothing for the throwing form.
template <class Family, class... Ec>
class ByTypedMap {
 public:
  using Key = typename Family::Key;
  using Value = typename Family::Value;

  explicit ByTypedMap(const Map& map) : map_(map.duplicate()) {}

 protected:
  [[gnu::always_inline]] std::uint64_t get(const Key& key, Ec&... ec) {
    if constexpr (Family::is_percpu)
      return map_.lookup_into(key, slots_, ec...) ? slots_.sum(&Value::packets) : 0;
    else if constexpr (Family::type == MapType::array && sizeof...(Ec) == 0)
      return map_.lookup(key).packets;
    else if (const auto value = map_.lookup(key, ec...))
      return value->packets;
    else
      return 0;
  }

  typename Family::Typed map_;
  PerCpuValues<Value> slots_;
};

template <class Family>
class Typed : ByTypedMap<Family> {
 public:
  static constexpr const char* name = "typed";
  using Key = typename Family::Key;
  using Value = typename Family::Value;
  using ByTypedMap<Family>::ByTypedMap;

  [[gnu::always_inline]] std::uint64_t lookup(const Key& key) { return this->get(key); }
  bool update(const Key& key, const Value& value) {
    this->map_.update(key, value);
    return true;
  }
  bool insert(const Key& key, const Value& value) { return this->map_.insert(key, value); }
  bool erase(const Key& key) { return this->map_.erase(key); }
};

template <class Family>
class TypedEc : ByTypedMap<Family, std::error_code> {
 public:
  static constexpr const char* name = "typed_ec";
  using Key = typename Family::Key;
  using Value = typename Family::Value;
  using ByTypedMap<Family, std::error_code>::ByTypedMap;

  [[gnu::always_inline]] std::uint64_t lookup(const Key& key) { return this->get(key, ec_); }
  bool update(const Key& key, const Value& value) {
    this->map_.update(key, value, ec_);
    return !ec_;
  }
  bool insert(const Key& key, const Value& value) { return this->map_.insert(key, value, ec_); }
  bool erase(const Key& key) { return this->map_.erase(key, ec_); }

 private:
  std::error_code ec_;
};

/// bpfmap::Map, which knows the sizes only at run time.
template <class Family>
class Untyped {
 public:
  static constexpr const char* name = "map";
  using Key = typename Family::Key;
  using Value = typename Family::Value;

  explicit Untyped(const Map& map) : map_(map.duplicate()) {}

  std::uint64_t lookup(const Key& key) {
    if constexpr (Family::is_percpu)
      return map_.lookup_percpu_into(key, slots_.bytes()) ? slots_.sum(&Value::packets) : 0;
    else if (const auto value = map_.template lookup<Value>(key))
      return value->packets;
    else
      return 0;
  }
  bool update(const Key& key, const Value& value) {
    map_.update(key, value);
    return true;
  }
  bool insert(const Key& key, const Value& value) {
    map_.update(key, value, UpdateFlags::noexist);
    return true;
  }
  bool erase(const Key& key) { return map_.erase(key); }

 private:
  Map map_;
  PerCpuValues<Value> slots_;
};

// What is measured: each run says whether it went as it must.
struct LookupHit {
  static constexpr const char* name = "lookup";
  template <class Family, class Api>
  [[gnu::always_inline]] static bool run(Api& api, const Table<Family>& table, std::size_t i) {
    return api.lookup(table.present[i]) != 0;
  }
};
struct LookupMiss {
  static constexpr const char* name = "lookup_miss";
  template <class Family, class Api>
  [[gnu::always_inline]] static bool run(Api& api, const Table<Family>& table, std::size_t i) {
    return api.lookup(table.absent[i]) == 0;
  }
};
struct Update {
  static constexpr const char* name = "update";
  template <class Family, class Api>
  static bool run(Api& api, const Table<Family>& table, std::size_t i) {
    return api.update(table.present[i], value_of<typename Family::Value>(i + 1));
  }
};
struct Erase {
  static constexpr const char* name = "erase";
  template <class Family, class Api>
  static bool run(Api& api, const Table<Family>& table, std::size_t i) {
    return api.erase(table.present[i]);
  }
};
struct InsertErase {
  static constexpr const char* name = "insert+erase";
  template <class Family, class Api>
  static bool run(Api& api, const Table<Family>& table, std::size_t i) {
    return api.insert(table.absent[i], value_of<typename Family::Value>(i + 1)) &&
           api.erase(table.absent[i]);
  }
};

template <class Family, class Operation>
[[nodiscard]] std::string row_name() {
  return std::string{Family::name} + '.' + Operation::name;
}

}  // namespace bpfmap::bench
