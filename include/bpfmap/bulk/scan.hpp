// SPDX-License-Identifier: MIT
// A whole map in a range-for: entries, keys or values. Above map/.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <system_error>
#include <type_traits>
#include <utility>

#include "bpfmap/bulk/batch_reader.hpp"
#include "bpfmap/codec/codec.hpp"
#include "bpfmap/map/map.hpp"

namespace bpfmap::inline v0 {

/// One entry as a scan shows it: `for (auto [key, value] : map)`.
template <class K, class V>
struct Entry {
  K key;
  V value;
};

namespace detail {

/// Throws the Error of what was tried on `map`.
[[noreturn]] void raise(const Map& map, const Attempt& attempt, const std::error_code& ec);

template <class T>
inline constexpr bool shown_in_place = std::is_same_v<T, BytesView>;
template <class V>
inline constexpr bool shown_in_place<PerCpuView<V>> = true;

// A value whose size is the map's choice.
template <class T>
concept shown_by_size = requires(BytesView bytes) {
  { T::of_bytes(bytes) } -> std::same_as<T>;
};

// A key or value in the buffer of a scan: bytes and per-CPU slots in place, anything else decoded.
template <class T>
[[nodiscard]] T show(const std::byte* at, [[maybe_unused]] std::size_t size) noexcept {
  if constexpr (shown_in_place<T>)
    return T{BytesView{at, size}};
  else if constexpr (shown_by_size<T>)
    return T::of_bytes(BytesView{at, size});
  else
    return Codec<T>::decode(std::span<const std::byte, Codec<T>::size>{at, Codec<T>::size});
}

// What a scan shows of each entry.
template <class K, class V>
struct ShowEntry {
  using type = Entry<K, V>;
  static type show(BytesView key, BytesView value) noexcept {
    return {detail::show<K>(key.data(), key.size()), detail::show<V>(value.data(), value.size())};
  }
};
template <class K>
struct ShowKey {
  using type = K;
  static type show(BytesView key, BytesView) noexcept {
    return detail::show<K>(key.data(), key.size());
  }
};
template <class V>
struct ShowValue {
  using type = V;
  static type show(BytesView, BytesView value) noexcept {
    return detail::show<V>(value.data(), value.size());
  }
};

}  // namespace detail

namespace detail {

// Where a scan stands: an entry of the batch that its reader read last.
class ScanPosition {
 public:
  ScanPosition(BatchReader& reader, std::error_code* ec) : elsewhere_(&reader), ec_(ec) { read(); }
  explicit ScanPosition(BatchReader&& reader) : own_(std::move(reader)) { read(); }

  [[nodiscard]] BytesView key() const noexcept { return {key_, key_size_}; }
  [[nodiscard]] BytesView value() const noexcept { return {value_, value_stride_}; }
  [[nodiscard]] bool at_end() const noexcept { return left_ == 0; }
  void advance() {
    key_ += key_size_;
    value_ += value_stride_;
    if (--left_ == 0) read();
  }
  [[nodiscard]] BatchReader& reader() noexcept {
    return elsewhere_ != nullptr ? *elsewhere_ : *own_;
  }

 private:
  void read();

  std::optional<BatchReader> own_;
  BatchReader* elsewhere_ = nullptr;
  std::error_code* ec_ = nullptr;
  const std::byte* key_ = nullptr;
  const std::byte* value_ = nullptr;
  std::size_t key_size_ = 0;
  std::size_t value_stride_ = 0;
  std::uint32_t left_ = 0;
};

}  // namespace detail

/// Walks a map's entries once. What it shows is a copy, so that the loop body may erase or update
/// the entry; BytesView and PerCpuView lie in the scan's buffer, and hold until the next entry is
/// asked for.
template <class Show>
class ScanIterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = typename Show::type;
  using difference_type = std::ptrdiff_t;

  /// Over a reader that lives elsewhere. An error goes to `ec`, and is thrown when that is nullptr.
  ScanIterator(BatchReader& reader, std::error_code* ec) : position_(reader, ec) {}
  /// Over a reader of its own.
  explicit ScanIterator(BatchReader&& reader) : position_(std::move(reader)) {}

  [[nodiscard]] value_type operator*() const noexcept {
    return Show::show(position_.key(), position_.value());
  }
  ScanIterator& operator++() {
    position_.advance();
    return *this;
  }
  void operator++(int) { position_.advance(); }
  [[nodiscard]] friend bool operator==(const ScanIterator& it, std::default_sentinel_t) noexcept {
    return it.position_.at_end();
  }

 private:
  detail::ScanPosition position_;
};

/// A scan that can be walked again and again with the same buffer, and asked how it went. The Map
/// must outlive it.
template <class Show>
class Scan {
 public:
  /// With `ec`, an error ends the walk and is left there: it must outlive the scan. Without, it is
  /// thrown.
  explicit Scan(const Map& map, ScanOptions options = {}, std::error_code* ec = nullptr) noexcept
      : reader_(map, options), ec_(ec) {}

  /// Starts at the first entry.
  [[nodiscard]] ScanIterator<Show> begin() {
    reader_.rewind();
    return {reader_, ec_};
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  /// How the walk goes, or went.
  [[nodiscard]] const ScanStatus& status() const noexcept { return reader_.status(); }

 private:
  BatchReader reader_;
  std::error_code* ec_;
};

/// A scan of any map on bytes: `for (auto [key, value] : bpfmap::scan(map))`. On a per-CPU map a
/// value is all its slots. Maps without keys and storage maps cannot be walked (ENOTSUPP).
[[nodiscard]] inline auto scan(const Map& map, ScanOptions options = {}) noexcept {
  return Scan<detail::ShowEntry<BytesView, BytesView>>{map, options};
}
[[nodiscard]] inline auto scan(const Map& map, ScanOptions options, std::error_code& ec) noexcept {
  return Scan<detail::ShowEntry<BytesView, BytesView>>{map, options, &ec};
}
[[nodiscard]] inline auto scan(const Map& map, std::error_code& ec) noexcept {
  return scan(map, {}, ec);
}
// Of a temporary Map, which would be gone before the first entry is read.
void scan(const Map&& map, ScanOptions options = {}) = delete;
void scan(const Map&& map, ScanOptions options, std::error_code& ec) = delete;
void scan(const Map&& map, std::error_code& ec) = delete;

/// `for (auto [key, value] : map)`, on bytes.
[[nodiscard]] inline auto begin(const Map& map) {
  return ScanIterator<detail::ShowEntry<BytesView, BytesView>>{BatchReader{map}};
}
[[nodiscard]] inline std::default_sentinel_t end(const Map&) noexcept { return {}; }
// std::ranges::begin, before C++23, takes no function for a const Map when it has a Map.
[[nodiscard]] inline auto begin(Map& map) { return begin(std::as_const(map)); }
[[nodiscard]] inline std::default_sentinel_t end(Map&) noexcept { return {}; }

}  // namespace bpfmap::inline v0
