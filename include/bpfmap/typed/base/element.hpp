// SPDX-License-Identifier: MIT
// The four system calls on one element of a typed map. Each returns true when the call succeeded,
// and false when the errno was `answer`, which is not a failure (0: no such errno), or when it
// recorded an error. Each writes its end out: a function that they share takes g++ 12 or clang 14
// two to twelve instructions more per call. Layer 2.
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

// Refuses a K that cannot be a key, with a message that names the remedy.
template <class K>
consteval bool check_key() {
  return check_encodable_as_key<K>();
}

// Refuses a V that cannot be a value, with a message that names the remedy.
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

// The bytes of a key or a value that the kernel reads: the object itself, a copy of an integer, or
// the object's encoding. (Without the copy, the whole IntegerArgument would be kept in memory.)
template <class T>
class ElementBytes {
 public:
  explicit ElementBytes(const T& value) noexcept {
    if constexpr (!written_as_object<T>)
      Codec<T>::encode(value, std::span<std::byte, Codec<T>::size>{data_});
    else if constexpr (integer_like<T>)
      data_ = value;
    else
      data_ = &value;
  }
  ElementBytes(const ElementBytes&) = delete;
  ElementBytes& operator=(const ElementBytes&) = delete;

  [[nodiscard]] const void* data() const noexcept {
    if constexpr (!written_as_object<T>)
      return data_.data();
    else if constexpr (integer_like<T>)
      return &data_;
    else
      return data_;
  }
  [[nodiscard]] BytesView view() const noexcept {
    return {static_cast<const std::byte*>(data()), Codec<T>::size};
  }
  static constexpr std::size_t size = Codec<T>::size;

 private:
  using Encoded = std::array<std::byte, Codec<T>::size>;
  using Object = std::conditional_t<integer_like<T>, T, const T*>;
  std::conditional_t<written_as_object<T>, Object, Encoded> data_{};
};

// The key of a map without keys.
struct NoKey {};
template <>
class ElementBytes<NoKey> {
 public:
  explicit ElementBytes(NoKey) noexcept {}
  [[nodiscard]] static const void* data() noexcept { return nullptr; }
  [[nodiscard]] static BytesView view() noexcept { return {}; }
  static constexpr std::size_t size = 0;
};

// A value under a bpf_spin_lock is read and written while the kernel holds the lock.
template <class V>
inline constexpr std::uint64_t lock_flag = has_spin_lock<V> ? sys::f_lock : 0;

// Record a failed call; sizes are in bytes, `value_size` 0 when there is no value to record. `attr`
// is a copy, made after the failure only: the call needs no register for the pointers in it.
[[nodiscard, gnu::cold]] std::error_code record_element(const Map& map, Operation operation,
                                                        std::size_t key_size,
                                                        std::size_t value_size,
                                                        sys::ElementAttr attr, int result) noexcept;
[[nodiscard, gnu::cold]] std::error_code record_erase(const Map& map, std::size_t key_size,
                                                      sys::KeyAttr attr, int result) noexcept;

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
  sys::ElementAttr attr = sys::element_attr(map.fd(), bytes.data(), value, flags);
  const int result = sys::map_lookup_elem(attr);
  if (result == 0) [[likely]] {
    clear(ec);
    return true;
  }
  if (result == answer)
    clear(ec);
  else
    ec = record_element(map, Operation::lookup, bytes.size, 0, attr, result);
  return false;
}

// BPF_MAP_LOOKUP_AND_DELETE_ELEM into `value`.
template <class K>
[[nodiscard, gnu::always_inline]] inline bool lookup_and_delete_element(
    const Map& map, const K& key, void* value, std::uint64_t flags, std::error_code& ec) noexcept {
  const ElementBytes<K> bytes{key};
  sys::ElementAttr attr = sys::element_attr(map.fd(), bytes.data(), value, flags);
  const int result = sys::map_lookup_and_delete_elem(attr);
  if (result == 0) [[likely]] {
    clear(ec);
    return true;
  }
  if (result == -ENOENT)
    clear(ec);
  else
    ec = record_element(map, Operation::lookup_and_delete, bytes.size, 0, attr, result);
  return false;
}

// BPF_MAP_UPDATE_ELEM from `value`, which a failure records, too.
template <int answer, class K>
[[gnu::always_inline]] inline bool update_element(const Map& map, const K& key, BytesView value,
                                                  std::uint64_t flags,
                                                  std::error_code& ec) noexcept {
  const ElementBytes<K> bytes{key};
  sys::ElementAttr attr = sys::element_attr(map.fd(), bytes.data(), value.data(), flags);
  const int result = sys::map_update_elem(attr);
  if (result == 0) [[likely]] {
    clear(ec);
    return true;
  }
  if (result == answer)
    clear(ec);
  else
    ec = record_element(map, Operation::update, bytes.size, value.size(), attr, result);
  return false;
}

// BPF_MAP_DELETE_ELEM.
template <int answer, class K>
[[gnu::always_inline]] inline bool delete_element(const Map& map, const K& key,
                                                  std::error_code& ec) noexcept {
  const ElementBytes<K> bytes{key};
  sys::KeyAttr attr{static_cast<std::uint32_t>(map.fd()), 0, sys::detail::address(bytes.data())};
  const int result = sys::map_delete_elem(attr);
  if (result == 0) [[likely]] {
    clear(ec);
    return true;
  }
  if (result == answer)
    clear(ec);
  else
    ec = record_erase(map, bytes.size, attr, result);
  return false;
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

// As read_value(), into the caller's V, which stays unchanged when `read` returns false.
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
