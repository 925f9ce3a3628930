// SPDX-License-Identifier: MIT
// Every public operation of every typed map and every verb on whole maps, once: both forms end with
// the same code and have the same text, and the error_code is set or cleared. Then the same of the
// operations of Map, of rings and memory, and of free functions. The test `both_forms` shows that
// none is missing.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <type_traits>
#include <utility>

#include "bpfmap/bpfmap.hpp"
#include "every_function.hpp"
#include "every_operation.hpp"
#include "fake_bpf.hpp"
#include "told.hpp"

namespace bpfmap {
namespace {

using test::EitherForm;
using test::FakeMap;

MapInfo info_of(MapType type, std::uint32_t key_size, std::uint32_t value_size) {
  return {.type = type,
          .id = 77,
          .key_size = key_size,
          .value_size = value_size,
          .max_entries = 8,
          .flags = traits_of(type)->flags_needed,
          .name = "played"};
}

// An inner map, or another value.
template <class Value>
Value make_value() {
  if constexpr (std::is_same_v<Value, Map>) {
    FakeMap fake{info_of(MapType::hash, 4, 8)};
    return std::move(fake.map);
  } else if constexpr (std::is_same_v<Value, DevTarget> || std::is_same_v<Value, CpuTarget>) {
    return Value{1};
  } else {
    return Value{5};
  }
}

// Answers what ends a walk; 0 to everything else, or `failure`.
long answer(long failure, int cmd, void* attr, unsigned int size) {
  if (failure != 0) return failure;
  if (cmd == BPF_MAP_LOOKUP_BATCH || cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH) {
    bpf_attr request{};
    std::memcpy(&request, attr, size);
    request.batch.count = 0;
    std::memcpy(attr, &request, size);
    return -ENOENT;
  }
  return cmd == BPF_MAP_GET_NEXT_KEY || cmd == BPF_MAP_GET_FD_BY_ID ? -ENOENT : 0;
}

template <class R>
class BothForms : public ::testing::Test {
 protected:
  using M = typename R::M;
  static std::uint32_t value_size() {
    if constexpr (R::type == MapType::stack_trace) return 127 * 8;
    if constexpr (R::type == MapType::sockmap || R::type == MapType::sockhash ||
                  R::type == MapType::reuseport_sockarray)
      return 8;
    if constexpr (std::is_same_v<typename R::Value, Map>) return 4;
    return sizeof(typename R::Value);
  }
  static FakeMap fake(long failure) {
    const bool keyless =
        R::type == MapType::queue || R::type == MapType::stack || R::type == MapType::bloom_filter;
    const auto key_size = static_cast<std::uint32_t>(keyless ? 0 : sizeof(typename R::Key));
    return FakeMap{info_of(R::type, key_size, value_size()),
                   [failure](int cmd, void* attr, unsigned int size) {
                     return answer(failure, cmd, attr, size);
                   }};
  }
};

using Rows = test::EveryRowAs<::testing::Types>;
TYPED_TEST_SUITE(BothForms, Rows);

// Whatever the code is, explain(ec) is what() of the other form, and neither is the errno alone.
void expect_told(const char* name, const EitherForm& call) {
  SCOPED_TRACE(name);
  std::error_code ec;
  call(ec);
  ASSERT_TRUE(ec);
  EXPECT_NE(explain(ec), ec.message()) << "nothing is recorded";
  EXPECT_FALSE(test::told(ec, call).empty());
}

// The kernel is not asked for the keys of slots, nor to duplicate.
void expect_told_or_done(const char* name, const EitherForm& call) {
  std::error_code ec;
  call(ec);
  if (ec) {
    expect_told(name, call);
  } else {
    EXPECT_NO_THROW(call()) << name;
  }
}

void expect_set_or_cleared(const char* name, const EitherForm& call) {
  SCOPED_TRACE(name);
  std::error_code clean;
  call(clean);
  std::error_code used = Errc::invalid_name;
  call(used);
  EXPECT_EQ(used, clean) << "neither set nor cleared";
  if (!clean) {
    EXPECT_NO_THROW(call());
  }
}

// One type for all, so that each row is compiled once.
using Check = void (*)(const char*, const EitherForm&);

TYPED_TEST(BothForms, HaveOneTextWithoutAMap) {
  typename TestFixture::M none;
  EXPECT_EQ(test::each_operation<TypeParam>(none, make_value<typename TypeParam::Value>(),
                                            Check{expect_told}),
            TypeParam::operations);
}

TYPED_TEST(BothForms, HaveOneTextWhenTheKernelRefuses) {
  FakeMap fake = this->fake(-EIO);
  typename TestFixture::M map{std::move(fake.map)};
  (void)test::each_operation<TypeParam>(map, make_value<typename TypeParam::Value>(),
                                        Check{expect_told_or_done});
}

TYPED_TEST(BothForms, SetOrClearTheErrorCode) {
  FakeMap fake = this->fake(0);
  typename TestFixture::M map{std::move(fake.map)};
  (void)test::each_operation<TypeParam>(map, make_value<typename TypeParam::Value>(),
                                        Check{expect_set_or_cleared});
}

TEST(EveryFunction, HasOneTextInBothForms) { test::each_function(Check{expect_told_or_done}); }

TEST(EveryFunction, SetsOrClearsTheErrorCode) { test::each_function(Check{expect_set_or_cleared}); }

}  // namespace
}  // namespace bpfmap
