// SPDX-License-Identifier: MIT
// Every operation of the page "Map Operations" of a Lisp loader, in its order, the page's own form
// above each C++ form. Each result is printed, and held against what the page says of it.
// Run it as root: build/map_operations
#include <bpfmap/bpfmap.hpp>
#include <bpfmap/interop/fmt.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using bpfmap::Bytes;
using bpfmap::decode_int_value;
using bpfmap::encode_int_key;
using bpfmap::HashMap;
using bpfmap::Map;
using bpfmap::MapType;
using bpfmap::UpdateFlags;

// (defstruct stats-entry (packets u64) (drops u64))
struct StatsEntry {
  std::uint64_t packets;
  std::uint64_t drops;
  bool operator==(const StatsEntry&) const = default;
};

// (defstruct flow-key (src u32) (dst u32))
struct FlowKey {
  std::uint32_t src;
  std::uint32_t dst;
  bool operator==(const FlowKey&) const = default;
};

template <class T>
std::string text(const T& value) {
  return fmt::format("{}", value);
}
std::string text(const StatsEntry& entry) {
  return fmt::format("packets={} drops={}", entry.packets, entry.drops);
}
std::string text(const FlowKey& key) { return fmt::format("{:x} -> {:x}", key.src, key.dst); }
template <class T>
std::string text(const std::optional<T>& value) {
  return value ? text(*value) : "nil";
}

class Page {
 public:
  // Prints what an operation gave; throws when it is not as expected.
  template <class T>
  void shows(std::string_view operation, const T& result, const std::type_identity_t<T>& expected) {
    fmt::print("{:<46} {}\n", operation, text(result));
    if (!(result == expected))
      throw std::runtime_error(fmt::format("{}: not {}", operation, text(expected)));
    ++results_;
  }
  [[nodiscard]] int results() const { return results_; }

 private:
  int results_ = 0;
};

Map make_map(MapType type, std::uint32_t key_size, std::uint32_t value_size) {
  return Map::create(
      {.type = type, .key_size = key_size, .value_size = value_size, .max_entries = 4});
}

std::vector<Bytes> on_every_cpu(const Bytes& value) {
  return {bpfmap::sys::possible_cpus().size(), value};
}

void lookup(Page& page) {
  Map map = make_map(MapType::hash, 4, 8);
  map.update(42, 10);
  const Bytes key_bytes = encode_int_key(42, 4);

  // (map-lookup map-info key-bytes)
  page.shows("map-lookup", map.lookup(key_bytes), encode_int_key(10, 8));
  page.shows("map-lookup, key not found", map.lookup(encode_int_key(43, 4)), std::nullopt);

  // (map-lookup-int map-info key)
  page.shows("map-lookup-int", map.lookup<std::uint64_t>(42), 10);
  page.shows("map-lookup-int, key not found", map.lookup<std::uint64_t>(43), std::nullopt);

  // For percpu maps, returns a vector of per-CPU byte arrays.
  Map percpu_map = make_map(MapType::percpu_hash, 4, 8);
  percpu_map.update(42, 10);
  page.shows("map-lookup, percpu", percpu_map.lookup_percpu(key_bytes),
             on_every_cpu(encode_int_key(10, 8)));
}

void update(Page& page) {
  Map map = make_map(MapType::hash, 4, 8);
  Map stats_map = make_map(MapType::hash, 4, sizeof(StatsEntry));
  const Bytes key_bytes = encode_int_key(42, 4);
  const Bytes value_bytes = encode_int_key(10, 8);
  const StatsEntry record{.packets = 10, .drops = 2};

  // (map-update map-info key-bytes value-bytes)
  map.update(key_bytes, value_bytes);
  page.shows("map-update", map.lookup(key_bytes), value_bytes);

  // (map-update map-info key-bytes value-bytes :flags +bpf-noexist+)
  std::error_code ec;
  map.update(key_bytes, value_bytes, UpdateFlags::noexist, ec);
  page.shows("map-update :flags +bpf-noexist+, key exists", ec == std::errc::file_exists, true);
  map.update(encode_int_key(43, 4), value_bytes, UpdateFlags::noexist);
  page.shows("map-update :flags +bpf-noexist+, new key", map.lookup<int>(43), 10);

  // (map-update-int map-info key value)
  map.update(42, 11);
  page.shows("map-update-int", map.lookup<int>(42), 11);

  // (map-update-struct map-info key-bytes record 'my-struct)
  stats_map.update(key_bytes, record);
  page.shows("map-update-struct", stats_map.lookup<StatsEntry>(key_bytes), record);

  // (map-update-struct-int map-info key record 'my-struct)
  stats_map.update(7, record);
  page.shows("map-update-struct-int", stats_map.lookup<StatsEntry>(7), record);
}

