// SPDX-License-Identifier: MIT
// What every consumer of this folder builds. By error_code throughout, so that one of them can be
// built without exceptions.
#include <netinet/in.h>

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
  for ([[maybe_unused]] const auto& entry : bpfmap::scan(map, ec))
    return fail("scan of an empty map", ec);
  if (ec) return fail("scan", ec);

  auto queue = bpfmap::Queue<std::uint32_t>::create({.max_entries = 1}, ec);
  if (ec || !queue.push(1, ec) || queue.push(2, ec) || ec) return fail("push", ec);
  if (queue.pop(ec) != 1u || queue.pop(ec) || ec) return fail("pop", ec);

  using Prefix = bpfmap::LpmKey<in_addr>;
  auto trie = bpfmap::LpmTrie<Prefix, std::uint32_t>::create({.max_entries = 4}, ec);
  if (ec || !trie.insert(Prefix::parse("10.0.0.0/8", ec), 8, ec) || ec) return fail("prefix", ec);
  if (trie.lookup(Prefix::parse("10.1.2.3", ec), ec) != 8u || ec) return fail("longest", ec);

  using Inner = bpfmap::ArrayMap<std::uint64_t>;
  const auto inner = Inner::create({.max_entries = 1}, ec);
  auto outer = bpfmap::ArrayOfMaps<Inner>::create({.max_entries = 2}, inner, ec);
  if (ec) return fail("create a map of maps", ec);
  outer.set(1, inner, ec);
  if (ec || outer.lookup_id(1, ec) != inner.map().info().id) return fail("inner map", ec);

  const auto memory = bpfmap::MappedArray<std::uint64_t>::create({.max_entries = 2}, ec);
  if (ec) return fail("mmap", ec);
  memory.store(1, 7);
  if (memory[1] != 7) return fail("memory", ec);
  // These read memory that is shared with the kernel.
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
