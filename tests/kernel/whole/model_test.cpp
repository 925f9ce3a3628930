// SPDX-License-Identifier: MIT
// Random operations on a real map and on a std::map side by side, while some system calls fail:
// after each, both hold the same entries. A failure prints the seed; BPFMAP_SEED repeats it.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <type_traits>
#include <vector>

#include "bpfmap/bpfmap.hpp"
#include "kernel_test.hpp"

namespace bpfmap {
namespace {

using Value = std::uint64_t;
constexpr std::uint32_t max_entries = 24;
constexpr std::uint32_t key_count = 32;  // more than fit

struct Pair {
  std::uint32_t high;
  std::uint32_t low;
  friend auto operator<=>(const Pair&, const Pair&) = default;
};

std::uint32_t make_key(std::uint32_t number, std::uint32_t*) { return number; }
Pair make_key(std::uint32_t number, Pair*) { return {0xFFFFFFFF, number}; }

std::uint32_t seed() {
  const char* const given = std::getenv("BPFMAP_SEED");
  return given == nullptr ? 20220925 : static_cast<std::uint32_t>(std::strtoul(given, nullptr, 0));
}

// Lets every n-th call or so fail in the kernel's stead: nothing happens then.
class Faults {
 public:
  explicit Faults(std::uint32_t from) { random.seed(from); }

 private:
  static long answer(int cmd, void* attr, unsigned int size) noexcept {
    if (random() % 16 != 0) return sys::bpf_syscall(cmd, attr, size);
    return random() % 2 == 0 ? -ENOMEM : -EPERM;
  }
  inline static std::mt19937 random;
  test::ReplacedBpf replaced_{&answer};
};

template <class M>
class Model : public ::testing::Test {
 protected:
  using K = typename M::key_type;

  [[nodiscard]] std::uint32_t below(std::uint32_t end) {
    return static_cast<std::uint32_t>(random() % end);
  }
  [[nodiscard]] K key() { return make_key(below(key_count), static_cast<K*>(nullptr)); }
  // What update() stores for every CPU is one value.
  template <class Stored>
  static Value one(const Stored& stored) {
    if constexpr (std::is_same_v<Stored, Value>)
      return stored;
    else
      return stored[0];
  }

