// SPDX-License-Identifier: MIT
// Where bpf(2) is refused the kernel tests are skipped with the reason; BPFMAP_REQUIRE_KERNEL=1
// makes that a failure.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include "bpfmap/map/map.hpp"

namespace {

std::error_code probe() {
  std::error_code ec;
  (void)bpfmap::Map::create({.type = bpfmap::MapType::array,
                             .key_size = 4,
                             .value_size = 8,
                             .max_entries = 1,
                             .name = "probe"},
                            ec);
  return ec;
}

// GoogleTest prints nothing of a skip in a global SetUp, so ctest would count the test as passed:
// this line is what its skip expression looks for.
int refuse(const std::error_code& ec) {
  const char* const value = std::getenv("BPFMAP_REQUIRE_KERNEL");
  const bool required = value != nullptr && std::string_view{value} == "1";
  std::printf("[  %s ] bpf(2) is refused: %s. Run as root or with CAP_BPF.\n",
              required ? "FAILED " : "SKIPPED", ec.message().c_str());
  return required ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (!::testing::GTEST_FLAG(list_tests))
    if (const auto ec = probe()) return refuse(ec);
  return RUN_ALL_TESTS();
}
