// SPDX-License-Identifier: MIT
// Concepts for the maps that the whole-map verbs accept: Map and typed maps. Above map/.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "bpfmap/bytes.hpp"
#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0::detail {

/// The base of every typed map; the verbs recognise a typed map by it. A typed map also has map()
/// and, where they apply:
///   key_type     its keys
///   mapped_type  what a lookup returns: V, or PerCpuValues<V>
///   slot_type    V, of one CPU on a per-CPU map
///   shown_type   what a scan shows: V, or PerCpuView<V>
///   value_type   of queues and stacks: V
struct TypedMapTag {};

template <class M>
concept tagged_map = std::derived_from<M, TypedMapTag> && !std::is_const_v<M>;

// A typed map that can be walked.
template <class M>
concept typed_map = tagged_map<M> && requires {
  typename M::key_type;
  typename M::shown_type;
};

template <class M>
concept whole_map = std::same_as<M, Map> || typed_map<M>;

// A map with keys, whether or not its values can be read.
template <class M>
concept keyed_map = std::same_as<M, Map> || (tagged_map<M> && requires { typename M::key_type; });

// A typed map that writes and reads the same value type.
template <class M>
concept written_map = typed_map<M> && requires(const M& map, const typename M::key_type& key) {
  typename M::mapped_type;
  typename M::slot_type;
  // Maps of descriptors have no such lookup: they return ids.
  requires requires(typename M::mapped_type& room) { map.lookup_into(key, room); };
};

// A typed map whose values are written as descriptors or redirect targets, with set().
template <class M>
concept descriptor_map =
    tagged_map<M> && !written_map<M> &&
    (requires { typename M::inner_type; } || requires(M& map, const typename M::key_type& key) {
      map.set(key, {1});
    });

// A typed map of slots, which stay when their values are removed.
template <class M>
concept slot_map = requires { requires M::keys_are_slots; };

// A map with entries that can be removed, from slots as well.
template <class M>
concept removable_map =
    std::same_as<M, Map> ||
    (typed_map<M> && requires(M& map, const typename M::key_type& key) { map.erase(key); });

// A map whose erase() returns whether there was an entry.
template <class M>
concept erasable_map =
    std::same_as<M, Map> || (typed_map<M> && requires(M& map, const typename M::key_type& key) {
      { map.erase(key) } -> std::same_as<bool>;
    });

// A queue or a stack.
template <class M>
concept popped_map = tagged_map<M> && requires(M& map) {
  typename M::value_type;
  map.pop();
};

template <class M>
concept drained_map = (erasable_map<M> && !slot_map<M>) || popped_map<M>;

// A map that clear() can empty: those above, maps of slots, and stack traces.
template <class M>
concept clearable_map =
    drained_map<M> || removable_map<M> ||
    (tagged_map<M> && requires(M& map, const std::uint32_t& key) { map.erase(key); }) ||
    (tagged_map<M> && requires(M& map, const typename M::key_type& key) { map.erase(key); });

template <class M>
struct ShownKey {
  using type = typename M::key_type;
};
template <class M>
struct ShownValue {
  using type = typename M::shown_type;
};
template <>
struct ShownKey<Map> {
  using type = BytesView;
};
template <>
struct ShownValue<Map> {
  using type = BytesView;
};

// The key and value of a map as a scan shows them.
template <class M>
using shown_key = typename ShownKey<M>::type;
template <class M>
using shown_value = typename ShownValue<M>::type;

template <class M>
[[nodiscard]] auto& map_of(M& map) noexcept {
  if constexpr (std::same_as<std::remove_const_t<M>, Map>)
    return map;
  else
    return map.map();
}

}  // namespace bpfmap::inline v0::detail
