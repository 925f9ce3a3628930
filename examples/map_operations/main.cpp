// SPDX-License-Identifier: MIT
// Maps whose types are known at run time only: the same map in bytes, integers and structs.
// Run it as root: build/map_operations
#include <bpfmap/bpfmap.hpp>
#include <bpfmap/interop/fmt.hpp>
#include <cstdint>
#include <exception>
#include <optional>

struct Counters {
  std::uint64_t packets;
  std::uint64_t drops;
};

namespace {

void use_integers() {
  auto map = bpfmap::Map::create({.type = bpfmap::MapType::hash,
                                  .key_size = 4,
                                  .value_size = 8,
                                  .max_entries = 64,
                                  .name = "ports"});
  map.update(443, 7);  // integers are encoded in the map's sizes
  fmt::print("port 443: {}\n", map.lookup<std::uint64_t>(443).value());

  const bpfmap::Bytes key = bpfmap::encode_int_key(443, 4);
  fmt::print("the same in bytes: {} -> {}\n", key, map.lookup(key).value());
  fmt::print("port 80: {}\n", map.lookup(80) ? "there" : "not there");

  map.update(80, 12, bpfmap::UpdateFlags::noexist);  // the kernel's flags
  std::optional<std::uint16_t> port;
  while ((port = map.get_next_key<std::uint16_t>(port))) fmt::print("key {}\n", *port);
  const bool erased = map.erase(80);
  fmt::print("erased: {}, erased again: {}\n", erased, map.erase(80));
}

void use_structs() {
  auto map = bpfmap::Map::create({.type = bpfmap::MapType::array,
                                  .key_size = 4,
                                  .value_size = sizeof(Counters),
                                  .max_entries = 1,
                                  .name = "counters"});
  map.update(0, Counters{.packets = 10, .drops = 2});
  if (const auto counters = map.lookup<Counters>(0))
    fmt::print("{} packets, {} drops\n", counters->packets, counters->drops);
}

void use_cpus() {
  auto map = bpfmap::Map::create({.type = bpfmap::MapType::percpu_array,
                                  .key_size = 4,
                                  .value_size = 8,
                                  .max_entries = 1,
                                  .name = "percpu"});
  map.update(0, 5);  // 5 on every CPU
  const auto values = map.lookup_percpu<std::uint64_t>(0).value();
  fmt::print("CPU {}: {}\n", values.cpu(0), values[0]);
}

}  // namespace

int main() try {
  use_integers();
  use_structs();
  use_cpus();
} catch (const std::exception& error) {
  fmt::print(stderr, "map_operations: {}\n", error.what());
  return 1;
}
