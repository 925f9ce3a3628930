// SPDX-License-Identifier: MIT
// A whole map in a range-for: entries, keys or values. Above map/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "bpfmap/bulk/detail/show.hpp"
#include "bpfmap/iterator_tags.hpp"

namespace bpfmap::inline v0 {
namespace detail {

// The position of a scan: an entry of the batch that its walk read last. At the end after a move.
class ScanPosition {
 public:
  ScanPosition(Walk& walk, std::error_code* ec) : elsewhere_(&walk), ec_(ec) { read(); }
  explicit ScanPosition(Walk&& walk) : own_(std::move(walk)) { read(); }
  ScanPosition(ScanPosition&& other) noexcept;
  ScanPosition& operator=(ScanPosition&& other) noexcept;
  ~ScanPosition() = default;

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
  void copy_place(ScanPosition& other) noexcept;

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
/// entry; BytesView and PerCpuView refer to the memory of the scan, and are valid until the next
/// entry is read. Move-only, and at the end after a move.
template <class Show>
class ScanIterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = typename Show::type;
  using difference_type = std::ptrdiff_t;

  /// Iterates over a walk that the caller owns. An error is stored in `*ec`, or thrown when `ec` is
  /// nullptr.
  ScanIterator(Walk& walk, std::error_code* ec) : position_(walk, ec) {}
  /// Iterates over a walk that the iterator owns. An error is thrown.
  explicit ScanIterator(Walk&& walk) : position_(std::move(walk)) {}

  [[nodiscard]] value_type operator*() const noexcept {
    return Show::show(position_.key(), position_.value());
  }
  /// As operator*, into `shown`: for values that are too large for the stack.
  void read_into(value_type& shown) const noexcept {
    Show::show_into(position_.key(), position_.value(), shown);
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

// The base of Scan, KeyScan and ValueScan.
template <class M, class Show, WalkContent content>
class ScanRange {
 public:
  /// Makes a scan that throws its errors.
  explicit ScanRange(const M& map, ScanOptions options = {}) noexcept
      : walk_(map_of(map), with_lock<M>(options), {}, content) {}
  /// Makes a scan that ends at an error and stores it in `ec`, which must outlive the scan; clears
  /// `ec` first.
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
  /// Returns the state of the walk.
  [[nodiscard]] const ScanStatus& status() const noexcept { return walk_.status(); }

 private:
  Walk walk_;
  std::error_code* ec_ = nullptr;
};

}  // namespace detail

/// A scan of the entries of an M, which is Map or a typed map. It can be walked repeatedly with the
/// same memory. The map must outlive the scan and must not be moved. Moving a scan invalidates its
/// iterators. See Walk for the guarantees. A scan of a Map shows bytes, and a per-CPU value as all
/// its slots.
template <class M>
class Scan : public detail::ScanRange<M, detail::ShowEntry<M>, WalkContent::entries> {
  using Base = detail::ScanRange<M, detail::ShowEntry<M>, WalkContent::entries>;

 public:
  using Base::Base;
};
/// A scan of the keys only; without batches, it saves one lookup per entry.
template <class M>
class KeyScan : public detail::ScanRange<M, detail::ShowKey<M>, WalkContent::keys> {
  using Base = detail::ScanRange<M, detail::ShowKey<M>, WalkContent::keys>;

 public:
  using Base::Base;
};
/// A scan of the values only.
template <class M>
class ValueScan : public detail::ScanRange<M, detail::ShowValue<M>, WalkContent::entries> {
  using Base = detail::ScanRange<M, detail::ShowValue<M>, WalkContent::entries>;

 public:
  using Base::Base;
};

/// Returns a scan of `map`: `for (auto [key, value] : scan(map))`. With `ec`, an error ends the
/// walk and is stored in `ec`, which must outlive the scan; without `ec`, it is thrown.
/// Errc::unsupported_operation for maps that cannot be walked: maps without keys, and local
/// storage.
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
/// Returns a scan of the keys of `map`; errors as for scan(). On an array of descriptors, every
/// index is a key.
template <detail::keyed_map M>
[[nodiscard]] KeyScan<M> keys(const M& map, ScanOptions options = {}) noexcept {
  return KeyScan<M>{map, options};
}
template <detail::keyed_map M>
[[nodiscard]] KeyScan<M> keys(const M& map, ScanOptions options, std::error_code& ec) noexcept {
  return {map, options, ec};
}
template <detail::keyed_map M>
[[nodiscard]] KeyScan<M> keys(const M& map, std::error_code& ec) noexcept {
  return {map, {}, ec};
}
/// Returns a scan of the values of `map`; errors as for scan().
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
// Deleted for a temporary map, which would be destroyed before the first entry is read.
template <detail::whole_map M, class... Arguments>
void scan(const M&& map, Arguments&&... arguments) = delete;
template <detail::keyed_map M, class... Arguments>
void keys(const M&& map, Arguments&&... arguments) = delete;
template <detail::whole_map M, class... Arguments>
void values(const M&& map, Arguments&&... arguments) = delete;

/// `for (auto [key, value] : map)`: scans the map and throws errors.
template <detail::whole_map M>
[[nodiscard]] auto begin(const M& map) {
  return ScanIterator<detail::ShowEntry<M>>{
      Walk{detail::map_of(map), detail::with_lock<M>(ScanOptions{})}};
}
template <detail::whole_map M>
[[nodiscard]] std::default_sentinel_t end(const M&) noexcept {
  return {};
}
// Before C++23, std::ranges::begin does not use the overload for a const map when the map is not
// const.
template <detail::whole_map M>
[[nodiscard]] auto begin(M& map) {
  return begin(std::as_const(map));
}
template <detail::whole_map M>
[[nodiscard]] std::default_sentinel_t end(M&) noexcept {
  return {};
}

}  // namespace bpfmap::inline v0
