// SPDX-License-Identifier: MIT
// What fuzz targets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "bpfmap/bytes.hpp"

namespace bpfmap::fuzz {

/// Ends the process, which libFuzzer reports together with the input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

[[nodiscard]] inline std::string_view text_of(const std::uint8_t* data, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(data), size};
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
