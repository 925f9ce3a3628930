// SPDX-License-Identifier: MIT
// Queries over the entries of a map, evaluated in the kernel. Above bulk/.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <vector>

#include "bpfmap/error.hpp"
#include "bpfmap/in_kernel/detail/query_engine.hpp"
#include "bpfmap/in_kernel/expression.hpp"
#include "bpfmap/in_kernel/query_results.hpp"
#include "bpfmap/in_kernel/status.hpp"
#include "bpfmap/map/detail/failure_record.hpp"

namespace bpfmap::inline v0 {

/// The condition that every entry meets.
inline constexpr Predicate<void, void, 0> everything{};

namespace detail {

template <class M, class E>
consteval bool check_expression() {
  using K = typename E::key_type;
  using V = typename E::value_type;
  static_assert(std::is_void_v<K> || std::same_as<K, typename M::key_type>,
                "bpfmap: the expression reads members of another key type than the map's.");
  static_assert(std::is_void_v<V> || std::same_as<V, typename M::slot_type>,
                "bpfmap: the expression reads members of another value type than the map's.");
  return true;
}
template <class M, class E>
consteval bool check_condition() {
  static_assert(condition_expression<E>,
                "bpfmap: this is no condition. Compare the number with 0.");
  return check_expression<M, E>();
}
template <class M, class E>
consteval bool check_query_number() {
  static_assert(number_expression<E>,
                "bpfmap: this is no number: an integer member, or made of such.");
  return check_expression<M, E>();
}
template <class E>
[[nodiscard]] Nodes nodes_in(const E& expression) noexcept {
  return {expression.nodes.data(), expression.nodes.size()};
}

template <class E>
[[nodiscard]] Change change_of(const E& change) noexcept {
  return {.adds = change.adds,
          .offset = change.member.offset,
          .size = change.member.size,
          .big_endian = change.member.big_endian,
          .nodes = nodes_in(change)};
}

}  // namespace detail

/// The queries of a handle over all entries of its map:
///
///     auto fast = in_kernel(flows);
///     const auto dns = key(&FlowKey::port).in({53, 853});
///     const std::uint64_t bytes = fast.sum(value(&FlowStats::bytes), dns);
///     fast.erase_if(value(&FlowStats::last_seen) < oldest);
///
/// A query is one program, which walks by bpf_for_each_map_elem (5.13) and is loaded when it is
/// first needed; the handle keeps 64 of them. The same query with other constants is the same
/// program. Programs walk over hash and LRU hash maps, arrays, and the per-CPU forms of these.
/// Other maps, and all maps where programs are not possible, are walked over by system calls, with
/// the same result; only the order of the walk may differ, which decides between equal numbers in
/// top() and about the groups that are left out. query_status() says which engine it was.
///
/// On a per-CPU map, an integer member of the value is its sum over all CPUs
/// (bpf_map_lookup_percpu_elem, 5.19). A query takes no lock, not even the lock in a value: it
/// reads members while programs change them. While other threads insert and erase, a program may
/// miss an entry of a hash that stays, or meet it twice; that is rare, and query_status().exact is
/// false. On an lru_percpu_hash, a program that reads the value marks every entry as used: the
/// order in which the map evicts entries is lost.
///
/// Unlike the operations on given keys, a query allocates a few hundred bytes each time, and the
/// memory for what it returns when that grows. A query has no limit of time: it walks over the
/// whole map in one call, and cannot be continued later; InKernelOptions::longest_walk gives large
/// maps to system calls.
template <class Handle, class M>
class QueryOperations {
  using K = typename M::key_type;
  using V = typename M::slot_type;
  static constexpr bool percpu = !std::same_as<typename M::mapped_type, V>;
  static constexpr std::uint32_t default_groups = 4096;

