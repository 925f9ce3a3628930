// SPDX-License-Identifier: MIT
// One value for each possible CPU. Layer 1.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "bpfmap/bytes.hpp"
#include "bpfmap/codec/codec.hpp"
#include "bpfmap/codec/detail/sum.hpp"
#include "bpfmap/iterator_tags.hpp"
#include "bpfmap/sys/cpus.hpp"

namespace bpfmap::inline v0 {

namespace detail {

// std::invoke for a data member or a function of one value; <functional> costs more to include than
// this header.
template <class T, class Projection>
[[nodiscard]] constexpr decltype(auto) project(Projection& projection, const T& value) {
  if constexpr (std::is_member_object_pointer_v<Projection>)
    return (value.*projection);
  else if constexpr (std::is_member_function_pointer_v<Projection>)
    return (value.*projection)();
  else
    return projection(value);
}

}  // namespace detail

/// The slots of one per-CPU value, one for each possible CPU, read in place; valid as long as the
/// underlying bytes.
///
/// Slots are returned by value. Slot i belongs to CPU cpu(i), the i-th possible CPU: the mask may
/// have holes.
template <encodable T>
class PerCpuView {
 public:
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using iterator_concept = std::random_access_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = T;

    iterator() = default;
    T operator*() const noexcept { return read(at_); }
    T operator[](difference_type n) const noexcept { return read(at_ + n * step); }
    iterator& operator++() noexcept { return *this += 1; }
    iterator operator++(int) noexcept { return std::exchange(*this, *this + 1); }
    iterator& operator--() noexcept { return *this += -1; }
    iterator operator--(int) noexcept { return std::exchange(*this, *this + -1); }
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
    friend PerCpuView;
    static constexpr difference_type step = sys::percpu_stride(Codec<T>::size);
    explicit iterator(const std::byte* at) noexcept : at_(at) {}
    const std::byte* at_ = nullptr;
  };

  PerCpuView() noexcept = default;
  /// Views the percpu_size() bytes that the kernel reads and writes.
  explicit PerCpuView(BytesView bytes) noexcept : bytes_(bytes) {}

  /// Returns the number of slots, which is the number of possible CPUs.
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() / stride; }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  /// Returns the value of slot `i`, which must be below size().
  [[nodiscard]] const T operator[](std::size_t i) const noexcept {
    return read(bytes_.data() + i * stride);
  }
  /// Returns the number of the CPU that slot `i` belongs to.
  [[nodiscard]] static std::uint32_t cpu(std::size_t i) noexcept { return sys::possible_cpus()[i]; }
  [[nodiscard]] iterator begin() const noexcept { return iterator{bytes_.data()}; }
  [[nodiscard]] iterator end() const noexcept { return iterator{bytes_.data() + bytes_.size()}; }

  /// Returns the sum over all CPUs. Integers are summed in 64 bits (128-bit ones in 128) and wrap
  /// around, arrays are summed element by element, and other types by their own `+=`.
  [[nodiscard]] auto sum() const {
    return sum([](const T& value) -> const T& { return value; });
  }
  /// Returns the sum of a member, or of a function's result for each slot:
  /// `values.sum(&FlowStats::packets)`.
  template <class Projection>
  [[nodiscard]] auto sum(Projection&& projection) const {
    using Part =
        std::remove_cvref_t<decltype(detail::project(projection, std::declval<const T&>()))>;
    typename detail::SumOf<Part>::type total{};
    for (const T& value : *this) detail::add(total, detail::project(projection, value));
    return total;
  }

  /// Returns the slots as the kernel lays them out: value_size bytes each, padded to a multiple of
  /// 8.
  [[nodiscard]] BytesView bytes() const noexcept { return bytes_; }

 private:
  static constexpr std::size_t stride = sys::percpu_stride(Codec<T>::size);
  static T read(const std::byte* slot) noexcept {
    return Codec<T>::decode(std::span<const std::byte, Codec<T>::size>{slot, Codec<T>::size});
  }
  BytesView bytes_;
};

/// Owns one value for each possible CPU. A polling loop that passes the same object to lookup_into
/// allocates nothing.
///
/// The number of slots is always the number of possible CPUs. A moved-from object is empty.
template <encodable T>
class PerCpuValues {
 public:
  using value_type = T;
  using iterator = typename PerCpuView<T>::iterator;

  /// Sets all bytes to zero.
  PerCpuValues() : bytes_(sys::percpu_size(Codec<T>::size)) {}
  /// Sets every slot to `value`.
  explicit PerCpuValues(const T& value) : PerCpuValues() { fill(value); }
  /// Copies the slots of a view, such as one that a scan shows.
  explicit PerCpuValues(PerCpuView<T> view) : bytes_(view.bytes().begin(), view.bytes().end()) {}

  [[nodiscard]] std::size_t size() const noexcept { return view().size(); }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  /// Returns the value of slot `i`, by value; set() writes it.
  [[nodiscard]] const T operator[](std::size_t i) const noexcept { return view()[i]; }
  /// Returns the number of the CPU that slot `i` belongs to.
  [[nodiscard]] static std::uint32_t cpu(std::size_t i) noexcept { return PerCpuView<T>::cpu(i); }
  [[nodiscard]] iterator begin() const noexcept { return view().begin(); }
  [[nodiscard]] iterator end() const noexcept { return view().end(); }

  /// Writes slot `i`.
  void set(std::size_t i, const T& value) noexcept {
    constexpr std::size_t stride = sys::percpu_stride(Codec<T>::size);
    const std::span<std::byte, Codec<T>::size> slot{bytes_.data() + i * stride, Codec<T>::size};
    if constexpr (!detail::coded_as_object<T>) std::memset(slot.data(), 0, slot.size());
    Codec<T>::encode(value, slot);
  }
  /// Writes every slot.
  void fill(const T& value) noexcept {
    for (std::size_t i = 0; i < size(); ++i) set(i, value);
  }

  /// Returns the sum over all CPUs. Integers are summed in 64 bits (128-bit ones in 128) and wrap
  /// around, arrays are summed element by element, and other types by their own `+=`.
  [[nodiscard]] auto sum() const { return view().sum(); }
  /// Returns the sum of a member, or of a function's result for each slot:
  /// `values.sum(&FlowStats::packets)`.
  template <class Projection>
  [[nodiscard]] auto sum(Projection&& projection) const {
    return view().sum(projection);
  }

  [[nodiscard]] PerCpuView<T> view() const noexcept { return PerCpuView<T>{bytes_}; }
  /// Returns the slots as the kernel reads and writes them: value_size bytes each, padded with
  /// zeros to a multiple of 8.
  [[nodiscard]] BytesView bytes() const noexcept { return bytes_; }
  [[nodiscard]] MutableBytesView bytes() noexcept { return bytes_; }

  /// Returns whether all slots hold the same bytes.
  friend bool operator==(const PerCpuValues&, const PerCpuValues&) = default;

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace bpfmap::inline v0
