// SPDX-License-Identifier: MIT
// Some of what a vmlinux.h defines, as C++ programs take it out of one.
typedef unsigned int __u32;
typedef unsigned long long __u64;
enum bpf_map_type { BPF_MAP_TYPE_UNSPEC, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY };
enum bpf_cmd { BPF_MAP_CREATE, BPF_MAP_LOOKUP_ELEM };
enum { BPF_ANY, BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK = 4 };
enum { BPF_F_NO_PREALLOC = 1, BPF_F_RDONLY = 8, BPF_F_MMAPABLE = 1024 };
struct bpf_insn {
  __u64 code;
};
struct bpf_map {
  __u32 id;
};
struct bpf_spin_lock {
  __u32 val;
};
union bpf_attr {
  __u32 map_fd;
};
