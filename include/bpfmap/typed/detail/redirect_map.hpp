// SPDX-License-Identifier: MIT
// What the maps that XDP programs redirect to share: a number, and perhaps a program that runs
// there. Layer 2.
#pragma once

#include <bit>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <system_error>

#include "bpfmap/typed/detail/descriptor_map.hpp"

namespace bpfmap::inline v0::detail {

// A number and a program's descriptor or id, as struct bpf_devmap_val and bpf_cpumap_val have them.
struct RedirectValue {
  std::uint32_t number = 0;
  std::int32_t program = 0;

  [[nodiscard]] static RedirectValue of_bytes(BytesView bytes) noexcept {
    RedirectValue value;
    std::memcpy(&value, bytes.data(), bytes.size() < sizeof value ? bytes.size() : sizeof value);
    return value;
  }
};

// Target is what is written, Entry what is read; both say how they become a RedirectValue.
template <class K, Keys keys, class Target, class Entry>
class RedirectMap : public DescriptorMap<KeyedMap<K, Entry>, K, keys> {
  using Base = DescriptorMap<KeyedMap<K, Entry>, K, keys>;

 public:
  using mapped_type = Entry;

  /// Sets where a redirect to `key` goes, whatever is there (BPF_MAP_UPDATE_ELEM).
  void set(const K& key, const Target& target) {
    put(key, target, UpdateFlags::any, 0, thrower(Operation::update, key, 0, target.value()));
  }
  void set(const K& key, const Target& target, std::error_code& ec) noexcept {
    put(key, target, UpdateFlags::any, 0, setter(ec));
  }

  /// Where a redirect to `key` goes; nullopt: nowhere (BPF_MAP_LOOKUP_ELEM).
  [[nodiscard]] std::optional<Entry> get(const K& key) const {
    return entry(Base::get(key, thrower(Operation::lookup, key)));
  }
  [[nodiscard]] std::optional<Entry> get(const K& key, std::error_code& ec) const noexcept {
    return entry(Base::get(key, setter(ec)));
  }

 protected:
  using Base::Base;
  using Base::setter, Base::thrower;

  template <class Report>
  bool put(const K& key, const Target& target, UpdateFlags flags, int expected, Report report) {
    const RedirectValue value = target.value();
    if (value.number == 0) {
      // The kernel takes 0 for "nothing", and erases.
      report(-EINVAL);
      return false;
    }
    if (value.program != 0 && is_narrow()) {
      report(static_cast<int>(Errc::wrong_value_size));
      return false;
    }
    const std::uint64_t bytes = is_narrow() ? value.number : std::bit_cast<std::uint64_t>(value);
    return Base::put(key, bytes, flags, expected, report);
  }

 private:
  // A map whose values have no room for a program.
  [[nodiscard]] bool is_narrow() const noexcept { return this->map_.info().value_size == 4; }
  [[nodiscard]] std::optional<Entry> entry(std::optional<std::uint64_t> bytes) const noexcept {
    if (!bytes) return std::nullopt;
    return Entry::of(is_narrow() ? RedirectValue{.number = static_cast<std::uint32_t>(*bytes)}
                                 : std::bit_cast<RedirectValue>(*bytes));
  }
};

// A descriptor to write: none is 0 to the kernel.
[[nodiscard]] constexpr std::int32_t program_value(int fd) noexcept { return fd < 0 ? 0 : fd; }

}  // namespace bpfmap::inline v0::detail
