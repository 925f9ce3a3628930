// SPDX-License-Identifier: MIT
// What every consumer of this folder builds. By error_code throughout, so that one of them can be
// built without exceptions.
#include <bpfmap/bpfmap.hpp>
#include <cstdint>
#include <cstdio>
#include <system_error>

namespace {

int fail(const char* what, const std::error_code& ec) {
  std::fprintf(stderr, "%s: error %d\n", what, ec.value());
  return 1;
}

}  // namespace

int main() {
  std::printf("bpfmap %d.%d.%d\n", BPFMAP_VERSION_MAJOR, BPFMAP_VERSION_MINOR,
              BPFMAP_VERSION_PATCH);

  std::error_code ec;
  bpfmap::Map nobody = bpfmap::Map::from_id(0xfffffff0u, ec);
  if (nobody || !ec) return fail("from_id of an id that nobody has", ec);

  auto map = bpfmap::HashMap<std::uint32_t, std::uint64_t>::create(
      {.max_entries = 4, .name = "consumer"}, ec);
  if (ec == std::errc::operation_not_permitted) {
    std::puts("bpf(2) is not permitted here: nothing more to try");
    return 0;
  }
  if (ec) return fail("create", ec);
  if (!map.insert(1, 2, ec) || ec) return fail("insert", ec);
  if (map.lookup(1, ec) != 2u || ec) return fail("lookup", ec);
  if (!map.erase(1, ec) || ec) return fail("erase", ec);
  if (map.lookup(1, ec) || ec) return fail("lookup of an erased key", ec);
  return 0;
}
