// SPDX-License-Identifier: MIT
// Atomic updates of integers in the values of many keys. Above bulk/.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <type_traits>

#include "bpfmap/in_kernel/detail/key_batches.hpp"

namespace bpfmap::inline v0 {

/// In place of a pointer to a member: the value itself, of a map whose values are integers.
inline constexpr detail::WholeValueTag whole_value{};

/// Updates of an integer in each value, which lose nothing that programs or other CPUs do to it
/// meanwhile, for a handle Derived.
///
/// Each takes keys, a pointer to a member of 4 or 8 bytes (or `whole_value`), and one operand for
/// all keys or a range with one for each (Errc::wrong_value_count; Errc::out_of_range when one does
/// not fit the member). Keys without an entry are skipped. `visit(i, old)` is called with the
/// number of each key that has an entry, and the member's value before the update; in the form with
/// an `ec` it must not throw. What it throws in the other form is passed on: the up to
/// keys_per_call() keys of this system call are updated, later ones are not. Sums wrap around. A V
/// with a bpf_spin_lock is updated under its lock, as programs must do it then; other values with
/// the processor's atomic operations, as
/// `__sync_fetch_and_add()` in a program. In a trie, the entry of the longest prefix that matches
/// is updated, as a lookup finds it.
///
/// Without a lock, the member's address must be a multiple of its size: Errc::misaligned_member.
/// The values of a hash and of an array begin at a multiple of 8; those of a trie begin behind the
/// bits of a prefix, so that a trie of IPv4 prefixes has members of 8 bytes for this at 4, 12, ...
/// only.
///
/// No system call can do this: Errc::unsupported_operation where system calls do all the work of
/// the handle, or the kernel refuses the program, whose log is in status() then. EPERM where the
/// descriptor may not write, or the map is frozen. The first call for a member loads a program,
/// which takes about a millisecond.
template <class Derived, class M>
class FetchOperations {
  using V = typename M::slot_type;

 public:
  /// Adds an operand to each member (5.14).
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands,
            detail::visits_old<V, Member> Visit = detail::NoVisit>
  BatchResult fetch_add(const Keys& keys, Member member, const Operands& operands,
                        Visit visit = {}) {
    return fetch_throwing(detail::FetchOperation::add, keys, member, operands, nullptr, visit);
  }
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands,
            detail::visits_old<V, Member> Visit>
  BatchResult fetch_add(const Keys& keys, Member member, const Operands& operands, Visit visit,
                        std::error_code& ec) noexcept {
    return fetch(detail::FetchOperation::add, keys, member, operands, nullptr, visit, ec);
  }
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands>
  BatchResult fetch_add(const Keys& keys, Member member, const Operands& operands,
                        std::error_code& ec) noexcept {
    return fetch_add(keys, member, operands, detail::NoVisit{}, ec);
  }

  /// As fetch_add(); inserts `initial` first where a key has no entry, unless a program inserts one
  /// meanwhile. Condition::map_full when there is no room. Does not compile for a trie, where a
  /// program finds shorter prefixes too.
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands,
            detail::visits_old<V, Member> Visit = detail::NoVisit>
  BatchResult fetch_add_or_insert(const Keys& keys, Member member, const Operands& operands,
                                  const V& initial, Visit visit = {}) {
    check_inserts();
    return fetch_throwing(detail::FetchOperation::add, keys, member, operands, &initial, visit);
  }
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands,
            detail::visits_old<V, Member> Visit>
  BatchResult fetch_add_or_insert(const Keys& keys, Member member, const Operands& operands,
                                  const V& initial, Visit visit, std::error_code& ec) noexcept {
    check_inserts();
    return fetch(detail::FetchOperation::add, keys, member, operands, &initial, visit, ec);
  }
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands>
  BatchResult fetch_add_or_insert(const Keys& keys, Member member, const Operands& operands,
                                  const V& initial, std::error_code& ec) noexcept {
    return fetch_add_or_insert(keys, member, operands, initial, detail::NoVisit{}, ec);
  }

  /// Sets the bits of an operand in each member (5.14).
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands,
            detail::visits_old<V, Member> Visit = detail::NoVisit>
  BatchResult fetch_or(const Keys& keys, Member member, const Operands& operands,
                       Visit visit = {}) {
    return fetch_throwing(detail::FetchOperation::bit_or, keys, member, operands, nullptr, visit);
  }
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands,
            detail::visits_old<V, Member> Visit>
  BatchResult fetch_or(const Keys& keys, Member member, const Operands& operands, Visit visit,
                       std::error_code& ec) noexcept {
    return fetch(detail::FetchOperation::bit_or, keys, member, operands, nullptr, visit, ec);
  }
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands>
  BatchResult fetch_or(const Keys& keys, Member member, const Operands& operands,
                       std::error_code& ec) noexcept {
    return fetch_or(keys, member, operands, detail::NoVisit{}, ec);
  }

