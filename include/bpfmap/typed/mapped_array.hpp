// SPDX-License-Identifier: MIT
// MappedArray: a BPF_MAP_TYPE_ARRAY with BPF_F_MMAPABLE, as memory. Layer 2.
#pragma once

#include <array>
#include <atomic>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <system_error>
#include <type_traits>
#include <utility>

#include "bpfmap/sys/mapping.hpp"
#include "bpfmap/typed/base/element.hpp"
#include "bpfmap/typed/base/typed_map.hpp"
#include "bpfmap/typed/detail/memory.hpp"

namespace bpfmap::inline v0 {

/// An array of V that programs and this process share as memory: BPF_MAP_TYPE_ARRAY with
/// MapFlags::mmapable (5.5). Reading and writing are loads and stores, without a system call.
///
/// MappedArray<const V> is mapped read-only, which frozen maps and those with MapFlags::rdonly_prog
/// allow.
///
/// The sections of a skeleton (.bss, .data, .rodata) are such arrays. With `MappedArray<Globals>
/// bss{from(skel->maps.bss)}`, bss[0] is the struct of the section's variables: the section may
/// lack the padding at the struct's end, and may hold more data after it, such as static variables.
/// If the size of the section is a multiple of sizeof(V), such as after it was resized before the
/// load, the section is treated as an array of V. A struct with bool members, such as a skeleton's
/// .rodata, needs valid_as_bytes. MappedBytes views values of a type that is not known at compile
/// time, and finds variables by name.
///
/// This object owns the memory, which keeps the map alive, stays at its address when the object is
/// moved, and is unmapped by the destructor. A forked child shares it. The distance between
/// elements is sizeof(V) rounded up to a multiple of 8 bytes; V may be aligned to up to a page.
/// Plain loads and stores race with programs: use load(), store() and atomic() for values that both
/// write, or let only one side write. A map with a writable mapping cannot be frozen (EBUSY).
template <class V>
class MappedArray : public TypedMap<MappedArray<V>> {
  using Base = TypedMap<MappedArray>;
  using Value = std::remove_const_t<V>;
  static_assert(detail::check_shared<Value>());
  static_assert(alignof(V) <= 4096, "bpfmap: V is aligned to more than a page.");

 public:
  using value_type = Value;
  /// The bytes from one element to the next.
  static constexpr std::size_t stride = (sizeof(V) + 7) / 8 * 8;

  /// Visits the elements in the order of their indices.
  class iterator {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using pointer = V*;
    using reference = V&;

    iterator() noexcept = default;
    [[nodiscard]] V& operator*() const noexcept { return *reinterpret_cast<V*>(at_); }
    [[nodiscard]] V* operator->() const noexcept { return reinterpret_cast<V*>(at_); }
    [[nodiscard]] V& operator[](difference_type n) const noexcept { return *(*this + n); }
    iterator& operator++() noexcept { return *this += 1; }
    iterator operator++(int) noexcept { return std::exchange(*this, *this + 1); }
    iterator& operator--() noexcept { return *this -= 1; }
    iterator operator--(int) noexcept { return std::exchange(*this, *this - 1); }
    iterator& operator+=(difference_type n) noexcept {
      at_ += n * step;
      return *this;
    }
    iterator& operator-=(difference_type n) noexcept { return *this += -n; }
    friend iterator operator+(iterator i, difference_type n) noexcept { return i += n; }
    friend iterator operator+(difference_type n, iterator i) noexcept { return i += n; }
    friend iterator operator-(iterator i, difference_type n) noexcept { return i -= n; }
    friend difference_type operator-(iterator a, iterator b) noexcept {
      return (a.at_ - b.at_) / step;
    }
    friend auto operator<=>(const iterator&, const iterator&) = default;

   private:
    friend MappedArray;
    static constexpr auto step = static_cast<difference_type>(stride);
    explicit iterator(std::byte* at) noexcept : at_(at) {}
    std::byte* at_ = nullptr;
  };

