// SPDX-License-Identifier: MIT
// What the compiler knows of the typed maps: what each can do, and what it refuses.
#include <gtest/gtest.h>

#include <iterator>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "sample_types.hpp"

namespace bpfmap {
namespace {

using test::FlowKey;
using test::FlowStats;

using Hash = HashMap<FlowKey, FlowStats>;
using Array = ArrayMap<FlowStats>;
using PerCpuHash = PerCpuHashMap<FlowKey, FlowStats>;
using PerCpuArray = PerCpuArrayMap<FlowStats>;

// --- what each can do ---

template <class M>
concept has_insert = requires(M& map, typename M::key_type key) { map.insert(key, FlowStats{}); };
template <class M>
concept has_replace = requires(M& map, typename M::key_type key) { map.replace(key, FlowStats{}); };
template <class M>
concept has_erase = requires(M& map, typename M::key_type key) { map.erase(key); };
template <class M>
concept has_take = requires(M& map, typename M::key_type key) { map.lookup_and_delete(key); };
template <class M>
concept has_contains = requires(M& map, typename M::key_type key) { map.contains(key); };
template <class M>
concept has_max_entries = requires(const M& map) { map.max_entries(); };
template <class M>
concept has_update = requires(M& map, typename M::key_type key) { map.update(key, FlowStats{}); };

template <class M>
constexpr bool offers_what_a_hash_can = has_insert<M> && has_replace<M> && has_erase<M> &&
                                        has_take<M> && has_contains<M> && has_update<M>;
template <class M>
constexpr bool offers_what_an_array_can =
    has_update<M> && has_max_entries<M> && !has_insert<M> && !has_replace<M> && !has_erase<M> &&
    !has_take<M> && !has_contains<M>;
static_assert(offers_what_a_hash_can<Hash>);
static_assert(offers_what_a_hash_can<PerCpuHash>);
static_assert(offers_what_an_array_can<Array>);
static_assert(offers_what_an_array_can<PerCpuArray>);

// A const map reads only.
static_assert(!has_update<const Hash> && !has_insert<const Hash> && !has_replace<const Hash> &&
              !has_erase<const Hash> && !has_take<const Hash> && has_contains<const Hash>);
static_assert(!has_update<const Array> && !has_update<const PerCpuArray>);
static_assert(!has_update<const PerCpuHash> && !has_erase<const PerCpuHash>);

// What is read of a missing key is nullopt; an array has all its indices.
static_assert(
    std::is_same_v<decltype(std::declval<Hash&>().lookup(FlowKey{})), std::optional<FlowStats>>);
static_assert(std::is_same_v<decltype(std::declval<Array&>().lookup(0)), FlowStats>);
static_assert(std::is_same_v<decltype(std::declval<PerCpuHash&>().lookup(FlowKey{})),
                             std::optional<PerCpuValues<FlowStats>>>);
static_assert(
    std::is_same_v<decltype(std::declval<PerCpuArray&>().lookup(0)), PerCpuValues<FlowStats>>);

static_assert(std::is_same_v<Hash::key_type, FlowKey>);
static_assert(std::is_same_v<Hash::mapped_type, FlowStats>);
static_assert(std::is_same_v<Array::key_type, std::uint32_t>);
static_assert(std::is_same_v<Array::mapped_type, FlowStats>);
static_assert(std::is_same_v<PerCpuHash::mapped_type, PerCpuValues<FlowStats>>);
static_assert(std::is_same_v<PerCpuArray::mapped_type, PerCpuValues<FlowStats>>);

// Batches of values exist only where values are written and read as such.
template <class M, class V>
concept has_batches_of_values =
    requires(M& map, std::vector<typename M::key_type> keys, std::vector<V> values) {
      update_batch(map, keys, values);
    } ||
    requires(M& map, std::vector<typename M::key_type> keys, std::vector<V> values) {
      insert_batch(map, keys, values);
    } ||
    requires(M& map, std::vector<typename M::key_type> keys, std::vector<V> values) {
      replace_batch(map, keys, values);
    } || requires(M& map, std::vector<typename M::key_type> keys) { lookup_batch(map, keys); } ||
    requires(M& map, std::vector<typename M::key_type> keys, std::vector<std::optional<V>> values) {
      lookup_batch_into(map, keys, values);
    };
template <class M, class... Values>
constexpr bool has_no_batches_of = !(has_batches_of_values<M, Values> || ...);
static_assert(has_batches_of_values<Hash, FlowStats> && has_batches_of_values<Array, FlowStats>);
static_assert(
    has_batches_of_values<LpmTrie<LpmKey<std::array<std::uint8_t, 4>>, FlowStats>, FlowStats>);
static_assert(has_no_batches_of<ProgArray, int, std::uint32_t>);
static_assert(has_no_batches_of<CgroupArray, int>);
static_assert(has_no_batches_of<PerfEventArray, int>);
static_assert(has_no_batches_of<DevMap, DevTarget, DevValue, int>);
static_assert(has_no_batches_of<DevMapHash, DevTarget, DevValue, int>);
static_assert(has_no_batches_of<CpuMap, CpuTarget, CpuValue, int>);
static_assert(has_no_batches_of<XskMap, int>);
static_assert(has_no_batches_of<SockMap, int, std::uint64_t>);
static_assert(has_no_batches_of<SockHash<FlowKey>, int, std::uint64_t>);
static_assert(has_no_batches_of<ReusePortSockArray, int, std::uint64_t>);
static_assert(has_no_batches_of<ArrayOfMaps<Map>, int, std::uint32_t>);
static_assert(has_no_batches_of<HashOfMaps<FlowKey, Map>, int, std::uint32_t>);
static_assert(has_no_batches_of<SkStorage<FlowStats>, FlowStats>);

// Flags are for Map alone.
template <class M>
concept takes_flags =
    requires(M& map, std::vector<typename M::key_type> keys, std::vector<FlowStats> values) {
      update_batch(map, keys, values, UpdateFlags::any);
    } || requires(M& map, typename M::key_type key) { map.update(key, {}, UpdateFlags::any); } ||
    requires(M& map, typename M::key_type key) { (void)map.lookup(key, LookupFlags::lock); } ||
    requires(M& map) { copy(map, map, UpdateFlags::any); };
static_assert(!takes_flags<Hash> && !takes_flags<Array> && !takes_flags<PerCpuHash>);
template <class M>
concept takes_a_copy_mode = requires(M& map) { copy(map, map, CopyMode::insert); };
static_assert(takes_a_copy_mode<Hash> && !takes_a_copy_mode<Map>);

// --- ownership ---

template <class M>
constexpr bool owns_its_map =
    std::is_nothrow_default_constructible_v<M> && std::is_nothrow_move_constructible_v<M> &&
    std::is_nothrow_move_assignable_v<M> && !std::is_copy_constructible_v<M> &&
    !std::is_copy_assignable_v<M>;
static_assert(owns_its_map<Hash>);
static_assert(owns_its_map<Array>);
static_assert(owns_its_map<PerCpuHash>);
static_assert(owns_its_map<PerCpuArray>);

// A view is asked for in so many words, takes the Map over, and never passes for another class.
template <class M>
constexpr bool is_made_explicitly =
    std::is_constructible_v<M, Map> && !std::is_convertible_v<Map, M> &&
    !std::is_constructible_v<M, Map&> && !std::is_constructible_v<M, const Map&> &&
    std::is_nothrow_constructible_v<M, Map, std::error_code&> && !std::is_convertible_v<M, bool>;
static_assert(is_made_explicitly<Hash>);
static_assert(is_made_explicitly<Array>);
static_assert(is_made_explicitly<PerCpuHash>);
static_assert(is_made_explicitly<PerCpuArray>);
static_assert(!std::is_constructible_v<PerCpuHash, Hash>);
static_assert(!std::is_constructible_v<HashMap<FlowKey, std::uint64_t>, Hash>);

static_assert(std::is_same_v<decltype(std::declval<Hash&>().map()), Map&>);
static_assert(std::is_same_v<decltype(std::declval<const Hash&>().map()), const Map&>);
static_assert(std::is_same_v<decltype(std::declval<Hash>().map()), Map>);

// --- the forms that do not throw ---

template <class M>
constexpr bool reads_without_throwing = requires(
    const M& map, typename M::key_type key, typename M::mapped_type value, std::error_code& ec) {
  requires noexcept(map.lookup(key, ec));
  requires noexcept(scan(map, ec));
  requires noexcept(M::create(MapSpec{}, ec));
};
static_assert(reads_without_throwing<Hash>);
static_assert(reads_without_throwing<Array>);
static_assert(reads_without_throwing<PerCpuHash>);
static_assert(reads_without_throwing<PerCpuArray>);

template <class M>
constexpr bool writes_without_throwing =
    requires(M& map, typename M::key_type key, typename M::mapped_type value, std::error_code& ec) {
      requires noexcept(map.lookup_into(key, value, ec));
      requires noexcept(map.contains(key, ec));
      requires noexcept(map.erase(key, ec));
      requires noexcept(map.lookup_and_delete(key, ec));
    };
static_assert(writes_without_throwing<Hash>);
static_assert(writes_without_throwing<PerCpuHash>);
static_assert(noexcept(std::declval<Hash&>().update(std::declval<const FlowKey&>(),
                                                    std::declval<const FlowStats&>(),
                                                    std::declval<std::error_code&>())));
static_assert(noexcept(std::declval<Hash&>().insert(std::declval<const FlowKey&>(),
                                                    std::declval<const FlowStats&>(),
                                                    std::declval<std::error_code&>())));
static_assert(noexcept(std::declval<Hash&>().replace(std::declval<const FlowKey&>(),
                                                     std::declval<const FlowStats&>(),
                                                     std::declval<std::error_code&>())));
static_assert(noexcept(std::declval<Array&>().update(0U, std::declval<const FlowStats&>(),
                                                     std::declval<std::error_code&>())));

// --- keys and values ---

static_assert(encodable_as_key<FlowKey> && encodable_as_key<std::uint64_t> &&
              encodable_as_key<test::Proto>);
static_assert(encodable_as_key<test::Name> && encodable_as_key<test::BigEndian32> &&
              encodable_as_key<test::Packed>);
static_assert(!encodable_as_key<test::Padded>, "two equal keys would differ in their padding");
static_assert(!encodable_as_key<double>, "0.0 and -0.0 are equal");
static_assert(!encodable_as_key<std::string> && !encodable_as_key<const char*> &&
              !encodable_as_key<std::string_view>);
static_assert(encodable<test::Padded> && encodable<double> && encodable<bool>);
static_assert(encodable<test::Name> && encodable<test::Block<4096>>);
static_assert(!encodable<std::string> && !encodable<std::vector<int>> && !encodable<int*>);
static_assert(!encodable<std::span<const std::byte>> && !encodable<int[4]>);

// --- ranges ---

template <class M, class Value>
constexpr bool is_walked_as =
    std::input_iterator<decltype(begin(std::declval<M&>()))> && std::ranges::input_range<M> &&
    std::ranges::input_range<const M> && std::is_same_v<std::ranges::range_value_t<M>, Value>;
static_assert(is_walked_as<Hash, Entry<FlowKey, FlowStats>>);
static_assert(is_walked_as<Array, Entry<std::uint32_t, FlowStats>>);
static_assert(is_walked_as<PerCpuHash, Entry<FlowKey, PerCpuView<FlowStats>>>);
static_assert(is_walked_as<PerCpuArray, Entry<std::uint32_t, PerCpuView<FlowStats>>>);
static_assert(std::ranges::input_range<Map> && std::ranges::input_range<const Map>);
static_assert(std::is_same_v<std::ranges::range_value_t<Map>, Entry<BytesView, BytesView>>);

using EntryIterator = decltype(begin(std::declval<Hash&>()));
static_assert(std::movable<EntryIterator> && !std::copyable<EntryIterator>);
static_assert(std::sentinel_for<std::default_sentinel_t, EntryIterator>);
static_assert(!std::forward_iterator<EntryIterator>, "a scan is walked once");
static_assert(std::is_same_v<std::iter_reference_t<EntryIterator>, Entry<FlowKey, FlowStats>>,
              "a copy, so that the loop body may erase or update the entry");

template <class R, class Value>
constexpr bool is_scan_of =
    std::ranges::input_range<R> && std::is_same_v<std::ranges::range_value_t<R>, Value> &&
    std::is_same_v<decltype(std::declval<const R&>().status()), const ScanStatus&>;
template <class M>
using ScanOf = decltype(scan(std::declval<const M&>()));
template <class M>
using KeysOf = decltype(keys(std::declval<const M&>()));
template <class M>
using ValuesOf = decltype(values(std::declval<const M&>()));
static_assert(is_scan_of<ScanOf<Hash>, Entry<FlowKey, FlowStats>>);
static_assert(is_scan_of<KeysOf<Hash>, FlowKey>);
static_assert(is_scan_of<ValuesOf<Hash>, FlowStats>);
static_assert(is_scan_of<KeysOf<Array>, std::uint32_t>);
static_assert(is_scan_of<ValuesOf<Array>, FlowStats>);
static_assert(is_scan_of<ValuesOf<PerCpuHash>, PerCpuView<FlowStats>>);
static_assert(is_scan_of<ValuesOf<PerCpuArray>, PerCpuView<FlowStats>>);
static_assert(is_scan_of<decltype(scan(std::declval<const Map&>())), Entry<BytesView, BytesView>>);

// A scan refers to its map, so that none can be made of a map that is about to go.
template <class M>
concept can_be_scanned = requires(M&& map) { scan(std::forward<M>(map)); } || requires(M&& map) {
  keys(std::forward<M>(map));
} || requires(M&& map) { values(std::forward<M>(map)); };
static_assert(can_be_scanned<Hash&> && can_be_scanned<const Hash&> && !can_be_scanned<Hash>);
static_assert(!can_be_scanned<PerCpuArray>);
static_assert(can_be_scanned<Map&> && can_be_scanned<const Map&> && !can_be_scanned<Map>);

// GoogleTest lists the file only if there is a case in it.
TEST(TypedMap, IsWhatTheCompilerWasToldAbove) { SUCCEED(); }

}  // namespace
}  // namespace bpfmap