 public:
  /// Returns the number of entries that meet `where`. Errors of every query: Errc::no_map;
  /// ESTALE after fork(2); Errc::out_of_range for an array index of a member that does not exist;
  /// Errc::unsupported_operation for a comparison of bytes in the value of a per-CPU map; ENOMEM;
  /// those of a walk; and with EngineChoice::require_kernel, the kernel's error where it refuses
  /// the program, or Errc::unsupported_operation.
  template <class Where>
  [[nodiscard]] std::uint64_t count_if(const Where& where, std::error_code& ec) noexcept {
    static_assert(detail::check_condition<M, Where>());
    return run({.kind = detail::QueryKind::count, .where = detail::nodes_in(where)}, ec).matched;
  }
  template <class Where>
  [[nodiscard]] std::uint64_t count_if(const Where& where) {
    return throwing([&](std::error_code& ec) { return count_if(where, ec); });
  }

  /// Returns whether an entry meets `where`; the walk ends at the first one.
  template <class Where>
  [[nodiscard]] bool any_of(const Where& where, std::error_code& ec) noexcept {
    static_assert(detail::check_condition<M, Where>());
    return run({.kind = detail::QueryKind::any, .where = detail::nodes_in(where)}, ec).matched != 0;
  }
  template <class Where>
  [[nodiscard]] bool any_of(const Where& where) {
    return throwing([&](std::error_code& ec) { return any_of(where, ec); });
  }

  /// Returns the sum of `number` over the entries that meet `where`; it wraps around at 64 bits.
  template <class Number, class Where>
  [[nodiscard]] auto sum(const Number& number, const Where& where, std::error_code& ec) noexcept {
    return static_cast<typename Number::result_type>(
        run_number(detail::QueryKind::sum, number, where, ec).number);
  }
  template <class Number>
  [[nodiscard]] auto sum(const Number& number, std::error_code& ec) noexcept {
    return sum(number, everything, ec);
  }
  template <class Number, class Where = Predicate<void, void, 0>>
    requires(!std::same_as<Where, std::error_code>)
  [[nodiscard]] auto sum(const Number& number, const Where& where = everything) {
    return throwing([&](std::error_code& ec) { return sum(number, where, ec); });
  }

  /// Returns the smallest `number` of the entries that meet `where`; nullopt when there is none.
  template <class Number, class Where>
  [[nodiscard]] auto min(const Number& number, const Where& where, std::error_code& ec) noexcept {
    return extreme<Number>(run_number(detail::QueryKind::min, number, where, ec));
  }
  template <class Number>
  [[nodiscard]] auto min(const Number& number, std::error_code& ec) noexcept {
    return min(number, everything, ec);
  }
  template <class Number, class Where = Predicate<void, void, 0>>
    requires(!std::same_as<Where, std::error_code>)
  [[nodiscard]] auto min(const Number& number, const Where& where = everything) {
    return throwing([&](std::error_code& ec) { return min(number, where, ec); });
  }

  /// As min(), the largest.
  template <class Number, class Where>
  [[nodiscard]] auto max(const Number& number, const Where& where, std::error_code& ec) noexcept {
    return extreme<Number>(run_number(detail::QueryKind::max, number, where, ec));
  }
  template <class Number>
  [[nodiscard]] auto max(const Number& number, std::error_code& ec) noexcept {
    return max(number, everything, ec);
  }
  template <class Number, class Where = Predicate<void, void, 0>>
    requires(!std::same_as<Where, std::error_code>)
  [[nodiscard]] auto max(const Number& number, const Where& where = everything) {
    return throwing([&](std::error_code& ec) { return max(number, where, ec); });
  }

  /// Erases the entries that meet `where`, and returns how many it erased. An entry that a program
  /// updates after the condition was evaluated is erased with its new value. EPERM when the map is
  /// frozen or the descriptor is read-only; Errc::unsupported_operation on an array.
  template <class Where>
  std::uint64_t erase_if(const Where& where, std::error_code& ec) noexcept {
    static_assert(detail::check_condition<M, Where>());
    return run({.kind = detail::QueryKind::erase, .where = detail::nodes_in(where)}, ec).matched;
  }
  template <class Where>
  std::uint64_t erase_if(const Where& where) {
    return throwing([&](std::error_code& ec) { return erase_if(where, ec); });
  }

