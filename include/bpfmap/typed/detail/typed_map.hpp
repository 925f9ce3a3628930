// SPDX-License-Identifier: MIT
// What every typed map stands on: one check at construction, then one system call an operation.
// Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>
#include <type_traits>
#include <utility>

#include "bpfmap/bulk/detail/whole_map.hpp"
#include "bpfmap/codec/codec.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/typed/base/element.hpp"
#include "bpfmap/typed/base/typed_map.hpp"

namespace bpfmap::inline v0 {
namespace detail {

// What a typed map requires of the Map beneath it.
struct ViewRequirement {
  std::span<const MapType> types;  // the first is what create() makes
  std::uint32_t key_size;
  std::uint32_t value_size;                     // what create() makes
  std::uint32_t other_value_size = value_size;  // what else is taken
  MapFlags flags = MapFlags::none;              // given at creation
};

// Whether `map` is as required: Errc::wrong_map_type, key_size, value_size or map_flags otherwise.
[[nodiscard]] std::error_code check_view(const Map& map, const ViewRequirement& required) noexcept;
[[noreturn]] void raise_view(const Map& map, const ViewRequirement& required,
                             const std::error_code& ec);

// `spec` with type and sizes filled in where it leaves them open.
[[nodiscard]] MapSpec complete(MapSpec spec, const ViewRequirement& required,
                               std::error_code& ec) noexcept;
[[noreturn]] void raise_create(const MapSpec& spec, const ViewRequirement& required,
                               const std::error_code& ec);

// The bytes of a key or a value for the kernel to read: the object itself, or what its Codec makes
// of it.
template <class T>
class ObjectBytes {
 public:
  explicit ObjectBytes(const T& value) noexcept {
    if constexpr (coded_as_object<T>)
      data_ = &value;
    else
      Codec<T>::encode(value, std::span<std::byte, Codec<T>::size>{data_});
  }
  [[nodiscard]] const void* data() const noexcept {
    if constexpr (coded_as_object<T>)
      return data_;
    else
      return data_.data();
  }
  [[nodiscard]] BytesView view() const noexcept {
    return {static_cast<const std::byte*>(data()), Codec<T>::size};
  }

 private:
  std::conditional_t<coded_as_object<T>, const T*, std::array<std::byte, Codec<T>::size>> data_{};
};

// No key, or no value.
struct Nothing {};
inline constexpr Nothing nothing;
template <>
class ObjectBytes<Nothing> {
 public:
  explicit ObjectBytes(Nothing) noexcept {}
  [[nodiscard]] const void* data() const noexcept { return nullptr; }
  [[nodiscard]] BytesView view() const noexcept { return {}; }
};

// Room for the kernel to write a T into. Not initialised: the kernel writes all of it, or the T is
// not used.
template <class T>
class ObjectRoom {
 public:
  [[nodiscard]] void* data() noexcept {
    if constexpr (coded_as_object<T>)
      return &room_;
    else
      return room_.data();
  }
  [[nodiscard]] decltype(auto) value() const noexcept {
    if constexpr (coded_as_object<T>)
      return static_cast<const T&>(room_);
    else
      return Codec<T>::decode(std::span<const std::byte, Codec<T>::size>{room_});
  }

 private:
  std::conditional_t<coded_as_object<T>, T, std::array<std::byte, Codec<T>::size>> room_;
};

struct TypedAccess;  // of typed/open_or_create.hpp: every typed map lets it see its requirement

// The Map beneath a typed map, and how its failures are told.
class TypedMap : public TypedMapTag {
 public:
  /// The Map beneath: its descriptor, info, pin, freeze.
  [[nodiscard]] const Map& map() const& noexcept { return map_; }
  [[nodiscard]] Map& map() & noexcept { return map_; }
  [[nodiscard]] Map map() && noexcept { return std::move(map_); }
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(map_); }

 protected:
  TypedMap() noexcept = default;
  TypedMap(Map map, const ViewRequirement& required) : map_(std::move(map)) {
    if (const auto ec = check_view(map_, required)) raise_view(map_, required, ec);
  }
  TypedMap(Map map, const ViewRequirement& required, std::error_code& ec) noexcept {
    ec = check_view(map, required);
    if (!ec) map_ = std::move(map);
  }

  [[nodiscard]] static Map create_map(MapSpec spec, const ViewRequirement& required) {
    std::error_code ec;
    spec = complete(std::move(spec), required, ec);
    if (ec) raise_create(spec, required, ec);
    return Map::create(spec);
  }
  [[nodiscard]] static Map create_map(MapSpec spec, const ViewRequirement& required,
                                      std::error_code& ec) noexcept {
    spec = complete(std::move(spec), required, ec);
    return ec ? Map{} : Map::create(spec, ec);
  }

  // A failed call's result, -errno or an Errc, as an error_code. An empty map has no descriptor,
  // which the kernel is the one to notice; on an array ENOENT can only mean that the index is out
  // of range.
  [[nodiscard]] std::error_code error(int result) const noexcept;
  template <class K, class V>
  [[noreturn, gnu::cold, gnu::noinline]] void fail(Operation operation, int result, const K& key,
                                                   const V& value, std::uint64_t flags) const {
    const ObjectBytes<K> key_bytes{key};
    const ObjectBytes<V> value_bytes{value};
    raise(map_, {operation, key_bytes.view(), value_bytes.view(), flags}, error(result));
  }

  // How an operation reports what its caller did not expect: by throwing, or into an error_code.
  // The value is told where it is one that the kernel may refuse: a descriptor.
  template <class K = Nothing, class V = Nothing>
  [[nodiscard]] auto thrower(Operation operation, const K& key = nothing, std::uint64_t flags = 0,
                             const V& value = nothing) const noexcept {
    return [this, operation, &key, flags, &value](int result) {
      fail(operation, result, key, value, flags);
    };
  }
  [[nodiscard]] auto setter(std::error_code& ec) const noexcept {
    clear(ec);
    return [this, &ec](int result) noexcept { ec = error(result); };
  }

  // One system call each. `key` is nullptr on a map without keys. `expected` is the result that is
  // an answer and no error; 0: there is none. A `Report` is told what the caller did not expect.
  template <class Report>
  bool read(const void* key, void* value, LookupFlags flags, int expected, Report report) const {
    return answer(sys::map_lookup_elem(map_.fd(), key, value, to_underlying(flags)), expected,
                  report);
  }
  template <class Report>
  bool take(const void* key, void* value, LookupFlags flags, Report report) {
    return answer(sys::map_lookup_and_delete_elem(map_.fd(), key, value, to_underlying(flags)),
                  -ENOENT, report);
  }
  template <class Report>
  bool write(const void* key, const void* value, UpdateFlags flags, int expected, Report report) {
    return answer(sys::map_update_elem(map_.fd(), key, value, to_underlying(flags)), expected,
                  report);
  }
  template <class Report>
  bool remove(const void* key, Report report) {
    return answer(sys::map_delete_elem(map_.fd(), key), -ENOENT, report);
  }

  Map map_;

 private:
  template <class Report>
  static bool answer(int result, int expected, Report& report) {
    if (result == 0) return true;
    if (result != expected) report(result);
    return false;
  }
};

}  // namespace detail
}  // namespace bpfmap::inline v0
