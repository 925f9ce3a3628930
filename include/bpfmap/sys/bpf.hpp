// SPDX-License-Identifier: MIT
// bpf(2): one noexcept function per map command, which returns >= 0 or -errno. Layer 0: includes
// nothing above.
//
// These functions check no sizes: the kernel trusts every pointer and reads or writes as many bytes
// as the map declares. `class Map` checks them.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "bpfmap/sys/uapi.hpp"

namespace bpfmap::inline v0::sys {

/// The signature of bpf(2): returns >= 0, or -errno.
using BpfFunction = long (*)(int cmd, void* attr, unsigned int size) noexcept;

/// The real bpf(2).
inline long bpf_syscall(int cmd, void* attr, unsigned int size) noexcept {
#ifdef __x86_64__
  // Makes the system call without syscall(2), whose detour through errno is half of an operation's
  // instructions.
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(__NR_bpf), "D"(cmd), "S"(attr), "d"(size)
               : "rcx", "r11", "memory");
  return result;
#else
  const long result = ::syscall(__NR_bpf, cmd, attr, size);
  return result < 0 ? -errno : result;
#endif
}

namespace detail {
// Read and written by the compiler's atomic builtins: <atomic> costs more to include than all the
// rest of this layer.
inline constinit BpfFunction bpf_function = &bpf_syscall;
}  // namespace detail

/// Replaces bpf(2) by `function` in the whole process and returns the function used before. For
/// tests.
inline BpfFunction set_bpf_for_testing(BpfFunction function) noexcept {
  return __atomic_exchange_n(&detail::bpf_function, function, __ATOMIC_SEQ_CST);
}

/// Calls bpf(2); every call of the library goes through this function. `size` ends after the last
/// field that `cmd` uses: old kernels refuse a longer attribute whose tail is not zero, and every
/// kernel reads missing fields as zero.
inline long bpf(int cmd, void* attr, unsigned int size) noexcept {
  return __atomic_load_n(&detail::bpf_function, __ATOMIC_RELAXED)(cmd, attr, size);
}