  /// Sets each member to an operand; `visit` gets what it replaces (5.14).
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands,
            detail::visits_old<V, Member> Visit = detail::NoVisit>
  BatchResult exchange(const Keys& keys, Member member, const Operands& operands,
                       Visit visit = {}) {
    return fetch_throwing(detail::FetchOperation::exchange, keys, member, operands, nullptr, visit);
  }
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands,
            detail::visits_old<V, Member> Visit>
  BatchResult exchange(const Keys& keys, Member member, const Operands& operands, Visit visit,
                       std::error_code& ec) noexcept {
    return fetch(detail::FetchOperation::exchange, keys, member, operands, nullptr, visit, ec);
  }
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands>
  BatchResult exchange(const Keys& keys, Member member, const Operands& operands,
                       std::error_code& ec) noexcept {
    return exchange(keys, member, operands, detail::NoVisit{}, ec);
  }

  /// Sets each member that is `expected` to `operands` (5.14). `visit` gets the value before: the
  /// member was set where that is `expected`.
  template <detail::keys_for<M> Keys, class Member,
            detail::visits_old<V, Member> Visit = detail::NoVisit>
  BatchResult compare_exchange(const Keys& keys, Member member,
                               argument<detail::member_type<V, Member>> expected,
                               argument<detail::member_type<V, Member>> operands,
                               Visit visit = {}) {
    return fetch_throwing(detail::FetchOperation::compare_exchange, keys, member, operands, nullptr,
                          visit, &expected);
  }
  template <detail::keys_for<M> Keys, class Member, detail::visits_old<V, Member> Visit>
  BatchResult compare_exchange(const Keys& keys, Member member,
                               argument<detail::member_type<V, Member>> expected,
                               argument<detail::member_type<V, Member>> operands, Visit visit,
                               std::error_code& ec) noexcept {
    return fetch(detail::FetchOperation::compare_exchange, keys, member, operands, nullptr, visit,
                 ec, &expected);
  }
  template <detail::keys_for<M> Keys, class Member>
  BatchResult compare_exchange(const Keys& keys, Member member,
                               argument<detail::member_type<V, Member>> expected,
                               argument<detail::member_type<V, Member>> operands,
                               std::error_code& ec) noexcept {
    return compare_exchange(keys, member, expected, operands, detail::NoVisit{}, ec);
  }

  /// Sets each member to an operand that is less (5.14). EAGAIN, in practice never, when other CPUs
  /// change a member thousands of times in a row.
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands,
            detail::visits_old<V, Member> Visit = detail::NoVisit>
  BatchResult fetch_min(const Keys& keys, Member member, const Operands& operands,
                        Visit visit = {}) {
    return fetch_throwing(detail::minimum<detail::member_type<V, Member>>, keys, member, operands,
                          nullptr, visit);
  }
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands,
            detail::visits_old<V, Member> Visit>
  BatchResult fetch_min(const Keys& keys, Member member, const Operands& operands, Visit visit,
                        std::error_code& ec) noexcept {
    return fetch(detail::minimum<detail::member_type<V, Member>>, keys, member, operands, nullptr,
                 visit, ec);
  }
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands>
  BatchResult fetch_min(const Keys& keys, Member member, const Operands& operands,
                        std::error_code& ec) noexcept {
    return fetch_min(keys, member, operands, detail::NoVisit{}, ec);
  }

  /// Sets each member to an operand that is greater (5.14). EAGAIN, in practice never, when other
  /// CPUs change a member thousands of times in a row.
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands,
            detail::visits_old<V, Member> Visit = detail::NoVisit>
  BatchResult fetch_max(const Keys& keys, Member member, const Operands& operands,
                        Visit visit = {}) {
    return fetch_throwing(detail::maximum<detail::member_type<V, Member>>, keys, member, operands,
                          nullptr, visit);
  }
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands,
            detail::visits_old<V, Member> Visit>
  BatchResult fetch_max(const Keys& keys, Member member, const Operands& operands, Visit visit,
                        std::error_code& ec) noexcept {
    return fetch(detail::maximum<detail::member_type<V, Member>>, keys, member, operands, nullptr,
                 visit, ec);
  }
  template <detail::keys_for<M> Keys, class Member,
            detail::operands_of<detail::member_type<V, Member>> Operands>
  BatchResult fetch_max(const Keys& keys, Member member, const Operands& operands,
                        std::error_code& ec) noexcept {
    return fetch_max(keys, member, operands, detail::NoVisit{}, ec);
  }

