// SPDX-License-Identifier: MIT
// Calls that every typed map of descriptors refuses before it calls the kernel.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

#include "bpfmap/sys/cpus.hpp"
#include "told.hpp"

namespace bpfmap::test {

/// Expects that M refuses `made` with `code` and closes it; returns what() of the Error.
template <class M>
[[nodiscard]] std::string refused_view(const Map& made, Errc code) {
  return told(std::error_code{code}, [&](auto&... ec) {
    const M view{made.duplicate(), ec...};
    EXPECT_FALSE(view);
  });
}

/// Expects that M is created with its type and sizes, can be moved, and refuses a hash of u32 to
/// u64.
template <class M>
void expect_made_and_refused(MapSpec spec, MapType type, std::uint32_t value_size) {
  std::error_code ec = Errc::invalid_name;
  M quiet = M::create(spec, ec);
  EXPECT_EQ(ec, std::error_code{});
  const M loud = M::create(spec);
  for (const M* map : {&std::as_const(quiet), &loud}) {
    ASSERT_TRUE(*map);
    const MapInfo& info = map->map().info();
    EXPECT_EQ(info.type, type);
    EXPECT_EQ(info.key_size, 4U);
    EXPECT_EQ(info.value_size, value_size);
    EXPECT_EQ(info.max_entries, spec.max_entries);
    EXPECT_EQ(map->max_entries(), spec.max_entries);
  }
  EXPECT_EQ(M{loud.map().duplicate()}.map().info().id, loud.map().info().id);
  const M moved = std::move(quiet);
  EXPECT_TRUE(moved);
  EXPECT_FALSE(quiet);  // NOLINT(bugprone-use-after-move)

  EXPECT_TRUE(contains(refused_view<M>(flows(), Errc::wrong_map_type),
                       "this class is for " + std::string{to_string(type)} + " maps"));
  spec.key_size = 8;
  EXPECT_TRUE(contains(
      told(std::error_code{Errc::wrong_key_size}, [&](auto&... e) { (void)M::create(spec, e...); }),
      "key"));
  spec.key_size = 0;
  spec.type = MapType::hash;
  EXPECT_TRUE(contains(
      told(std::error_code{Errc::wrong_map_type}, [&](auto&... e) { (void)M::create(spec, e...); }),
      "this class is for " + std::string{to_string(type)} + " maps"));
  spec.type = MapType::unspec;
  spec.max_entries = 0;
  // Where programs use a slot per CPU, there is one unless the caller asks for another number.
  if (type == MapType::cpumap || type == MapType::perf_event_array) {
    EXPECT_EQ(M::create(spec).max_entries(), sys::possible_cpus().size());
    std::error_code quiet_ec = Errc::invalid_name;
    EXPECT_EQ(M::create(spec, quiet_ec).map().info().max_entries, sys::possible_cpus().size());
    EXPECT_EQ(quiet_ec, std::error_code{});
  } else {
    EXPECT_FALSE(told(EINVAL, [&](auto&... e) { (void)M::create(spec, e...); }).empty());
  }
}

/// `call` uses index 4 of a map of 4: expects a refusal without a call of the kernel.
template <class Call>
void expect_index_told(Call call) {
  EXPECT_TRUE(
      contains(told(std::error_code{Errc::index_out_of_range}, call), "index 4 is out of range"));
}

/// `call` takes an index, which cannot be one of 32 bits: Errc::out_of_range. Cut to 32 bits, the
/// numbers are 4294967295, 0, 1 and 2.
template <class Call>
void expect_integer_told(Call call) {
  for (const std::int64_t number : {std::int64_t{-1}, std::int64_t{1} << 32,
                                    (std::int64_t{1} << 32) + 1, -(std::int64_t{1} << 32) + 2}) {
    SCOPED_TRACE(number);
    EXPECT_FALSE(told(std::error_code{Errc::out_of_range}, [&](auto&... ec) {
                   call(number, ec...);
                 }).empty());
  }
}

/// `call` uses an empty map.
template <class Call>
void expect_no_map_told(Call call) {
  EXPECT_FALSE(told(std::error_code{Errc::no_map}, call).empty());
}

}  // namespace bpfmap::test
