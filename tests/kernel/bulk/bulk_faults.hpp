// SPDX-License-Identifier: MIT
// The real kernel with faults put in its way: slow to answer, without batches, failing half-way.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "bulk_support.hpp"
#include "fake_bpf.hpp"

namespace bpfmap::test {

[[nodiscard]] inline bool is_read_batch(int cmd) {
  return cmd == BPF_MAP_LOOKUP_BATCH || cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH;
}
[[nodiscard]] inline bool is_batch(int cmd) {
  return is_read_batch(cmd) || cmd == BPF_MAP_UPDATE_BATCH || cmd == BPF_MAP_DELETE_BATCH;
}

/// The real kernel, unless `fault` answers.
using Fault = std::function<std::optional<long>(int cmd, bpf_attr& attr, unsigned int size)>;
[[nodiscard]] inline FakeBpf::Answer with(Fault fault) {
  return [fault = std::move(fault)](int cmd, void* attr, unsigned int size) {
    const auto answer = fault(cmd, *static_cast<bpf_attr*>(attr), size);
    return answer ? *answer : sys::bpf_syscall(cmd, attr, size);
  };
}

/// No batch command is known.
[[nodiscard]] inline FakeBpf::Answer without_batches(int error) {
  return with([error](int cmd, bpf_attr&, unsigned int) {
    return is_batch(cmd) ? std::optional<long>{-error} : std::nullopt;
  });
}

/// The `n`th call of `cmd` fails without having done anything.
[[nodiscard]] inline FakeBpf::Answer failing_once(int cmd, std::size_t n, int error) {
  return with([=, calls = std::size_t{0}](int called, bpf_attr&, unsigned int) mutable {
    return called == cmd && ++calls == n ? std::optional<long>{-error} : std::nullopt;
  });
}

/// Every second batch or so: fewer entries than asked for, a signal, a contended lock before the
/// first entry or behind some.
[[nodiscard]] inline FakeBpf::Answer troubled(std::uint64_t seed) {
  return with([random = Random{seed}](int cmd, bpf_attr& attr,
                                      unsigned int size) mutable -> std::optional<long> {
    if (!is_batch(cmd)) return random.below(8) == 0 ? std::optional<long>{-EAGAIN} : std::nullopt;
    const std::array errors{EINTR, EAGAIN, EBUSY, EDEADLK};
    const long error = -errors[random.below(errors.size())];
    const std::uint32_t wanted = attr.batch.count;
    switch (random.below(6)) {
      case 0:
        return error;
      case 1:
        attr.batch.count = 1 + random.below(wanted);
        return sys::bpf_syscall(cmd, &attr, size);
      case 2: {
        attr.batch.count = 1 + random.below(wanted);
        const long done = sys::bpf_syscall(cmd, &attr, size);
        // A write fails at an entry, and never behind the last.
        return done == 0 && (is_read_batch(cmd) || attr.batch.count < wanted) ? error : done;
      }
      default:
        return std::nullopt;
    }
  });
}

/// Maps of every type with batches, each with 200 entries.
struct Filled {
  Map map;
  Entries entries;
};
[[nodiscard]] inline std::vector<Filled> filled_maps() {
  std::vector<Filled> maps;
  const auto add = [&](Map map) {
    Entries entries = fill(map, 200);
    maps.push_back({std::move(map), std::move(entries)});
  };
  add(make_map(MapType::hash, 4, 12, 200));
  add(make_map(MapType::percpu_hash, 3, 12, 200));
  add(make_map(MapType::lru_hash, 40, 4, 3200));
  add(make_map(MapType::lru_percpu_hash, 4, 4, 3200));
  add(make_map(MapType::array, 4, 12, 200));
  add(make_map(MapType::percpu_array, 4, 12, 200));
  add(make_map(MapType::lpm_trie, 8, 12, 200));
  return maps;
}
[[nodiscard]] inline bool is_array(const Map& map) {
  return traits_of(map.info().type)->key == KeyKind::index;
}
[[nodiscard]] inline bool is_trie(const Map& map) { return map.info().type == MapType::lpm_trie; }

}  // namespace bpfmap::test
