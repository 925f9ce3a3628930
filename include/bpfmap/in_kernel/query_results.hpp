// SPDX-License-Identifier: MIT
// What queries return. Above bulk/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "bpfmap/bulk/detail/show.hpp"
#include "bpfmap/codec/codec.hpp"
#include "bpfmap/in_kernel/detail/query_engine.hpp"

namespace bpfmap::inline v0 {

/// Entries in the memory of a handle, without a copy: valid until its next query, and no longer
/// than the handle.
template <class K, class V>
class EntriesView {
  template <class T>
  static constexpr bool in_place = detail::coded_as_object<T> && alignof(T) <= 8;
  template <class T>
  using Shown = std::conditional_t<in_place<T>, const T&, T>;
  static constexpr detail::EntryPlaces layout =
      detail::entry_places(Codec<K>::size, Codec<V>::size);

 public:
  using value_type = Entry<Shown<K>, Shown<V>>;

  class iterator {
   public:
    using value_type = EntriesView::value_type;
    using difference_type = std::ptrdiff_t;

    iterator() noexcept = default;
    explicit iterator(const std::byte* at) noexcept : at_(at) {}
    [[nodiscard]] value_type operator*() const noexcept { return read(at_); }
    iterator& operator++() noexcept {
      at_ += layout.stride;
      return *this;
    }
    iterator operator++(int) noexcept {
      const iterator before = *this;
      ++*this;
      return before;
    }
    [[nodiscard]] friend bool operator==(const iterator&, const iterator&) noexcept = default;

   private:
    const std::byte* at_ = nullptr;
  };

  EntriesView() noexcept = default;
  EntriesView(const std::byte* entries, std::size_t count) noexcept
      : entries_(entries), count_(count) {}

  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  /// Returns the entry at `index`, which must be below size().
  [[nodiscard]] value_type operator[](std::size_t index) const noexcept {
    return read(entries_ + index * layout.stride);
  }
  [[nodiscard]] iterator begin() const noexcept { return iterator{entries_}; }
  [[nodiscard]] iterator end() const noexcept {
    return iterator{entries_ + count_ * layout.stride};
  }

 private:
  template <class T>
  [[nodiscard]] static Shown<T> show(const std::byte* from) noexcept {
    if constexpr (in_place<T>)
      return *reinterpret_cast<const T*>(from);
    else
      return detail::show<T>({from, Codec<T>::size});
  }
  [[nodiscard]] static value_type read(const std::byte* at) noexcept {
    return {show<K>(at), show<V>(at + layout.value_offset)};
  }

  const std::byte* entries_ = nullptr;
  std::size_t count_ = 0;
};

/// The entries with the largest numbers, in descending order; valid as an EntriesView.
template <class K, class V, class Result>
struct TopEntries {
  EntriesView<K, V> entries;
  std::span<const std::uint64_t> bits;

  [[nodiscard]] std::size_t size() const noexcept { return entries.size(); }
  /// Returns the number of the entry at `index`, which must be below size().
  [[nodiscard]] Result number(std::size_t index) const noexcept {
    return static_cast<Result>(bits[index]);
  }
};

/// The entries whose group key has one number.
template <class Key, class Sum>
struct Group {
  Key key = 0;
  std::uint64_t count = 0;
  Sum sum = 0;

  friend bool operator==(const Group&, const Group&) = default;
};

/// All groups, in no particular order.
template <class Key, class Sum>
struct Groups {
  std::vector<Group<Key, Sum>> groups;
  /// Entries that were left out, because their group was one too many.
  std::uint64_t left_out = 0;
};

/// The range of the buckets of a histogram: `count` (1 to 512) of the width `width`, from `from`
/// on. Smaller numbers count in the first bucket, larger ones in the last. `from` cannot be
/// negative when the numbers are unsigned.
struct LinearBuckets {
  std::int64_t from = 0;
  std::uint64_t width = 1;
  std::uint32_t count = 64;
};

}  // namespace bpfmap::inline v0