  /// Empty.
  MappedArray() noexcept = default;
  /// Maps `map`. Throws Error: Errc::wrong_map_type, wrong_value_size or wrong_map_flags when it is
  /// not a mappable array of V; EPERM (frozen), EACCES (MapFlags::rdonly_prog) or EINVAL (a
  /// read-only descriptor) when it cannot be mapped this way; ENOMEM.
  explicit MappedArray(Map map) : Base(std::move(map)) {
    std::error_code ec;
    open(ec);
    detail::throw_if(ec);
  }
  /// As above; empty when `ec` is set.
  MappedArray(Map map, std::error_code& ec) noexcept : Base(std::move(map), ec) {
    if (!ec) open(ec);
    if (ec) this->map() = {};
  }
  /// As above, without a comparison with the map's BTF.
  MappedArray(Map map, UncheckedLayout) : Base(std::move(map), unchecked_layout) {
    std::error_code ec;
    open(ec);
    detail::throw_if(ec);
  }
  MappedArray(Map map, UncheckedLayout, std::error_code& ec) noexcept
      : Base(std::move(map), unchecked_layout, ec) {
    if (!ec) open(ec);
    if (ec) this->map() = {};
  }

  /// Returns the number of elements: the map's max_entries; for a section, the number of V that it
  /// holds.
  [[nodiscard]] std::size_t size() const noexcept { return memory_.size() / stride; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  /// Returns element `i`, which must be below size() and is not checked.
  [[nodiscard]] V& operator[](std::size_t i) const noexcept {
    return *reinterpret_cast<V*>(memory_.data() + i * stride);
  }
  /// Returns element `i`. Throws Error: Errc::index_out_of_range unless `i` is below size();
  /// Errc::no_map when empty.
  [[nodiscard]] V& at(std::size_t i) const {
    std::error_code ec;
    V* const element = at(i, ec);
    detail::throw_if(ec);
    return *element;
  }
  /// As above; nullptr when `ec` is set.
  [[nodiscard]] V* at(std::size_t i, std::error_code& ec) const noexcept {
    detail::clear(ec);
    if (i < size()) return &(*this)[i];
    ec = detail::wrong_index(this->map(), i, size());
    return nullptr;
  }
  /// Returns an iterator to the first element; iterators are random access.
  [[nodiscard]] iterator begin() const noexcept { return iterator{memory_.data()}; }
  [[nodiscard]] iterator end() const noexcept { return iterator{memory_.data() + size() * stride}; }
  /// Returns all elements, if sizeof(V) leaves no gap between them.
  [[nodiscard]] std::span<V> span() const noexcept
    requires(sizeof(V) == stride)
  {
    return {reinterpret_cast<V*>(memory_.data()), size()};
  }

  /// Returns element `i` for atomic operations, such as `counters.atomic(i).fetch_add(1)`.
  [[nodiscard]] std::atomic_ref<Value> atomic(std::size_t i) const noexcept
    requires(!std::is_const_v<V> && std::atomic_ref<Value>::is_always_lock_free)
  {
    return std::atomic_ref<Value>{(*this)[i]};
  }
  /// Reads element `i` in one atomic load.
  [[nodiscard]] Value load(std::size_t i,
                           std::memory_order order = std::memory_order_relaxed) const noexcept
    requires(std::atomic_ref<Value>::is_always_lock_free)
  {
    // Loads only: atomic_ref of const came with C++26.
    return std::atomic_ref<Value>{const_cast<Value&>((*this)[i])}.load(order);
  }
  /// Writes element `i` in one atomic store.
  void store(std::size_t i, Value value,
             std::memory_order order = std::memory_order_relaxed) const noexcept
    requires(!std::is_const_v<V> && std::atomic_ref<Value>::is_always_lock_free)
  {
    atomic(i).store(value, order);
  }

 private:
  friend Base;
  static constexpr std::array types{MapType::array};
  static constexpr detail::Requirement requirement{types, sizeof(std::uint32_t), sizeof(V),
                                                   detail::any_size, MapFlags::mmapable};

  void open(std::error_code& ec) noexcept {
    ec.clear();
    if (const auto count = detail::element_count(this->map(), sizeof(V), alignof(V), ec))
      memory_ =
          detail::map_memory(this->map(), count * stride, {.writable = !std::is_const_v<V>}, ec);
  }

  sys::Mapping memory_;
};

}  // namespace bpfmap::inline v0
