// SPDX-License-Identifier: MIT
// The smallest BPF programs: kernel objects that are no maps, and readers of maps that are not user
// space.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::test {

/// A socket filter of `code`; a test failure when it cannot be loaded.
[[nodiscard]] inline UniqueFd load_program(std::span<const bpf_insn> code) {
  bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attr.insns = sys::detail::address(code.data());
  attr.insn_cnt = static_cast<std::uint32_t>(code.size());
  attr.license = sys::detail::address("MIT");
  const long result = sys::bpf(BPF_PROG_LOAD, &attr, offsetof(bpf_attr, kern_version));
  EXPECT_GE(result, 0) << "BPF_PROG_LOAD";
  return UniqueFd{static_cast<int>(result)};
}

[[nodiscard]] constexpr bpf_insn instruction(int code, int dst = 0, int src = 0,
                                             std::int16_t off = 0, std::int32_t imm = 0) {
  bpf_insn insn{};
  insn.code = static_cast<__u8>(code);
  insn.dst_reg = static_cast<__u8>(dst & 15);
  insn.src_reg = static_cast<__u8>(src & 15);
  insn.off = off;
  insn.imm = imm;
  return insn;
}

/// One that drops everything.
[[nodiscard]] inline UniqueFd load_program() {
  constexpr std::array code{instruction(BPF_ALU64 | BPF_MOV | BPF_K),
                            instruction(BPF_JMP | BPF_EXIT)};
  return load_program(code);
}

/// Looks `key` up in the map behind `fd`, whose keys are 8 bytes or fewer, from within a program.
inline void lookup_by_program(int fd, std::int32_t key) {
  const std::array code{
      instruction(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, fd),  // r1 = map
      instruction(0),
      instruction(BPF_ST | BPF_MEM | BPF_DW, 10, 0, -8, key),
      instruction(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10),  // r2 = &key
      instruction(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -8),
      instruction(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
      instruction(BPF_ALU64 | BPF_MOV | BPF_K),  // r0 = 0
      instruction(BPF_JMP | BPF_EXIT),
  };
  const UniqueFd program = load_program(code);
  const std::array<std::byte, 64> packet{};
  bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.test.prog_fd = static_cast<std::uint32_t>(program.get());
  attr.test.data_size_in = packet.size();
  attr.test.data_in = sys::detail::address(packet.data());
  EXPECT_EQ(sys::bpf(BPF_PROG_TEST_RUN, &attr, sizeof attr.test), 0);
}

}  // namespace bpfmap::test
