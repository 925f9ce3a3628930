// SPDX-License-Identifier: MIT
// RedirectOperations: set and lookup of redirect targets. Layer 2.
#pragma once

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <system_error>

#include "bpfmap/typed/base/descriptor.hpp"

namespace bpfmap::inline v0 {

namespace detail {

// A number and a program's descriptor or id, as in struct bpf_devmap_val and bpf_cpumap_val. A
// value of 4 bytes is the number only.
struct RedirectValue {
  std::uint32_t number = 0;
  std::int32_t program = 0;

  [[nodiscard]] static RedirectValue of(BytesView bytes) noexcept {
    RedirectValue value;
    std::memcpy(&value, bytes.data(), bytes.size() < sizeof value ? bytes.size() : sizeof value);
    return value;
  }
};

// For the kernel, 0 means no program.
[[nodiscard]] constexpr std::int32_t program_value(int fd) noexcept { return fd < 0 ? 0 : fd; }

// Writes a redirect target; returns false when the errno was `answer`, or when it recorded an
// error.
template <int answer, Keys keys>
bool set_redirect(const Map& map, std::uint32_t key, RedirectValue value, std::uint64_t flags,
                  std::error_code& ec) noexcept {
  const bool narrow = map.info().value_size == sizeof value.number;
  // The kernel treats the number 0 as an erasure.
  const int error = value.number == 0              ? -EINVAL
                    : value.program != 0 && narrow ? static_cast<int>(Errc::wrong_value_size)
                                                   : 0;
  if (error == 0 || !map) [[likely]]
    return set_number<answer, keys>(
        map, key, narrow ? value.number : std::bit_cast<std::uint64_t>(value), flags, ec);
  if (in_range<keys>(map, Operation::update, key, ec))
    ec = record(map,
                {Operation::update, ElementBytes<std::uint32_t>{key}.view(),
                 ElementBytes<RedirectValue>{value}.view(), flags},
                error);
  return false;
}

}  // namespace detail

/// The operations of a map of redirect targets for XDP programs, for a class Derived that has a
/// map(). set() writes a Target; lookup() returns an Entry.
template <class Derived, detail::Keys keys, class Target, class Entry>
class RedirectOperations {
 public:
  using key_type = std::uint32_t;
  using mapped_type = Entry;
  using slot_type = Entry;
  using shown_type = Entry;  ///< the value that a scan shows

  /// Sets the target of a redirect to `key`, replacing any previous one (BPF_MAP_UPDATE_ELEM).
  void set(argument<std::uint32_t> key, const Target& target) {
    std::error_code ec = detail::no_error();
    set(key, target, ec);
    detail::throw_if(ec);
  }
  void set(argument<std::uint32_t> key, const Target& target, std::error_code& ec) noexcept {
    if (detail::fit(self(), Operation::update, ec, key))
      detail::set_redirect<0, keys>(self(), key.value(), target.value(), sys::f_any, ec);
  }

  /// Returns the target of a redirect to `key`; nullopt when there is none (BPF_MAP_LOOKUP_ELEM).
  [[nodiscard]] std::optional<Entry> lookup(argument<std::uint32_t> key) const {
    std::error_code ec = detail::no_error();
    const auto entry = lookup(key, ec);
    detail::throw_if(ec);
    return entry;
  }
  [[nodiscard]] std::optional<Entry> lookup(argument<std::uint32_t> key,
                                            std::error_code& ec) const noexcept {
    if (!detail::fit(self(), Operation::lookup, ec, key)) return std::nullopt;
    const auto number = detail::lookup_number<keys>(self(), key.value(), ec);
    if (!number) return std::nullopt;
    return Entry::of(detail::RedirectValue::of(detail::DescriptorValue{self(), *number}.view()));
  }

 private:
  [[nodiscard]] const Map& self() const noexcept {
    return static_cast<const Derived&>(*this).map();
  }
};

}  // namespace bpfmap::inline v0