void update_percpu(Page& page) {
  Map percpu_map = make_map(MapType::percpu_hash, 4, 8);
  const Bytes key_bytes = encode_int_key(42, 4);

  // value-bytes can be a single byte array (replicated to all CPUs)
  percpu_map.update(key_bytes, encode_int_key(10, 8));
  page.shows("map-update, percpu, a single byte array", percpu_map.lookup_percpu(key_bytes),
             on_every_cpu(encode_int_key(10, 8)));

  // or a vector of per-CPU arrays.
  std::vector<Bytes> values;
  for (const std::uint32_t cpu : bpfmap::sys::possible_cpus())
    values.push_back(encode_int_key(100 + cpu, 8));
  percpu_map.update_percpu(key_bytes, values);
  page.shows("map-update, percpu, a vector of arrays", percpu_map.lookup_percpu(key_bytes), values);
}

void erase(Page& page) {
  Map map = make_map(MapType::hash, 4, 8);
  Map flows = make_map(MapType::hash, sizeof(FlowKey), 8);
  map.update(42, 10);
  map.update(43, 10);
  flows.update(FlowKey{.src = 1, .dst = 2}, 10);

  // (map-delete map-info key-bytes)
  page.shows("map-delete", map.erase(encode_int_key(42, 4)), true);
  page.shows("map-delete, key not found", map.erase(encode_int_key(42, 4)), false);

  // (map-delete-int map-info key)
  page.shows("map-delete-int", map.erase(43), true);

  // (map-delete-struct map-info record 'my-struct)
  page.shows("map-delete-struct", flows.erase(FlowKey{.src = 1, .dst = 2}), true);
}

void get_next_key(Page& page) {
  Map map = make_map(MapType::array, 4, 8);  // its keys are 0 to 3, in that order
  Map flows = make_map(MapType::hash, sizeof(FlowKey), 8);
  const FlowKey flow{.src = 0x0a000001, .dst = 0x0a000002};
  flows.update(flow, 10);

  // (map-get-next-key map-info key-bytes)
  page.shows("map-get-next-key", map.get_next_key(encode_int_key(0, 4)), encode_int_key(1, 4));
  page.shows("map-get-next-key, nil: the first key", map.get_next_key(std::nullopt),
             encode_int_key(0, 4));
  page.shows("map-get-next-key, of the last key", map.get_next_key(encode_int_key(3, 4)),
             std::nullopt);

  // (map-get-next-key-int map-info &optional key)
  page.shows("map-get-next-key-int", map.get_next_key<std::uint32_t>(0), 1);
  page.shows("map-get-next-key-int, no key", map.get_next_key<std::uint32_t>({}), 0);

  // (map-get-next-key-struct map-info 'my-struct &optional key-record)
  page.shows("map-get-next-key-struct, no key", flows.get_next_key<FlowKey>({}), flow);
  page.shows("map-get-next-key-struct", flows.get_next_key<FlowKey>(flow), std::nullopt);
}

void encoding(Page& page) {
  // (encode-int-key 42 4) ;; -> #(42 0 0 0) (4-byte LE)
  page.shows("encode-int-key", encode_int_key(42, 4),
             {std::byte{42}, std::byte{0}, std::byte{0}, std::byte{0}});

  // (decode-int-value #(10 0 0 0 0 0 0 0)) ;; -> 10
  page.shows("decode-int-value", decode_int_value(Bytes{std::byte{10}, {}, {}, {}, {}, {}, {}, {}}),
             10);
}

void structs(Page& page) {
  Map stats_map = make_map(MapType::array, 4, sizeof(StatsEntry));
  Map flows = make_map(MapType::hash, sizeof(FlowKey), 8);

  // (let ((rec (make-stats-entry-record :packets 10 :drops 2)))
  //   (map-update-struct-int stats-map 0 rec 'stats-entry))
  stats_map.update(0, StatsEntry{.packets = 10, .drops = 2});

  // (let ((rec (map-lookup-struct-int stats-map 0 'stats-entry))) (when rec (format t ...)))
  if (const auto rec = stats_map.lookup<StatsEntry>(0))
    fmt::print("packets={} drops={}\n", rec->packets, rec->drops);
  page.shows("map-lookup-struct-int", stats_map.lookup<StatsEntry>(0), StatsEntry{10, 2});

  // (map-lookup-struct stats-map (encode-int-key 0 4) 'stats-entry)
  page.shows("map-lookup-struct", stats_map.lookup<StatsEntry>(encode_int_key(0, 4)),
             StatsEntry{10, 2});

  // Any kind of key goes with any kind of value.
  const FlowKey key{.src = 0x0a000001, .dst = 0x0a000002};
  flows.update(key, 1500);
  page.shows("a struct key, an integer value", flows.lookup<std::uint64_t>(key), 1500);
  flows.update(key, encode_int_key(1501, 8));
  page.shows("a struct key, a byte array", flows.lookup(key), encode_int_key(1501, 8));

  // (let ((key (make-flow-key-record :src #x0a000001 :dst #x0a000002)))
  //   (map-delete-struct flows key 'flow-key))
  page.shows("map-delete-struct, a flow-key", flows.erase(key), true);
}

