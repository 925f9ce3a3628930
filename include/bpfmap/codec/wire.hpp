// SPDX-License-Identifier: MIT
// Converts an argument to the bytes of a map, and bytes to a result, when the size is known only at
// run time: bytes unchanged, integers widened or narrowed to the size, structs by their Codec.
// Knows no map.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include "bpfmap/bytes.hpp"
#include "bpfmap/codec/codec.hpp"
#include "bpfmap/codec/integer.hpp"
#include "bpfmap/error.hpp"

namespace bpfmap::inline v0 {
namespace detail {

template <class T>
concept one_byte =
    std::same_as<T, std::byte> || std::same_as<T, unsigned char> || std::same_as<T, char>;

// The element type of the types that are taken as bytes: this list, and no class that merely looks
// like one of them.
template <class T>
struct BytesOf {};
template <class T, std::size_t n>
struct BytesOf<T[n]> : std::type_identity<T> {};
template <class T, std::size_t n>
struct BytesOf<std::array<T, n>> : std::type_identity<T> {};
template <class T, std::size_t n>
struct BytesOf<std::span<T, n>> : std::type_identity<T> {};
template <class T, class Allocator>
struct BytesOf<std::vector<T, Allocator>> : std::type_identity<T> {};
template <class Traits, class Allocator>
struct BytesOf<std::basic_string<char, Traits, Allocator>> : std::type_identity<char> {};
template <class Traits>
struct BytesOf<std::basic_string_view<char, Traits>> : std::type_identity<char> {};

// Bytes, BytesView, std::array<std::byte, n>, unsigned char[n], std::string and the like.
template <class T>
concept byte_range = !has_own_codec<T> && one_byte<std::remove_const_t<typename BytesOf<T>::type>>;

template <class T>
concept integer_or_enum =
    !has_own_codec<T> &&
    (integer_like<T> || (std::is_enum_v<T> && integer_like<std::underlying_type_t<T>>));

template <integer_or_enum T>
constexpr Integer widen_any(T value) noexcept {
  if constexpr (std::is_enum_v<T>)
    return widen(static_cast<std::underlying_type_t<T>>(value));
  else
    return widen(value);
}

}  // namespace detail

/// A type that `Map` accepts as a key or a value: bytes, an integer or enumerator of any width, or
/// a type with a Codec. A type has one layout: that of its own Codec where there is one, also for
/// an enumeration or a std::string.
///
/// Bytes are a std::vector, std::span, std::array or C array of std::byte, unsigned char or char, a
/// std::string or a std::string_view. Any other class is encoded as a typed map encodes it,
/// whatever its member functions are; pass a std::span where its bytes are meant.
template <class T>
concept argument_encodable = detail::byte_range<T> || detail::integer_or_enum<T> || encodable<T>;

/// A type that `Map` returns: Bytes, an integer of any width, an enumeration with a fixed
/// underlying type, or a type with a Codec.
template <class T>
concept decodable =
    std::same_as<T, Bytes> || (detail::integer_or_enum<T> && valid_as_bytes<T>) || encodable<T>;

namespace detail {

// The bytes of `value`. An integer is encoded in `size` bytes; the call checks the size of anything
// else.
template <argument_encodable T>
class Encoded {
 public:
  Encoded(const T& value, std::size_t size, std::error_code& ec) noexcept {
    if constexpr (byte_range<T>) {
      bytes_ = {reinterpret_cast<const std::byte*>(std::data(value)), std::size(value)};
    } else if constexpr (integer_or_enum<T>) {
      const Integer wide = widen_any(value);
      if (!is_integer_size(size)) size = sizeof(T);
      if (!fits(wide, size)) ec = Errc::out_of_range;
      store(wide.bits, {buffer_.data(), size}, std::endian::native);
      bytes_ = {buffer_.data(), size};
    } else if constexpr (written_as_object<T>) {
      bytes_ = {reinterpret_cast<const std::byte*>(&value), sizeof(T)};
    } else {
      Codec<T>::encode(value, std::span<std::byte, Codec<T>::size>{buffer_});
      bytes_ = buffer_;
    }
  }
  Encoded(const Encoded&) = delete;
  Encoded& operator=(const Encoded&) = delete;

