// SPDX-License-Identifier: MIT
// Entries that leave the map as they are handed out. Above map/.
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

/// Takes entries out of an M, which is Map or a typed map, as it hands them out: `for (auto [key,
/// value] : drain(map))`. Of a queue or a stack it pops the values: `for (auto value :
/// drain(queue))`. One pass: entries that others insert behind it stay for the next. The map must
/// outlive the drain and stay where it is.
///
/// Entries leave the map a batch at a time (BPF_MAP_LOOKUP_AND_DELETE_BATCH, 5.6), before they are
/// handed out. When the loop stops half-way, what was taken and not handed out is still here: walk
/// the drain again and it goes on, or put_back() it, as the destructor does. An entry that cannot
/// be put back, because its key was inserted again or the map is full, stays in the drain to be
/// handed out, and is lost only with the drain. With `batch_size = 1` one hash bucket is taken at a
/// time, nearly always one entry.
///
/// Without batches, and always for hash_of_maps, queues and stacks, entries are removed one at a
/// time. status().exact is false for an LPM trie and a hash of maps: an entry is looked up and then
/// deleted, and an update between the two is lost. An rhash is drained in passes until one takes
/// nothing, and is not exact. ENOTSUPP on arrays and storage.
///
/// A program that looked an entry up before it left may still write to it: `(*value)++` in place
/// beside a drain loses counts, of a per-CPU map as well. A timer in an entry is cancelled when the
/// entry leaves the map. A bpf_spin_lock does not hold over an erasure and an insertion of its key:
/// a value may be torn then.
///
/// A child of fork(2) may destroy a drain, which leaves the entries to its parent.
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

  /// A drain that throws its errors.
  explicit Drain(M& map, ScanOptions options = {}) noexcept
      : take_(detail::map_of(map), detail::with_lock<M>(options)) {}
  /// A drain that ends at an error and leaves it in `ec`, which must outlive the drain; `ec` is
  /// cleared first.
  Drain(M& map, ScanOptions options, std::error_code& ec) noexcept
      : take_(detail::map_of(map), detail::with_lock<M>(options)), ec_(&ec) {
    ec.clear();
  }

  /// Goes on behind the last entry handed out; after the end, starts a new pass with the same
  /// memory.
  [[nodiscard]] iterator begin() {
    take_.resume();
    return iterator{*this};
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  /// Puts entries that were taken and not handed out back, where their key is not there again
  /// (BPF_NOEXIST); returns the number of entries that could not be put back and are still here.
  std::uint32_t put_back() noexcept { return take_.put_back(); }
  /// Entries taken and not handed out.
  [[nodiscard]] std::uint32_t left() const noexcept { return take_.left(); }
  /// The state of the walk; `entries` counts those that were taken.
  [[nodiscard]] const ScanStatus& status() const noexcept { return take_.status(); }

 private:
  bool advance() {
    std::error_code ec;
    const bool more = take_.advance(ec);
    if (ec) ec = detail::record(take_.map(), {Operation::drain}, ec);
    if (ec_ != nullptr)
      *ec_ = ec;
    else
      detail::throw_if(ec);
    return more;
  }

  detail::Take take_;
  std::error_code* ec_ = nullptr;
};

/// A drain of `map`. With `ec`, an error ends the walk and is left in `ec`, which must outlive the
/// drain; without, it is thrown.
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
