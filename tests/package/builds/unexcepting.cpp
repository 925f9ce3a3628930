// SPDX-License-Identifier: MIT
// Compiled with -fno-exceptions, whatever the other file is compiled with.
#include <bpfmap/bpfmap.hpp>

extern bool memory_is_out;

bool lookup_without_memory(const bpfmap::Map& map, std::error_code& ec);
bool lookup_without_memory(const bpfmap::Map& map, std::error_code& ec) {
  memory_is_out = true;
  const bool found = map.lookup(7, ec).has_value();
  memory_is_out = false;
  return found;
}
