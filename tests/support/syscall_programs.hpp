// SPDX-License-Identifier: MIT
// Whether the kernel runs what in_kernel() makes, asked without in_kernel().
#pragma once

#include <linux/bpf.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "bpfmap/sys/bpf.hpp"

namespace bpfmap::test {

/// Whether the kernel loads programs of the type syscall (5.14); those kernels have
/// bpf_for_each_map_elem, too.
[[nodiscard]] inline bool kernel_has_syscall_programs() {
  // r0 = 0; return r0
  constexpr std::array code{bpf_insn{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0},
                            bpf_insn{BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  sys::ProgLoadAttr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.prog_type = sys::prog_type_syscall;
  attr.prog_flags = sys::prog_f_sleepable;
  attr.insns = sys::detail::address(code.data());
  attr.insn_cnt = code.size();
  attr.license = sys::detail::address("MIT");
  const int fd = sys::prog_load(attr);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

}  // namespace bpfmap::test
