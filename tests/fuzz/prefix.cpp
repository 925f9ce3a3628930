// SPDX-License-Identifier: MIT
// The text of a prefix is refused, or its key has a text that gives the same key.
#include <netinet/in.h>

#include <system_error>

#include "bpfmap/codec/lpm_key.hpp"
#include "require.hpp"

namespace bpfmap::fuzz {
namespace {

template <class Key>
void parse_and_print(std::string_view text) {
  std::error_code ec;
  const Key key = Key::parse(text, ec);
  require(key.prefixlen <= Key::max_prefixlen);
  if (ec) {
    require(key == Key{});
    return;
  }
  require(Key::parse(key.to_string(), ec) == key && !ec);
}

}  // namespace
}  // namespace bpfmap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = bpfmap::fuzz::text_of(data, size);
  bpfmap::fuzz::parse_and_print<bpfmap::LpmKey<in_addr>>(text);
  bpfmap::fuzz::parse_and_print<bpfmap::LpmKey<in6_addr>>(text);
  return 0;
}
