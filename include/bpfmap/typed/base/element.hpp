// SPDX-License-Identifier: MIT
// The four system calls on one element of a typed map. Each returns true when the call succeeded,
// and false when the errno was `answer`, which is not a failure (0: no such errno), or when it
// recorded an error. Layer 2.
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <system_error>
#include <type_traits>

#include "bpfmap/codec/argument.hpp"
#include "bpfmap/codec/codec.hpp"
#include "bpfmap/codec/spin_lock.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"

namespace bpfmap::inline v0::detail {

// Refuses a K that cannot be a key, with a text that names the cure.
template <class K>
consteval bool check_key() {
  return check_encodable_as_key<K>();
}

// Refuses a V that cannot be a value, with a text that names the cure.
template <class V>
consteval bool check_value() {
  return check_encodable<V>();
}

// Clearing an error_code calls into the standard library, so a hot path clears it only when it is
// set.
inline void clear(std::error_code& ec) noexcept {
  if (ec) [[unlikely]]
    ec.clear();
}

// The bytes of a key or a value that the kernel reads: the object itself, or its encoding.
template <class T>
class ElementBytes {
 public:
  explicit ElementBytes(const T& value) noexcept {
    if constexpr (coded_as_object<T>)
      data_ = &value;
    else
      Codec<T>::encode(value, std::span<std::byte, Codec<T>::size>{data_});
  }
  ElementBytes(const ElementBytes&) = delete;
  ElementBytes& operator=(const ElementBytes&) = delete;

  [[nodiscard]] const void* data() const noexcept {
    if constexpr (coded_as_object<T>)
      return data_;
    else
      return data_.data();
  }
  [[nodiscard]] BytesView view() const noexcept {
    return {static_cast<const std::byte*>(data()), Codec<T>::size};
  }
  static constexpr auto size = static_cast<std::uint16_t>(Codec<T>::size);  // of a key

