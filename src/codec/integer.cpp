// SPDX-License-Identifier: MIT
#include "bpfmap/codec/integer.hpp"

#include <string>

#include "bpfmap/error.hpp"

namespace bpfmap::inline v0 {

namespace {

std::uint64_t decode(BytesView bytes, std::endian order, std::error_code& ec) noexcept {
  ec.clear();
  if (detail::is_integer_size(bytes.size())) return detail::load(bytes, order);
  ec = Errc::out_of_range;
  return 0;
}

[[noreturn]] void throw_size(const std::string& function, BytesView bytes,
                             const std::error_code& ec) {
  throw Error{ec, Operation::decode, 0,
              function + ": " + std::to_string(bytes.size()) +
                  " bytes are not an integer (1 to 8 bytes are)"};
}

}  // namespace

namespace detail {

Bytes encode_int(Integer value, std::size_t size, std::endian order, std::error_code& ec) noexcept {
  ec.clear();
  if (!is_integer_size(size) || !fits(value, size)) {
    ec = Errc::out_of_range;
    return {};
  }
  return without_bad_alloc(ec, [&] {
    Bytes bytes(size);
    store(value.bits, bytes, order);
    return bytes;
  });
}

Bytes encode_int(Integer value, std::size_t size, std::endian order) {
  std::error_code ec;
  Bytes bytes = encode_int(value, size, order, ec);
  if (!ec) return bytes;
  if (ec != Errc::out_of_range) throw std::bad_alloc{};
  const std::string number = value.negative ? std::to_string(static_cast<std::int64_t>(value.bits))
                                            : std::to_string(value.bits);
  throw Error{ec, Operation::encode, 0,
              "the integer " + number + " does not fit into " + std::to_string(size) +
                  " bytes (an integer takes 1 to 8)"};
}

}  // namespace detail

std::uint64_t decode_int_value(BytesView bytes, std::error_code& ec) noexcept {
  return decode(bytes, std::endian::little, ec);
}
std::uint64_t decode_int_value(BytesView bytes) {
  std::error_code ec;
  const std::uint64_t value = decode_int_value(bytes, ec);
  if (ec) throw_size("decode_int_value", bytes, ec);
  return value;
}

std::uint64_t decode_native_int(BytesView bytes, std::error_code& ec) noexcept {
  return decode(bytes, std::endian::native, ec);
}
std::uint64_t decode_native_int(BytesView bytes) {
  std::error_code ec;
  const std::uint64_t value = decode_native_int(bytes, ec);
  if (ec) throw_size("decode_native_int", bytes, ec);
  return value;
}

}  // namespace bpfmap::inline v0
