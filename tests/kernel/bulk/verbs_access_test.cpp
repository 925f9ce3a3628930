// SPDX-License-Identifier: MIT
// Every verb through a descriptor that may only read, or only write: it works, or names the cause.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <map>
#include <string>
#include <system_error>

#include "bpfmap/bpfmap.hpp"
#include "bulk_support.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::contains;
using test::Numbers;
using test::told;

constexpr auto any = [](const auto&...) { return true; };

// Calls `check(name, call)` for every verb that reads the map only.
template <class M, class Check>
void each_reading_verb(M& map, Check check) {
  const std::array<std::uint32_t, 1> keys{1};
  auto other = Numbers::create({.max_entries = 4});
  check("count", [&](auto&... ec) { (void)count(map, ec...); });
  check("empty", [&](auto&... ec) { (void)empty(map, ec...); });
  check("count_if", [&](auto&... ec) { (void)count_if(map, any, ec...); });
  check("to_vector", [&](auto&... ec) { (void)to_vector(map, ec...); });
  check("scan", [&](auto&... ec) {
    for ([[maybe_unused]] const auto& entry : scan(map, ec...)) continue;
  });
  check("keys", [&](auto&... ec) {
    for ([[maybe_unused]] const auto& key : bpfmap::keys(map, ec...)) continue;
  });
  check("values", [&](auto&... ec) {
    for ([[maybe_unused]] const auto& value : values(map, ec...)) continue;
  });
  check("parallel_scan", [&](auto&... ec) { (void)parallel_scan(map, 2, any, ec...); });
  check("lookup_batch", [&](auto&... ec) { (void)lookup_batch(map, keys, ec...); });
  check("copy from", [&](auto&... ec) { (void)copy(map, other, ec...); });
}

// The same of every verb that writes only.
template <class M, class Check>
void each_writing_verb(M& map, Check check) {
  const std::array<std::uint32_t, 1> keys{1};
  const std::array<std::uint64_t, 1> values{2};
  auto other = Numbers::create({.max_entries = 4});
  other.update(1, 3);
  check("update_batch", [&](auto&... ec) { (void)update_batch(map, keys, values, ec...); });
  check("replace_batch", [&](auto&... ec) { (void)replace_batch(map, keys, values, ec...); });
  check("copy to", [&](auto&... ec) { (void)copy(other, map, ec...); });
  check("erase_batch", [&](auto&... ec) { (void)erase_batch(map, keys, ec...); });
  check("insert_batch", [&](auto&... ec) { (void)insert_batch(map, keys, values, ec...); });
}

// The same of every verb that reads and writes.
template <class M, class Check>
void each_verb_of_both(M& map, Check check) {
  check("erase_if", [&](auto&... ec) { (void)erase_if(map, any, ec...); });
  check("drain", [&](auto&... ec) {
    for ([[maybe_unused]] const auto& entry : drain(map, ec...)) continue;
  });
  check("sync", [&](auto&... ec) {
    (void)sync(map, std::map<std::uint32_t, std::uint64_t>{{7, 7}}, ec...);
  });
  check("clear", [&](auto&... ec) { (void)clear(map, ec...); });
}

constexpr auto works = [](const char* name, auto call) {
  SCOPED_TRACE(name);
  std::error_code ec = Errc::invalid_name;
  call(ec);
  EXPECT_EQ(ec, std::error_code{}) << explain(ec);
  EXPECT_NO_THROW(call());
};

constexpr auto names = [](const char* cause) {
  return [cause](const char* name, auto call) {
    SCOPED_TRACE(name);
    EXPECT_TRUE(contains(told(EPERM, call), cause));
  };
};

template <class M>
M two_entries() {
  M map = M::create({.max_entries = 8});
  map.update(1, 1);
  map.update(2, 2);
  return map;
}

TEST(VerbsOnAReadOnlyDescriptor, ReadOrNameTheCause) {
  const auto map = two_entries<Numbers>();
  auto reader = Numbers::from_id(map.map().info().id, Access::read_only);
  const auto refused = names("this descriptor is read-only (Access::read_only");
  each_reading_verb(reader, works);
  each_writing_verb(reader, refused);
  each_verb_of_both(reader, refused);
  EXPECT_EQ(count(map), 2U);
}

TEST(VerbsOnAWriteOnlyDescriptor, WriteOrNameTheCause) {
  const auto map = two_entries<Numbers>();
  auto writer = Numbers::from_id(map.map().info().id, Access::write_only);
  const auto refused = names("this descriptor is write-only (Access::write_only");
  each_reading_verb(writer, refused);
  each_writing_verb(writer, works);
  each_verb_of_both(writer, refused);
  EXPECT_EQ(count(map), 2U);
}

TEST(VerbsOnAFrozenMap, ReadOrNameTheCause) {
  auto map = two_entries<Numbers>();
  map.map().freeze();
  const auto refused = names("the map is frozen");
  each_reading_verb(map, works);
  each_writing_verb(map, refused);
  each_verb_of_both(map, refused);
  EXPECT_EQ(count(map), 2U);
}

// The writing is at fault, however the map is opened.
TEST(BatchOnAFrozenMap, DoesNotBlameAWriteOnlyDescriptor) {
  auto map = two_entries<Numbers>();
  auto writer = Numbers::from_id(map.map().info().id, Access::write_only);
  map.map().freeze();
  each_writing_verb(writer, names("the map is frozen"));
}

TEST(ClearOfAQueue, NamesTheCause) {
  auto queue = Queue<std::uint64_t>::create({.max_entries = 2});
  queue.push(1);
  const std::uint32_t id = queue.map().info().id;
  auto reader = Queue<std::uint64_t>::from_id(id, Access::read_only);
  auto writer = Queue<std::uint64_t>::from_id(id, Access::write_only);
  const auto emptied = [](auto& by) { return [&by](auto&... ec) { (void)clear(by, ec...); }; };
  const auto drained = [](auto& by) {
    return [&by](auto&... ec) {
      for ([[maybe_unused]] const auto& value : drain(by, ec...)) continue;
    };
  };
  EXPECT_TRUE(contains(told(EPERM, emptied(reader)), "this descriptor is read-only"));
  EXPECT_TRUE(contains(told(EPERM, emptied(writer)), "this descriptor is write-only"));
  EXPECT_TRUE(contains(told(EPERM, drained(reader)), "this descriptor is read-only"));
  EXPECT_TRUE(contains(told(EPERM, drained(writer)), "this descriptor is write-only"));
}

}  // namespace
}  // namespace bpfmap
