// SPDX-License-Identifier: MIT
// What every consumer of this folder builds. By error_code throughout, so that one of them can be
// built without exceptions.
#include <bpfmap/bpfmap.hpp>
#include <chrono>
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

  // These are libbpf's beneath, which has to be linked.
  bpfmap::RingBuffer ring;
  ring.for_each<std::uint32_t>(
      bpfmap::Map::create({.type = bpfmap::MapType::ringbuf, .max_entries = 65536}, ec),
      [](std::uint32_t) {}, ec);
  if (ec) return fail("for_each of a ring buffer", ec);
  if (ring.poll(std::chrono::milliseconds{0}, ec) != 0 || ec) return fail("poll", ec);
  bpfmap::PerfBuffer perf;
  perf.for_each([](bpfmap::BytesView) {}, ec);
  if (ec != bpfmap::Errc::no_map) return fail("for_each of an empty PerfBuffer", ec);
  bpfmap::UserRingBuffer user;
  if (user.reserve<std::uint32_t>(ec) || ec != bpfmap::Errc::no_map) return fail("reserve", ec);
  return 0;
}
