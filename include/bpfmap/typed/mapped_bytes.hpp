// SPDX-License-Identifier: MIT
// MappedBytes: a BPF_MAP_TYPE_ARRAY with BPF_F_MMAPABLE, as memory with sizes known at run time.
// Layer 2.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "bpfmap/sys/mapping.hpp"
#include "bpfmap/typed/base/element.hpp"
#include "bpfmap/typed/base/typed_map.hpp"
#include "bpfmap/typed/detail/memory.hpp"
#include "bpfmap/typed/global_variable.hpp"

namespace bpfmap::inline v0 {

namespace detail {

[[nodiscard]] sys::Mapping map_bytes(const Map& map, bool writable, std::error_code& ec) noexcept;
[[nodiscard]] GlobalVariable find_variable_of_size(const Map& map, std::string_view name,
                                                   std::size_t size, std::size_t alignment,
                                                   std::error_code& ec) noexcept;

}  // namespace detail

/// The memory of a mappable array with a value type that is not known at compile time: as bytes, as
/// a std::span<T> of a value, or as one variable of a section by its name.
///
///     const MappedBytes data{from(skel->maps.data_started)};
///     for (std::uint64_t at : data.as<std::uint64_t>()) ...  // the loader sets their number
///     data.variable<std::uint32_t>("limit") = 7;
///
/// MappedBytes<const std::byte> is mapped read-only. The rules of MappedArray for memory, threads
/// and processes apply here, too.
template <class Byte = std::byte>
class MappedBytes : public TypedMap<MappedBytes<Byte>> {
  static_assert(std::same_as<std::remove_const_t<Byte>, std::byte>,
                "bpfmap: MappedBytes is of std::byte or const std::byte.");
  using Base = TypedMap<MappedBytes>;
  template <class T>
  using Shared = std::conditional_t<std::is_const_v<Byte>, const T, T>;

 public:
  /// Empty.
  MappedBytes() noexcept = default;
  /// Maps `map`. Throws Error: Errc::wrong_map_type or wrong_map_flags when it is not a mappable
  /// array; EPERM, EACCES, EINVAL and ENOMEM as MappedArray.
  explicit MappedBytes(Map map) : Base(std::move(map)) {
    std::error_code ec;
    memory_ = detail::map_bytes(this->map(), writable, ec);
    detail::throw_if(ec);
  }
  /// As above; empty when `ec` is set.
  MappedBytes(Map map, std::error_code& ec) noexcept : Base(std::move(map), ec) {
    if (!ec) memory_ = detail::map_bytes(this->map(), writable, ec);
    if (ec) this->map() = {};
  }

  /// Returns the size of the memory in bytes, from the first byte of the first value to the last
  /// byte of the last one.
  [[nodiscard]] std::size_t size() const noexcept { return memory_.size(); }
  /// Returns all of the memory; value i begins at i * stride().
  [[nodiscard]] std::span<Byte> bytes() const noexcept { return {memory_.data(), memory_.size()}; }
  /// Returns the bytes of one value, as set when the map was created.
  [[nodiscard]] std::size_t value_size() const noexcept { return this->map().info().value_size; }
  /// Returns the bytes from one value to the next: value_size() rounded up to 8.
  [[nodiscard]] std::size_t stride() const noexcept { return (value_size() + 7) / 8 * 8; }

  /// Returns the bytes of value `i`. Throws Error: Errc::index_out_of_range unless `i` is below
  /// max_entries; Errc::no_map when empty.
  [[nodiscard]] std::span<Byte> at(std::size_t i) const {
    std::error_code ec;
    const std::span<Byte> value = at(i, ec);
    detail::throw_if(ec);
    return value;
  }
  /// As above; empty when `ec` is set.
  [[nodiscard]] std::span<Byte> at(std::size_t i, std::error_code& ec) const noexcept {
    detail::clear(ec);
    if (memory_ && i < this->map().info().max_entries)
      return bytes().subspan(i * stride(), value_size());
    ec = detail::wrong_index(this->map(), i, this->max_entries());
    return {};
  }

  /// Returns value `i` as its value_size() / sizeof(T) elements of type T. Throws Error as at()
  /// does, and Errc::wrong_value_size when value_size() is not a multiple of sizeof(T).
  template <class T>
  [[nodiscard]] std::span<Shared<T>> as(std::size_t i = 0) const {
    std::error_code ec;
    const std::span<Shared<T>> values = as<T>(i, ec);
    detail::throw_if(ec);
    return values;
  }
  /// As above; empty when `ec` is set.
  template <class T>
  [[nodiscard]] std::span<Shared<T>> as(std::size_t i, std::error_code& ec) const noexcept {
    static_assert(detail::check_shared<T>());
    static_assert(alignof(T) <= 4096, "bpfmap: T is aligned to more than a page.");
    const std::span<Byte> value = at(i, ec);
    if (ec) return {};
    if (value.size() % sizeof(T) != 0 || i * stride() % alignof(T) != 0) {
      ec = detail::wrong_size(this->map(), sizeof(T));
      return {};
    }
    return {reinterpret_cast<Shared<T>*>(value.data()), value.size() / sizeof(T)};
  }

  /// Returns the variable `name` of the section that the map holds. Throws Error as find_variable()
  /// does, and Errc::wrong_value_size unless it has sizeof(T) bytes.
  template <class T>
  [[nodiscard]] Shared<T>& variable(std::string_view name) const {
    std::error_code ec;
    Shared<T>* const found = variable<T>(name, ec);
    detail::throw_if(ec);
    return *found;
  }
  /// As above; nullptr when `ec` is set.
  template <class T>
  [[nodiscard]] Shared<T>* variable(std::string_view name, std::error_code& ec) const noexcept {
    static_assert(detail::check_shared<T>());
    const auto found = detail::find_variable_of_size(this->map(), name, sizeof(T), alignof(T), ec);
    return ec ? nullptr : reinterpret_cast<Shared<T>*>(memory_.data() + found.offset);
  }

 private:
  friend Base;
  static constexpr bool writable = !std::is_const_v<Byte>;
  static constexpr std::array types{MapType::array};
  static constexpr detail::Requirement requirement{types, sizeof(std::uint32_t), 0,
                                                   detail::any_size, MapFlags::mmapable};

  sys::Mapping memory_;
};

}  // namespace bpfmap::inline v0