  /// Makes `changes`, in this order, in the entries that meet `where`, and returns their number;
  /// the form with an `ec` takes one change, or several as a std::tuple. In the kernel, other
  /// members keep what programs write meanwhile, and an add() loses nothing; by system calls, the
  /// whole value is written back, and what programs write meanwhile is lost. EPERM as erase_if();
  /// Errc::unsupported_operation on a per-CPU map, and for a member that only the kernel writes
  /// (bpf_spin_lock, bpf_timer, kptr), where the map's BTF can be read (CAP_SYS_ADMIN).
  template <class Where, class... Changes>
  std::uint64_t update_if(const Where& where, const std::tuple<Changes...>& changes,
                          std::error_code& ec) noexcept {
    static_assert(!percpu,
                  "bpfmap: a value with a slot for each CPU cannot be changed by a query.");
    static_assert(sizeof...(Changes) != 0, "bpfmap: update_if() needs a set() or an add().");
    static_assert(detail::check_condition<M, Where>());
    static_assert((... && detail::check_expression<M, Changes>()));
    return std::apply(
        [&](const Changes&... each) {
          const std::array<detail::Change, sizeof...(Changes)> all{detail::change_of(each)...};
          return run({.kind = detail::QueryKind::update,
                      .where = detail::nodes_in(where),
                      .changes = all},
                     ec)
              .matched;
        },
        changes);
  }
  template <class Where, class Keys, class Values, std::size_t size>
  std::uint64_t update_if(const Where& where, const MemberChange<Keys, Values, size>& change,
                          std::error_code& ec) noexcept {
    return update_if(where, std::tuple{change}, ec);
  }
  template <class Where, class... Changes>
    requires(... && !std::same_as<Changes, std::error_code>)
  std::uint64_t update_if(const Where& where, const Changes&... changes) {
    return throwing(
        [&](std::error_code& ec) { return update_if(where, std::tuple{changes...}, ec); });
  }

  /// Copies the entries that meet `where`, and returns them as a view of this object's memory,
  /// which is valid until the next query.
  template <class Where>
  [[nodiscard]] EntriesView<K, V> copy_if(const Where& where, std::error_code& ec) noexcept {
    static_assert(!percpu, "bpfmap: entries with a slot for each CPU are copied by to_vector().");
    static_assert(detail::check_condition<M, Where>());
    const auto result =
        run({.kind = detail::QueryKind::copy, .where = detail::nodes_in(where)}, ec);
    return {result.entries, result.matched};
  }
  template <class Where>
  [[nodiscard]] EntriesView<K, V> copy_if(const Where& where) {
    return throwing([&](std::error_code& ec) { return copy_if(where, ec); });
  }
  /// Copies all entries, as copy_if() does.
  [[nodiscard]] EntriesView<K, V> snapshot(std::error_code& ec) noexcept {
    return copy_if(everything, ec);
  }
  [[nodiscard]] EntriesView<K, V> snapshot() { return copy_if(everything); }
  /// Returns the entries that meet `where` as objects of their own, as bpfmap::to_vector() does:
  /// they stay valid after the next query. An entry may be there twice where
  /// query_status().exact is false.
  template <class Where>
  [[nodiscard]] std::vector<Entry<K, V>> to_vector(const Where& where,
                                                   std::error_code& ec) noexcept {
    std::vector<Entry<K, V>> all;
    const EntriesView<K, V> view = copy_if(where, ec);
    detail::without_bad_alloc(ec, [&] {
      all.reserve(view.size());
      for (const auto& [key, value] : view) all.push_back({key, value});
    });
    return all;
  }
  [[nodiscard]] std::vector<Entry<K, V>> to_vector(std::error_code& ec) noexcept {
    return to_vector(everything, ec);
  }
  template <class Where = Predicate<void, void, 0>>
    requires(!std::same_as<Where, std::error_code>)
  [[nodiscard]] std::vector<Entry<K, V>> to_vector(const Where& where = everything) {
    return throwing([&](std::error_code& ec) { return to_vector(where, ec); });
  }

