// SPDX-License-Identifier: MIT
// Compiled with -fno-exceptions: every operation has a form for such programs.
#include <gtest/gtest.h>

#include <system_error>
#include <tuple>

#include "bpfmap/bpfmap.hpp"
#include "every_function.hpp"
#include "every_operation.hpp"

#ifdef __cpp_exceptions
#error "tests/CMakeLists.txt compiles this file with -fno-exceptions"
#endif

namespace bpfmap {
namespace {

template <class Row>
void expect_no_map() {
  typename Row::M none;
  const typename Row::Value value{};
  const int operations = test::each_operation<Row>(none, value, [](const char* name, auto call) {
    SCOPED_TRACE(name);
    std::error_code ec;
    call(ec);
    EXPECT_EQ(ec, Errc::no_map);
    EXPECT_FALSE(explain(ec).empty());
  });
  EXPECT_EQ(operations, Row::operations);
}

template <class... Rows>
void expect_no_map_of(std::tuple<Rows...>*) {
  (expect_no_map<Rows>(), ...);
}

TEST(EveryOperationWithoutExceptions, ReportsThatThereIsNoMap) {
  expect_no_map_of(static_cast<test::EveryRow*>(nullptr));
}

TEST(EveryFunctionWithoutExceptions, ExplainsItsFailure) {
  int failures = 0;
  test::each_function([&failures](const char* name, auto call) {
    SCOPED_TRACE(name);
    std::error_code ec;
    call(ec);
    if (!ec) return;
    ++failures;
    EXPECT_FALSE(explain(ec).empty());
  });
  EXPECT_GT(failures, 70);
}

}  // namespace
}  // namespace bpfmap
