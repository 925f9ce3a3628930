// SPDX-License-Identifier: MIT
// What every typed map stands on: one check at construction, then one system call an operation.
// Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <system_error>
#include <type_traits>
#include <utility>

#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/codec/codec.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"

namespace bpfmap::inline v0 {
namespace detail {

// What a typed map requires of the Map beneath it.
struct ViewRequirement {
  std::span<const MapType> types;  // the first is what create() makes
  std::uint32_t key_size;
  std::uint32_t value_size;
};

// Whether `map` is as required: Errc::map_type, Errc::key_size or Errc::value_size otherwise.
[[nodiscard]] std::error_code check_view(const Map& map, const ViewRequirement& required) noexcept;
[[noreturn]] void raise_view(const Map& map, const ViewRequirement& required,
                             const std::error_code& ec);

// `spec` with type and sizes filled in where it leaves them open.
[[nodiscard]] MapSpec complete(MapSpec spec, const ViewRequirement& required,
                               std::error_code& ec) noexcept;
[[noreturn]] void raise_create(const MapSpec& spec, const ViewRequirement& required,
                               const std::error_code& ec);

// Clearing an error_code calls into the standard library: a hot path does it only when there is
// something to clear.
inline void clear(std::error_code& ec) noexcept {
  if (ec) ec.clear();
}

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

 private:
  std::conditional_t<coded_as_object<T>, const T*, std::array<std::byte, Codec<T>::size>> data_{};
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

// The Map beneath a typed map, and how its failures are told.
class TypedMap {
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
  template <class K>
  [[noreturn, gnu::cold, gnu::noinline]] void fail(Operation operation, int result, const K& key,
                                                   std::uint64_t flags = 0) const {
    const ObjectBytes<K> bytes{key};
    raise(map_,
          {operation, {static_cast<const std::byte*>(bytes.data()), Codec<K>::size}, {}, flags},
          error(result));
  }

  // How an operation reports what its caller did not expect: by throwing, or into an error_code.
  template <class K>
  [[nodiscard]] auto thrower(Operation operation, const K& key,
                             std::uint64_t flags = 0) const noexcept {
    return [this, operation, &key, flags](int result) { fail(operation, result, key, flags); };
  }
  [[nodiscard]] auto setter(std::error_code& ec) const noexcept {
    clear(ec);
    return [this, &ec](int result) noexcept { ec = error(result); };
  }

  Map map_;
};

// A typed map with keys, whose scans show `Shown` values: one system call an operation. A `Report`
// is told what the caller did not expect.
template <class K, class Shown>
class KeyedMap : public TypedMap {
 public:
  using shown_type = Shown;  ///< a value as a scan shows it

  /// `for (auto [key, value] : map)`: see BatchReader for what a scan promises. Shown are copies,
  /// and per-CPU values as a PerCpuView that holds until the next entry.
  [[nodiscard]] auto begin() const { return ScanIterator<ShowEntry<K, Shown>>{BatchReader{map_}}; }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  /// The same as a range that keeps its buffer, has a status and, with `ec`, does not throw. It
  /// refers to this map, which must outlive it and stay where it is.
  [[nodiscard]] auto scan(ScanOptions options = {}) const& noexcept {
    return Scan<ShowEntry<K, Shown>>{map_, options};
  }
  [[nodiscard]] auto scan(ScanOptions options, std::error_code& ec) const& noexcept {
    return Scan<ShowEntry<K, Shown>>{map_, options, &ec};
  }
  [[nodiscard]] auto scan(std::error_code& ec) const& noexcept { return scan({}, ec); }
  /// A scan of the keys alone.
  [[nodiscard]] auto keys(ScanOptions options = {}) const& noexcept {
    options.keys_only = true;
    return Scan<ShowKey<K>>{map_, options};
  }
  /// A scan of the values alone.
  [[nodiscard]] auto values(ScanOptions options = {}) const& noexcept {
    return Scan<ShowValue<Shown>>{map_, options};
  }
  // Of a temporary, which would be gone before the first entry is read.
  void scan(ScanOptions options = {}) const&& = delete;
  void scan(ScanOptions options, std::error_code& ec) const&& = delete;
  void scan(std::error_code& ec) const&& = delete;
  void keys(ScanOptions options = {}) const&& = delete;
  void values(ScanOptions options = {}) const&& = delete;

 protected:
  using TypedMap::TypedMap;

  // `expected` is the result that is an answer and no error; 0: there is none.
  template <class Report>
  bool read(const K& key, void* value, LookupFlags flags, int expected, Report report) const {
    const ObjectBytes<K> bytes{key};
    const int result = sys::map_lookup_elem(map_.fd(), bytes.data(), value, to_underlying(flags));
    return result == 0 || unexpected(result, expected, report);
  }
  template <class Report>
  bool take(const K& key, void* value, Report report) {
    const ObjectBytes<K> bytes{key};
    const int result = sys::map_lookup_and_delete_elem(map_.fd(), bytes.data(), value);
    return result == 0 || unexpected(result, -ENOENT, report);
  }
  template <class Report>
  bool write(const K& key, const void* value, UpdateFlags flags, int expected, Report report) {
    const ObjectBytes<K> bytes{key};
    const int result = sys::map_update_elem(map_.fd(), bytes.data(), value, to_underlying(flags));
    return result == 0 || unexpected(result, expected, report);
  }
  template <class Report>
  bool remove(const K& key, Report report) {
    const ObjectBytes<K> bytes{key};
    const int result = sys::map_delete_elem(map_.fd(), bytes.data());
    return result == 0 || unexpected(result, -ENOENT, report);
  }

 private:
  template <class Report>
  static bool unexpected(int result, int expected, Report& report) {
    if (result != expected) report(result);
    return false;
  }
};

}  // namespace detail
}  // namespace bpfmap::inline v0
