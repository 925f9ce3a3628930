// SPDX-License-Identifier: MIT
// Sums of a member over all CPUs, of many keys. Above bulk/.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <type_traits>

#include "bpfmap/in_kernel/detail/key_batches.hpp"

namespace bpfmap::inline v0 {

/// Sums over CPUs, for a handle Derived of a per-CPU map.
template <class Derived, class M>
class SumOperations {
  using V = typename M::slot_type;

 public:
  /// Calls `visit(i, sum)` for each key i that has an entry, with the sum of an integer member (or
  /// `whole_value`) over all CPUs, as a std::uint64_t or std::int64_t, which wraps around. The
  /// program adds the slots, and copies none (bpf_map_lookup_percpu_elem, 5.19). `visit` as for
  /// InKernel::lookup_batch().
  template <detail::keys_for<M> Keys, class Member, class Visit>
  BatchResult sum_batch(const Keys& keys, Member member, Visit&& visit) {
    std::error_code ec = detail::no_error();
    const BatchResult result = sum_keys(keys, member, visit, ec);
    detail::throw_if(ec);
    return result;
  }
  template <detail::keys_for<M> Keys, class Member, class Visit>
  BatchResult sum_batch(const Keys& keys, Member member, Visit&& visit,
                        std::error_code& ec) noexcept {
    return sum_keys(keys, member, visit, ec);
  }

 private:
  template <class T>
  using Sum = std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>;

  // Throws what `visit` throws.
  template <class Keys, class Member, class Visit>
  BatchResult sum_keys(const Keys& keys, Member member, Visit& visit, std::error_code& ec) {
    using T = detail::member_type<V, Member>;
    static_assert(detail::has_slots_per_cpu<M> && detail::coded_as_object<V> && integer_like<T> &&
                      sizeof(T) <= 8,
                  "bpfmap: sum_batch() adds an integer member of a per-CPU map's values.");
    auto& self = static_cast<Derived&>(*this);
    detail::EntryEngine* const engine = self.start(ec) ? self.engine_.get() : nullptr;
    BatchResult result;
    if (engine != nullptr && !in_program<T>(*engine, self.map(), member, std::size(keys)))
      result = self.look_up(
          detail::EntryOperation::lookup, Operation::lookup_batch, keys,
          [&](std::size_t i, PerCpuView<V> slots) { visit(i, sum_of<T>(slots, member)); }, ec);
    else if (engine != nullptr)
      result = sum_in_program<T>(*engine, self, keys, visit, ec);
    else
      detail::record_failed(self.typed_map(), Operation::lookup_batch, keys, result, {}, ec);
    return result;
  }

  // Whether a program does it: not for a single key, nor where the kernel refuses it.
  template <class T, class Member>
  static bool in_program(detail::EntryEngine& engine, const Map& map, Member member,
                         std::size_t keys) noexcept {
    constexpr auto operation = std::is_signed_v<T> ? detail::FetchOperation::sum_signed
                                                   : detail::FetchOperation::sum_unsigned;
    std::error_code refused;
    if (keys > 1)
      engine.prepare_fetch(map, operation, detail::MemberType<V, Member>::locate(member), false,
                           refused);
    return keys > 1 && !refused;
  }
  template <class T, class Member>
  static Sum<T> sum_of(PerCpuView<V> slots, Member member) noexcept {
    if constexpr (std::same_as<Member, detail::WholeValueTag>)
      return static_cast<Sum<T>>(slots.sum());
    else
      return static_cast<Sum<T>>(slots.sum(member));
  }
  template <class T, class Keys, class Visit>
  static BatchResult sum_in_program(detail::EntryEngine& engine, Derived& self, const Keys& keys,
                                    Visit& visit, std::error_code& ec) {
    constexpr std::int64_t tolerated = detail::has_every_key<M> ? 0 : -ENOENT;
    const auto run = [&](std::uint32_t n) { return engine.fetch(self.map(), n, tolerated); };
    const auto show = [&](std::size_t i, std::size_t slot) {
      Sum<T> sum;
      std::memcpy(&sum, engine.value(slot), sizeof sum);
      visit(i, sum);
    };
    const BatchResult result = detail::KeyBatch<M, Keys>{
        &engine, self.typed_map(), keys, tolerated}(Derived::no_value, run, show, ec);
    detail::record_failed(self.typed_map(), Operation::lookup_batch, keys, result, {}, ec);
    return result;
  }
};

}  // namespace bpfmap::inline v0
