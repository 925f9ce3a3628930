// SPDX-License-Identifier: MIT
// Finds members of an aggregate by their type, when compiling. Knows no map.
#pragma once

#include <type_traits>

#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::detail {

// How many members of an aggregate are inspected.
inline constexpr int probed_members = 32;

// Converts to the types that satisfy `Wanted`, and to no other. Classes and scalars have a probe
// each, because a class such as std::optional<bool> can be constructed from a bool as well.
template <template <class> class Wanted>
struct ClassProbe {
  template <class T>
    requires(std::is_class_v<T> || std::is_union_v<T>) && (Wanted<T>::value)
  operator T() const noexcept;
};
template <template <class> class Wanted>
struct ScalarProbe {
  template <class T>
    requires(std::is_scalar_v<T>) && (Wanted<T>::value)
  operator T() const noexcept;
};
// Initialises a member only if anything can.
struct NoProbe {};

// Whether a T can be initialised from `index` empty braces, followed by a Probe or by nothing.
// Empty braces initialise any one member, arrays included, but no pack expands to them.
// clang-format off
template <class T, int index, class... Probe>
consteval bool is_made_of() {
  if constexpr (index == 0) return requires { T{Probe()...}; };
  else if constexpr (index == 1) return requires { T{{}, Probe()...}; };
  else if constexpr (index == 2) return requires { T{{}, {}, Probe()...}; };
  else if constexpr (index == 3) return requires { T{{}, {}, {}, Probe()...}; };
  else if constexpr (index == 4) return requires { T{{}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 5) return requires { T{{}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 6) return requires { T{{}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 7) return requires { T{{}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 8) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 9) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 10) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 11) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 12) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 13) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 14) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 15) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 16) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 17) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 18) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 19) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 20) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 21) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 22) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 23) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 24) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 25) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 26) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 27) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 28) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 29) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 30) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 31) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else if constexpr (index == 32) return requires { T{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, Probe()...}; };
  else return false;
}
// clang-format on

template <class T, int index, template <class> class Wanted>
consteval bool is_wanted_at() {
  if constexpr (is_made_of<T, index, NoProbe>())
    return false;
  else
    return is_made_of<T, index, ScalarProbe<Wanted>>() ||
           is_made_of<T, index, ClassProbe<Wanted>>();
}

template <class T, template <class> class Wanted, int index = 0>
consteval bool has_member_from() {
  if constexpr (index == probed_members || !is_made_of<T, index + 1>())
    return false;
  else if constexpr (is_wanted_at<T, index, Wanted>())
    return true;
  else
    return has_member_from<T, Wanted, index + 1>();
}

}  // namespace bpfmap::inline v0::detail