void iteration(Page& page) {
  Map my_map = make_map(MapType::hash, 4, 8);
  my_map.update(1, 10);
  my_map.update(2, 20);
  using Entries = std::map<std::uint64_t, std::uint64_t>;  // sorted; a hash map has no order
  const Entries expected{{1, 10}, {2, 20}};

  // (let ((key nil))
  //   (loop (let ((next (map-get-next-key my-map key)))
  //     (unless next (return))
  //     (let ((val (map-lookup my-map next))) (when val (format t "~d -> ~d~%" ...)))
  //     (setf key next))))
  Entries seen;
  std::optional<Bytes> key;
  while (auto next = my_map.get_next_key(key)) {
    if (const auto val = my_map.lookup(*next)) {
      fmt::print("{} -> {}\n", decode_int_value(*next), decode_int_value(*val));
      seen.emplace(decode_int_value(*next), decode_int_value(*val));
    }
    key = std::move(next);
  }
  page.shows("walk with map-get-next-key", seen, expected);

  // The same in C++: by batches, and no matter what others insert or erase meanwhile.
  seen.clear();
  const HashMap<std::uint32_t, std::uint64_t> typed_map{my_map.duplicate()};
  for (auto [typed_key, value] : typed_map) seen.emplace(typed_key, value);
  page.shows("for (auto [key, value] : map)", seen, expected);
}

void typed_iteration(Page& page) {
  Map stats_map = make_map(MapType::array, 4, sizeof(StatsEntry));
  Map flows = make_map(MapType::hash, sizeof(FlowKey), 8);
  flows.update(FlowKey{.src = 0x0a000001, .dst = 0x0a000002}, 10);
  flows.update(FlowKey{.src = 0x0a000003, .dst = 0x0a000004}, 10);

  // (let ((key nil))
  //   (loop (setf key (map-get-next-key-int stats-map key))
  //     (unless key (return)) (format t "next key: ~d~%" key)))
  int keys = 0;
  std::optional<std::uint32_t> key;
  while ((key = stats_map.get_next_key<std::uint32_t>(key))) {
    fmt::print("next key: {}\n", *key);
    ++keys;
  }
  page.shows("walk with map-get-next-key-int", keys, 4);

  // (let ((key nil))
  //   (loop (setf key (map-get-next-key-struct flows 'flow-key key))
  //     (unless key (return)) (format t "~x -> ~x~%" ...)))
  int flow_keys = 0;
  std::optional<FlowKey> flow;
  while ((flow = flows.get_next_key<FlowKey>(flow))) {
    fmt::print("{:x} -> {:x}\n", flow->src, flow->dst);
    ++flow_keys;
  }
  page.shows("walk with map-get-next-key-struct", flow_keys, 2);
}

void percpu(Page& page) {
  Map percpu_map = make_map(MapType::percpu_array, 4, 8);
  percpu_map.update(0, 5);

  // (let ((values (map-lookup percpu-map (encode-int-key 0 4))))
  //   (when values (dotimes (cpu (length values))
  //     (format t "CPU ~d: ~d~%" cpu (decode-int-value (aref values cpu))))))
  if (const auto values = percpu_map.lookup_percpu(encode_int_key(0, 4)))
    for (std::size_t cpu = 0; cpu < values->size(); ++cpu)
      fmt::print("CPU {}: {}\n", cpu, decode_int_value(values->at(cpu)));

  // The same in C++: the possible CPUs need not be 0, 1, 2, ...
  const auto values = percpu_map.lookup_percpu<std::uint64_t>(0).value();
  for (std::size_t i = 0; i < values.size(); ++i)
    fmt::print("CPU {}: {}\n", values.cpu(i), values[i]);
  page.shows("percpu loop", values.sum(), 5 * bpfmap::sys::possible_cpus().size());
}

}  // namespace

int main() try {
  Page page;
  lookup(page);
  update(page);
  update_percpu(page);
  erase(page);
  get_next_key(page);
  encoding(page);
  structs(page);
  iteration(page);
  typed_iteration(page);
  percpu(page);
  fmt::print("all {} results as on the page\n", page.results());
} catch (const std::exception& error) {
  fmt::print(stderr, "map_operations: {}\n", error.what());
  return 1;
}
