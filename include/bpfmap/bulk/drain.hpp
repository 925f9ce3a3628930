// SPDX-License-Identifier: MIT
// Drain: removes the entries of a map and hands them out. Above map/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <system_error>
#include <type_traits>

#include "bpfmap/bulk/detail/show.hpp"
#include "bpfmap/bulk/walk/take.hpp"

namespace bpfmap::inline v0 {
namespace detail {

template <class M>
struct DrainShows {
  using type = ShowEntry<M>;
};
template <popped_map M>
struct DrainShows<M> {
  using type = ShowPopped<M>;
};

}  // namespace detail

/// Removes the entries of an M, which is Map or a typed map, and hands them out: `for (auto [key,
/// value] : drain(map))`. Pops the values of a queue or a stack: `for (auto value : drain(queue))`.
/// A drain makes one pass: entries inserted behind its position remain for the next pass. The map
/// must outlive the drain and must not be moved. When it is given another map, the drain puts
/// nothing back into that one, hands out the entries that it still has, and ends with
/// Errc::map_changed.
///
/// Entries are removed one batch at a time (BPF_MAP_LOOKUP_AND_DELETE_BATCH, 5.6), before they are
/// handed out. When the loop stops early, the drain keeps the entries that were not handed out:
/// walk the drain again to continue, or call put_back(), as the destructor does. An entry that
/// cannot be put back, because its key was inserted again or the map is full, stays in the drain
/// and can still be handed out; it is lost only when the drain is destroyed. With `batch_size = 1`,
/// one hash bucket is removed at a time, usually a single entry.
///
/// Without batches, and always for hash_of_maps, queues and stacks, entries are removed one at a
/// time. status().exact is false for an LPM trie and a hash of maps: an entry is looked up and then
/// deleted, and an update between the two is lost. An rhash is drained in passes until one removes
/// nothing, and is not exact. Errc::unsupported_operation on arrays and storage.
///
/// A program that looked up an entry before it was removed may still write to it: `(*value)++` in
/// place during a drain loses counts, on per-CPU maps as well. A timer in an entry is cancelled
/// when the entry is removed. A bpf_spin_lock does not protect a value whose key is erased and
/// inserted again: the value may then be torn.
///
/// After fork(2), the child may only destroy a drain that its parent has begun: walking it fails
/// with ESTALE, and put_back() does nothing. The entries still belong to the parent.
template <class M>
class Drain {
  using Show = typename detail::DrainShows<M>::type;

 public:
  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = typename Show::type;
    using difference_type = std::ptrdiff_t;

    explicit iterator(Drain& drain) : drain_(&drain) { ++*this; }
    [[nodiscard]] value_type operator*() const noexcept {
      return Show::show(drain_->take_.key(), drain_->take_.value());
    }
    /// As operator*, into `shown`: for values that are too large for the stack.
    void read_into(value_type& shown) const noexcept {
      Show::show_into(drain_->take_.key(), drain_->take_.value(), shown);
    }
    iterator& operator++() {
      more_ = drain_->advance();
      return *this;
    }
    void operator++(int) { ++*this; }
    [[nodiscard]] friend bool operator==(const iterator& it, std::default_sentinel_t) noexcept {
      return !it.more_;
    }

   private:
    Drain* drain_;
    bool more_ = false;
  };

  /// Makes a drain that throws its errors.
  explicit Drain(M& map, ScanOptions options = {}) noexcept
      : take_(detail::map_of(map), detail::with_lock<M>(options)) {}
  /// Makes a drain that ends at an error and stores it in `ec`, which must outlive the drain;
  /// clears `ec` first.
  Drain(M& map, ScanOptions options, std::error_code& ec) noexcept
      : take_(detail::map_of(map), detail::with_lock<M>(options)), ec_(&ec) {
    ec.clear();
  }

  /// Continues after the last entry handed out; after the end, starts a new pass with the same
  /// memory.
  [[nodiscard]] iterator begin() {
    take_.resume();
    return iterator{*this};
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  /// Puts back the entries that were not handed out, unless their key exists again (BPF_NOEXIST);
  /// returns the number of entries that could not be put back and are still in the drain.
  std::uint32_t put_back() noexcept { return take_.put_back(); }
  /// Returns the number of entries that were removed and not handed out.
  [[nodiscard]] std::uint32_t left() const noexcept { return take_.left(); }
  /// Returns the state of the walk; `entries` counts the removed entries.
  [[nodiscard]] const ScanStatus& status() const noexcept { return take_.status(); }

 private:
  bool advance() {
    std::error_code ec;
    const bool more = take_.advance(ec);
    if (ec)
      ec = detail::record(
          take_.map(),
          {.operation = Operation::drain, .flags = detail::to_underlying(take_.flags())}, ec);
    if (ec_ != nullptr)
      *ec_ = ec;
    else
      detail::throw_if(ec);
    return more;
  }

  detail::Take take_;
  std::error_code* ec_ = nullptr;
};

/// Returns a drain of `map`. With `ec`, an error ends the walk and is stored in `ec`, which must
/// outlive the drain; without `ec`, it is thrown.
template <detail::drained_map M>
[[nodiscard]] Drain<M> drain(M& map, ScanOptions options = {}) noexcept {
  return Drain<M>{map, options};
}
template <detail::drained_map M>
[[nodiscard]] Drain<M> drain(M& map, ScanOptions options, std::error_code& ec) noexcept {
  return {map, options, ec};
}
template <detail::drained_map M>
[[nodiscard]] Drain<M> drain(M& map, std::error_code& ec) noexcept {
  return {map, {}, ec};
}

}  // namespace bpfmap::inline v0
