// SPDX-License-Identifier: MIT
// zeroed_padding<T>: the Codec of a struct with padding, as a key or a value. Knows no map.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <type_traits>

#include "bpfmap/codec/codec.hpp"
#include "bpfmap/codec/layout.hpp"
#include "bpfmap/config.hpp"
#include "bpfmap/layout/detail/describe.hpp"
#include "bpfmap/layout/layout.hpp"

namespace bpfmap::inline v0 {
namespace detail {

// The bytes of a long double that hold its value: ten of the 80-bit ones, the others are padding.
template <class M>
inline constexpr std::size_t value_bytes =
    std::is_same_v<M, long double> && std::numeric_limits<M>::digits == 64 ? 10 : sizeof(M);

// An object whose members are copied to the same places of `out`.
struct MemberCopy {
  const std::byte* object;
  std::byte* out;

  template <class M>
  void operator()(const M* member) const noexcept;

 private:
  template <class M>
  void copy_struct(const M& member) const noexcept;
};

// Copies the bits of a bit-field.
inline void copy_bits(const MemberDescription& field, const std::byte* object,
                      std::byte* out) noexcept {
  for (std::uint64_t bit = field.bit_offset; bit < field.bit_offset + field.bit_size; ++bit) {
    const std::size_t at = static_cast<std::size_t>(bit / 8);
    const auto shift =
        static_cast<unsigned>(std::endian::native == std::endian::little ? bit % 8 : 7 - bit % 8);
    out[at] |= object[at] & (std::byte{1} << shift);
  }
}

// Copies the members of a struct with bit-fields, or with a Layout, whose places are found at run
// time.
inline void copy_described(const TypeDescription& type, const std::byte* object,
                           std::byte* out) noexcept {
  if (type.kind == TypeKind::array) {
    for (std::uint64_t i = 0; i < type.count; ++i)
      copy_described(*type.element, object + i * type.element->size, out + i * type.element->size);
  } else if (type.kind == TypeKind::structure && !type.members().empty()) {
    for (const MemberDescription& member : type.members()) {
      if (member.bit_size != 0)
        copy_bits(member, object, out);
      else
        copy_described(*member.type, object + member.bit_offset / 8, out + member.bit_offset / 8);
    }
  } else {
    const bool extended = type.kind == TypeKind::floating && type.name == "long double";
    std::memcpy(out, object,
                extended ? value_bytes<long double> : static_cast<std::size_t>(type.size));
  }
}

template <class M>
void MemberCopy::operator()(const M* member) const noexcept {
  // No reference to it: in a packed struct it may not be aligned.
  const auto* bytes = reinterpret_cast<const std::byte*>(member);
  if constexpr (std::is_array_v<M>) {
    using Element = std::remove_extent_t<M>;
    for (std::size_t i = 0; i < std::extent_v<M>; ++i)
      (*this)(reinterpret_cast<const Element*>(bytes + i * sizeof(Element)));
  } else if constexpr (!std::is_class_v<M> || std::has_unique_object_representations_v<M>) {
    // A union as well: which of its members is the active one is not known.
    std::memcpy(out + (bytes - object), bytes, value_bytes<std::remove_cv_t<M>>);
  } else {
    alignas(M) std::byte aligned[sizeof(M)];
    std::memcpy(aligned, bytes, sizeof(M));
    MemberCopy{aligned, out + (bytes - object)}.copy_struct(*reinterpret_cast<const M*>(aligned));
  }
}

#ifdef __cpp_impl_reflection
// Copies the members of a reflected struct, if structured bindings have their addresses.
template <class M>
bool copy_bound(const M&, const MemberCopy&) noexcept {
  return false;
}
#else
// Copies the members of a reflected struct, if structured bindings have their addresses.
template <class M>
bool copy_bound(const M& object, const MemberCopy& copy) noexcept {
  if constexpr (!check_reflectable<M>() || is_opaque<M>)
    return false;
  else if constexpr (has_bit_fields<M>)
    return false;
  else
    return Binding<member_count<M>>::point(object, [&copy](const auto*... each) {
      (copy(each), ...);
      return true;
    });
}
#endif

template <class T>
inline constexpr bool is_std_array = false;
template <class T, std::size_t count>
inline constexpr bool is_std_array<std::array<T, count>> = true;

template <class M>
void MemberCopy::copy_struct(const M& member) const noexcept {
  if constexpr (is_std_array<M>) {
    for (const auto& element : member) (*this)(__builtin_addressof(element));
    return;
  } else if constexpr (!has_members_declared<M>) {
    if (copy_bound(member, *this)) return;
  }
  const auto* bytes = reinterpret_cast<const std::byte*>(__builtin_addressof(member));
  copy_described(describe<M>(), bytes, out + (bytes - object));
}

}  // namespace detail

/// The codec of a T with padding, whose bytes in a map are those of its members, and zero between
/// them: so a struct with padding can be a key.
///
///     template <> struct bpfmap::Codec<Flow> : bpfmap::zeroed_padding<Flow> {};
///
/// T is trivially copyable. Its members are found by reflection, or named by Layout<T>, as for
/// Reflected. The bytes of a union are copied as they are. A float or double is compared by its
/// bytes: as keys, 0.0 and -0.0 differ.
template <class T>
struct zeroed_padding {
  static constexpr bool zeroes_padding = true;
  static constexpr std::size_t size = sizeof(T);
  static void encode(const T& value, std::span<std::byte, sizeof(T)> zeroed) noexcept {
    static_assert(std::is_trivially_copyable_v<T>,
                  "bpfmap: zeroed_padding<T> copies the members of a trivially copyable T.");
    detail::MemberCopy{reinterpret_cast<const std::byte*>(__builtin_addressof(value)),
                       zeroed.data()}(__builtin_addressof(value));
  }
  static T decode(std::span<const std::byte, sizeof(T)> in) noexcept {
    T value;
    std::memcpy(static_cast<void*>(__builtin_addressof(value)), in.data(), sizeof(T));
    return value;
  }
};

}  // namespace bpfmap::inline v0
