// SPDX-License-Identifier: MIT
// Fills the slots of an EntryEngine with given keys, runs it, and reads the results. Above bulk/.
#pragma once

#include <algorithm>
#include <cerrno>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <system_error>
#include <type_traits>

#include "bpfmap/bulk/detail/batch_entries.hpp"
#include "bpfmap/in_kernel/detail/combine.hpp"
#include "bpfmap/in_kernel/detail/entry_engine.hpp"

namespace bpfmap::inline v0 {
template <class K, class V>
class LpmTrie;
}  // namespace bpfmap::inline v0

namespace bpfmap::inline v0::detail {

template <class M>
inline constexpr bool finds_longest_prefix = false;
template <class K, class V>
inline constexpr bool finds_longest_prefix<LpmTrie<K, V>> = true;

// Whether a missing key is an error, as in an array, where it is an index out of range.
template <class M>
inline constexpr bool has_every_key = std::is_void_v<decltype(std::declval<const M&>().lookup_into(
    std::declval<const typename M::key_type&>(), std::declval<typename M::mapped_type&>()))>;

template <class M>
inline constexpr bool has_slots_per_cpu =
    !std::same_as<typename M::mapped_type, typename M::slot_type>;

// What a lookup shows of a value: the value itself where it lies in shared memory; a copy where it
// cannot be used there; the slots of all CPUs.
template <class M>
[[nodiscard]] decltype(auto) shown_at(const std::byte* value) noexcept {
  using V = typename M::slot_type;
  if constexpr (has_slots_per_cpu<M>) {
    return PerCpuView<V>{BytesView{value, sys::percpu_size(Codec<V>::size)}};
  } else if constexpr (coded_as_object<V> && alignof(V) <= 8) {
    return *reinterpret_cast<const V*>(value);
  } else {
    return Codec<V>::decode(std::span<const std::byte, Codec<V>::size>{value, Codec<V>::size});
  }
}

// Called with the number of a key, and its value.
template <class Visit, class M>
concept visits_values =
    requires(Visit& visit, std::size_t i, const std::byte* at) { visit(i, shown_at<M>(at)); };

// The integers of an atomic update.
struct WholeValueTag {};
template <class V, class Member>
struct MemberType;
template <class V>
struct MemberType<V, WholeValueTag> {
  using type = V;
  static IntegerMember locate(WholeValueTag) noexcept { return {0, sizeof(V)}; }
};
template <class V, class Owner, class T>
struct MemberType<V, T Owner::*> {
  static_assert(std::is_base_of_v<Owner, V>, "bpfmap: this is no member of the map's values.");
  using type = T;
  static IntegerMember locate(T V::* member) noexcept { return {offset_of(member), sizeof(T)}; }
};
template <class V, class Member>
using member_type = typename MemberType<V, Member>::type;

template <class T>
concept atomic_integer = integer_like<T> && (sizeof(T) == 4 || sizeof(T) == 8);

// The operands of an atomic update: one integer for all keys, or one for each.
template <class Operands, class T>
concept operands_of = std::convertible_to<const Operands&, argument<T>> || range_of<Operands, T>;

// Called with the number of a key, and an old value.
template <class Visit, class V, class Member>
concept visits_old =
    requires(Visit& visit, std::size_t i, member_type<V, Member> old) { visit(i, old); };
struct NoVisit {
  template <class T>
  void operator()(std::size_t, const T&) const noexcept {}
};

template <class T>
inline constexpr FetchOperation minimum =
    std::is_signed_v<T> ? FetchOperation::min_signed : FetchOperation::min_unsigned;
template <class T>
inline constexpr FetchOperation maximum =
    std::is_signed_v<T> ? FetchOperation::max_signed : FetchOperation::max_unsigned;

template <class T>
[[nodiscard]] std::uint64_t zero_extended(T value) noexcept {
  return static_cast<std::uint64_t>(static_cast<std::make_unsigned_t<T>>(value));
}

// One call of a handle.
template <class M, class Keys>
struct KeyBatch {
  using K = typename M::key_type;

  EntryEngine* engine;
  const M& map;
  const Keys& keys;
  std::int64_t tolerated;

  // Does chunk by chunk: `encode(i, slot, ec)` writes the value of key i, if it has one; `run(n)`
  // works on n slots, and returns 0 or -errno; `show(i, slot)` sees each key that is done.
  template <class Encode, class Run, class Show>
  BatchResult operator()(Encode encode, Run run, Show show, std::error_code& ec) const {
    BatchResult total;
    const std::size_t count = std::size(keys);
    for (std::size_t at = 0; at < count && !ec;) {
      std::error_code refused;
      const std::size_t encoded = fill(at, encode, refused);
      if (const int result = encoded == 0 ? 0 : run(static_cast<std::uint32_t>(encoded));
          result != 0) {
        ec = kernel_error(result);
        total.failed = at;
        break;
      }
      tally(at, encoded, show, total, ec);
      at += encoded;
      if (refused && !ec) {
        ec = refused;
        total.failed = at;
      }
    }
    return total;
  }

 private:
  template <class Encode>
  std::size_t fill(std::size_t at, Encode& encode, std::error_code& refused) const {
    const std::size_t most = std::min<std::size_t>(std::size(keys) - at, engine->capacity());
    for (std::size_t i = 0; i < most; ++i) {
      const argument<K>& key = keys[at + i];
      if (!fits(key)) refused = Errc::out_of_range;
      if (!refused) encode(at + i, i, refused);
      if (refused) return i;
      std::byte* const to = engine->new_key(i);
      if constexpr (!coded_as_object<K>) std::memset(to, 0, Codec<K>::size);
      Codec<K>::encode(value_of<K>(key), std::span<std::byte, Codec<K>::size>{to, Codec<K>::size});
    }
    return most;
  }
  template <class Show>
  void tally(std::size_t at, std::size_t encoded, Show& show, BatchResult& total,
             std::error_code& ec) const {
    for (std::size_t i = 0; i < encoded; ++i) {
      const std::int32_t result = engine->result(i);
      if (result == 0) {
        ++total.done;
        show(at + i, i);
      } else if (result == tolerated) {
        ++total.skipped;
      } else {
        ec = kernel_error(result == EntryEngine::pending ? -EAGAIN : result);
        total.failed = at + i;
        return;
      }
    }
  }
};

}  // namespace bpfmap::inline v0::detail
