// SPDX-License-Identifier: MIT
// BCC's C++ tables, each over a descriptor of the same map.
#include <bcc/BPFTable.h>
#include <fcntl.h>

#include "../rows.hpp"

namespace bpfmap::bench {
namespace {

template <class Family>
struct TableOf;
template <class V>
struct TableOf<Hash<V>> {
  using type = ebpf::BPFHashTable<FlowKey, V>;
};
template <class V>
struct TableOf<Array<V>> {
  using type = ebpf::BPFArrayTable<V>;
};
template <class V>
struct TableOf<PerCpuHash<V>> {
  using type = ebpf::BPFPercpuHashTable<FlowKey, V>;
};

// Its keys of an array are signed.
int key_of(std::uint32_t index) { return static_cast<int>(index); }
const FlowKey& key_of(const FlowKey& key) { return key; }

template <class Family>
class Bcc {
 public:
  static constexpr const char* name = "bcc";
  using Key = typename Family::Key;
  using Value = typename Family::Value;

  explicit Bcc(const Map& map)
      : desc_("bench", ebpf::FileDesc{sys::UniqueFd::duplicate_of(map.fd()).release()},
              static_cast<int>(map.info().type), sizeof(Key), sizeof(Value), map.info().max_entries,
              0),
        table_(desc_),
        slots_(sys::possible_cpus().size()) {}

  std::uint64_t lookup(const Key& key) {
    if constexpr (Family::is_percpu) {
      return table_.get_value(key_of(key), slots_).ok() ? packets_of(slots_) : 0;
    } else {
      Value value;
      return table_.get_value(key_of(key), value).ok() ? value.packets : 0;
    }
  }
  bool update(const Key& key, const Value& value) {
    if constexpr (Family::is_percpu) {
      std::fill(slots_.begin(), slots_.end(), value);
      return table_.update_value(key_of(key), slots_).ok();
    } else {
      return table_.update_value(key_of(key), value).ok();
    }
  }
  bool insert(const Key& key, const Value& value) { return update(key, value); }
  bool erase(const Key& key) { return table_.remove_value(key).ok(); }

  Seen scan() {
    Seen seen;
    if constexpr (Family::type == MapType::array) {
      std::uint32_t index = 0;
      for (const auto& value : table_.get_table_offline()) seen.add(index++, packets_of(value));
    } else {
      for (const auto& [key, value] : table_.get_table_offline()) seen.add(key, packets_of(value));
    }
    return seen;
  }

 private:
  static std::uint64_t packets_of(const Value& value) { return value.packets; }
  static std::uint64_t packets_of(const std::vector<Value>& slots) {
    std::uint64_t packets = 0;
    for (const Value& slot : slots) packets += slot.packets;
    return packets;
  }

  ebpf::TableDesc desc_;  // the table refers to it
  typename TableOf<Family>::type table_;
  std::vector<Value> slots_;
};

}  // namespace

void add_bcc() {
  for_each_element([]<class Family, class Operation>() { add_element<Family, Operation, Bcc>(); });
  for_each_scan([]<class Family>() {
    add_scan<Family>("bcc", [](const Map& map) { return Bcc<Family>{map}.scan(); });
  });
}

}  // namespace bpfmap::bench
