// SPDX-License-Identifier: MIT
// An integer that is encoded in some number of bytes is decoded as the same integer; one that does
// not fit is refused. The two byte orders mirror each other.
#include <algorithm>
#include <system_error>

#include "bpfmap/codec/integer.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using bpfmap::fuzz::require;
  bpfmap::fuzz::Input input{data, size};
  const std::size_t width = input.take<std::uint8_t>() % 12;
  const auto value = input.take<std::uint64_t>();
  const bool fits =
      width >= 1 && width <= 8 && (width == 8 || value < std::uint64_t{1} << (8 * width));

  std::error_code ec;
  const bpfmap::Bytes little = bpfmap::encode_int_key(value, width, ec);
  require(fits == !ec && (fits || little.empty()));
  const bpfmap::Bytes native = bpfmap::encode_native_int(value, width, ec);
  require(fits == !ec && native.size() == little.size());
  if (!fits) return 0;

  require(bpfmap::decode_int_value(little, ec) == value && !ec);
  require(bpfmap::decode_native_int(native, ec) == value && !ec);
  require(std::equal(little.begin(), little.end(), native.begin()) ||
          std::equal(little.begin(), little.end(), native.rbegin()));
  return 0;
}
