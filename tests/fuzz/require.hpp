// SPDX-License-Identifier: MIT
// What fuzz targets share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

#include "bpfmap/bytes.hpp"
#include "bpfmap/error.hpp"

namespace bpfmap::fuzz {

/// Ends the process, which libFuzzer reports together with the input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

[[nodiscard]] inline std::string_view text_of(const std::uint8_t* data, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(data), size};
}

/// Makes `call(ec...)` in both forms; returns the error of both, or none. A failure has one text,
/// of one line of printable characters.
template <class Call>
std::error_code both_forms(Call call) {
  std::error_code ec;
  call(ec);
  const std::string text = explain(ec);
  try {
    call();
    require(!ec);
  } catch (const Error& error) {
    require(error.code() == ec && text == error.what());
  }
  // Bytes above 0x7f are UTF-8.
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
  require(text.empty() == !ec && std::none_of(text.begin(), text.end(), is_control));
  return ec;
}

/// Takes integers from the front of an input; zeros when it has ended.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) noexcept : data_{data}, size_{size} {}

  template <class T>
  [[nodiscard]] T take() noexcept {
    T value{};
    for (std::size_t i = 0; i < sizeof value && size_ > 0; ++i, ++data_, --size_)
      value = static_cast<T>(value | static_cast<T>(T{*data_} << (8 * i)));
    return value;
  }
  [[nodiscard]] std::string_view rest() const noexcept { return text_of(data_, size_); }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

}  // namespace bpfmap::fuzz
