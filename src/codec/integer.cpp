// SPDX-License-Identifier: MIT
#include "bpfmap/codec/integer.hpp"

#include <string>

#include "bpfmap/error.hpp"

namespace bpfmap::inline v0 {

namespace detail {

Bytes encode_int(Integer value, std::size_t size, std::error_code& ec) noexcept {
  ec.clear();
  if (!is_integer_size(size) || !fits(value, size)) {
    ec = Errc::out_of_range;
    return {};
  }
  Bytes bytes(size);
  store(value.bits, bytes, std::endian::little);
  return bytes;
}

Bytes encode_int(Integer value, std::size_t size) {
  std::error_code ec;
  Bytes bytes = encode_int(value, size, ec);
  if (!ec) return bytes;
  const std::string number = value.negative ? std::to_string(static_cast<std::int64_t>(value.bits))
                                            : std::to_string(value.bits);
  throw Error{ec, Operation::encode, 0,
              "encode_int_key: " + number + " does not fit into " + std::to_string(size) +
                  " bytes (an integer takes 1 to 8)"};
}

}  // namespace detail

std::uint64_t decode_int_value(BytesView bytes, std::error_code& ec) noexcept {
  ec.clear();
  if (detail::is_integer_size(bytes.size())) return detail::load(bytes, std::endian::little);
  ec = Errc::out_of_range;
  return 0;
}

std::uint64_t decode_int_value(BytesView bytes) {
  std::error_code ec;
  const std::uint64_t value = decode_int_value(bytes, ec);
  if (!ec) return value;
  throw Error{
      ec, Operation::decode, 0,
      "decode_int_value: " + std::to_string(bytes.size()) + " bytes are no integer (1 to 8 are)"};
}

}  // namespace bpfmap::inline v0
