// SPDX-License-Identifier: MIT
// in_kernel(): work on many keys of a typed map in one system call. Above bulk/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

#include "bpfmap/bulk/batch.hpp"
#include "bpfmap/in_kernel/detail/key_batches.hpp"
#include "bpfmap/in_kernel/fetch_operations.hpp"
#include "bpfmap/in_kernel/lookup_view.hpp"
#include "bpfmap/in_kernel/query_operations.hpp"
#include "bpfmap/in_kernel/status.hpp"
#include "bpfmap/in_kernel/sum_operations.hpp"

namespace bpfmap::inline v0 {

/// Works on many given keys of a map in one system call, by BPF programs made and loaded for the
/// map (BPF_PROG_TEST_RUN of a syscall program, 5.14; CAP_BPF). in_kernel() makes one.
///
/// Where the kernel cannot, system calls do the same work with the same results: status() says
/// which, and why. A single key always goes by a system call. Entries are worked on in the order of
/// the keys, up to the first that fails (BatchResult::failed). Any number of keys is accepted; more
/// than keys_per_call() take several system calls.
///
/// Operations on given keys allocate nothing, but: the first atomic update or sum of a member,
/// which loads a program; update_batch(), insert_batch() and replace_batch() on a per-CPU map or by
/// system calls, as bpfmap::update_batch(); and errors. Queries allocate.
///
/// A program that looks up an entry of an LRU map marks it as used; a system call does not.
///
/// Move-only; empty by default and after a move, when an operation is Errc::no_map. A handle owns a
/// duplicate of the map's descriptor, its memory and its programs; nothing of it is left after its
/// destruction. It has one set of slots: one thread uses it at a time, and each thread makes its
/// own. After fork(2), a child may only destroy it: an operation is ESTALE.
template <detail::written_map M>
class InKernel : public FetchOperations<InKernel<M>, M>,
                 public SumOperations<InKernel<M>, M>,
                 public QueryOperations<InKernel<M>, M> {
  using K = typename M::key_type;
  using V = typename M::slot_type;
  static constexpr bool percpu = detail::has_slots_per_cpu<M>;

 public:
  /// Empty.
  InKernel() noexcept = default;

  /// Returns whether there is a map.
  [[nodiscard]] explicit operator bool() const noexcept { return engine_ != nullptr; }
  /// Returns which engine works, and why; system_calls when empty.
  [[nodiscard]] const InKernelStatus& status() const noexcept {
    static const InKernelStatus none{};
    return engine_ ? engine_->status() : none;
  }
  /// Returns the number of keys that one system call takes; 0 when empty.
  [[nodiscard]] std::uint32_t keys_per_call() const noexcept {
    return engine_ ? engine_->capacity() : 0;
  }
  /// Returns the handle's own typed map, and its Map.
  [[nodiscard]] const M& typed_map() const noexcept { return map_; }
  [[nodiscard]] const Map& map() const noexcept { return map_.map(); }

  /// Looks up keys; the view shows each value where the program wrote it, without a copy, until the
  /// next operation. Missing keys are not found(); in an array, an index out of range is
  /// Errc::index_out_of_range. Errc::too_many_keys for more than keys_per_call().
  template <detail::keys_for<M> Keys>
  [[nodiscard]] LookupView<M> lookup_batch(const Keys& keys) {
    std::error_code ec = detail::no_error();
    const LookupView<M> view = lookup_batch(keys, ec);
    detail::throw_if(ec);
    return view;
  }
  template <detail::keys_for<M> Keys>
  [[nodiscard]] LookupView<M> lookup_batch(const Keys& keys, std::error_code& ec) noexcept {
    BatchResult result;
    if (start(ec) && std::size(keys) > engine_->capacity()) ec = Errc::too_many_keys;
    if (!ec)
      result =
          run(detail::EntryOperation::lookup, keys, missing(), 0, no_value, detail::NoVisit{}, ec);
    detail::record_failed(map_, Operation::lookup_batch, keys, result, {}, ec);
    if (!engine_) return {};
    return {*engine_, result.done + result.skipped, result.done};
  }

  /// Looks up any number of keys, and calls `visit(i, value)` for each key i that has an entry,
  /// with what LookupView shows. `visit` must not use this handle; in the form with an `ec` it must
  /// not throw, and what it throws in the other is passed on.
  template <detail::keys_for<M> Keys, detail::visits_values<M> Visit>
  BatchResult lookup_batch(const Keys& keys, Visit&& visit) {
    std::error_code ec = detail::no_error();
    const BatchResult result =
        look_up(detail::EntryOperation::lookup, Operation::lookup_batch, keys, visit, ec);
    detail::throw_if(ec);
    return result;
  }
  template <detail::keys_for<M> Keys, detail::visits_values<M> Visit>
  BatchResult lookup_batch(const Keys& keys, Visit&& visit, std::error_code& ec) noexcept {
    return look_up(detail::EntryOperation::lookup, Operation::lookup_batch, keys, visit, ec);
  }

  /// Stores in found[i] whether keys[i] has an entry. `found` has the size of `keys`
  /// (Errc::wrong_value_count).
  template <detail::keys_for<M> Keys>
  BatchResult contains_batch(const Keys& keys, std::span<bool> found) {
    return thrown([&](std::error_code& ec) { return contains_batch(keys, found, ec); });
  }
  template <detail::keys_for<M> Keys>
  BatchResult contains_batch(const Keys& keys, std::span<bool> found,
                             std::error_code& ec) noexcept {
    BatchResult result;
    if (start(ec) && std::size(keys) != found.size()) ec = Errc::wrong_value_count;
    if (!ec) {
      for (bool& each : found) each = false;
      result = run(
          detail::EntryOperation::contains, keys, missing(), 0, no_value,
          [&](std::size_t i, std::size_t) { found[i] = true; }, ec);
    }
    detail::record_failed(map_, Operation::lookup_batch, keys, result, {}, ec);
    return result;
  }

  /// Sets the values of keys, whether they exist or not; `keys` and `values` as for
  /// bpfmap::update_batch(), which does the work on per-CPU maps: a program writes only the slot of
  /// its own CPU.
  template <detail::keys_for<M> Keys, detail::values_for<M> Values>
  BatchResult update_batch(const Keys& keys, const Values& values) {
    return thrown([&](std::error_code& ec) { return update_batch(keys, values, ec); });
  }
  template <detail::keys_for<M> Keys, detail::values_for<M> Values>
  BatchResult update_batch(const Keys& keys, const Values& values, std::error_code& ec) noexcept {
    return write(keys, values, UpdateFlags::any, 0, ec);
  }

  /// Inserts entries; skips existing keys, whose values stay.
  template <detail::keys_for<M> Keys, detail::values_for<M> Values>
    requires detail::erasable_map<M>
  BatchResult insert_batch(const Keys& keys, const Values& values) {
    return thrown([&](std::error_code& ec) { return insert_batch(keys, values, ec); });
  }
  template <detail::keys_for<M> Keys, detail::values_for<M> Values>
    requires detail::erasable_map<M>
  BatchResult insert_batch(const Keys& keys, const Values& values, std::error_code& ec) noexcept {
    return write(keys, values, UpdateFlags::noexist, -EEXIST, ec);
  }

  /// Overwrites entries; skips missing keys.
  template <detail::keys_for<M> Keys, detail::values_for<M> Values>
    requires detail::erasable_map<M>
  BatchResult replace_batch(const Keys& keys, const Values& values) {
    return thrown([&](std::error_code& ec) { return replace_batch(keys, values, ec); });
  }
  template <detail::keys_for<M> Keys, detail::values_for<M> Values>
    requires detail::erasable_map<M>
  BatchResult replace_batch(const Keys& keys, const Values& values, std::error_code& ec) noexcept {
    return write(keys, values, UpdateFlags::exist, -ENOENT, ec);
  }

  /// Erases entries; skips missing keys.
  template <detail::keys_for<M> Keys>
    requires detail::erasable_map<M>
  BatchResult erase_batch(const Keys& keys) {
    return thrown([&](std::error_code& ec) { return erase_batch(keys, ec); });
  }
  template <detail::keys_for<M> Keys>
    requires detail::erasable_map<M>
  BatchResult erase_batch(const Keys& keys, std::error_code& ec) noexcept {
    BatchResult result;
    if (start(ec))
      result =
          run(detail::EntryOperation::erase, keys, -ENOENT, 0, no_value, detail::NoVisit{}, ec);
    detail::record_failed(map_, Operation::erase_batch, keys, result, {}, ec);
    return result;
  }

  /// Removes entries, and calls `visit` with each as lookup_batch() does, in a trie those of
  /// exactly the given prefixes. The program copies a value and then erases its key: what is
  /// written to the key in between is lost, which the system call (BPF_MAP_LOOKUP_AND_DELETE_ELEM,
  /// hash types 5.14) rules out for updates that replace the value. Tries have no such call: two
  /// calls do what the program does, and a prefix that is inserted between them is removed with the
  /// value of a shorter one. When `visit` throws, up to keys_per_call() entries are removed that it
  /// has not seen.
  template <detail::keys_for<M> Keys, detail::visits_values<M> Visit>
    requires detail::erasable_map<M>
  BatchResult lookup_and_delete_batch(const Keys& keys, Visit&& visit) {
    return thrown([&](std::error_code& ec) {
      return look_up(detail::EntryOperation::take, Operation::lookup_and_delete, keys, visit, ec);
    });
  }
  template <detail::keys_for<M> Keys, detail::visits_values<M> Visit>
    requires detail::erasable_map<M>
  BatchResult lookup_and_delete_batch(const Keys& keys, Visit&& visit,
                                      std::error_code& ec) noexcept {
    return look_up(detail::EntryOperation::take, Operation::lookup_and_delete, keys, visit, ec);
  }

 private:
  friend FetchOperations<InKernel, M>;
  friend SumOperations<InKernel, M>;
  friend QueryOperations<InKernel, M>;
  template <detail::written_map Other>
  friend InKernel<Other> in_kernel(const Other& map, const InKernelOptions& options,
                                   std::error_code& ec) noexcept;

  static constexpr auto no_value = [](std::size_t, std::size_t, std::error_code&) {};
  static constexpr std::int64_t missing() noexcept {
    return detail::has_every_key<M> ? 0 : -ENOENT;
  }
  template <class Call>
  static BatchResult thrown(Call call) {
    std::error_code ec = detail::no_error();
    const BatchResult result = call(ec);
    detail::throw_if(ec);
    return result;
  }

  // Whether this process may work with the handle; sets or clears `ec`.
  bool start(std::error_code& ec) const noexcept {
    ec.clear();
    if (!engine_)
      ec = Errc::no_map;
    else if (!engine_->is_ours())
      ec = detail::kernel_error(-ESTALE);
    return !ec;
  }
  detail::EntryEngine* engine_for_updates(std::error_code& ec) const noexcept {
    start(ec);
    return engine_.get();
  }

  template <class Keys, class Encode, class Show>
  BatchResult run(detail::EntryOperation operation, const Keys& keys, std::int64_t tolerated,
                  std::uint64_t flags, Encode encode, Show show, std::error_code& ec) {
    const auto run_slots = [&](std::uint32_t count) {
      engine_->run(map(), operation, count, tolerated, flags);
      return 0;
    };
    return detail::KeyBatch<M, Keys>{engine_.get(), map_, keys, tolerated}(encode, run_slots, show,
                                                                           ec);
  }
  template <class Keys, class Visit>
  BatchResult look_up(detail::EntryOperation operation, Operation named, const Keys& keys,
                      Visit&& visit, std::error_code& ec) {
    BatchResult result;
    const auto show = [&](std::size_t i, std::size_t slot) {
      visit(i, detail::shown_at<M>(engine_->value(slot)));
    };
    if (start(ec)) result = run(operation, keys, missing(), 0, no_value, show, ec);
    detail::record_failed(map_, named, keys, result, {}, ec);
    return result;
  }
  template <class Keys, class Values>
  BatchResult write(const Keys& keys, const Values& values, UpdateFlags flags,
                    std::int64_t tolerated, std::error_code& ec) noexcept {
    BatchResult result;
    if (start(ec) && (percpu || engine_->status().writes == Engine::system_calls))
      return detail::update_as(map_, keys, values, flags, ec);
    if (!ec && std::size(keys) != std::size(values)) ec = Errc::wrong_value_count;
    const UpdateFlags asked = detail::locked_flags<M>(flags);
    if constexpr (!percpu) {
      const auto encode = [&](std::size_t i, std::size_t slot, std::error_code& refused) {
        const argument<V>& value = values[i];
        if (!detail::fits(value)) {
          refused = Errc::out_of_range;
          return;
        }
        const std::span<std::byte, Codec<V>::size> to{engine_->value(slot), Codec<V>::size};
        if constexpr (!detail::coded_as_object<V>) std::memset(to.data(), 0, to.size());
        Codec<V>::encode(detail::value_of<V>(value), to);
      };
      if (!ec)
        result = run(detail::EntryOperation::update, keys, tolerated, detail::to_underlying(asked),
                     encode, detail::NoVisit{}, ec);
    }
    detail::record_failed(map_, Operation::update_batch, keys, result, asked, ec);
    return result;
  }

  M map_;
  std::unique_ptr<detail::EntryEngine> engine_;
};

/// Makes a handle for work on many keys of `map`, which may be closed then. Errors: Errc::no_map;
/// Errc::out_of_range for more than 65,536 keys_per_call; those of duplicating a descriptor;
/// ENOMEM; with EngineChoice::require_kernel, the kernel's error where it refuses a program, or
/// Errc::unsupported_operation. Takes a few milliseconds: keep the handle.
template <detail::written_map M>
[[nodiscard]] InKernel<M> in_kernel(const M& map, const InKernelOptions& options,
                                    std::error_code& ec) noexcept {
  InKernel<M> handle;
  if (detail::has_map(map.map(), ec)) handle.map_ = map.duplicate(ec);
  handle.choose_query_engine(options);
  if (!ec)
    detail::without_bad_alloc(ec, [&] {
      handle.engine_ = std::make_unique<detail::EntryEngine>(
          handle.map(), options, has_spin_lock<typename M::slot_type>, ec);
    });
  if (ec) {
    handle = {};
    ec = detail::record(map.map(), {Operation::in_kernel}, ec);
  }
  return handle;
}
template <detail::written_map M>
[[nodiscard]] InKernel<M> in_kernel(const M& map, std::error_code& ec) noexcept {
  return in_kernel(map, {}, ec);
}
template <detail::written_map M>
[[nodiscard]] InKernel<M> in_kernel(const M& map, const InKernelOptions& options = {}) {
  std::error_code ec = detail::no_error();
  InKernel<M> handle = in_kernel(map, options, ec);
  detail::throw_if(ec);
  return handle;
}

}  // namespace bpfmap::inline v0
