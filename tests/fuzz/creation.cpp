// SPDX-License-Identifier: MIT
// A spec of any numbers and any name makes a map that has them, or both forms refuse it with one
// text. Asks the running kernel.
#include <algorithm>
#include <string>
#include <system_error>

#include "bpfmap/map/map.hpp"
#include "require.hpp"

namespace {

std::string text_of_throwing_form(const bpfmap::MapSpec& spec) {
  try {
    (void)bpfmap::Map::create(spec);
  } catch (const bpfmap::Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using bpfmap::fuzz::require;
  bpfmap::fuzz::Input input{data, size};
  bpfmap::MapSpec spec;
  spec.type = static_cast<bpfmap::MapType>(input.take<std::uint8_t>() % 64);
  // No more than some kilobytes of memory; large numbers are refused before memory is taken.
  spec.key_size = input.take<std::uint16_t>();
  spec.value_size = input.take<std::uint16_t>() % 2048;
  spec.max_entries = input.take<std::uint16_t>() % 4097;
  spec.flags = static_cast<bpfmap::MapFlags>(input.take<std::uint32_t>());
  spec.map_extra = input.take<std::uint8_t>();
  spec.name = input.rest();

  std::error_code ec;
  const bpfmap::Map map = bpfmap::Map::create(spec, ec);
  require(static_cast<bool>(map) == !ec);
  if (ec) {
    const std::string text = bpfmap::explain(ec);
    require(!text.empty() && text == text_of_throwing_form(spec));
    return 0;
  }
  require(map.info().type == spec.type && map.info().name == spec.name);
  require(map.info().key_size == spec.key_size && map.info().value_size == spec.value_size);
  return 0;
}
