// SPDX-License-Identifier: MIT
// Small BPF programs: as kernel objects that are not maps, and as readers of maps.
#pragma once

#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::test {

/// How a program is loaded.
struct ProgramKind {
  std::uint32_t type = BPF_PROG_TYPE_SOCKET_FILTER;
  std::uint32_t attach_type = 0;  ///< enum bpf_attach_type
  const char* license = "MIT";
  std::uint32_t flags = 0;  ///< such as BPF_F_XDP_HAS_FRAGS
};

/// Loads `code`; a test failure when the kernel refuses it.
[[nodiscard]] inline sys::UniqueFd load_program(std::span<const bpf_insn> code,
                                                ProgramKind kind = {}) {
  bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.prog_type = kind.type;
  attr.expected_attach_type = kind.attach_type;
  attr.prog_flags = kind.flags;
  attr.insns = sys::detail::address(code.data());
  attr.insn_cnt = static_cast<std::uint32_t>(code.size());
  attr.license = sys::detail::address(kind.license);
  const long result = sys::bpf(BPF_PROG_LOAD, &attr, offsetof(bpf_attr, attach_btf_id));
  EXPECT_GE(result, 0) << "BPF_PROG_LOAD";
  return sys::UniqueFd{static_cast<int>(result)};
}

/// Runs a program once (BPF_PROG_TEST_RUN), with an empty packet if it takes one; returns its
/// result.
inline std::uint32_t run_program(int fd, bool takes_packet = true) {
  const std::array<std::byte, 64> packet{};
  bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.test.prog_fd = static_cast<std::uint32_t>(fd);
  if (takes_packet) {
    attr.test.data_size_in = packet.size();
    attr.test.data_in = sys::detail::address(packet.data());
  }
  EXPECT_EQ(sys::bpf(BPF_PROG_TEST_RUN, &attr, sizeof attr.test), 0);
  return attr.test.retval;
}

/// Returns the id of a program.
[[nodiscard]] inline std::uint32_t id_of_program(int fd) {
  bpf_prog_info info;
  std::memset(&info, 0, sizeof info);
  bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.info.bpf_fd = static_cast<std::uint32_t>(fd);
  attr.info.info_len = sizeof info;
  attr.info.info = sys::detail::address(&info);
  EXPECT_EQ(sys::bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof attr.info), 0);
  return info.id;
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

/// r`dst` = the map behind `fd`: two instructions.
[[nodiscard]] constexpr std::array<bpf_insn, 2> load_map(int dst, int fd) {
  return {instruction(BPF_LD | BPF_IMM | BPF_DW, dst, BPF_PSEUDO_MAP_FD, 0, fd), instruction(0)};
}
[[nodiscard]] constexpr bpf_insn load_number(int dst, std::int32_t number) {
  return instruction(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, number);
}
[[nodiscard]] constexpr bpf_insn call_helper(std::int32_t function) {
  return instruction(BPF_JMP | BPF_CALL, 0, 0, 0, function);
}
[[nodiscard]] constexpr bpf_insn leave() { return instruction(BPF_JMP | BPF_EXIT); }

/// Loads a program that only returns `result`.
[[nodiscard]] inline sys::UniqueFd load_program(std::int32_t result = 0, ProgramKind kind = {}) {
  const std::array code{load_number(0, result), leave()};
  return load_program(code, kind);
}

/// Looks up `key` in a program, in the map of `fd`, whose keys have 8 bytes or fewer.
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
  const sys::UniqueFd program = load_program(code);
  run_program(program.get());
}

/// Loads an XDP program that redirects every packet to the entry of `key` in the redirect map of
/// `map_fd`: it returns XDP_REDIRECT, or XDP_DROP when there is no entry.
[[nodiscard]] inline sys::UniqueFd load_redirect(int map_fd, std::int32_t key) {
  const auto map = load_map(1, map_fd);
  const std::array code{
      map[0],
      map[1],
      load_number(2, key),
      load_number(3, XDP_DROP),
      call_helper(BPF_FUNC_redirect_map),
      leave(),
  };
  return load_program(code, {.type = BPF_PROG_TYPE_XDP});
}

}  // namespace bpfmap::test
