// SPDX-License-Identifier: MIT
// What an errno of the kernel means for an operation on a type of map: one row a cause. The first
// row that fits is told, so rows of a narrow meaning stand before broad ones.
#include <array>
#include <cerrno>

#include "bpfmap/sys/uapi.hpp"
#include "causes.hpp"

namespace bpfmap::inline v0::detail {
namespace {

using namespace condition;
using enum Operation;
using enum MapType;
using sys::enotsupp;

// Full maps and indexes behind the end.
constexpr std::array capacity{
    Cause{updates, filling_hashes, E2BIG, always,
          "the map is full ({max_entries} of {max_entries} entries); erase entries, create it "
          "larger, or use an LRU hash"},
    Cause{updates, queues, E2BIG, always,
          "the {type} is full ({max_entries} of {max_entries} entries); pop entries, create it "
          "larger, or push with UpdateFlags::exist, which drops the oldest"},
    Cause{updates, lpm_trie, ENOSPC, always,
          "the map is full ({max_entries} of {max_entries} entries); erase entries or create it "
          "larger"},
    Cause{any_operation, indexed, E2BIG, key_known,
          "index {index} is out of range (max_entries {max_entries})"},
    Cause{any_operation, indexed, E2BIG, always,
          "the index is out of range (max_entries {max_entries})"},
    Cause{erase, set(devmap, cpumap, xskmap, sockmap), EINVAL, index_too_large,
          "index {index} is out of range (max_entries {max_entries})"},
    Cause{element_operations, lpm_trie, EINVAL, prefix_too_long,
          "the prefix length {index} is larger than the {prefix_bits} bits of the map's keys "
          "(key_size {key_size}: 4 bytes of length, then the prefix)"},
    Cause{lookups, socket_maps, ENOSPC, small_values,
          "value_size is 4, and a lookup gives a socket's cookie of 8 bytes; create the map with "
          "value_size 8"},
    Cause{batches, any_type, ENOSPC, always,
          "one hash bucket holds more entries than the batch has room for; give it more room"},
};

// What became of the descriptor, and what it and the process may do.
constexpr std::array rights{
    Cause{any_operation, any_type, EBADF, closed,
          "descriptor {fd} is closed: something other than this Map closed it"},
    Cause{any_operation, any_type, EBADFD, always,
          "descriptor {fd} is closed: something other than this Map closed it"},
    Cause{any_operation, any_type, EINVAL, not_a_map,
          "descriptor {fd} is no map any more: something else closed it, and the number was given "
          "out again"},
    Cause{freeze, any_type, EPERM, frozen, "the map is frozen already"},
    Cause{writes, any_type, EPERM, read_only,
          "this descriptor is read-only (Access::read_only or MapFlags::rdonly); open the map "
          "again with Access::read_write"},
    Cause{reads, any_type, EPERM, write_only,
          "this descriptor is write-only (Access::write_only or MapFlags::wronly); open the map "
          "again with Access::read_write"},
    Cause{mmap, any_type, EINVAL, read_only,
          "a read-only descriptor cannot be mapped at all; open the map again with "
          "Access::read_write"},
    Cause{mmap, any_type, EACCES, read_only,
          "a read-only descriptor cannot be mapped at all; open the map again with "
          "Access::read_write"},
    Cause{mmap, any_type, EACCES, write_only,
          "a write-only descriptor cannot be mapped; open the map again with Access::read_write"},
    Cause{mmap, any_type, EACCES, always,
          "the map was created with MapFlags::rdonly_prog, and user space can only map it "
          "read-only: MappedArray<const V>"},
    Cause{mmap, any_type, EPERM, frozen,
          "the map is frozen, and can only be mapped read-only: MappedArray<const V>"},
    Cause{mmap, arena, EINVAL, always,
          "the arena has been mapped at another address before, here or by another process, and "
          "every process has to map it there: create it with that address in map_extra"},
    Cause{mmap, arena, EEXIST, always,
          "something else is mapped at the arena's address in this process; create the arena with "
          "another address in map_extra"},
    Cause{mmap, any_type, ENOMEM, always, "there is no room left in the address space"},
    Cause{writes, any_type, EPERM, frozen,
          "the map is frozen: nothing in user space can write to it any more; only a new map can "
          "be written"},
    Cause{writes, any_type, EPERM, may_be_frozen,
          "the map is probably frozen, so that user space cannot write to it (no /proc/self/fdinfo "
          "here to make sure), or {privilege}"},
    Cause{from_id, any_type, EPERM, always, "opening a map by its id is privileged: {privilege}"},
    Cause{list, any_type, EPERM, always, "walking the ids of all maps is privileged: {privilege}"},
    Cause{create, any_type, EPERM, memlock_counts,
          "creating this map is privileged, or RLIMIT_MEMLOCK is too low for it (before Linux "
          "5.11): {privilege}"},
    Cause{create, any_type, EPERM, always, "creating this map is privileged: {privilege}"},
    Cause{unpin, any_type, EPERM, always, "this process may not remove files from {folder}"},
    Cause{any_operation, any_type, EPERM, always, "the kernel refuses it: {privilege}"},
    Cause{open_pinned, any_type, EACCES, is_directory, "it is a directory, not a pin"},
    Cause{open_pinned, any_type, EACCES, not_on_bpffs,
          "{folder} is not on a bpffs, so the file is no pin; pins are made with Map::pin or by "
          "libbpf, mostly under /sys/fs/bpf"},
    Cause{open_pinned, any_type, EACCES, always,
          "the file is no pinned BPF object, or its permission bits refuse this access: "
          "{permissions}; ask for less with Access::read_only, or chmod the pin"},
    Cause{set(pin, unpin), any_type, EACCES, always, "this process may not write to {folder}"},
};

constexpr std::string_view no_cpu_to_update =
    "this kernel ({kernel}) has no BPF_F_CPU (Linux 7.0); where nothing else writes meanwhile, "
    "read "
    "all CPUs with lookup_percpu and write them with update_percpu";
// Buffers of records, which are memory that is mapped.
constexpr Types event_buffers = ring_buffers | perf_event_array;
constexpr std::array events{
    Cause{view, ring_buffers, EACCES, always,
          "this descriptor is read-only or write-only (see Access), and "
          "the buffer's memory is both read and written; open the map again with "
          "Access::read_write"},
    Cause{view, perf_event_array, EACCES, always,
          "opening the CPUs' perf events takes CAP_PERFMON (CAP_SYS_ADMIN before Linux 5.8; see "
          "kernel.perf_event_paranoid); run it as root or grant the capability"},
    Cause{view, ringbuf, EEXIST, always,
          "the map has a callback in this RingBuffer already; a record goes to one of them only"},
    Cause{view, ringbuf, EOPNOTSUPP, always,
          "the map was created with MapFlags::rb_overwrite: its programs overwrite records while "
          "they are read, which libbpf does not know of"},
    Cause{view, perf_event_array, EINVAL, count_known,
          "pages_per_cpu is {count}, which is not a power of two (1, 2, 4, ...)"},
    Cause{view, perf_event_array, EINVAL, always,
          "this kernel ({kernel}) does not open the perf event of a BPF program's output as asked "
          "for (Linux 4.4; overwriting 4.7)"},
    Cause{view, perf_event_array, ENOMEM, count_known,
          "there is no memory for {count} pages per CPU"},
    Cause{view, perf_event_array, EPERM, count_known,
          "{count} pages per CPU are more than kernel.perf_event_mlock_kb and RLIMIT_MEMLOCK allow "
          "without CAP_IPC_LOCK"},
    Cause{view, perf_event_array, ENODEV, key_known,
          "CPU {index} is offline; PerfBufferOptions::cpus may only name CPUs that are online"},
    Cause{view, perf_event_array, EBUSY, key_known,
          "the slot of CPU {index} has an event already: another reader, of this process or of "
          "another one, would get nothing more; end it, or take its place with "
          "PerfBufferOptions::replace"},
    Cause{event_reads | view | reserve, event_buffers, ESTALE, always,
          "it was opened before fork(2), by the parent process; open the map again in the child"},
    Cause{event_reads | view, event_buffers, EDEADLK, always,
          "a callback used the buffer that it was called by; do that when poll() has returned"},
    Cause{
        reserve, user_ringbuf, E2BIG, always,
        "a sample of {given_value_size} bytes never fits: the buffer has {max_entries} bytes, 8 of "
        "them for each sample's header, and a sample 16777215 at most; create the map larger"},
};

// Flags of an update or a lookup.
constexpr std::array flags{
    Cause{updates, arrays | devmap | cpumap, EEXIST, always,
          "UpdateFlags::noexist never succeeds on {type} maps: every entry is always there; use "
          "UpdateFlags::any"},
    Cause{updates, reuseport_sockarray, EEXIST, always,
          "the slot is taken, and UpdateFlags::noexist was asked for; use UpdateFlags::any"},
    Cause{updates, any_type, EEXIST, always,
          "the key is in the map already, and UpdateFlags::noexist was asked for; use "
          "UpdateFlags::any to overwrite"},
    Cause{updates, cgroup_storages, ENOENT, always,
          "there is no such entry, and user space cannot make one: the kernel does, when a program "
          "that uses the map is attached to the cgroup"},
    Cause{
        updates, local_storages, ENOENT, asked_exist,
        "the object has no entry yet, and UpdateFlags::exist was asked for; use UpdateFlags::any"},
    Cause{element_operations, local_storages, ENOENT, always,
          "the object that the key's descriptor stands for is gone"},
    Cause{updates, cgroup_array, ENOENT, always,
          "the cgroup of descriptor {value_fd} has been removed"},
    Cause{updates, any_type, ENOENT, always,
          "the key is not in the map, and UpdateFlags::exist was asked for; use UpdateFlags::any "
          "to insert"},
    Cause{lookups, any_type, EINVAL, asked_cpu_too_early,
          "this kernel ({kernel}) has no BPF_F_CPU (Linux 7.0): read all CPUs with lookup_percpu"},
    Cause{updates, any_type, EINVAL, asked_cpu_too_early, no_cpu_to_update},
    // An older kernel wants the values of all CPUs before it looks at the flags.
    Cause{updates, any_type, EFAULT, asked_cpu_too_early, no_cpu_to_update},
    Cause{any_operation, any_type, ERANGE, asked_cpu,
          "the kernel takes CPU numbers below {cpus}, the number of possible CPUs, and this is CPU "
          "{cpu}"},
    Cause{updates, any_type, EINVAL, asked_both,
          "UpdateFlags::noexist and UpdateFlags::exist exclude each other; use UpdateFlags::any"},
    Cause{element_operations, any_type, EINVAL, asked_unknown_flags,
          "the flags {flags} hold bits that the running kernel ({kernel}) does not take here"},
    Cause{element_operations, any_type, EINVAL, asked_lock,
          "the lock flag needs a struct bpf_spin_lock in the map's value type (in its BTF), and "
          "this map has none, or its type takes no lock"},
    Cause{updates, fd_arrays | bloom_filter, EINVAL, asked_noexist,
          "{type} maps take UpdateFlags::any only, not noexist"},
    Cause{updates, fd_arrays | bloom_filter, EINVAL, asked_exist,
          "{type} maps take UpdateFlags::any only, not exist"},
    Cause{updates, queues | cgroup_storages, EINVAL, asked_noexist,
          "{type} maps do not take UpdateFlags::noexist"},
};

constexpr Types no_take = any_type - (hashes - hash_of_maps) - queues - stack_trace;

// What a type cannot do. The kernel says it with EINVAL, EOPNOTSUPP or ENOTSUPP; error 0 stands for
// all three.
constexpr std::array impossible{
    Cause{freeze, any_type, enotsupp, always,
          "maps of this type, and maps whose values hold a bpf_spin_lock, a bpf_timer or a kptr, "
          "cannot be frozen"},
    Cause{erases, arrays, 0, always,
          "entries of an array cannot be deleted; update them with zeros"},
    Cause{erases, cgroup_storages, 0, always,
          "entries of a {type} map cannot be deleted; they go with the cgroup (before Linux 5.9, "
          "when the program is detached)"},
    Cause{erase, sockmap, 0, always, "the slot is empty"},
    Cause{set(erase, erase_batch, get_next_key), queues, 0, always,
          "a {type} has no keys; push with update, peek with lookup, pop with lookup_and_delete"},
    Cause{set(erase, erase_batch, get_next_key), bloom_filter, 0, always,
          "a bloom filter can neither be walked nor lose a value; create a new one"},
    Cause{element_operations, ringbuf, 0, always,
          "a {type} has no elements; read its records with RingBuffer"},
    Cause{element_operations, user_ringbuf, 0, always,
          "a {type} has no elements; write samples to it with UserRingBuffer"},
    Cause{element_operations, arena, 0, always,
          "an arena has no elements; map its memory with mmap(2)"},
    Cause{updates, stack_trace, 0, always, "only BPF programs write stack traces"},
    Cause{lookups, set(perf_event_array, cgroup_array, xskmap), 0, always,
          "user space cannot read the entries of {type} maps"},
    Cause{get_next_key, local_storages, 0, always,
          "{type} maps cannot be walked: look up the objects that you hold a descriptor of"},
    Cause{lookup_and_delete, hashes - hash_of_maps, 0,
          [](const Failure&) { return kernel_is_before("5.14"); },
          "on {type} maps it needs Linux 5.14, and this is {kernel}; look up, then erase"},
    Cause{lookup_and_delete, arrays, 0, always,
          "lookup_and_delete does not exist for {type} maps; look up, then update with zeros"},
    Cause{lookup_and_delete, cgroup_storages | bloom_filter, 0, always,
          "lookup_and_delete does not exist for {type} maps"},
    Cause{lookup_and_delete, no_take, 0, always,
          "lookup_and_delete does not exist for {type} maps; look up, then erase"},
};

// What else the kernel tells of a key or a value.
constexpr std::array elements{
    Cause{updates, set(sockmap, sockhash, reuseport_sockarray, xskmap), ENOTSOCK, always,
          "the value, descriptor {value_fd}, is no socket"},
    Cause{element_operations, sk_storage, ENOTSOCK, always,
          "the key, descriptor {key_fd}, is no socket"},
    Cause{element_operations, sk_storage, EBADF, always,
          "the key, {key_fd}, is no open descriptor of a socket"},
    Cause{element_operations, inode_storage, EBADF, always,
          "the key, {key_fd}, is no open descriptor"},
    Cause{element_operations, task_storage, EBADF, always,
          "the key, {key_fd}, is no open pidfd (see pidfd_open(2))"},
    Cause{element_operations, cgrp_storage, EBADF, always,
          "the key, {key_fd}, is no open descriptor of a cgroup's directory"},
    Cause{updates, maps_of_maps, EBADF, always,
          "the value, {value_fd}, is no open descriptor of a map; write a descriptor here, "
          "although a lookup reads an id"},
    Cause{updates, prog_array, EBADF, always,
          "the value, {value_fd}, is no open descriptor of a program; write a descriptor here, "
          "although a lookup reads an id"},
    Cause{updates, perf_event_array, EBADF, always,
          "the value, {value_fd}, is no open descriptor of a perf event (see perf_event_open(2))"},
    Cause{updates, cgroup_array, EBADF, always,
          "the value, {value_fd}, is no open descriptor of a cgroup's directory in the unified "
          "hierarchy (a cgroup2 mount)"},
    Cause{updates, set(sockmap, sockhash, reuseport_sockarray, xskmap), EBADF, always,
          "the value, {value_fd}, is no open descriptor of a socket"},
    Cause{updates, any_type, EBADF, always,
          "the value, {value_fd}, is no open descriptor of the right kind"},
    Cause{updates, maps_of_maps, EINVAL, always,
          "descriptor {value_fd} is no map, or not one like the inner map given at creation: type, "
          "key_size, value_size and flags must be the same, and for arrays max_entries too (unless "
          "both have MapFlags::inner_map)"},
    Cause{updates, prog_array, EINVAL, always,
          "descriptor {value_fd} is no program, or one of another type than the programs that are "
          "in the map"},
    Cause{updates, perf_event_array, EINVAL, always,
          "descriptor {value_fd} is no perf event that a program can write to"},
    Cause{updates, perf_event_array, EOPNOTSUPP, always,
          "descriptor {value_fd} is no perf event that a program can write to: child processes "
          "inherit it (perf_event_attr.inherit)"},
    Cause{updates, set(devmap, devmap_hash), EINVAL, number_is_0,
          "no network device has ifindex 0"},
    Cause{updates, set(devmap, devmap_hash), EINVAL, no_such_device,
          "there is no network device with ifindex {value_number} in this network namespace"},
    Cause{updates, set(devmap, devmap_hash), EINVAL, value_known,
          "descriptor {value_program} is no XDP program for devmaps (SEC(\"xdp/devmap\"))"},
    Cause{updates, set(devmap, devmap_hash), EINVAL, always,
          "there is no network device with that ifindex, or the program in the value is not for "
          "this map"},
    Cause{updates, cpumap, EINVAL, number_is_0, "the queue size in the value is 0"},
    // Which is what the kernel says of a program that it refuses, too.
    Cause{updates, cpumap, ENOMEM, has_program,
          "descriptor {value_program} is no XDP program for cpumaps (SEC(\"xdp/cpumap\")), or the "
          "kernel has no memory for the CPU's queue"},
    Cause{updates, socket_maps, EINVAL, always,
          "the socket cannot be in this map: its kind or state is not right (a reuseport_sockarray "
          "takes bound SO_REUSEPORT sockets, a sockmap connected or listening ones)"},
    Cause{updates, xskmap, EOPNOTSUPP, always,
          "the value, descriptor {value_fd}, is no AF_XDP socket"},
    Cause{updates, socket_maps, EOPNOTSUPP, always,
          "sockets of this kind or in this state cannot be in this map"},
    Cause{updates, socket_maps, enotsupp, always,
          "sockets of this kind or in this state cannot be in this map"},
    Cause{updates, cpumap, EOVERFLOW, always,
          "the queue size in the value is too large: 16384 at most"},
    Cause{updates, cpumap, ENODEV, always, "CPU {index} is not a possible CPU of this machine"},
    Cause{updates, reuseport_sockarray, EBUSY, always,
          "the socket is in a reuseport_sockarray already"},
    Cause{freeze, any_type, EBUSY, always,
          "the map is mapped writable somewhere, or a write is under way; unmap it, then freeze"},
};

// Whatever the operation.
constexpr std::array resources{
    Cause{element_operations, any_type, EBUSY, always,
          "a lock inside the map is contended; try again"},
    Cause{element_operations, any_type, EDEADLK, always,
          "a lock inside the map is contended; try again"},
    Cause{element_operations, any_type, ETIMEDOUT, always,
          "a lock inside the map is contended; try again"},
    Cause{any_operation, any_type, EINTR, always, "a signal came in between; try again"},
    Cause{open_or_create, any_type, EAGAIN, always,
          "other processes make and remove this pin all the time, or one keeps {folder} locked; "
          "try again"},
    Cause{any_operation, any_type, EAGAIN, always, "the kernel was busy; try again"},
    Cause{any_operation, any_type, EFAULT, always,
          "the memory of a key, a value or a path cannot be read or written by the kernel"},
    Cause{create, any_type, ENOMEM, always,
          "the kernel has no memory for the map ({memory} for its entries alone); lower "
          "max_entries or value_size, or raise the memory cgroup's limit"},
    Cause{element_operations, any_type, ENOMEM, always,
          "the kernel has no memory for the entry; try again, or raise the memory cgroup's limit"},
    Cause{any_operation, any_type, ENOMEM, always, "there is no memory left for this"},
    Cause{any_operation, any_type, EMFILE, always,
          "this process has as many descriptors open as it may; close some, or raise its limit "
          "(ulimit -n)"},
    Cause{any_operation, any_type, ENFILE, always,
          "the system has as many files open as it may; raise fs.file-max"},
    Cause{any_operation, any_type, ENOSYS, always,
          "the running kernel ({kernel}) was built without bpf(2)"},
};

// Opening and pinning.
constexpr std::array doors{
    Cause{open_pinned, any_type, ENOENT, no_path, "the path is empty"},
    Cause{
        open_pinned, any_type, ENOENT, always,
        "nothing is pinned there; see whether the program that pins it has run (bpftool map show)"},
    Cause{open_pinned, any_type, EINVAL, always,
          "what is pinned there is no map, but a program, a link or a BTF"},
    Cause{from_id, any_type, ENOENT, always,
          "no map has this id, or not any more: it goes with the last descriptor, pin and program "
          "that use the map"},
    Cause{list, any_type, EINVAL, always, "there are no ids above this one"},
    Cause{set(adopt, duplicate), any_type, EINVAL, always,
          "the descriptor is no map's, but of a program, a link, a file or another kind"},
    Cause{set(adopt, duplicate), any_type, EBADF, always, "no such descriptor is open"},
    Cause{pin, any_type, EEXIST, always,
          "there is a file already; unpin it, or choose another name"},
    Cause{pin, any_type, ENOENT, always, "the folder {folder} does not exist; make it first"},
    Cause{any_operation, any_type, ENOTDIR, always, "a part of the path is a file, not a folder"},
    Cause{any_operation, any_type, ENAMETOOLONG, always, "the path, or a part of it, is too long"},
    Cause{any_operation, any_type, ELOOP, always, "too many symbolic links are in the path"},
    Cause{any_operation, any_type, EROFS, always, "the file system is mounted read-only"},
    Cause{any_operation, any_type, EISDIR, always, "it is a directory, not a pin"},
};

// The rest, by what the errno says on any map.
constexpr std::array unsupported{
    Cause{any_operation, any_type, enotsupp, always,
          "{operation} does not exist for {type} maps on the running kernel ({kernel})"},
    Cause{any_operation, any_type, EOPNOTSUPP, always,
          "{operation} does not exist for {type} maps on the running kernel ({kernel})"},
    Cause{any_operation, any_type, EINVAL, always,
          "the running kernel ({kernel}) does not take this call on {type} maps, or not with these "
          "arguments"},
};

bool fits(int row, int error) noexcept {
  return row == error ||
         (row == 0 && (error == EINVAL || error == EOPNOTSUPP || error == enotsupp));
}

const Cause* find(std::span<const Cause> table, const Failure& failure) {
  for (const Cause& row : table)
    if (row.operations.contains(failure.operation) && row.types.contains(failure.info.type) &&
        fits(row.error, failure.error) && row.when(failure))
      return &row;
  return nullptr;
}

}  // namespace

std::string cause_of(const Failure& failure) {
  const std::array<std::span<const Cause>, 10> tables{misuses(), capacity,   events,     rights,
                                                      flags,     elements,   impossible, doors,
                                                      resources, unsupported};
  for (const auto table : tables)
    if (const Cause* const row = find(table, failure)) return fill(row->text, failure);
  return "bpfmap knows no cause for this errno here";
}

}  // namespace bpfmap::inline v0::detail
