// SPDX-License-Identifier: MIT
#include "bpfmap/bulk/walk/walk.hpp"
#include "rows.hpp"

namespace bpfmap::bench {
namespace {

template <class Family>
std::size_t slots_a_value() {
  return Family::is_percpu ? sys::possible_cpus().size() : 1;
}

template <class Value>
std::uint64_t packets_of(const Value* slots, std::size_t count) {
  std::uint64_t packets = 0;
  for (std::size_t i = 0; i < count; ++i) packets += slots[i].packets;
  return packets;
}

// What is written by hand when one knows about batches.
template <class Family, std::uint32_t batch_size>
Seen by_batch_loop(const Map& map) {
  using Key = typename Family::Key;
  const std::size_t slots = slots_a_value<Family>();
  std::vector<Key> keys(batch_size);
  std::vector<typename Family::Value> values(batch_size * slots);
  std::uint64_t cursor = 0;  // a bucket's number, an index: four bytes of it
  std::uint64_t next_cursor = 0;
  Seen seen;
  for (int result = 0; result == 0; cursor = next_cursor) {
    std::uint32_t count = batch_size;
    result = ::bpf_map_lookup_batch(map.fd(), seen.entries == 0 ? nullptr : &cursor, &next_cursor,
                                    keys.data(), values.data(), &count, nullptr);
    if (result != 0 && result != -ENOENT) break;
    for (std::uint32_t i = 0; i < count; ++i)
      seen.add(keys[i], packets_of(&values[i * slots], slots));
  }
  return seen;
}

// What is written by hand usually.
template <class Family>
Seen by_next_key(const Map& map) {
  using Key = typename Family::Key;
  const std::size_t slots = slots_a_value<Family>();
  std::vector<typename Family::Value> value(slots);
  Key key{};
  Seen seen;
  for (int result = ::bpf_map_get_next_key(map.fd(), nullptr, &key); result == 0;
       result = ::bpf_map_get_next_key(map.fd(), &key, &key))
    if (::bpf_map_lookup_elem(map.fd(), &key, value.data()) == 0)
      seen.add(key, packets_of(value.data(), slots));
  return seen;
}

template <class Family>
Seen by_range_for(const typename Family::Typed& map) {
  Seen seen;
  for (const auto& [key, value] : map) {
    if constexpr (Family::is_percpu)
      seen.add(key, value.sum(&Family::Value::packets));
    else
      seen.add(key, value.packets);
  }
  return seen;
}

template <class Family>
Seen by_reader(const Map& map) {
  using Key = typename Family::Key;
  const std::size_t slots = slots_a_value<Family>();
  Walk reader{map};
  std::error_code ec;
  Seen seen;
  while (reader.next(ec)) {
    const auto* const keys = reinterpret_cast<const Key*>(reader.keys());
    const auto* const values = reinterpret_cast<const typename Family::Value*>(reader.values());
    for (std::uint32_t i = 0; i < reader.size(); ++i)
      seen.add(keys[i], packets_of(values + i * slots, slots));
  }
  return seen;
}

}  // namespace

void add_scans() {
  for_each_scan([]<class Family>() {
    add_scan<Family>("batch_256", by_batch_loop<Family, 256>);
    add_scan<Family>("batch_1024", by_batch_loop<Family, 1024>);
    add_scan<Family>("batch_4096", by_batch_loop<Family, 4096>);
    add_scan<Family>("batch_16384", by_batch_loop<Family, 16384>);
    add_scan<Family>("batch_65536", by_batch_loop<Family, 65536>);
    add_scan<Family>("next_key", by_next_key<Family>);
    add_scan<Family>("range_for", [](const Map& map) {
      return by_range_for<Family>(typename Family::Typed{map.duplicate()});
    });
    add_scan<Family>("reader", by_reader<Family>);
  });
}

}  // namespace bpfmap::bench
