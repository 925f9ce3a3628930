// SPDX-License-Identifier: MIT
#include "perf_slots.hpp"

#include <bpf/bpf.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "bpfmap/sys/bpf.hpp"

namespace bpfmap::inline v0::detail {
namespace {

constexpr ::bpf_insn instruction(int code, int dst, int src, int offset, int immediate) noexcept {
  ::bpf_insn insn{};
  insn.code = static_cast<__u8>(code);
  insn.dst_reg = static_cast<__u8>(dst & 0xf);
  insn.src_reg = static_cast<__u8>(src & 0xf);
  insn.off = static_cast<__s16>(offset);
  insn.imm = immediate;
  return insn;
}

std::uint64_t address(const void* pointer) noexcept {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

}  // namespace

// return bpf_perf_event_read_value(&map, context->args[0], &value, sizeof value);
PerfSlots::PerfSlots(const Map& map) noexcept {
  constexpr int value_size = sizeof(::bpf_perf_event_value);
  const std::array program{
      instruction(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_2, BPF_REG_1, 0, 0),
      instruction(BPF_LD | BPF_IMM | BPF_DW, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map.fd()),
      instruction(0, 0, 0, 0, 0),
      instruction(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_10, 0, 0),
      instruction(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, -value_size),
      instruction(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_4, 0, 0, value_size),
      instruction(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_perf_event_read_value),
      instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
  };
  ::bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
  attr.insn_cnt = program.size();
  attr.insns = address(program.data());
  attr.license = address("Dual MIT/GPL");
  program_.reset(
      static_cast<int>(sys::bpf(BPF_PROG_LOAD, &attr, offsetof(::bpf_attr, kern_version))));
}

bool PerfSlots::is_taken(std::uint32_t cpu) const noexcept {
  if (!program_) return false;
  const std::uint64_t argument = cpu;
  ::bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.test.prog_fd = static_cast<std::uint32_t>(program_.get());
  attr.test.ctx_in = address(&argument);
  attr.test.ctx_size_in = sizeof argument;
  constexpr unsigned size = offsetof(::bpf_attr, test.cpu) + sizeof attr.test.cpu;
  const long result = sys::bpf(BPF_PROG_TEST_RUN, &attr, size);
  return result == 0 && static_cast<std::int32_t>(attr.test.retval) != -ENOENT;
}

}  // namespace bpfmap::inline v0::detail