 private:
  static constexpr void check_inserts() noexcept {
    static_assert(!detail::finds_longest_prefix<M>,
                  "bpfmap: in a trie, a program cannot see whether this very prefix has an entry: "
                  "insert_batch() what is missing, then fetch_add().");
  }

  // Writes an operand to the first 8 bytes of a slot's value, and what is expected behind it.
  template <class T, class Operands>
  struct Encode {
    detail::EntryEngine& engine;
    const Operands& operands;
    const argument<T>* expected;

    void operator()(std::size_t i, std::size_t slot, std::error_code& ec) const noexcept {
      if constexpr (std::convertible_to<const Operands&, argument<T>>)
        write(operands, slot, ec);
      else
        write(operands[i], slot, ec);
    }
    void write(const argument<T>& operand, std::size_t slot, std::error_code& ec) const noexcept {
      if (!detail::fits(operand) || (expected != nullptr && !detail::fits(*expected)))
        ec = Errc::out_of_range;
      const std::uint64_t both[2] = {
          detail::zero_extended<T>(detail::value_of<T>(operand)),
          expected != nullptr ? detail::zero_extended<T>(detail::value_of<T>(*expected)) : 0};
      std::memcpy(engine.value(slot), both, sizeof both);
    }
  };

  template <class Keys, class Member, class Operands, class Visit>
  BatchResult fetch_throwing(detail::FetchOperation operation, const Keys& keys, Member member,
                             const Operands& operands, const V* initial, Visit& visit,
                             const argument<detail::member_type<V, Member>>* expected = nullptr) {
    std::error_code ec = detail::no_error();
    const BatchResult result =
        fetch(operation, keys, member, operands, initial, visit, ec, expected);
    detail::throw_if(ec);
    return result;
  }
  // Throws what `visit` throws.
  template <class Keys, class Member, class Operands, class Visit>
  BatchResult fetch(detail::FetchOperation operation, const Keys& keys, Member member,
                    const Operands& operands, const V* initial, Visit& visit, std::error_code& ec,
                    const argument<detail::member_type<V, Member>>* expected = nullptr) {
    using T = detail::member_type<V, Member>;
    static_assert(detail::coded_as_object<V>,
                  "bpfmap: a value with a Codec of its own has no members in the map.");
    static_assert(!detail::has_slots_per_cpu<M>,
                  "bpfmap: a value of a per-CPU map has a slot for each CPU: programs on that CPU "
                  "count in it without atomic operations.");
    static_assert(detail::atomic_integer<T>,
                  "bpfmap: an atomic update is of an integer of 4 or 8 bytes.");
    auto& self = static_cast<Derived&>(*this);
    BatchResult result;
    detail::EntryEngine* const engine = self.engine_for_updates(ec);
    Operation named = Operation::update_batch;
    if (!ec) {
      engine->prepare_fetch(self.map(), operation, detail::MemberType<V, Member>::locate(member),
                            initial != nullptr, ec);
      if (ec) named = Operation::in_kernel;
    }
    if constexpr (!std::convertible_to<const Operands&, argument<T>>)
      if (!ec && std::size(operands) != std::size(keys)) ec = Errc::wrong_value_count;
    if (!ec) {
      if (initial != nullptr) std::memcpy(engine->initial(), initial, sizeof(V));
      const auto run = [&](std::uint32_t n) { return engine->fetch(self.map(), n, tolerated()); };
      const auto show = [&](std::size_t i, std::size_t slot) {
        T old;
        std::memcpy(&old, old_value<T>(*engine, slot), sizeof old);
        visit(i, old);
      };
      result = detail::KeyBatch<M, Keys>{engine, self.typed_map(), keys, tolerated()}(
          Encode<T, Operands>{*engine, operands, expected}, run, show, ec);
    }
    detail::record_failed(self.typed_map(), named, keys, result, {}, ec);
    return result;
  }
  // A member of 4 bytes is the lower half of the 8 that the program wrote.
  template <class T>
  static const std::byte* old_value(const detail::EntryEngine& engine, std::size_t slot) noexcept {
    constexpr bool big = std::endian::native == std::endian::big;
    return engine.value(slot) + (big ? 8 - sizeof(T) : 0);
  }
  static constexpr std::int64_t tolerated() noexcept {
    return detail::has_every_key<M> ? 0 : -ENOENT;
  }
};

}  // namespace bpfmap::inline v0
