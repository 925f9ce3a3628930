// SPDX-License-Identifier: MIT
#include "bpfmap/typed/record.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "sample_types.hpp"

namespace bpfmap {
namespace {

static_assert(viewable_as_record<test::FlowKey> && viewable_as_record<std::uint64_t>);
static_assert(viewable_as_record<std::array<std::byte, 3>> && viewable_as_record<test::Packet>);
static_assert(!viewable_as_record<test::Name> && !viewable_as_record<bool> &&
              !viewable_as_record<const char*> && !viewable_as_record<BytesView>);

TEST(AllRecords, IsMoreThanAnyNumber) { EXPECT_EQ(all_records + 1, 0U); }

}  // namespace
}  // namespace bpfmap
