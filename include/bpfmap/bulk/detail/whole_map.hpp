// SPDX-License-Identifier: MIT
// What the verbs on a whole map need to know of it, be it a Map or a typed map. Above map/.
#pragma once

#include <concepts>
#include <type_traits>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/bytes.hpp"
#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0::detail {

// STUB: the bulk room declares it.
struct TypedMapTag {};

// A typed map, known by what it offers: bulk/ is below typed/.
template <class M>
concept typed_map = requires(M& map) {
  typename M::key_type;
  typename M::mapped_type;
  typename M::shown_type;
  { map.map() } -> std::same_as<Map&>;
};

template <class M>
concept tagged = std::derived_from<M, TypedMapTag> && typed_map<M>;

template <class M>
concept whole_map = std::same_as<M, Map> || typed_map<M>;

// Whose entries can leave it.
template <class M>
concept erasable_map =
    std::same_as<M, Map> || (typed_map<M> && requires(M& map, const typename M::key_type& key) {
      { map.erase(key) } -> std::same_as<bool>;
    });

template <class M>
struct ShownOf {
  using key = typename M::key_type;
  using value = typename M::shown_type;
};
template <>
struct ShownOf<Map> {
  using key = BytesView;
  using value = BytesView;
};

// The key and value of a map as a scan shows them.
template <class M>
using shown_key = typename ShownOf<M>::key;
template <class M>
using shown_value = typename ShownOf<M>::value;
template <class M>
using shown_entry = ShowEntry<shown_key<M>, shown_value<M>>;

template <class M>
[[nodiscard]] auto& map_of(M& map) noexcept {
  if constexpr (std::same_as<std::remove_const_t<M>, Map>)
    return map;
  else
    return map.map();
}

// A function of a key and a value, as a scan shows them.
template <class F, class M>
concept entry_function = std::invocable<F&, shown_key<M>, shown_value<M>>;
template <class F, class M>
concept entry_predicate = std::predicate<F&, shown_key<M>, shown_value<M>>;

// Calls `function(key, value)` for each entry of the batch that `reader` read last.
template <class M, class Function>
void for_each_entry(const BatchReader& reader, Function&& function) {
  const std::size_t key_size = reader.map().info().key_size;
  const std::size_t stride = reader.value_stride();
  const std::byte* key = reader.keys();
  const std::byte* value = reader.values();
  for (std::uint32_t i = 0; i < reader.size(); ++i, key += key_size, value += stride)
    function(show<shown_key<M>>(key, key_size), show<shown_value<M>>(value, stride));
}

}  // namespace bpfmap::inline v0::detail

// STUB until the bulk room lands
namespace bpfmap::inline v0 {
template <detail::tagged M>
auto begin(const M& map) { return ScanIterator<detail::shown_entry<M>>{BatchReader{map.map()}}; }
template <detail::tagged M>
std::default_sentinel_t end(const M&) { return {}; }
template <detail::tagged M>
auto scan(const M& map, ScanOptions options = {}) { return Scan<detail::shown_entry<M>>{map.map(), options}; }
template <detail::tagged M>
auto scan(const M& map, ScanOptions options, std::error_code& ec) { return Scan<detail::shown_entry<M>>{map.map(), options, &ec}; }
template <detail::tagged M>
auto scan(const M& map, std::error_code& ec) { return scan(map, {}, ec); }
template <detail::tagged M>
auto keys(const M& map, ScanOptions options = {}) { options.keys_only = true; return Scan<detail::ShowKey<detail::shown_key<M>>>{map.map(), options}; }
template <detail::tagged M>
auto keys(const M& map, std::error_code& ec) { return Scan<detail::ShowKey<detail::shown_key<M>>>{map.map(), {.keys_only = true}, &ec}; }
template <detail::tagged M>
auto values(const M& map, std::error_code& ec) { return Scan<detail::ShowValue<detail::shown_value<M>>>{map.map(), {}, &ec}; }
template <detail::tagged M>
auto values(const M& map, ScanOptions options = {}) { return Scan<detail::ShowValue<detail::shown_value<M>>>{map.map(), options}; }
}
