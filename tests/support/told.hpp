// SPDX-License-Identifier: MIT
// The text of a refused call.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

#include "bpfmap/map/map.hpp"
#include "kernel_test.hpp"
#include "maps.hpp"

namespace bpfmap::test {

/// `call` is a generic lambda: with an argument, it calls the `error_code` form, without one the
/// throwing form. Expects that both fail with `code`, have the same text and leak no descriptor;
/// returns what() of the Error.
template <class Call>
[[nodiscard]] std::string told(std::error_code code, Call call) {
  const std::size_t before = open_descriptors();
  detail::forget_failure();
  std::error_code ec = make_error_code(std::errc::io_error);  // of an earlier call
  call(ec);
  EXPECT_EQ(ec, code) << ec.message();
  const std::string explained = explain(ec);
  const Error error = error_of([&call] { call(); });
  EXPECT_EQ(error.code(), code) << error.what();
  EXPECT_EQ(error.what(), explained);
  EXPECT_EQ(open_descriptors(), before);
  return error.what();
}

template <class Call>
[[nodiscard]] std::string told(int error, Call call) {
  return told(errno_code(error), call);
}

/// Creates a hash of u32 to u64, named flows.
[[nodiscard]] inline Map flows(std::uint32_t max_entries = 2, MapFlags flags = MapFlags::none) {
  return Map::create({.type = MapType::hash,
                      .key_size = 4,
                      .value_size = 8,
                      .max_entries = max_entries,
                      .flags = flags,
                      .name = "flows"});
}

[[nodiscard]] inline std::string id_of(const Map& map) { return std::to_string(map.info().id); }

}  // namespace bpfmap::test