  /// Returns the `count` (1 to 128) entries with the largest `number` among those that meet
  /// `where`, in descending order; which entries are left out among those with the same number
  /// depends on the order of the walk. Errc::out_of_range for another count.
  template <class Number, class Where>
  [[nodiscard]] auto top(std::uint32_t count, const Number& number, const Where& where,
                         std::error_code& ec) noexcept {
    static_assert(!percpu, "bpfmap: entries with a slot for each CPU cannot be copied.");
    const auto result = run_number(detail::QueryKind::top, number, where, ec, {.most = count});
    return TopEntries<K, V, typename Number::result_type>{{result.entries, result.matched},
                                                          result.buckets};
  }
  template <class Number>
  [[nodiscard]] auto top(std::uint32_t count, const Number& number, std::error_code& ec) noexcept {
    return top(count, number, everything, ec);
  }
  template <class Number, class Where = Predicate<void, void, 0>>
    requires(!std::same_as<Where, std::error_code>)
  [[nodiscard]] auto top(std::uint32_t count, const Number& number,
                         const Where& where = everything) {
    return throwing([&](std::error_code& ec) { return top(count, number, where, ec); });
  }

  /// Returns, for each number that `group` has, how many entries have it and the sum of `number`
  /// over them. The entries of more than `most` groups (default 4,096) are left out, and counted;
  /// which groups these are depends on the order of the walk. Errc::out_of_range when `most` is 0.
  template <class GroupKey, class Number, class Where>
  [[nodiscard]] auto group_by(const GroupKey& group, const Number& number, const Where& where,
                              std::uint32_t most, std::error_code& ec) noexcept {
    static_assert(detail::check_query_number<M, GroupKey>());
    return groups_of<typename GroupKey::result_type, typename Number::result_type>(
        run_number(detail::QueryKind::group, number, where, ec,
                   {.group = detail::nodes_in(group), .most = most}),
        ec);
  }
  template <class GroupKey, class Number, class Where>
  [[nodiscard]] auto group_by(const GroupKey& group, const Number& number, const Where& where,
                              std::error_code& ec) noexcept {
    return group_by(group, number, where, default_groups, ec);
  }
  template <class GroupKey, class Number>
  [[nodiscard]] auto group_by(const GroupKey& group, const Number& number,
                              std::error_code& ec) noexcept {
    return group_by(group, number, everything, default_groups, ec);
  }
  template <class GroupKey, class Number, class Where = Predicate<void, void, 0>>
    requires(!std::same_as<Where, std::error_code>)
  [[nodiscard]] auto group_by(const GroupKey& group, const Number& number,
                              const Where& where = everything,
                              std::uint32_t most = default_groups) {
    return throwing([&](std::error_code& ec) { return group_by(group, number, where, most, ec); });
  }

  /// As group_by(), without sums: Group::sum is 0.
  template <class GroupKey, class Where>
  [[nodiscard]] auto count_by(const GroupKey& group, const Where& where, std::uint32_t most,
                              std::error_code& ec) noexcept {
    static_assert(detail::check_query_number<M, GroupKey>() && detail::check_condition<M, Where>());
    return groups_of<typename GroupKey::result_type, std::uint64_t>(
        run({.kind = detail::QueryKind::group,
             .where = detail::nodes_in(where),
             .group = detail::nodes_in(group),
             .most = most},
            ec),
        ec);
  }
  template <class GroupKey, class Where>
  [[nodiscard]] auto count_by(const GroupKey& group, const Where& where,
                              std::error_code& ec) noexcept {
    return count_by(group, where, default_groups, ec);
  }
  template <class GroupKey>
  [[nodiscard]] auto count_by(const GroupKey& group, std::error_code& ec) noexcept {
    return count_by(group, everything, default_groups, ec);
  }
  template <class GroupKey, class Where = Predicate<void, void, 0>>
    requires(!std::same_as<Where, std::error_code>)
  [[nodiscard]] auto count_by(const GroupKey& group, const Where& where = everything,
                              std::uint32_t most = default_groups) {
    return throwing([&](std::error_code& ec) { return count_by(group, where, most, ec); });
  }

