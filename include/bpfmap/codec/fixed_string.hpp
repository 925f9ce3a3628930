// SPDX-License-Identifier: MIT
// FixedString: the text of a `char name[N]`, as a key, a value or a member. Knows no map.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <string_view>
#include <system_error>

#include "bpfmap/error.hpp"

namespace bpfmap::inline v0 {

namespace detail {
// Records that a text does not fit; returns Errc::out_of_range.
[[gnu::cold]] std::error_code record_text(std::string_view text, std::size_t room) noexcept;
}  // namespace detail

/// Text of up to N bytes, padded with zeros, with the layout of a `char name[N]` in a BPF program's
/// struct.
///
/// A comparison covers all N bytes, as in a map's key: a BPF program that leaves garbage after the
/// terminating zero makes a different key. A text of N bytes has no terminating zero, as with
/// strncpy(3).
template <std::size_t N>
  requires(N > 0)
class FixedString {
 public:
  /// Empty.
  constexpr FixedString() noexcept = default;
  /// `text`, padded. Throws Error with Errc::out_of_range when it is longer than N, or contains a
  /// zero byte.
  constexpr FixedString(std::string_view text) {
    if (!assign(text)) detail::throw_if(detail::record_text(text, N));
  }
  constexpr FixedString(const char* text) : FixedString(std::string_view{text}) {}
  /// As above; empty when `ec` is set.
  constexpr FixedString(std::string_view text, std::error_code& ec) noexcept {
    ec.clear();
    if (!assign(text)) ec = detail::record_text(text, N);
  }

  /// Returns the text before the first zero; it refers to this object.
  [[nodiscard]] constexpr std::string_view view() const noexcept {
    const auto end = std::find(chars_.begin(), chars_.end(), '\0');
    return {chars_.data(), static_cast<std::size_t>(end - chars_.begin())};
  }
  /// As above.
  constexpr operator std::string_view() const noexcept { return view(); }

  friend constexpr bool operator==(const FixedString&, const FixedString&) noexcept = default;
  friend constexpr auto operator<=>(const FixedString&, const FixedString&) noexcept = default;
  friend constexpr bool operator==(const FixedString& a, std::string_view b) noexcept {
    return a.view() == b;
  }
  friend constexpr auto operator<=>(const FixedString& a, std::string_view b) noexcept {
    return a.view() <=> b;
  }
  friend constexpr bool operator==(const FixedString& a, const char* b) noexcept {
    return a.view() == b;
  }
  friend constexpr auto operator<=>(const FixedString& a, const char* b) noexcept {
    return a.view() <=> std::string_view{b};
  }

 private:
  constexpr bool assign(std::string_view text) noexcept {
    if (text.size() > N || text.find('\0') != std::string_view::npos) return false;
    std::copy(text.begin(), text.end(), chars_.begin());
    return true;
  }

  std::array<char, N> chars_{};
};

}  // namespace bpfmap::inline v0
