// SPDX-License-Identifier: MIT
#include "query_walk.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <unordered_map>

#include "bpfmap/bulk/verbs.hpp"
#include "bpfmap/bulk/walk/walk.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "evaluate.hpp"

namespace bpfmap::inline v0::detail {
namespace {

bool is_less(std::uint64_t left, std::uint64_t right, bool is_signed) noexcept {
  return is_signed ? static_cast<std::int64_t>(left) < static_cast<std::int64_t>(right)
                   : left < right;
}

// One entry of a walk.
struct Shown {
  EntryBytes entry;
  std::size_t key_size;
  std::size_t value_size;  // of all slots
};

class Walker {
 public:
  Walker(Map& map, const Query& query, WalkMemory& memory)
      : map_(map), query_(query), memory_(memory) {}

  QueryResult run(std::error_code& ec) {
    const std::uint32_t value_size = map_.info().value_size;
    memory_.entries.clear();
    memory_.groups.clear();
    memory_.buckets.assign(query_.kind == QueryKind::histogram ? query_.buckets.count : 0, 0);
    Walk walk{map_};
    while (!stopped_ && walk.next(ec)) {
      const std::size_t stride = walk.value_stride();
      EntryBytes entry{walk.keys(), walk.values()};
      if (map_.is_percpu()) {
        entry.slots = sys::possible_cpus().size();
        entry.slot_stride = sys::percpu_stride(value_size);
      }
      if (!victims_.reserve(query_.kind == QueryKind::erase ? walk.size() * walk.key_size() : 0))
        throw std::bad_alloc{};
      for (std::uint32_t i = 0; i < walk.size() && !stopped_ && !ec; ++i) {
        if (evaluate_condition(query_.where, entry)) take({entry, walk.key_size(), stride}, ec);
        entry.key += walk.key_size();
        entry.value += stride;
      }
      if (!ec && victims_.size() != 0) result_.matched += erase_keys(map_, victims_, ec);
      if (ec) break;
    }
    result_.exact = walk.status().exact;
    finish();
    return result_;
  }

 private:
  void take(const Shown& shown, std::error_code& ec) {
    switch (query_.kind) {
      case QueryKind::count:
        ++result_.matched;
        return;
      case QueryKind::any:
        result_.matched = 1;
        stopped_ = true;
        return;
      case QueryKind::sum:
        ++result_.matched;
        result_.number += evaluate_number(query_.number, shown.entry);
        return;
      case QueryKind::min:
      case QueryKind::max:
        return take_extreme(evaluate_number(query_.number, shown.entry));
      case QueryKind::erase:
        return victims_.add(shown.entry.key, shown.key_size);
      case QueryKind::update:
        return update(shown, ec);
      case QueryKind::copy:
        return copy(shown);
      case QueryKind::top:
        return keep_largest(shown);
      case QueryKind::group:
        return group(shown);
      case QueryKind::histogram:
        ++result_.matched;
        ++memory_.buckets[bucket_of(query_.buckets, evaluate_number(query_.number, shown.entry),
                                    query_.is_signed)];
        return;
    }
  }

  void take_extreme(std::uint64_t number) noexcept {
    const bool better = query_.kind == QueryKind::min
                            ? is_less(number, result_.number, query_.is_signed)
                            : is_less(result_.number, number, query_.is_signed);
    if (result_.matched == 0 || better) result_.number = number;
    result_.matched = 1;
  }
  void update(const Shown& shown, std::error_code& ec) {
    Bytes value(shown.entry.value, shown.entry.value + shown.value_size);
    const EntryBytes changed{shown.entry.key, value.data()};
    for (const Change& change : query_.changes) apply(change, changed, value.data());
    const bool is_array = map_.info().type == MapType::array;
    std::error_code refused;
    map_.update(BytesView{shown.entry.key, shown.key_size}, value,
                is_array ? UpdateFlags::any : UpdateFlags::exist, refused);
    // Another thread erased it.
    if (refused == std::errc::no_such_file_or_directory) return;
    if (refused)
      ec = refused;
    else
      ++result_.matched;
  }
  void write_entry(const Shown& shown, std::size_t index) {
    const EntryPlaces layout = entry_places(shown.key_size, shown.value_size);
    memory_.entries.resize(std::max(memory_.entries.size(), (index + 1) * layout.stride));
    std::byte* const to = memory_.entries.data() + index * layout.stride;
    std::memcpy(to, shown.entry.key, shown.key_size);
    std::memcpy(to + layout.value_offset, shown.entry.value, shown.value_size);
  }
  void copy(const Shown& shown) { write_entry(shown, result_.matched++); }
  void keep_largest(const Shown& shown) {
    const std::uint64_t number = evaluate_number(query_.number, shown.entry);
    auto& numbers = memory_.buckets;
    if (numbers.size() < query_.most) {
      numbers.push_back(number);
      return write_entry(shown, numbers.size() - 1);
    }
    const auto least = std::min_element(numbers.begin(), numbers.end(), [&](auto left, auto right) {
      return is_less(left, right, query_.is_signed);
    });
    if (least == numbers.end() || !is_less(*least, number, query_.is_signed)) return;
    *least = number;
    write_entry(shown, static_cast<std::size_t>(least - numbers.begin()));
  }
  void group(const Shown& shown) {
    const std::uint64_t key = evaluate_number(query_.group, shown.entry);
    auto found = groups_.find(key);
    if (found == groups_.end()) {
      if (groups_.size() == query_.most) {
        ++result_.left_out;
        return;
      }
      found = groups_.emplace(key, memory_.groups.size()).first;
      memory_.groups.push_back({key, 0, 0});
    }
    GroupData& group = memory_.groups[found->second];
    ++group.count;
    if (!query_.number.empty()) group.sum += evaluate_number(query_.number, shown.entry);
    ++result_.matched;
  }

  void finish() {
    if (query_.kind == QueryKind::top) {
      const std::size_t stride =
          entry_places(map_.info().key_size, map_.is_percpu()
                                                 ? sys::percpu_size(map_.info().value_size)
                                                 : map_.info().value_size)
              .stride;
      const Bytes unsorted = memory_.entries;
      const std::vector<std::uint64_t> numbers = memory_.buckets;
      sort_top(unsorted.data(), stride, numbers, query_.is_signed, memory_);
      result_.matched = numbers.size();
    }
    result_.entries = memory_.entries.data();
    result_.buckets = memory_.buckets;
    result_.groups = memory_.groups;
  }

  Map& map_;
  const Query& query_;
  WalkMemory& memory_;
  QueryResult result_;
  KeyList victims_;
  std::unordered_map<std::uint64_t, std::size_t> groups_;
  bool stopped_ = false;
};

}  // namespace

QueryResult walk(Map& map, const Query& query, WalkMemory& memory, std::error_code& ec) {
  return Walker{map, query, memory}.run(ec);
}

void sort_top(const std::byte* from, std::size_t stride, std::span<const std::uint64_t> numbers,
              bool is_signed, WalkMemory& memory) {
  std::vector<std::size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
    return is_less(numbers[right], numbers[left], is_signed);
  });
  memory.entries.resize(order.size() * stride);
  memory.buckets.resize(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::memcpy(memory.entries.data() + i * stride, from + order[i] * stride, stride);
    memory.buckets[i] = numbers[order[i]];
  }
}

}  // namespace bpfmap::inline v0::detail