  /// Returns the number of entries per number of bits of `number`: bucket 0 counts 0 and negative
  /// numbers, bucket i the numbers from 2^(i-1) to 2^i - 1.
  template <class Number, class Where>
  [[nodiscard]] std::array<std::uint64_t, 65> histogram(const Number& number, const Where& where,
                                                        std::error_code& ec) noexcept {
    std::array<std::uint64_t, 65> counts{};
    const auto result = run_number(detail::QueryKind::histogram, number, where, ec);
    std::copy(result.buckets.begin(), result.buckets.end(), counts.begin());
    return counts;
  }
  template <class Number>
  [[nodiscard]] std::array<std::uint64_t, 65> histogram(const Number& number,
                                                        std::error_code& ec) noexcept {
    return histogram(number, everything, ec);
  }
  template <class Number, class Where = Predicate<void, void, 0>>
    requires(!std::same_as<Where, std::error_code>)
  [[nodiscard]] std::array<std::uint64_t, 65> histogram(const Number& number,
                                                        const Where& where = everything) {
    return throwing([&](std::error_code& ec) { return histogram(number, where, ec); });
  }
  /// Returns the number of entries per bucket, as a view that is valid until the next query.
  /// Errc::out_of_range for a width of 0, for no bucket or more than 512, and for a negative `from`
  /// when `number` is unsigned.
  template <class Number, class Where>
  [[nodiscard]] std::span<const std::uint64_t> histogram(const Number& number,
                                                         const LinearBuckets& buckets,
                                                         const Where& where,
                                                         std::error_code& ec) noexcept {
    return run_number(detail::QueryKind::histogram, number, where, ec,
                      {.buckets = {.logarithmic = false,
                                   .count = buckets.count,
                                   .from = static_cast<std::uint64_t>(buckets.from),
                                   .width = buckets.width,
                                   .from_is_negative = buckets.from < 0}})
        .buckets;
  }
  template <class Number>
  [[nodiscard]] std::span<const std::uint64_t> histogram(const Number& number,
                                                         const LinearBuckets& buckets,
                                                         std::error_code& ec) noexcept {
    return histogram(number, buckets, everything, ec);
  }
  template <class Number, class Where = Predicate<void, void, 0>>
    requires(!std::same_as<Where, std::error_code>)
  [[nodiscard]] std::span<const std::uint64_t> histogram(const Number& number,
                                                         const LinearBuckets& buckets,
                                                         const Where& where = everything) {
    return throwing([&](std::error_code& ec) { return histogram(number, buckets, where, ec); });
  }

  /// Returns which engine did the last query, and why.
  [[nodiscard]] QueryStatus query_status() const noexcept { return engine_.status(); }

 protected:
  void choose_query_engine(const InKernelOptions& options) noexcept {
    engine_.choose(options.engine, options.longest_walk);
  }

 private:
  detail::QueryResult run(const detail::Query& query, std::error_code& ec) noexcept {
    auto& handle = static_cast<Handle&>(*this);
    if (handle.start(ec)) return engine_.run(handle.map_.map(), query, ec);
    ec = detail::record(handle.map_.map(), {Operation::in_kernel}, ec);
    return {};
  }
  template <class Number, class Where>
  detail::QueryResult run_number(detail::QueryKind kind, const Number& number, const Where& where,
                                 std::error_code& ec, detail::Query query = {}) noexcept {
    static_assert(detail::check_query_number<M, Number>() && detail::check_condition<M, Where>());
    query.kind = kind;
    query.is_signed = std::is_signed_v<typename Number::result_type>;
    query.where = detail::nodes_in(where);
    query.number = detail::nodes_in(number);
    return run(query, ec);
  }
  template <class Key, class Sum>
  static Groups<Key, Sum> groups_of(const detail::QueryResult& result,
                                    std::error_code& ec) noexcept {
    Groups<Key, Sum> all{{}, result.left_out};
    detail::without_bad_alloc(ec, [&] {
      all.groups.reserve(result.groups.size());
      for (const detail::GroupData& data : result.groups)
        all.groups.push_back({static_cast<Key>(data.key), data.count, static_cast<Sum>(data.sum)});
    });
    return all;
  }
  template <class Number>
  static auto extreme(const detail::QueryResult& result) noexcept {
    using Result = std::optional<typename Number::result_type>;
    return result.matched == 0 ? Result{}
                               : Result{static_cast<typename Number::result_type>(result.number)};
  }
  template <class Body>
  static auto throwing(Body body) {
    std::error_code ec;
    auto result = body(ec);
    detail::throw_if(ec);
    return result;
  }

  detail::QueryEngine engine_;
};

}  // namespace bpfmap::inline v0