 private:
  std::conditional_t<coded_as_object<T>, const T*, std::array<std::byte, Codec<T>::size>> data_{};
};

// The key of a map without keys.
struct NoKey {};
template <>
class ElementBytes<NoKey> {
 public:
  explicit ElementBytes(NoKey) noexcept {}
  [[nodiscard]] static const void* data() noexcept { return nullptr; }
  [[nodiscard]] static BytesView view() noexcept { return {}; }
  static constexpr std::uint16_t size = 0;
};

// A value under a bpf_spin_lock is read and written while the kernel holds the lock.
template <class V>
inline constexpr std::uint64_t lock_flag = has_spin_lock<V> ? sys::f_lock : 0;

// A call that fits into one register: passing few arguments on the failing path keeps a call small
// enough to be inlined.
struct ElementCall {
  Operation operation;
  std::uint16_t key_size;    // bytes; the kernel allows at most 65535
  std::uint32_t value_size;  // bytes; 0 when there is no value to record
};

// Records a failed call.
[[nodiscard, gnu::cold]] std::error_code record_element(const Map& map, ElementCall call,
                                                        const void* key, const void* value,
                                                        std::uint64_t flags, int result) noexcept;

// Whether integer arguments fit into the types of the map; records Errc::out_of_range otherwise.
template <class... Arguments>
[[nodiscard, gnu::always_inline]] inline bool fit(const Map& map, Operation operation,
                                                  std::error_code& ec,
                                                  const Arguments&... arguments) noexcept {
  if ((fits(arguments) && ...)) [[likely]]
    return true;
  ec = record(map, {operation}, make_error_code(Errc::out_of_range));
  return false;
}

// BPF_MAP_LOOKUP_ELEM into `value`.
template <int answer, class K>
[[nodiscard, gnu::always_inline]] inline bool lookup_element(const Map& map, const K& key,
                                                             void* value, std::uint64_t flags,
                                                             std::error_code& ec) noexcept {
  const ElementBytes<K> bytes{key};
  const int result = sys::map_lookup_elem(map.fd(), bytes.data(), value, flags);
  if (result == 0 || result == answer) [[likely]]
    clear(ec);
  else
    ec = record_element(map, {Operation::lookup, bytes.size, 0}, bytes.data(), nullptr, flags,
                        result);
  return result == 0;
}

// BPF_MAP_LOOKUP_AND_DELETE_ELEM into `value`.
template <class K>
[[nodiscard, gnu::always_inline]] inline bool lookup_and_delete_element(
    const Map& map, const K& key, void* value, std::uint64_t flags, std::error_code& ec) noexcept {
  const ElementBytes<K> bytes{key};
  const int result = sys::map_lookup_and_delete_elem(map.fd(), bytes.data(), value, flags);
  if (result == 0 || result == -ENOENT) [[likely]]
    clear(ec);
  else
    ec = record_element(map, {Operation::lookup_and_delete, bytes.size, 0}, bytes.data(), nullptr,
                        flags, result);
  return result == 0;
}

// BPF_MAP_UPDATE_ELEM from `value`.
template <int answer, class K>
[[gnu::always_inline]] inline bool update_element(const Map& map, const K& key, BytesView value,
                                                  std::uint64_t flags,
                                                  std::error_code& ec) noexcept {
  const ElementBytes<K> bytes{key};
  const int result = sys::map_update_elem(map.fd(), bytes.data(), value.data(), flags);
  if (result == 0 || result == answer) [[likely]]
    clear(ec);
  else
    ec = record_element(map,
                        {Operation::update, bytes.size, static_cast<std::uint32_t>(value.size())},
                        bytes.data(), value.data(), flags, result);
  return result == 0;
}

// BPF_MAP_DELETE_ELEM.
template <int answer, class K>
[[gnu::always_inline]] inline bool delete_element(const Map& map, const K& key,
                                                  std::error_code& ec) noexcept {
  const ElementBytes<K> bytes{key};
  const int result = sys::map_delete_elem(map.fd(), bytes.data());
  if (result == 0 || result == answer) [[likely]]
    clear(ec);
  else
    ec = record_element(map, {Operation::erase, bytes.size, 0}, bytes.data(), nullptr, 0, result);
  return result == 0;
}

// A small value is read outside the optional, which the compiler then keeps in registers; a large
// one is read into the optional itself, to avoid a second V on the stack.
inline constexpr std::size_t small_value = 64;

// As read_value(), for a large value. At the top of a function, g++ 12 constructs the variable in
// the place of the result; in a nested block it does not.
template <class V, class Read>
[[nodiscard]] std::optional<V> read_large_value(Read read) noexcept {
  std::optional<V> value{std::in_place};
  if (!read(&*value)) value.reset();
  return value;
}

// Returns the value that `read(void*)` fills in; nullopt when `read` returns false.
template <class V, class Read>
[[nodiscard, gnu::always_inline]] inline std::optional<V> read_value(Read read) noexcept {
  if constexpr (!coded_as_object<V>) {
    std::array<std::byte, Codec<V>::size> bytes;
    if (!read(bytes.data())) return std::nullopt;
    return Codec<V>::decode(std::span<const std::byte, Codec<V>::size>{bytes});
  } else if constexpr (sizeof(V) <= small_value) {
    V value;
    if (!read(&value)) return std::nullopt;
    return value;
  } else {
    return read_large_value<V>(read);
  }
}

// As read_value(), into the caller's V, which is unchanged when `read` returns false.
template <class V, class Read>
[[nodiscard, gnu::always_inline]] inline bool read_value_into(V& value, Read read) noexcept {
  if constexpr (coded_as_object<V>) {
    return read(&value);
  } else {
    std::array<std::byte, Codec<V>::size> bytes;
    if (!read(bytes.data())) return false;
    value = Codec<V>::decode(std::span<const std::byte, Codec<V>::size>{bytes});
    return true;
  }
}

}  // namespace bpfmap::inline v0::detail
