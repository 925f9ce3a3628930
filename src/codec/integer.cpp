// SPDX-License-Identifier: MIT
#include "bpfmap/codec/integer.hpp"

#include <array>
#include <charconv>

#include "bpfmap/error.hpp"

namespace bpfmap::inline v0 {

namespace detail {
namespace {

std::error_code record_misfit(Integer value, std::size_t size) noexcept {
  std::array<char, 24> digits;
  char* const begin = digits.data();
  char* const end = begin + digits.size();
  const auto result = value.negative
                          ? std::to_chars(begin, end, static_cast<std::int64_t>(value.bits))
                          : std::to_chars(begin, end, value.bits);
  return record_conversion(Operation::encode, {begin, static_cast<std::size_t>(result.ptr - begin)},
                           size, Errc::out_of_range);
}

}  // namespace

Bytes encode_int(Integer value, std::size_t size, std::error_code& ec) noexcept {
  ec.clear();
  if (!is_integer_size(size) || !fits(value, size)) {
    ec = record_misfit(value, size);
    return {};
  }
  Bytes bytes = without_bad_alloc(ec, [size] { return Bytes(size); });
  if (ec)
    ec = record_conversion(Operation::encode, {}, size, ec);
  else
    store(value.bits, bytes, std::endian::little);
  return bytes;
}

Bytes encode_int(Integer value, std::size_t size) {
  std::error_code ec;
  Bytes bytes = encode_int(value, size, ec);
  throw_if(ec);
  return bytes;
}

}  // namespace detail

std::uint64_t decode_int_value(BytesView bytes, std::error_code& ec) noexcept {
  ec.clear();
  if (detail::is_integer_size(bytes.size())) return detail::load(bytes, std::endian::little);
  ec = detail::record_conversion(Operation::decode, {}, bytes.size(), Errc::out_of_range);
  return 0;
}

std::uint64_t decode_int_value(BytesView bytes) {
  std::error_code ec;
  const std::uint64_t value = decode_int_value(bytes, ec);
  detail::throw_if(ec);
  return value;
}

}  // namespace bpfmap::inline v0
