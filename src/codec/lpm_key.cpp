// SPDX-License-Identifier: MIT
#include "bpfmap/codec/lpm_key.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <charconv>

#include "bpfmap/error.hpp"

namespace bpfmap::inline v0::detail {
namespace {

static_assert(af_inet == AF_INET && af_inet6 == AF_INET6);

std::uint32_t bits_of(int family) noexcept { return family == AF_INET ? 32 : 128; }

// Both parts of "address/length"; the length is empty when there is no slash.
struct PrefixText {
  std::string_view address;
  std::optional<std::string_view> length;
};

PrefixText split(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

bool parse_address(int family, std::string_view text, std::span<std::uint8_t> address) noexcept {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  // inet_pton() would stop at the zero and accept the text before it.
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return false;
  text.copy(terminated.data(), text.size());
  return ::inet_pton(family, terminated.data(), address.data()) == 1;
}

std::optional<std::uint32_t> parse_length(int family, std::string_view text) noexcept {
  std::uint32_t length = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, length);
  if (error != std::errc{} || at != end || length > bits_of(family)) return std::nullopt;
  return length;
}

}  // namespace

std::uint32_t parse_prefix(int family, std::string_view text, std::span<std::uint8_t> address,
                           std::error_code& ec) noexcept {
  ec.clear();
  const PrefixText parts = split(text);
  const auto length = parts.length ? parse_length(family, *parts.length) : bits_of(family);
  if (length && parse_address(family, parts.address, address)) return *length;
  std::fill(address.begin(), address.end(), std::uint8_t{0});
  ec = record_conversion(Operation::encode, text, static_cast<std::size_t>(family),
                         Errc::invalid_prefix);
  return 0;
}

std::string prefix_text(int family, std::span<const std::uint8_t> address,
                        std::uint32_t prefixlen) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, address.data(), text.data(), static_cast<socklen_t>(text.size()));
  return std::string{text.data()} + "/" + std::to_string(prefixlen);
}

}  // namespace bpfmap::inline v0::detail
