// SPDX-License-Identifier: MIT
// The assembler of BPF programs: what it writes, the running kernel loads and runs.
#include "../../../src/in_kernel/program.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <string>

#include "bpfmap/map/map.hpp"
#include "syscall_programs.hpp"

namespace bpfmap::test {
namespace {

using namespace detail::bytecode;
using u32 = std::uint32_t;
using u64 = std::uint64_t;

struct Outcome {
  int result = 0;
  u32 returned = 0;
  std::string log;
  std::error_code ec;
};

Outcome run_it(ProgramKind kind, const std::function<void(Assembler&)>& write) {
  Assembler program;
  write(program);
  EXPECT_TRUE(program.finish());
  Outcome outcome;
  const sys::UniqueFd fd = load(program, kind, "bpfmap_test", outcome.log, outcome.ec);
  if (fd) outcome.result = run(fd.get(), kind, outcome.returned);
  return outcome;
}

Map array_of(u32 entries, u32 value_size = sizeof(u64)) {
  return Map::create({.type = MapType::array,
                      .key_size = sizeof(u32),
                      .value_size = value_size,
                      .max_entries = entries,
                      .flags = MapFlags::mmapable});
}

class Program : public testing::TestWithParam<ProgramKind> {
 protected:
  void SetUp() override {
    if (!kernel_has_syscall_programs()) GTEST_SKIP() << "needs Linux 5.14";
  }
};
INSTANTIATE_TEST_SUITE_P(, Program, testing::Values(ProgramKind::syscall, ProgramKind::cgroup_skb),
                         [](const auto& kind) {
                           return kind.param == ProgramKind::syscall ? "Syscall" : "CgroupSkb";
                         });

TEST_P(Program, ReturnsWhatItCalculates) {
  const Outcome outcome = run_it(GetParam(), [](Assembler& a) {
    const auto skip = a.new_label();
    a.load_number(r0, 0x1'0000'0005);
    a.load_number(r1, 3);
    a.alu(Alu::mul, r0, r1);
    a.jump_if(When::gt, r0, r1, skip);
    a.move(r0, 1);
    a.bind(skip);
    a.alu(Alu::rsh, r0, 1);
    a.alu32(Alu::bit_and, r0, 0xffff);
    a.alu(Alu::bit_and, r0, 1);
    a.exit();
  });
  EXPECT_FALSE(outcome.ec) << outcome.ec.message() << outcome.log;
  EXPECT_EQ(outcome.result, 0);
  EXPECT_EQ(outcome.returned, 1U);  // 0x30000000f / 2, its lowest bit
}

TEST_P(Program, CallsAFunctionForEachElement) {
  Map numbers = array_of(5);
  for (u32 i = 0; i < 5; ++i) numbers.update(i, u64{10} + i);
  Map sum = array_of(1);
  const Outcome outcome = run_it(GetParam(), [&](Assembler& a) {
    const auto add = a.new_label();
    a.load_map(r1, numbers.fd());
    a.load_function(r2, add);
    a.move(r3, 0);
    a.move(r4, 0);
    a.call(Helper::for_each_map_elem);
    a.alu(Alu::bit_and, r0, 1);
    a.exit();
    a.begin_function(add);
    a.load(Size::dword, r4, r3, 0);
    a.load_map_value(r1, sum.fd());
    a.atomic(Atomic::fetch_add, Size::dword, r1, 0, r4);
    a.move(r0, 0);
    a.exit();
  });
  EXPECT_FALSE(outcome.ec) << outcome.ec.message() << outcome.log;
  EXPECT_EQ(sum.lookup<u64>(u32{0}), 60U);
}

TEST_P(Program, ChangesValuesAtomically) {
  Map value = array_of(2, 4);
  value.update(u32{0}, u32{0x30});
  const Outcome outcome = run_it(GetParam(), [&](Assembler& a) {
    const auto none = a.new_label();
    a.store(Size::word, fp, -4, 0);
    a.load_map(r1, value.fd());
    a.move(r2, fp);
    a.alu(Alu::add, r2, -4);
    a.call(Helper::map_lookup_elem);
    a.jump_if(When::eq, r0, 0, none);
    a.move(r6, r0);
    a.move(r1, 0x01);
    a.atomic(Atomic::fetch_or, Size::word, r6, 0, r1);  // 0x31, r1 = 0x30
    a.move(r0, 0x31);
    a.move(r2, 0x40);
    a.atomic(Atomic::compare_exchange, Size::word, r6, 0, r2);  // 0x40, r0 = 0x31
    a.alu(Alu::add, r1, r0);                                    // 0x61
    a.atomic(Atomic::exchange, Size::word, r6, 0, r1);          // 0x61
    a.bind(none);
    a.move(r0, 0);
    a.exit();
  });
  EXPECT_FALSE(outcome.ec) << outcome.ec.message() << outcome.log;
  EXPECT_EQ(value.lookup<u32>(u32{0}), 0x61U);
}

TEST_P(Program, CopiesAnyNumberOfBytes) {
  Map value = array_of(1, 16);
  const Outcome outcome = run_it(GetParam(), [&](Assembler& a) {
    a.load_map_value(r6, value.fd());
    a.load_number(r1, 0x0807060504030201);
    a.store(Size::dword, r6, 0, r1);
    a.copy(r6, 8, r6, 0, 7, 8, r1);
    a.move(r0, 0);
    a.exit();
  });
  EXPECT_FALSE(outcome.ec) << outcome.ec.message() << outcome.log;
  const Bytes bytes = *value.lookup(u32{0});
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(bytes[8 + i], bytes[i]);
  EXPECT_EQ(bytes[15], std::byte{});
}

TEST_P(Program, KeepsTheVerifiersReasonWhenItIsRefused) {
  const Outcome outcome = run_it(GetParam(), [](Assembler& a) {
    a.load(Size::dword, r0, r7, 0);
    a.exit();
  });
  EXPECT_EQ(outcome.ec.value(), EACCES);
  EXPECT_NE(outcome.log.find("R7"), std::string::npos) << outcome.log;
}

TEST(Assembler, RefusesALabelThatIsNowhereOrTooFar) {
  Assembler unbound;
  unbound.jump(unbound.new_label());
  EXPECT_FALSE(unbound.finish());
  Assembler far;
  const auto end = far.new_label();
  far.jump(end);
  for (int i = 0; i < 32768; ++i) far.move(r0, 0);
  far.bind(end);
  EXPECT_FALSE(far.finish());
}

}  // namespace
}  // namespace bpfmap::test
