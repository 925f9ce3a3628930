// SPDX-License-Identifier: MIT
// Reads and writes elements that user space writes as descriptors. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <system_error>

#include "bpfmap/typed/base/element.hpp"

namespace bpfmap::inline v0::detail {

// Whether keys are slot numbers below max_entries, or hash keys.
enum class Keys : std::uint8_t { slots, hashed };

// Returns whether the slot exists; records Errc::index_out_of_range otherwise. The kernel returns
// various errnos for a missing slot, and reports it as empty in a lookup.
template <Keys keys, class K>
[[nodiscard]] bool in_range(const Map& map, Operation operation, const K& key,
                            std::error_code& ec) noexcept {
  if constexpr (keys == Keys::slots) {
    if (key >= map.info().max_entries && map) [[unlikely]] {
      ec = record(map, {operation, ElementBytes<K>{key}.view()},
                  make_error_code(Errc::index_out_of_range));
      return false;
    }
  }
  return true;
}

// A value of 4 or 8 bytes, as the map declares.
class DescriptorValue {
 public:
  DescriptorValue() noexcept = default;
  DescriptorValue(const Map& map, std::uint64_t value) noexcept : size_(map.info().value_size) {
    const auto narrow = static_cast<std::uint32_t>(value);
    if (size_ == sizeof narrow)
      std::memcpy(bytes_.data(), &narrow, sizeof narrow);
    else
      std::memcpy(bytes_.data(), &value, sizeof value);
  }
  [[nodiscard]] BytesView view() const noexcept { return BytesView{bytes_}.first(size_); }
  [[nodiscard]] void* data() noexcept { return bytes_.data(); }
  [[nodiscard]] std::uint64_t number(const Map& map) const noexcept {
    std::uint32_t narrow = 0;
    std::uint64_t value = 0;
    std::memcpy(&narrow, bytes_.data(), sizeof narrow);
    std::memcpy(&value, bytes_.data(), sizeof value);
    return map.info().value_size == sizeof narrow ? narrow : value;
  }

 private:
  std::array<std::byte, 8> bytes_{};
  std::size_t size_ = 8;
};

// Writes `value`; returns false when the errno was `answer`, or when it recorded an error.
template <int answer, Keys keys, class K>
bool set_number(const Map& map, const K& key, std::uint64_t value, std::uint64_t flags,
                std::error_code& ec) noexcept {
  if (!in_range<keys>(map, Operation::update, key, ec)) return false;
  return update_element<answer>(map, key, DescriptorValue{map, value}.view(), flags, ec);
}

// As set_number(), for a descriptor: the kernel does not return EBADF for every negative number.
template <int answer, Keys keys, class K>
bool set_descriptor(const Map& map, const K& key, int fd, std::uint64_t flags,
                    std::error_code& ec) noexcept {
  if (!in_range<keys>(map, Operation::update, key, ec)) return false;
  const DescriptorValue value{map, static_cast<std::uint32_t>(fd)};
  if (fd >= 0) [[likely]]
    return update_element<answer>(map, key, value.view(), flags, ec);
  ec = record(map,
              {Operation::update, ElementBytes<K>{key}.view(), ElementBytes<int>{fd}.view(), flags},
              -EBADF);
  return false;
}

// Returns the number that the kernel stores for a descriptor, such as an id; nullopt when there is
// none, or when it recorded an error.
template <Keys keys, class K>
[[nodiscard]] std::optional<std::uint64_t> lookup_number(const Map& map, const K& key,
                                                         std::error_code& ec) noexcept {
  DescriptorValue value;
  if (!in_range<keys>(map, Operation::lookup, key, ec) ||
      !lookup_element<-ENOENT>(map, key, value.data(), 0, ec))
    return std::nullopt;
  return value.number(map);
}

// `empty` is the errno that the kernel returns for a key without a value.
template <int empty, Keys keys, class K>
bool erase_number(const Map& map, const K& key, std::error_code& ec) noexcept {
  return in_range<keys>(map, Operation::erase, key, ec) && delete_element<empty>(map, key, ec);
}

[[nodiscard]] inline std::optional<std::uint32_t> narrowed(
    std::optional<std::uint64_t> value) noexcept {
  return value ? std::optional{static_cast<std::uint32_t>(*value)} : std::nullopt;
}

}  // namespace bpfmap::inline v0::detail
