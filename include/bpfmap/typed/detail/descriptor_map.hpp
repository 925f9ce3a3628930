// SPDX-License-Identifier: MIT
// What the maps of descriptors share: a value is written as a descriptor, and read, if at all, as
// what stands for it. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include "bpfmap/typed/detail/keyed_map.hpp"

namespace bpfmap::inline v0::detail {

// Whether a key is a hash's or a slot's number below max_entries.
enum class Keys : std::uint8_t { hashed, slots };

// Base is a typed map with keys of K, that can be walked or not.
template <class Base, class K, Keys keys>
class DescriptorMap : public Base {
 public:
  using key_type = K;

  /// Slots of an array, or entries that a hash has room for: max_entries.
  [[nodiscard]] std::uint32_t size() const noexcept { return this->map_.info().max_entries; }

 protected:
  using Base::Base;
  using Base::setter, Base::thrower;

  // The value as the map has it: 4 bytes, or 8.
  template <class Report>
  bool put(const K& key, std::uint64_t value, UpdateFlags flags, int expected, Report report) {
    if (!in_range(key, report)) return false;
    const std::array<std::byte, 8> bytes = widened(value);
    return Base::write(key, bytes.data(), flags, expected, report);
  }
  // The kernel does not say EBADF of every number that cannot be a descriptor.
  template <class Report>
  bool put_fd(const K& key, int fd, UpdateFlags flags, int expected, Report report) {
    if (fd < 0) [[unlikely]] {
      if (in_range(key, report)) report(-EBADF);
      return false;
    }
    return put(key, static_cast<std::uint32_t>(fd), flags, expected, report);
  }
  // nullopt: there is nothing.
  template <class Report>
  std::optional<std::uint64_t> get(const K& key, Report report) const {
    std::array<std::byte, 8> bytes{};
    if (!in_range(key, report) || !Base::read(key, bytes.data(), {}, -ENOENT, report))
      return std::nullopt;
    return narrowed(bytes);
  }
  // `empty` is what the kernel answers for a key that has nothing.
  template <class Report>
  bool drop(const K& key, int empty, Report report) {
    if (!in_range(key, report)) return false;
    return Base::remove(key, [&](int result) {
      if (result != empty) report(result);
    });
  }

 private:
  // The kernel tells a slot that does not exist in many ways, and reads of it as of an empty one.
  template <class Report>
  [[nodiscard]] bool in_range(const K& key, Report& report) const {
    if constexpr (keys == Keys::slots) {
      if (key >= size()) [[unlikely]] {
        report(static_cast<int>(Errc::index_out_of_range));
        return false;
      }
    }
    return true;
  }
  [[nodiscard]] bool is_narrow() const noexcept { return this->map_.info().value_size == 4; }
  [[nodiscard]] std::array<std::byte, 8> widened(std::uint64_t value) const noexcept {
    std::array<std::byte, 8> bytes{};
    const auto narrow = static_cast<std::uint32_t>(value);
    if (is_narrow())
      std::memcpy(bytes.data(), &narrow, sizeof narrow);
    else
      std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
  }
  [[nodiscard]] std::uint64_t narrowed(const std::array<std::byte, 8>& bytes) const noexcept {
    std::uint32_t narrow = 0;
    std::uint64_t value = 0;
    std::memcpy(&narrow, bytes.data(), sizeof narrow);
    std::memcpy(&value, bytes.data(), sizeof value);
    return is_narrow() ? narrow : value;
  }
};

}  // namespace bpfmap::inline v0::detail
