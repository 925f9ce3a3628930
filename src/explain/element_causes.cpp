// SPDX-License-Identifier: MIT
// Causes in a key, a value, a flag or a buffer. As in causes.cpp, the first row that matches is
// used.
#include <array>
#include <cerrno>

#include "bpfmap/sys/uapi.hpp"
#include "causes.hpp"
#include "system.hpp"

namespace bpfmap::inline v0::detail {
namespace {

using namespace condition;
using enum Operation;
using enum MapType;

constexpr std::array capacity{
    Cause{updates, filling_hashes, E2BIG, always,
          "the map is full ({max_entries} of {max_entries} entries); erase entries, create it "
          "larger, or use an LRU hash"},
    Cause{updates, queues, E2BIG, always,
          "the {type} is full ({max_entries} of {max_entries} entries); pop entries, create it "
          "larger, or drop the oldest with push_overwrite() (of a Map: UpdateFlags::exist)"},
    Cause{updates, lpm_trie, ENOSPC, always,
          "the map is full ({max_entries} of {max_entries} entries); erase entries or create it "
          "larger"},
    Cause{element_operations, lpm_trie, EINVAL, prefix_too_long,
          "the prefix length {index} is larger than the {prefix_bits} bits of the map's keys "
          "(key_size {key_size}: 4 bytes of length, then the prefix)"},
    Cause{lookups, socket_maps, ENOSPC, small_values,
          "value_size is 4, and a lookup returns a socket's cookie of 8 bytes; create the map with "
          "value_size 8"},
    Cause{batches, hashes, ENOSPC, always,
          "one hash bucket holds more entries than the batch has room for; use a larger batch"},
};

// Maps whose records are read or written through mapped memory.
constexpr Types event_buffers = ring_buffers | perf_event_array;

constexpr std::array buffers{
    Cause{view, ring_buffers, EACCES, not_read_write,
          "this descriptor is read-only or write-only (see Access), and the memory of a ring "
          "buffer is both read and written; open the map again with Access::read_write"},
    Cause{view, ring_buffers, EPERM, frozen,
          "the map is frozen, and the memory of a ring buffer must be mapped writable; only a new "
          "map can be used"},
    Cause{view, perf_event_array, EPERM, read_only,
          "this descriptor is read-only, and the CPUs' perf events are written into the map; open "
          "the map again with Access::read_write"},
    Cause{view, perf_event_array, EPERM, frozen,
          "the map is frozen, and the CPUs' perf events are written into the map; only a new map "
          "can be used"},
    Cause{view, perf_event_array, EPERM, pages_need_ipc_lock,
          "the buffers take more memory than kernel.perf_event_mlock_kb and RLIMIT_MEMLOCK allow a "
          "process without CAP_IPC_LOCK; ask for fewer pages_per_cpu, or raise one of them"},
    Cause{view, perf_event_array, ENOMEM, count_known,
          "there is not enough memory for {count} pages per CPU"},
    Cause{view, perf_event_array, ENODEV, index_known,
          "CPU {index} is offline; PerfBufferOptions::cpus may only name CPUs that are online"},
    Cause{view, perf_event_array, EBUSY, index_known,
          "the slot of CPU {index} already has the event of another reader, in this process or "
          "another one, which would get no more records; close it, or replace it with "
          "PerfBufferOptions::replace"},
    Cause{event_reads | view | reserve, event_buffers, ESTALE, always,
          "it was opened before fork(2), by the parent process; open the map again in the child"},
    Cause{info, array, ENOTUNIQ, always,
          "several static variables of the section have this name, from files that were linked "
          "together; give them names of their own, or read the section with MappedBytes::bytes()"},
    Cause{
        set(Operation::drain), any_type, ESTALE, always,
        "the drain was begun before fork(2) and belongs to the parent process; create a new one in "
        "the child"},
    // No command of the kernel's returns it.
    Cause{set(Operation::in_kernel) | element_operations, any_type, ESTALE, always,
          "the handle was made by in_kernel() before fork(2) and belongs to the parent process; "
          "make a new one in the child"},
    Cause{view, perf_event_array, EACCES, lacks_perfmon,
          "opening the CPUs' perf events needs CAP_PERFMON (CAP_SYS_ADMIN before Linux 5.8; see "
          "kernel.perf_event_paranoid), which this process lacks; run it as root or grant the "
          "capability"},
    Cause{view, ringbuf, EEXIST, always,
          "the map already has a callback in this RingBuffer; only one callback can receive its "
          "records"},
    Cause{view, ringbuf, EOPNOTSUPP, overwrites_records,
          "the map was created with MapFlags::rb_overwrite: its programs overwrite records while "
          "they are read, which bpfmap does not support"},
    Cause{view, perf_event_array, EINVAL, count_is_no_power_of_two,
          "pages_per_cpu is {count}, which is not a power of two (1, 2, 4, ...)"},
    Cause{view, perf_event_array, EINVAL, perf_output_too_early,
          "this kernel ({kernel}) does not open the perf event of a BPF program's output as asked "
          "for (Linux 4.4; overwriting 4.7)"},
    Cause{event_reads | view, event_buffers, EDEADLK, always,
          "a callback used the buffer that called it; use it after poll() has returned"},
    Cause{
        reserve, user_ringbuf, E2BIG, always,
        "a sample of {given_value_size} bytes never fits: the buffer has {max_entries} bytes, 8 of "
        "them for each sample's header, and a sample 16777215 at most; create the map larger"},
    Cause{reuse, any_type, EBUSY, always,
          "the object is already loaded: call reuse() between its open() and its load()"},
    Cause{mmap, any_type, EINVAL, read_only,
          "a read-only descriptor cannot be mapped at all; open the map again with "
          "Access::read_write"},
    Cause{mmap, any_type, EACCES, read_only,
          "a read-only descriptor cannot be mapped at all; open the map again with "
          "Access::read_write"},
    Cause{mmap, any_type, EACCES, write_only,
          "a write-only descriptor cannot be mapped; open the map again with Access::read_write"},
    Cause{mmap, array, EACCES, programs_only_read,
          "the map was created with MapFlags::rdonly_prog, and user space can only map it "
          "read-only: MappedArray<const V>"},
    Cause{mmap, any_type, EPERM, frozen,
          "the map is frozen, and can only be mapped read-only: MappedArray<const V>"},
    Cause{mmap, arena, EINVAL, always,
          "the arena was mapped at another address before, here or by another process, and every "
          "process must map it there: create it with that address in map_extra"},
    Cause{mmap, arena, EEXIST, always,
          "something else is mapped at the arena's address in this process; create the arena with "
          "another address in map_extra"},
    Cause{set(mmap, view), any_type, EAGAIN, locks_memory,
          "this process locks its memory (mlockall(2)), and the mapping goes beyond "
          "RLIMIT_MEMLOCK; raise it (ulimit -l)"},
    Cause{mmap, any_type, ENOMEM, always, "there is no room left in the address space"},
};

constexpr std::string_view no_cpu_to_update =
    "this kernel ({kernel}) has no BPF_F_CPU (Linux 7.0); where nothing else writes meanwhile, "
    "read all CPUs with lookup and write them with update (of a Map: lookup_percpu, "
    "update_percpu)";

constexpr std::array flag_cause_rows{
    Cause{updates, arrays | devmap | cpumap, EEXIST, asked_noexist,
          "UpdateFlags::noexist never succeeds on {type} maps: every entry always exists; use "
          "UpdateFlags::any"},
    Cause{updates, reuseport_sockarray, EEXIST, asked_noexist,
          "the slot is taken, and UpdateFlags::noexist was given; use UpdateFlags::any"},
    Cause{updates, any_type, EEXIST, asked_noexist,
          "the key already exists, and UpdateFlags::noexist was given; use UpdateFlags::any to "
          "overwrite"},
    Cause{updates, cgroup_storages, ENOENT, always,
          "there is no such entry, and user space cannot create one: the kernel does, when a "
          "program that uses the map is attached to the cgroup"},
    Cause{updates, local_storages, ENOENT, asked_exist,
          "the object has no entry yet, and UpdateFlags::exist was given; use UpdateFlags::any"},
    Cause{element_operations, task_storage, ENOENT, task_is_gone,
          "the task of the key, pidfd {key_fd}, has ended"},
    Cause{element_operations, cgrp_storage, ENOENT, key_cgroup_is_gone,
          "the cgroup of the key, descriptor {key_fd}, has been removed"},
    Cause{updates, cgroup_array, ENOENT, value_cgroup_is_gone,
          "the cgroup of descriptor {value_fd} has been removed"},
    Cause{updates, any_type, ENOENT, asked_exist,
          "the key is not in the map, and UpdateFlags::exist was given; use UpdateFlags::any to "
          "insert"},
    Cause{lookups, any_type, EINVAL, asked_cpu_too_early,
          "this kernel ({kernel}) has no BPF_F_CPU (Linux 7.0): read all CPUs with lookup (of a "
          "Map: lookup_percpu)"},
    Cause{updates, any_type, EINVAL, asked_cpu_too_early, no_cpu_to_update},
    // An older kernel wants the values of all CPUs before it looks at the flags.
    Cause{updates, any_type, EFAULT, asked_cpu_too_early, no_cpu_to_update},
    Cause{any_operation, any_type, ERANGE, asked_cpu,
          "the kernel takes CPU numbers below {cpus}, the number of possible CPUs, and this is CPU "
          "{cpu}"},
    Cause{updates, any_type, EINVAL, asked_both,
          "UpdateFlags::noexist and UpdateFlags::exist exclude each other; use UpdateFlags::any"},
    // An older kernel refuses any flags of the command, the lock's too, before it looks at the
    // type.
    Cause{lookup_and_delete, hashes - hash_of_maps, EINVAL,
          [](const Failure&) { return kernel_is_before("5.14"); },
          "on {type} maps it needs Linux 5.14, and this is {kernel}; look up, then erase"},
    Cause{element_operations, any_type, EINVAL, asked_unknown_flags,
          "the flags {flags} have bits that the running kernel ({kernel}) does not accept here"},
    Cause{element_operations, any_type, EINVAL, asked_lock_without_btf,
          "the lock flag needs a struct bpf_spin_lock in the map's value type, which BTF "
          "describes, and this map was created without BTF"},
    Cause{element_operations, any_type, EINVAL, asked_lock,
          "the call asks for the lock, and the lock flag needs a struct bpf_spin_lock in the map's "
          "value type, which BTF describes"},
    Cause{updates, fd_arrays | bloom_filter, EINVAL, asked_noexist,
          "{type} maps take UpdateFlags::any only, not noexist"},
    Cause{updates, fd_arrays | bloom_filter, EINVAL, asked_exist,
          "{type} maps take UpdateFlags::any only, not exist"},
    Cause{updates, queues | cgroup_storages, EINVAL, asked_noexist,
          "{type} maps do not take UpdateFlags::noexist"},
};

constexpr Types socket_slots = set(sockmap, sockhash, reuseport_sockarray, xskmap);
constexpr Types devmap_types = set(devmap, devmap_hash);

constexpr std::array values{
    Cause{updates, socket_slots, ENOTSOCK, always,
          "the value, descriptor {value_fd}, is not a socket"},
    Cause{element_operations, sk_storage, ENOTSOCK, always,
          "the key, descriptor {key_fd}, is not a socket"},
    Cause{element_operations, sk_storage, EBADF, key_is_no_socket,
          "the key, {key_fd}, is not an open descriptor of a socket"},
    Cause{element_operations, inode_storage, EBADF, key_is_closed,
          "the key, {key_fd}, is not an open descriptor"},
    Cause{element_operations, task_storage, EBADF, key_is_no_pidfd,
          "the key, {key_fd}, is not an open pidfd (see pidfd_open(2))"},
    Cause{element_operations, cgrp_storage, EBADF, key_is_no_cgroup,
          "the key, {key_fd}, is not an open descriptor of a cgroup's directory"},
    Cause{updates, maps_of_maps, EBADF, value_is_closed,
          "the value, {value_fd}, is not an open descriptor of a map; write a descriptor here, "
          "although a lookup reads an id"},
    Cause{updates, prog_array, EBADF, value_is_closed,
          "the value, {value_fd}, is not an open descriptor of a program; write a descriptor here, "
          "although a lookup reads an id"},
    Cause{updates, perf_event_array, EBADF, value_is_closed_or_no_perf_event,
          "the value, {value_fd}, is not an open descriptor of a perf event (see "
          "perf_event_open(2))"},
    Cause{updates, cgroup_array, ENOENT, path_known,
          "'{path}' cannot be opened as a cgroup's directory"},
    Cause{updates, cgroup_array, ENOTDIR, path_known,
          "'{path}' cannot be opened as a cgroup's directory"},
    Cause{updates, cgroup_array, EBADF, value_is_no_cgroup,
          "the value, {value_fd}, is not an open descriptor of a cgroup's directory in the unified "
          "hierarchy (a cgroup2 mount)"},
    Cause{updates, socket_slots, EBADF, value_is_closed,
          "the value, {value_fd}, is not an open descriptor of a socket"},
    Cause{updates, devmap_types, EINVAL, program_is_closed,
          "the program in the value, {value_program}, is not an open descriptor of a program"},
    // Before Linux 7.0 the kernel reports a program that it refuses for a cpumap as ENOMEM.
    Cause{updates, cpumap, ENOMEM, program_is_closed,
          "the program in the value, {value_program}, is not an open descriptor of a program"},
    Cause{updates, cpumap, EBADF, program_is_closed,
          "the program in the value, {value_program}, is not an open descriptor of a program"},
    Cause{updates, maps_of_maps, EINVAL, value_is_no_map,
          "the value, descriptor {value_fd}, is not a map"},
    Cause{
        updates, maps_of_maps, EINVAL, value_is_map,
        "the map of descriptor {value_fd} differs from the inner map given at creation: type, "
        "key_size, value_size, flags and the bpf_spin_lock, bpf_timer and kptrs of the value must "
        "be the same, and for arrays max_entries too (unless both have MapFlags::inner_map)"},
    Cause{updates, prog_array, EINVAL, value_is_no_program,
          "the value, descriptor {value_fd}, is not a program"},
    Cause{updates, prog_array, EINVAL, value_is_other_program,
          "the program of descriptor {value_fd} has another type than the programs that use the "
          "map or are in it"},
    Cause{updates, prog_array, EINVAL, value_is_same_program,
          "the program of descriptor {value_fd} has the right type but does not fit: the programs "
          "that use the map and those in it must all be JIT-compiled or none, all xdp.frags "
          "(SEC(\"xdp.frags\")) or none, and have the same expected attach type and function"},
    Cause{updates, perf_event_array, EOPNOTSUPP, always,
          "descriptor {value_fd} is not a perf event that a program can write to: child processes "
          "inherit it (perf_event_attr.inherit)"},
    Cause{updates, devmap_hash, EINVAL, number_is_0, "no network device has ifindex 0"},
    Cause{updates, devmap_types, EINVAL, no_such_device,
          "there is no network device with ifindex {value_number} in this network namespace"},
    Cause{updates, devmap_types, EINVAL, program_is_none,
          "the program in the value, descriptor {value_program}, is not a program"},
    Cause{updates, devmap_types, EINVAL, program_is_not_xdp,
          "the program of descriptor {value_program} is not an XDP program"},
    Cause{updates, devmap_types, EINVAL, program_is_xdp,
          "the program of descriptor {value_program} does not fit: devmaps take XDP programs for "
          "devmaps (SEC(\"xdp/devmap\")), all of them xdp.frags or none"},
    Cause{updates, cpumap, EINVAL, number_is_0, "the queue size in the value is 0"},
    Cause{updates, cpumap, ENOMEM, program_is_none,
          "the program in the value, descriptor {value_program}, is not a program"},
    Cause{updates, cpumap, EINVAL, program_is_none,
          "the program in the value, descriptor {value_program}, is not a program"},
    Cause{updates, cpumap, ENOMEM, program_is_not_xdp,
          "the program of descriptor {value_program} is not an XDP program"},
    Cause{updates, cpumap, EINVAL, program_is_not_xdp,
          "the program of descriptor {value_program} is not an XDP program"},
    Cause{updates, cpumap, ENOMEM, program_is_xdp,
          "the kernel refuses the program of descriptor {value_program}, or has no memory for the "
          "CPU's queue: cpumaps take XDP programs for cpumaps (SEC(\"xdp/cpumap\")), all of them "
          "xdp.frags or none"},
    Cause{updates, cpumap, EINVAL, program_is_xdp,
          "the kernel refuses the program of descriptor {value_program}: cpumaps take XDP programs "
          "for cpumaps (SEC(\"xdp/cpumap\")), all of them xdp.frags or none"},
    Cause{updates, reuseport_sockarray, EINVAL, socket_is_no_reuseport,
          "the socket of descriptor {value_fd} is not a bound UDP socket or a listening TCP socket "
          "with SO_REUSEPORT, which must be set before bind(2)"},
    Cause{updates, set(sockmap, sockhash), EINVAL, socket_has_ulp,
          "the socket of descriptor {value_fd} has an upper layer protocol (TCP_ULP, such as "
          "kernel TLS), and a {type} takes none"},
    Cause{updates, xskmap, ENOBUFS, always,
          "the AF_XDP socket of descriptor {value_fd} has no receive ring (XDP_RX_RING), which "
          "Linux 7.1 and later need"},
    Cause{updates, xskmap, EOPNOTSUPP, always,
          "the value, descriptor {value_fd}, is not an AF_XDP socket"},
    Cause{updates, socket_maps, EOPNOTSUPP, always,
          "sockets of this kind or in this state cannot be in this map"},
    Cause{updates, socket_maps, sys::enotsupp, always,
          "sockets of this kind or in this state cannot be in this map"},
    Cause{updates, cpumap, EOVERFLOW, always,
          "the queue size in the value is too large: 16384 at most"},
    Cause{updates, cpumap, ENODEV, always, "CPU {index} is not a possible CPU of this machine"},
    Cause{updates, reuseport_sockarray, EBUSY, always,
          "the kernel already uses the socket: for a reuseport_sockarray, a sockmap, a tunnel or "
          "the like"},
    Cause{freeze, any_type, EBUSY, always,
          "the map is mapped writable somewhere, or a write is under way; unmap it, then freeze"},
};

}  // namespace

std::span<const Cause> capacity_causes() noexcept { return capacity; }
std::span<const Cause> buffer_causes() noexcept { return buffers; }
std::span<const Cause> flag_causes() noexcept { return flag_cause_rows; }
std::span<const Cause> value_causes() noexcept { return values; }

}  // namespace bpfmap::inline v0::detail
