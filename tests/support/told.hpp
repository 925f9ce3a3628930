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

/// A generic lambda that, called with an argument, calls the `error_code` form of an operation, and
/// without one the throwing form. Not a template parameter of those who test both: it would make
/// each of them once for each lambda. Refers to the lambda.
class EitherForm {
 public:
  template <class Call>
  EitherForm(const Call& call) noexcept  // NOLINT: a lambda is one
      : call_{&call},
        throwing_{[](const void* it) { (*static_cast<const Call*>(it))(); }},
        quiet_{[](const void* it, std::error_code& ec) { (*static_cast<const Call*>(it))(ec); }} {}

  void operator()() const { throwing_(call_); }
  void operator()(std::error_code& ec) const { quiet_(call_, ec); }

 private:
  const void* call_;
  void (*throwing_)(const void*);
  void (*quiet_)(const void*, std::error_code&);
};

/// Expects that both forms fail with `code`, have the same text and leak no descriptor; returns
/// what() of the Error.
[[nodiscard]] std::string told(std::error_code code, const EitherForm& call);
[[nodiscard]] std::string told(int error, const EitherForm& call);

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