namespace detail {

inline std::uint64_t address(const void* pointer) noexcept {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

int batch_command(Command command, int fd, const void* in_batch, void* out_batch, const void* keys,
                  const void* values, std::uint32_t& count, std::uint64_t elem_flags) noexcept;

}  // namespace detail

/// Returns the attribute of the three commands that take a map, a key, a value and flags. It has no
/// padding that the compiler could skip: every byte is written.
inline ElementAttr element_attr(int fd, const void* key, const void* value,
                                std::uint64_t flags) noexcept {
  return {static_cast<std::uint32_t>(fd), 0, detail::address(key), detail::address(value), flags};
}

/// BPF_MAP_LOOKUP_ELEM (3.18): copies the value of `key` to `value`. -ENOENT: no such key.
inline int map_lookup_elem(ElementAttr& attr) noexcept {
  return static_cast<int>(bpf(static_cast<int>(Command::map_lookup_elem), &attr, sizeof attr));
}
inline int map_lookup_elem(int fd, const void* key, void* value, std::uint64_t flags = 0) noexcept {
  ElementAttr attr = element_attr(fd, key, value, flags);
  return map_lookup_elem(attr);
}

/// BPF_MAP_UPDATE_ELEM (3.18): sets the value of `key`. -EEXIST: the key exists, with BPF_NOEXIST.
/// -ENOENT: it does not exist, with BPF_EXIST.
inline int map_update_elem(ElementAttr& attr) noexcept {
  return static_cast<int>(bpf(static_cast<int>(Command::map_update_elem), &attr, sizeof attr));
}
inline int map_update_elem(int fd, const void* key, const void* value,
                           std::uint64_t flags = 0) noexcept {
  ElementAttr attr = element_attr(fd, key, value, flags);
  return map_update_elem(attr);
}

/// BPF_MAP_LOOKUP_AND_DELETE_ELEM (4.20; on hash types 5.14): copies the value out and deletes the
/// entry.
inline int map_lookup_and_delete_elem(ElementAttr& attr) noexcept {
  return static_cast<int>(
      bpf(static_cast<int>(Command::map_lookup_and_delete_elem), &attr, sizeof attr));
}
inline int map_lookup_and_delete_elem(int fd, const void* key, void* value,
                                      std::uint64_t flags = 0) noexcept {
  ElementAttr attr = element_attr(fd, key, value, flags);
  return map_lookup_and_delete_elem(attr);
}

/// BPF_MAP_DELETE_ELEM (3.18), which has no flags: deletes the entry of `key`. -ENOENT: no such
/// key.
inline int map_delete_elem(KeyAttr& attr) noexcept {
  return static_cast<int>(bpf(static_cast<int>(Command::map_delete_elem), &attr, sizeof attr));
}
inline int map_delete_elem(int fd, const void* key) noexcept {
  KeyAttr attr{static_cast<std::uint32_t>(fd), 0, detail::address(key)};
  return map_delete_elem(attr);
}

/// BPF_MAP_GET_NEXT_KEY (3.18): copies the key after `key` to `next_key`, or the first key when
/// `key` is nullptr (4.12). -ENOENT: no more keys. On hash types a missing `key` returns the first
/// key again.
inline int map_get_next_key(int fd, const void* key, void* next_key) noexcept {
  NextKeyAttr attr{static_cast<std::uint32_t>(fd), 0, detail::address(key),
                   detail::address(next_key)};
  return static_cast<int>(bpf(static_cast<int>(Command::map_get_next_key), &attr, sizeof attr));
}

/// BPF_MAP_LOOKUP_BATCH (5.6). `in_batch` is nullptr at the start; `out_batch` needs max(4,
/// key_size) bytes; `count` is the room in entries and becomes the number of entries copied (only
/// after 0, -ENOENT and -ENOSPC). -ENOENT: this was the last batch, and it may have entries.
/// -ENOSPC: the next hash bucket is larger than the room.
inline int map_lookup_batch(int fd, const void* in_batch, void* out_batch, void* keys, void* values,
                            std::uint32_t& count, std::uint64_t elem_flags = 0) noexcept {
  return detail::batch_command(Command::map_lookup_batch, fd, in_batch, out_batch, keys, values,
                               count, elem_flags);
}

/// BPF_MAP_LOOKUP_AND_DELETE_BATCH (5.6): as map_lookup_batch, and removes the copied entries from
/// the map. A bad `values` pointer loses them.
inline int map_lookup_and_delete_batch(int fd, const void* in_batch, void* out_batch, void* keys,
                                       void* values, std::uint32_t& count,
                                       std::uint64_t elem_flags = 0) noexcept {
  return detail::batch_command(Command::map_lookup_and_delete_batch, fd, in_batch, out_batch, keys,
                               values, count, elem_flags);
}

/// BPF_MAP_UPDATE_BATCH (5.6): stops at the first entry that fails; `count` becomes the
/// number of entries written before it. -EINVAL for BPF_NOEXIST and BPF_EXIST.
inline int map_update_batch(int fd, const void* keys, const void* values, std::uint32_t& count,
                            std::uint64_t elem_flags = 0) noexcept {
  return detail::batch_command(Command::map_update_batch, fd, nullptr, nullptr, keys, values, count,
                               elem_flags);
}

/// BPF_MAP_DELETE_BATCH (5.6): stops at the first missing key with -ENOENT; `count` becomes
/// the number of entries deleted before it.
inline int map_delete_batch(int fd, const void* keys, std::uint32_t& count,
                            std::uint64_t elem_flags = 0) noexcept {
  return detail::batch_command(Command::map_delete_batch, fd, nullptr, nullptr, keys, nullptr,
                               count, elem_flags);
}

/// BPF_MAP_CREATE (3.18): returns a new map's descriptor, close-on-exec and never 0. `size` is the
/// end of the last field used.
int map_create(const MapCreateAttr& attr, unsigned int size = sizeof(MapCreateAttr)) noexcept;

/// As map_create(), with BPF_COMMON_ATTRS (7.2): a kernel that refuses the map writes its reason, a
/// text that ends in a zero, to the `log_size` bytes at `log`. Older kernels return -EINVAL and
/// write nothing. While bpf(2) is replaced, returns -ENOSYS without a call: the replacement does
/// not take the argument.
int map_create_logged(const MapCreateAttr& attr, unsigned int size, char* log,
                      std::uint32_t log_size) noexcept;

/// BPF_BTF_LOAD (4.18): returns a descriptor of the `size` bytes of BTF at `btf`, close-on-exec and
/// never 0. `token_fd` is a BPF token (6.9), or -1.
int btf_load(const void* btf, std::uint32_t size, int token_fd = -1) noexcept;

/// BPF_BTF_GET_FD_BY_ID (4.18): returns a descriptor of the BTF with the kernel's id `id`. Needs
/// CAP_SYS_ADMIN.
int btf_get_fd_by_id(std::uint32_t id) noexcept;

/// BPF_OBJ_GET_INFO_BY_FD of BTF (4.18): copies up to `size` bytes of the BTF to `btf`; `size`
/// becomes its whole size.
int btf_get_data(int fd, void* btf, std::uint32_t& size) noexcept;

/// BPF_PROG_LOAD (3.18): returns the program's descriptor, close-on-exec and never 0.
int prog_load(const ProgLoadAttr& attr) noexcept;

/// BPF_PROG_TEST_RUN (4.12; of syscall programs 5.14): runs the program once and stores what it
/// returns in `attr.retval`.
int prog_test_run(TestRunAttr& attr) noexcept;

/// BPF_ITER_CREATE (5.8): returns a descriptor, close-on-exec and never 0, from which to read the
/// output of the iterator program of the link `link_fd`. -EINVAL: not the link of an iterator.
int iter_create(int link_fd) noexcept;

/// BPF_MAP_FREEZE (5.2): forbids writes from user space, irreversibly.
int map_freeze(int fd) noexcept;

/// BPF_OBJ_PIN (4.4): pins the object at `path` on a bpffs. -EEXIST: the path exists.
int obj_pin(int fd, const char* path) noexcept;

/// BPF_OBJ_GET (4.4): returns a descriptor of the object pinned at `path`. `flags`: 0, BPF_F_RDONLY
/// or BPF_F_WRONLY (4.15).
int obj_get(const char* path, std::uint32_t flags = 0) noexcept;

/// BPF_OBJ_GET_INFO_BY_FD (4.13) of a map: fills in `info`. -EINVAL: the descriptor is of another
/// kind. -EBADF (or -EBADFD): it is closed.
int map_get_info_by_fd(int fd, MapInfoData& info) noexcept;

/// BPF_MAP_GET_NEXT_ID (4.13): stores the smallest id above `id` in `next_id`. -ENOENT: there is
/// none. Needs CAP_SYS_ADMIN.
int map_get_next_id(std::uint32_t id, std::uint32_t& next_id) noexcept;

/// BPF_MAP_GET_FD_BY_ID (4.13): returns a descriptor of the map with the id `id`. `flags` as for
/// obj_get(). -ENOENT: there is no such map. Needs CAP_SYS_ADMIN.
int map_get_fd_by_id(std::uint32_t id, std::uint32_t flags = 0) noexcept;

}  // namespace bpfmap::inline v0::sys
