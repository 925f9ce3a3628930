// SPDX-License-Identifier: MIT
// The parameter types of typed maps for keys, indices and values. Knows no map.
#pragma once

#include <concepts>
#include <type_traits>

#include "bpfmap/codec/integer.hpp"

namespace bpfmap::inline v0::detail {

// Whether a T holds `value`: a negative number never fits into an unsigned T.
template <integer_like T, integer_like Given>
[[nodiscard]] constexpr bool holds(Given value) noexcept {
  if constexpr (std::is_signed_v<Given> == std::is_signed_v<T> && sizeof(Given) <= sizeof(T))
    return true;
  else
    // The sign decides as well: -1 and 2^32 - 1 are the same 32 bits.
    return static_cast<Given>(static_cast<T>(value)) == value &&
           widen(static_cast<T>(value)).negative == widen(value).negative;
}

template <class T>
concept enum_of_integers = std::is_enum_v<T> && integer_like<std::underlying_type_t<T>>;

// A T made from any integer type. From a T, it is that T, and the check disappears.
template <integer_like T>
class IntegerArgument {
 public:
  constexpr IntegerArgument(const T& value) noexcept : value_(value) {}
  template <integer_like Given>
    requires(!std::same_as<Given, T>)
  constexpr IntegerArgument(Given value) noexcept
      : value_(static_cast<T>(value)), fits_(holds<T>(value)) {}
  // An unscoped enumerator is a number, too, which may not fit.
  template <class Given>
    requires(enum_of_integers<Given> && std::convertible_to<Given, T>)
  constexpr IntegerArgument(Given value) noexcept
      : IntegerArgument(static_cast<std::underlying_type_t<Given>>(value)) {}
  // A bool, a floating-point number or a 128-bit integer is a mistake, and would be converted to a
  // T silently.
  template <class Given>
    requires(!integer_like<Given> && !enum_of_integers<Given> && !std::is_class_v<Given>)
  IntegerArgument(Given) = delete;

  // Returns false when value() differs from the argument; the call is then Errc::out_of_range.
  [[nodiscard]] constexpr bool fits() const noexcept { return fits_; }
  [[nodiscard]] constexpr const T& value() const noexcept { return value_; }

 private:
  T value_;
  bool fits_ = true;
};

// Made from a bool only: any number and any pointer would be converted silently.
class BoolArgument {
 public:
  constexpr BoolArgument(const bool& value) noexcept : value_(value) {}
  template <class Given>
    requires(!std::same_as<Given, bool> && !std::is_class_v<Given>)
  BoolArgument(Given) = delete;

  [[nodiscard]] constexpr const bool& value() const noexcept { return value_; }

 private:
  bool value_;
};

template <class T>
struct ArgumentOf {
  using type = const T&;
};
template <>
struct ArgumentOf<bool> {
  using type = BoolArgument;
};
template <integer_like T>
struct ArgumentOf<T> {
  using type = IntegerArgument<T>;
};

// The parameter type of a key, an index or a value of type T: `void update(argument<K> key, ...)`.
template <class T>
using argument = typename ArgumentOf<T>::type;

// Whether an argument is the caller's T itself.
template <class T>
[[nodiscard]] constexpr bool fits(const T&) noexcept {
  return true;
}
template <class T>
[[nodiscard]] constexpr bool fits(const IntegerArgument<T>& given) noexcept {
  return given.fits();
}

// The T of an argument, for as long as the argument lives.
template <class T>
[[nodiscard]] constexpr const T& value_of(const T& given) noexcept {
  return given;
}
template <class T>
[[nodiscard]] constexpr const T& value_of(const IntegerArgument<T>& given) noexcept {
  return given.value();
}
template <std::same_as<bool> T = bool>
[[nodiscard]] constexpr const bool& value_of(const BoolArgument& given) noexcept {
  return given.value();
}

}  // namespace bpfmap::inline v0::detail

namespace bpfmap::inline v0 {

/// The parameter type of typed maps for a key, an index or a value of type T: `const T&`; for an
/// integer T, any integer type or unscoped enumeration; for a bool, only a bool. An integer that
/// does not fit into T is Errc::out_of_range.
template <class T>
using argument = detail::argument<T>;

}  // namespace bpfmap::inline v0
