// SPDX-License-Identifier: MIT
// A struct, a text and a narrow integer give the bytes that they were made of, by the codecs of
// Map.
#include <algorithm>
#include <array>
#include <optional>
#include <system_error>

#include "bpfmap/codec/fixed_string.hpp"
#include "bpfmap/codec/wire.hpp"
#include "require.hpp"

namespace bpfmap::fuzz {
namespace {

struct Flow {
  std::uint32_t address;
  std::uint16_t port;
  std::array<std::uint8_t, 2> flags;
  FixedString<8> device;
};

template <class T>
void from_and_to_bytes(BytesView bytes) {
  if (bytes.size() < sizeof(T)) return;
  bytes = bytes.first(sizeof(T));
  std::error_code ec;
  const std::optional<T> value = detail::decode<T>(bytes, ec);
  require(value.has_value() && !ec);
  const detail::Encoded<T> encoded{*value, bytes.size(), ec};
  require(!ec && std::ranges::equal(encoded.bytes(), bytes));
}

// The number in `bytes` is refused, or becomes a T that gives the same bytes.
template <class T>
void integer(BytesView bytes) {
  std::error_code ec;
  const std::optional<T> value = detail::decode<T>(bytes, ec);
  require(value.has_value() == !ec);
  if (!value) return;
  const detail::Encoded<T> encoded{*value, bytes.size(), ec};
  require(!ec && std::ranges::equal(encoded.bytes(), bytes));
}

void text(std::string_view given) {
  std::error_code ec;
  const FixedString<8> made{given, ec};
  require(!ec == (given.size() <= 8 && given.find('\0') == std::string_view::npos));
  require(made.view() == (ec ? std::string_view{} : given));
}

}  // namespace
}  // namespace bpfmap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bpfmap::fuzz;
  const bpfmap::BytesView bytes{reinterpret_cast<const std::byte*>(data), size};
  from_and_to_bytes<Flow>(bytes);
  from_and_to_bytes<bpfmap::FixedString<3>>(bytes);
  if (!bytes.empty() && size <= 8) {
    integer<std::uint64_t>(bytes);
    integer<std::int32_t>(bytes);
    integer<std::uint16_t>(bytes);
    integer<std::int8_t>(bytes);
  }
  text(text_of(data, size));
  return 0;
}