  void insert() {
    const K k = key();
    const Value v = random();
    const bool inserted = map.insert(k, v, ec);
    if (ec) return;
    EXPECT_EQ(inserted, !model.contains(k));
    model.emplace(k, v);
  }
  void update() {
    const K k = key();
    const Value v = random();
    map.update(k, v, ec);
    if (!ec) model[k] = v;
  }
  void replace() {
    const K k = key();
    const Value v = random();
    const bool replaced = map.replace(k, v, ec);
    if (ec) return;
    EXPECT_EQ(replaced, model.contains(k));
    if (replaced) model[k] = v;
  }
  void erase() {
    const K k = key();
    const bool erased = map.erase(k, ec);
    if (ec) return;
    EXPECT_EQ(erased, model.erase(k) == 1);
  }
  void lookup() {
    const K k = key();
    const auto found = map.lookup(k, ec);
    if (ec) return;
    const auto at = model.find(k);
    ASSERT_EQ(found.has_value(), at != model.end());
    if (!found) return;
    EXPECT_EQ(one(*found), at->second);
  }
  // Entries before the one that failed are done, and no others.
  void update_batch() {
    std::vector<K> keys;
    std::vector<Value> values;
    for (std::uint32_t i = below(12); i > 0; --i) {
      keys.push_back(key());
      values.push_back(random());
    }
    const BatchResult result = bpfmap::update_batch(map, keys, values, ec);
    EXPECT_EQ(result.failed.has_value(), static_cast<bool>(ec)) << ec.message();
    for (std::size_t i = 0; i < result.failed.value_or(keys.size()); ++i)
      model[keys[i]] = values[i];
  }
  void erase_batch() {
    std::vector<K> keys;
    for (std::uint32_t i = below(12); i > 0; --i) keys.push_back(key());
    const BatchResult result = bpfmap::erase_batch(map, keys, ec);
    EXPECT_EQ(result.failed.has_value(), static_cast<bool>(ec)) << ec.message();
    for (std::size_t i = 0; i < result.failed.value_or(keys.size()); ++i) model.erase(keys[i]);
  }
  void erase_if() {
    const Value bit = Value{1} << below(4);
    const auto matches = [bit](const auto&, const auto& value) { return (one(value) & bit) != 0; };
    const std::uint64_t erased = bpfmap::erase_if(map, matches, ec);
    if (ec) {
      forget_what_is_gone(matches, erased);
    } else {
      EXPECT_EQ(erased, std::erase_if(model, [&](const auto& entry) {
                  return matches(entry.first, entry.second);
                }));
    }
  }
  void clear() {
    if (below(16) != 0) return;  // seldom, or the map would never be full
    const std::uint64_t erased = bpfmap::clear(map, ec);
    if (ec) {
      forget_what_is_gone([](const auto&, const auto&) { return true; }, erased);
    } else {
      EXPECT_EQ(erased, model.size());
      model.clear();
    }
  }
  // A verb that failed half-way has erased as many entries as it says, and none that it must not.
  template <class Matches>
  void forget_what_is_gone(Matches matches, std::uint64_t erased) {
    const auto gone = [&](const auto& entry) {
      std::error_code none;
      return matches(entry.first, entry.second) &&
             !map_without_faults().lookup(entry.first, none).has_value();
    };
    EXPECT_EQ(std::erase_if(model, gone), erased);
  }
  M& map_without_faults() {
    sys::set_bpf_for_testing(&sys::bpf_syscall);
    return map;
  }

  void expect_same_entries() {
    std::map<K, Value> entries;
    for (const auto& [k, v] : scan(map)) EXPECT_TRUE(entries.emplace(k, one(v)).second) << "twice";
    EXPECT_EQ(entries, model);
  }

  void step() {
    using Operation = void (Model::*)();
    static constexpr Operation operations[] = {
        &Model::insert,       &Model::update,      &Model::replace,  &Model::erase, &Model::lookup,
        &Model::update_batch, &Model::erase_batch, &Model::erase_if, &Model::clear};
    const std::size_t choice = below(std::size(operations));
    SCOPED_TRACE("operation " + std::to_string(choice));
    (this->*operations[choice])();
  }

  M map = M::create({.max_entries = max_entries, .flags = this->flags(), .name = "model"});
  std::map<K, Value> model;
  std::mt19937 random{seed()};
  std::error_code ec;

 private:
  // Preallocated per-CPU caches of free elements let no test know when a map is full.
  static MapFlags flags() { return MapFlags::no_prealloc; }
};

using Maps = ::testing::Types<HashMap<std::uint32_t, Value>, HashMap<Pair, Value>,
                              PerCpuHashMap<std::uint32_t, Value>, PerCpuHashMap<Pair, Value>>;
TYPED_TEST_SUITE(Model, Maps);

TYPED_TEST(Model, HoldsTheSameEntriesAfterEveryOperation) {
  for (int i = 0; i < 5000 && !this->HasFailure(); ++i) {
    SCOPED_TRACE("BPFMAP_SEED=" + std::to_string(seed()) + ", step " + std::to_string(i));
    this->step();
    this->expect_same_entries();
  }
}

TYPED_TEST(Model, HoldsTheSameEntriesWhenSystemCallsFail) {
  for (std::uint32_t i = 0; i < 5000 && !this->HasFailure(); ++i) {
    SCOPED_TRACE("BPFMAP_SEED=" + std::to_string(seed()) + ", step " + std::to_string(i));
    {
      const Faults faults{seed() + i};
      this->step();
    }
    this->expect_same_entries();
  }
}

}  // namespace
}  // namespace bpfmap
