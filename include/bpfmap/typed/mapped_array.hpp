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
#include "bpfmap/typed/detail/typed_map.hpp"

namespace bpfmap::inline v0 {

namespace detail {

// The memory of an array or an arena; sets ec to what mmap(2) says.
[[nodiscard]] sys::Mapping map_memory(const Map& map, std::uint64_t size,
                                      const sys::MappingOptions& options,
                                      std::error_code& ec) noexcept;

}  // namespace detail

/// An array of V that programs and this process share as memory: BPF_MAP_TYPE_ARRAY with
/// MapFlags::mmapable (5.5). Reading and writing are loads and stores, without a system call.
///
/// MappedArray<const V> is mapped read-only, which frozen maps and those with MapFlags::rdonly_prog
/// allow. The `.bss`, `.data` and `.rodata` maps of a skeleton are such arrays of one struct.
///
/// The memory is this object's: it keeps the map alive, stays where it is when the object is
/// moved, and goes with it. An element begins every sizeof(V) rounded up to 8 bytes. Plain loads
/// and stores race with programs: use load(), store() and atomic() for members that both write, or
/// let one side only write. A writable mapping keeps the map from being frozen (EBUSY).
template <class V>
class MappedArray : public detail::TypedMap {
  using Value = std::remove_const_t<V>;
  static_assert(bytewise<Value>,
                "bpfmap: V cannot be shared as memory: it must be trivially copyable, without "
                "pointers.");
  static_assert(alignof(V) <= 8, "bpfmap: elements are aligned to 8 bytes, which V exceeds.");

 public:
  using value_type = Value;
  /// Bytes from one element to the next.
  static constexpr std::size_t stride = (sizeof(V) + 7) / 8 * 8;

  /// Goes over the elements in the order of their indices.
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

  /// Empty: without a map.
  MappedArray() noexcept = default;
  /// Maps `map`. Throws Error (Errc::wrong_map_type, value_size, map_flags; EPERM and EACCES when
  /// it may not be mapped so) when it is no mappable array of V.
  explicit MappedArray(Map map) : TypedMap(std::move(map), requirement) {
    std::error_code ec;
    open(ec);
    if (ec) detail::raise(map_, {Operation::mmap}, ec);
  }
  MappedArray(Map map, std::error_code& ec) noexcept : TypedMap(std::move(map), requirement, ec) {
    if (!ec) open(ec);
    if (ec) map_ = {};
  }

  /// A new array of `max_entries` elements, all zero; type, sizes and MapFlags::mmapable are filled
  /// in.
  [[nodiscard]] static MappedArray create(MapSpec spec) {
    return MappedArray{create_map(std::move(spec), requirement)};
  }
  [[nodiscard]] static MappedArray create(MapSpec spec, std::error_code& ec) noexcept {
    Map map = create_map(std::move(spec), requirement, ec);
    return ec ? MappedArray{} : MappedArray{std::move(map), ec};
  }

  /// Elements: max_entries.
  [[nodiscard]] std::size_t size() const noexcept { return memory_.size() / stride; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  /// Element `i`, which must be below size().
  [[nodiscard]] V& operator[](std::size_t i) const noexcept {
    return *reinterpret_cast<V*>(memory_.data() + i * stride);
  }
  [[nodiscard]] iterator begin() const noexcept { return iterator{memory_.data()}; }
  [[nodiscard]] iterator end() const noexcept { return iterator{memory_.data() + size() * stride}; }
  /// All elements, when there is nothing between them.
  [[nodiscard]] std::span<V> span() const noexcept
    requires(sizeof(V) == stride)
  {
    return {reinterpret_cast<V*>(memory_.data()), size()};
  }

  /// Element `i` for atomic operations, such as `counters.atomic(i).fetch_add(1)`.
  [[nodiscard]] std::atomic_ref<Value> atomic(std::size_t i) const noexcept
    requires(!std::is_const_v<V> && std::atomic_ref<Value>::is_always_lock_free)
  {
    return std::atomic_ref<Value>{(*this)[i]};
  }
  /// Element `i` in one atomic load.
  [[nodiscard]] Value load(std::size_t i,
                           std::memory_order order = std::memory_order_relaxed) const noexcept
    requires(std::atomic_ref<Value>::is_always_lock_free)
  {
    // Loads only: atomic_ref of const came with C++26.
    return std::atomic_ref<Value>{const_cast<Value&>((*this)[i])}.load(order);
  }
  /// Element `i` in one atomic store.
  void store(std::size_t i, Value value,
             std::memory_order order = std::memory_order_relaxed) const noexcept
    requires(!std::is_const_v<V> && std::atomic_ref<Value>::is_always_lock_free)
  {
    atomic(i).store(value, order);
  }

 private:
  friend detail::TypedAccess;
  static constexpr std::array types{MapType::array};
  static constexpr detail::ViewRequirement requirement{types, sizeof(std::uint32_t), sizeof(V),
                                                       sizeof(V), MapFlags::mmapable};

  void open(std::error_code& ec) noexcept {
    // In 64 bits: an array may well be larger than 4 GiB.
    const std::uint64_t bytes = std::uint64_t{map_.info().max_entries} * stride;
    memory_ = detail::map_memory(map_, bytes, {.writable = !std::is_const_v<V>}, ec);
  }

  sys::Mapping memory_;
};

}  // namespace bpfmap::inline v0
