// SPDX-License-Identifier: MIT
// Copies of entries that outlive a walk. Above map/.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "bpfmap/bulk/detail/show.hpp"
#include "bpfmap/bulk/walk/walk.hpp"
#include "bpfmap/bytes.hpp"
#include "bpfmap/map/percpu_values.hpp"

namespace bpfmap::inline v0::detail {

template <class M>
struct OwnedEntryOf {
  using type = Entry<typename M::key_type, typename M::mapped_type>;
};
template <>
struct OwnedEntryOf<Map> {
  using type = Entry<Bytes, Bytes>;
};

// As show_into(), into an object that owns its memory.
template <class T>
void own_into(BytesView bytes, T& out) {
  if constexpr (std::is_same_v<T, Bytes>)
    out.assign(bytes.begin(), bytes.end());
  else
    show_into(bytes, out);
}
template <class V>
void own_into(BytesView bytes, PerCpuValues<V>& out) {
  if (out.bytes().size() != bytes.size())
    out = PerCpuValues<V>{PerCpuView<V>{bytes}};
  else
    std::memcpy(out.bytes().data(), bytes.data(), bytes.size());
}

// Copies the batch that `walk` read last into `entries`, starting at `count`. Decodes each V in
// place, because it may be too large for the stack.
template <class Owned>
void own_batch(const Walk& walk, std::vector<Owned>& entries, std::size_t& count) {
  const std::size_t key_size = walk.key_size();
  const std::size_t stride = walk.value_stride();
  for (std::uint32_t i = 0; i < walk.size(); ++i, ++count) {
    const BytesView key{walk.keys() + i * key_size, key_size};
    const BytesView value{walk.values() + i * stride, stride};
    if constexpr (std::default_initializable<Owned>) {
      if (count == entries.size()) entries.emplace_back();
    } else if (count == entries.size()) {
      // Without a default constructor, only decode() makes one.
      entries.push_back({show<decltype(Owned::key)>(key), show<decltype(Owned::value)>(value)});
      continue;
    }
    own_into(key, entries[count].key);
    own_into(value, entries[count].value);
  }
}

}  // namespace bpfmap::inline v0::detail
