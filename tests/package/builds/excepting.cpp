// SPDX-License-Identifier: MIT
// One program of a file with exceptions (this one) and a file without (unexcepting.cpp).
#include <bpfmap/bpfmap.hpp>
#include <cstdio>
#include <cstdlib>
#include <new>

bool lookup_without_memory(const bpfmap::Map& map, std::error_code& ec);

bool memory_is_out = false;

// NOLINTBEGIN(misc-new-delete-overloads): every form calls these two
void* operator new(std::size_t size) {
  void* const memory = memory_is_out ? nullptr : std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
// NOLINTEND(misc-new-delete-overloads)

namespace {

bool lookup_here(const bpfmap::Map& map, std::error_code& ec) {
  memory_is_out = true;
  const bool found = map.lookup(7, ec).has_value();
  memory_is_out = false;
  return found;
}

int fail(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  return 1;
}

}  // namespace

int main() {
  std::error_code ec;
  auto map = bpfmap::Map::create(
      {.type = bpfmap::MapType::hash, .key_size = 4, .value_size = 64, .max_entries = 4}, ec);
  if (ec == std::errc::operation_not_permitted) {
    std::puts("SKIPPED: bpf(2) is not permitted here");
    return 0;
  }
  map.update(7, bpfmap::Bytes(64), ec);
  if (ec) return fail("update");
  if (lookup_here(map, ec) || ec != std::errc::not_enough_memory) return fail("here");
  if (lookup_without_memory(map, ec) || ec != std::errc::not_enough_memory) return fail("there");
  if (!map.lookup(7, ec) || ec) return fail("memory is back");
  std::puts("ENOMEM in both");
  return 0;
}
