// SPDX-License-Identifier: MIT
#include "perf_slots.hpp"

#include <array>
#include <bit>
#include <cerrno>

#include "bpfmap/sys/bpf.hpp"

namespace bpfmap::inline v0::detail {
namespace {

// Commands, attributes and instructions as the kernel numbers and lays them out.
constexpr int prog_load = 5;
constexpr int prog_test_run = 10;
constexpr std::uint32_t raw_tracepoint = 17;
constexpr std::int32_t perf_event_read_value = 55;  // a helper
constexpr std::int32_t perf_value_size = 24;        // of struct bpf_perf_event_value
constexpr std::uint8_t map_fd_pseudo_register = 1;

struct ProgLoadAttr {
  std::uint32_t prog_type;
  std::uint32_t insn_cnt;
  std::uint64_t insns;
  std::uint64_t license;
};

struct TestRunAttr {
  std::uint32_t prog_fd;
  std::uint32_t retval;
  std::uint32_t data_size_in;
  std::uint32_t data_size_out;
  std::uint64_t data_in;
  std::uint64_t data_out;
  std::uint32_t repeat;
  std::uint32_t duration;
  std::uint32_t ctx_size_in;
  std::uint32_t ctx_size_out;
  std::uint64_t ctx_in;
  std::uint64_t ctx_out;
};

struct Instruction {
  std::uint8_t code;
  std::uint8_t registers;
  std::int16_t offset;
  std::int32_t immediate;
};

constexpr Instruction instruction(std::uint8_t code, unsigned dst, unsigned src,
                                  std::int32_t immediate) noexcept {
  const unsigned registers =
      std::endian::native == std::endian::little ? src << 4U | dst : dst << 4U | src;
  return {code, static_cast<std::uint8_t>(registers), 0, immediate};
}

std::uint64_t address(const void* pointer) noexcept {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

}  // namespace

// return bpf_perf_event_read_value(&map, context->args[0], &value, sizeof value);
PerfSlots::PerfSlots(const Map& map) noexcept {
  const std::array program{
      instruction(0x79, 2, 1, 0),                              // r2 = *(u64*)(r1 + 0)
      instruction(0x18, 1, map_fd_pseudo_register, map.fd()),  // r1 = &map
      instruction(0, 0, 0, 0),                                 //
      instruction(0xbf, 3, 10, 0),                             // r3 = r10
      instruction(0x07, 3, 0, -perf_value_size),               // r3 -= sizeof value
      instruction(0xb7, 4, 0, perf_value_size),                // r4 = sizeof value
      instruction(0x85, 0, 0, perf_event_read_value),          // call
      instruction(0x95, 0, 0, 0),                              // exit
  };
  ProgLoadAttr attr{.prog_type = raw_tracepoint,
                    .insn_cnt = program.size(),
                    .insns = address(program.data()),
                    .license = address("Dual MIT/GPL")};
  program_.reset(static_cast<int>(sys::bpf(prog_load, &attr, sizeof attr)));
}

bool PerfSlots::is_taken(std::uint32_t cpu) const noexcept {
  if (!program_) return false;
  const std::uint64_t argument = cpu;
  TestRunAttr attr{};
  attr.prog_fd = static_cast<std::uint32_t>(program_.get());
  attr.ctx_in = address(&argument);
  attr.ctx_size_in = sizeof argument;
  return sys::bpf(prog_test_run, &attr, sizeof attr) == 0 &&
         static_cast<std::int32_t>(attr.retval) != -ENOENT;
}

}  // namespace bpfmap::inline v0::detail