  [[nodiscard]] BytesView bytes() const noexcept { return bytes_; }

 private:
  static constexpr std::size_t buffer_size() {
    if constexpr (byte_range<T>)
      return 0;
    else if constexpr (integer_or_enum<T>)
      return 8;
    else if constexpr (written_as_object<T>)
      return 0;
    else
      return Codec<T>::size;
  }
  [[no_unique_address]] std::array<std::byte, buffer_size()> buffer_{};
  BytesView bytes_;
};

template <argument_encodable T>
consteval bool check_key_argument() {
  if constexpr (!byte_range<T> && !integer_or_enum<T>) return check_encodable_as_key<T>();
  return true;
}

// The bytes of a key.
template <argument_encodable T>
class EncodedKey : public Encoded<T> {
  static_assert(check_key_argument<T>());

 public:
  using Encoded<T>::Encoded;
};

// The T in `bytes`. The caller has checked their size, except for an integer T: that accepts 1 to 8
// bytes, and must be able to hold the number.
template <decodable T>
[[nodiscard]] std::optional<T> decode(BytesView bytes, std::error_code& ec) {
  if constexpr (std::same_as<T, Bytes>) {
    return T(bytes.begin(), bytes.end());
  } else if constexpr (!integer_or_enum<T>) {
    return Codec<T>::decode(bytes.template first<Codec<T>::size>());
  } else if constexpr (integer_like<T>) {
    const auto value = load_native<T>(bytes);
    if (!value) ec = Errc::out_of_range;
    return value;
  } else {
    const auto value = decode<std::underlying_type_t<T>>(bytes, ec);
    return value ? std::optional<T>{static_cast<T>(*value)} : std::nullopt;
  }
}

// Whether some integer of `size` bytes does not fit into a T, so that only the value itself
// decides.
template <decodable T>
[[nodiscard]] constexpr bool may_not_hold(std::size_t size) noexcept {
  if constexpr (integer_or_enum<T>)
    return is_integer_size(size) && size > sizeof(T);
  else
    return false;
}

// A buffer for the bytes of a T, for which the map declares `size`. When a T cannot have that size,
// the buffer has the size of a T, and the call refuses it.
template <decodable T>
class Room {
 public:
  explicit Room(std::size_t size) noexcept(!std::same_as<T, Bytes>) : size_(size) {
    if constexpr (std::same_as<T, Bytes>)
      buffer_.resize(size);
    else if constexpr (!integer_or_enum<T>)
      size_ = Codec<T>::size;
    else if (!is_integer_size(size))
      size_ = sizeof(T);
  }
  [[nodiscard]] MutableBytesView bytes() noexcept { return {buffer_.data(), size_}; }

  [[nodiscard]] std::optional<T> take(std::error_code& ec) noexcept {
    if constexpr (std::same_as<T, Bytes>)
      return std::move(buffer_);
    else
      return decode<T>(bytes(), ec);
  }

 private:
  static constexpr std::size_t buffer_size() {
    if constexpr (integer_or_enum<T>)
      return 8;
    else
      return Codec<T>::size;
  }
  template <class U>
  struct BufferOf {
    using type = std::array<std::byte, buffer_size()>;
  };
  std::size_t size_;
  typename std::conditional_t<std::same_as<T, Bytes>, std::type_identity<Bytes>, BufferOf<T>>::type
      buffer_;
};

// The T whose bytes `read(room)` fills in; nullopt when it returns false, or sets `ec`.
template <decodable T, class Read>
[[nodiscard]] std::optional<T> read_decoded(std::size_t size, std::error_code& ec, Read read) {
  Room<T> room{size};
  if (!read(room.bytes())) return std::nullopt;
  return room.take(ec);
}
// Reads into the optional itself: a T may be too large to be on the stack twice.
template <decodable T, class Read>
  requires(coded_as_object<T> && !integer_or_enum<T>)
[[nodiscard]] std::optional<T> read_decoded(std::size_t, std::error_code&, Read read) {
  std::optional<T> value{std::in_place};
  if (!read({reinterpret_cast<std::byte*>(&*value), sizeof(T)})) value.reset();
  return value;
}

}  // namespace detail
}  // namespace bpfmap::inline v0
