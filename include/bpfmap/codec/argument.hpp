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

// A T made from any integer type. From a T, it is that T, and the check disappears.
template <integer_like T>
class IntegerArgument {
 public:
  constexpr IntegerArgument(const T& value) noexcept : value_(value) {}
  template <integer_like Given>
    requires(!std::same_as<Given, T>)
  constexpr IntegerArgument(Given value) noexcept
      : value_(static_cast<T>(value)), fits_(holds<T>(value)) {}
  // A bool or a floating-point number is a mistake, and would be converted to a T silently.
  template <class Given>
    requires(std::same_as<Given, bool> || std::floating_point<Given>)
  IntegerArgument(Given) = delete;

  // Returns false when value() differs from the argument; the call is then Errc::out_of_range.
  [[nodiscard]] constexpr bool fits() const noexcept { return fits_; }
  [[nodiscard]] constexpr const T& value() const noexcept { return value_; }

 private:
  T value_;
  bool fits_ = true;
};

template <class T>
struct ArgumentOf {
  using type = const T&;
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

}  // namespace bpfmap::inline v0::detail

namespace bpfmap::inline v0 {

/// The parameter type of typed maps for a key, an index or a value of type T: `const T&`, or any
/// integer type if T is an integer. An integer that does not fit into T is Errc::out_of_range.
template <class T>
using argument = detail::argument<T>;

}  // namespace bpfmap::inline v0
