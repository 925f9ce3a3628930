// SPDX-License-Identifier: MIT
// A whole map in a range-for: entries, keys or values. Above map/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "bpfmap/bulk/detail/show.hpp"

namespace bpfmap::inline v0 {
namespace detail {

// The place of a scan: an entry of the batch that its walk read last.
class ScanPosition {
 public:
  ScanPosition(Walk& walk, std::error_code* ec) : elsewhere_(&walk), ec_(ec) { read(); }
  explicit ScanPosition(Walk&& walk) : own_(std::move(walk)) { read(); }

  [[nodiscard]] BytesView key() const noexcept { return {key_, key_size_}; }
  [[nodiscard]] BytesView value() const noexcept { return {value_, value_stride_}; }
  [[nodiscard]] bool at_end() const noexcept { return left_ == 0; }
  void advance() {
    key_ += key_size_;
    value_ += value_stride_;
    if (--left_ == 0) read();
  }

 private:
  void read();

  std::optional<Walk> own_;
  Walk* elsewhere_ = nullptr;
  std::error_code* ec_ = nullptr;
  const std::byte* key_ = nullptr;
  const std::byte* value_ = nullptr;
  std::size_t key_size_ = 0;
  std::size_t value_stride_ = 0;
  std::uint32_t left_ = 0;
};

}  // namespace detail

/// Walks a map's entries once. It shows copies, so that the loop body may erase or update the
/// entry; BytesView and PerCpuView lie in the memory of the scan, and hold until the next entry is
/// read.
template <class Show>
class ScanIterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = typename Show::type;
  using difference_type = std::ptrdiff_t;

  /// Over a walk that lives elsewhere. An error is stored in `*ec`, and thrown when `ec` is
  /// nullptr.
  ScanIterator(Walk& walk, std::error_code* ec) : position_(walk, ec) {}
  /// Over a walk of its own. An error is thrown.
  explicit ScanIterator(Walk&& walk) : position_(std::move(walk)) {}

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

namespace detail {

// What Scan, KeyScan and ValueScan share.
template <class M, class Show, WalkContent content>
class ScanRange {
 public:
  /// A scan that throws its errors.
  explicit ScanRange(const M& map, ScanOptions options = {}) noexcept
      : walk_(map_of(map), with_lock<M>(options), {}, content) {}
  /// A scan that ends at an error and leaves it in `ec`, which must outlive the scan; `ec` is
  /// cleared first.
  ScanRange(const M& map, ScanOptions options, std::error_code& ec) noexcept
      : walk_(map_of(map), with_lock<M>(options), {}, content), ec_(&ec) {
    ec.clear();
  }
  ScanRange(const M&& map, ScanOptions options = {}) = delete;
  ScanRange(const M&& map, ScanOptions options, std::error_code& ec) = delete;

  /// Starts at the first entry.
  [[nodiscard]] ScanIterator<Show> begin() {
    walk_.rewind();
    return {walk_, ec_};
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  /// The state of the walk.
  [[nodiscard]] const ScanStatus& status() const noexcept { return walk_.status(); }

 private:
  Walk walk_;
  std::error_code* ec_ = nullptr;
};

}  // namespace detail

/// A scan of the entries of an M, which can be walked again and again with the same memory. M is
/// Map or a typed map, and must outlive the scan and stay where it is. See Walk for what a scan
/// promises. On a Map it shows bytes: a per-CPU value as all its slots.
template <class M>
class Scan : public detail::ScanRange<M, detail::ShowEntry<M>, WalkContent::entries> {
  using Base = detail::ScanRange<M, detail::ShowEntry<M>, WalkContent::entries>;

 public:
  using Base::Base;
};
/// A scan of the keys alone; without batches it saves a lookup per entry.
template <class M>
class KeyScan : public detail::ScanRange<M, detail::ShowKey<M>, WalkContent::keys> {
  using Base = detail::ScanRange<M, detail::ShowKey<M>, WalkContent::keys>;

 public:
  using Base::Base;
};
/// A scan of the values alone.
template <class M>
class ValueScan : public detail::ScanRange<M, detail::ShowValue<M>, WalkContent::entries> {
  using Base = detail::ScanRange<M, detail::ShowValue<M>, WalkContent::entries>;

 public:
  using Base::Base;
};

/// A scan of `map`: `for (auto [key, value] : scan(map))`. With `ec`, an error ends the walk and is
/// left in `ec`, which must outlive the scan; without, it is thrown. ENOTSUPP for maps that cannot
/// be walked: without keys, and local storage.
template <detail::whole_map M>
[[nodiscard]] Scan<M> scan(const M& map, ScanOptions options = {}) noexcept {
  return Scan<M>{map, options};
}
template <detail::whole_map M>
[[nodiscard]] Scan<M> scan(const M& map, ScanOptions options, std::error_code& ec) noexcept {
  return {map, options, ec};
}
template <detail::whole_map M>
[[nodiscard]] Scan<M> scan(const M& map, std::error_code& ec) noexcept {
  return {map, {}, ec};
}
/// A scan of the keys of `map`; errors as scan(). Of an array of descriptors every index is a key.
template <detail::whole_map M>
[[nodiscard]] KeyScan<M> keys(const M& map, ScanOptions options = {}) noexcept {
  return KeyScan<M>{map, options};
}
template <detail::whole_map M>
[[nodiscard]] KeyScan<M> keys(const M& map, ScanOptions options, std::error_code& ec) noexcept {
  return {map, options, ec};
}
template <detail::whole_map M>
[[nodiscard]] KeyScan<M> keys(const M& map, std::error_code& ec) noexcept {
  return {map, {}, ec};
}
/// A scan of the values of `map`; errors as scan().
template <detail::whole_map M>
[[nodiscard]] ValueScan<M> values(const M& map, ScanOptions options = {}) noexcept {
  return ValueScan<M>{map, options};
}
template <detail::whole_map M>
[[nodiscard]] ValueScan<M> values(const M& map, ScanOptions options, std::error_code& ec) noexcept {
  return {map, options, ec};
}
template <detail::whole_map M>
[[nodiscard]] ValueScan<M> values(const M& map, std::error_code& ec) noexcept {
  return {map, {}, ec};
}
// Of a temporary map, which would be gone before the first entry is read.
template <detail::whole_map M, class... Arguments>
void scan(const M&& map, Arguments&&... arguments) = delete;
template <detail::whole_map M, class... Arguments>
void keys(const M&& map, Arguments&&... arguments) = delete;
template <detail::whole_map M, class... Arguments>
void values(const M&& map, Arguments&&... arguments) = delete;

/// `for (auto [key, value] : map)`: a scan whose errors are thrown.
template <detail::whole_map M>
[[nodiscard]] auto begin(const M& map) {
  return ScanIterator<detail::ShowEntry<M>>{
      Walk{detail::map_of(map), detail::with_lock<M>(ScanOptions{})}};
}
template <detail::whole_map M>
[[nodiscard]] std::default_sentinel_t end(const M&) noexcept {
  return {};
}
// std::ranges::begin, before C++23, takes no function for a const map when it has a map.
template <detail::whole_map M>
[[nodiscard]] auto begin(M& map) {
  return begin(std::as_const(map));
}
template <detail::whole_map M>
[[nodiscard]] std::default_sentinel_t end(M&) noexcept {
  return {};
}

}  // namespace bpfmap::inline v0
