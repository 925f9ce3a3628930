// SPDX-License-Identifier: MIT
// The causes of the kernel's errnos, by operation and type of map: one row per cause. The first row
// that matches is used, so narrow rows come before broad ones. Each row checks the conditions that
// the errno alone does not prove.
#include "causes.hpp"

#include <array>
#include <cerrno>

#include "bpfmap/sys/uapi.hpp"
#include "system.hpp"

namespace bpfmap::inline v0::detail {
namespace {

using namespace condition;
using enum Operation;
using enum MapType;
using sys::enotsupp;

// The rights of the descriptor and of the process.
constexpr std::array rights{
    Cause{any_operation, any_type, EBADF, closed,
          "descriptor {fd} is closed: something other than this Map closed it"},
    Cause{any_operation, any_type, EBADFD, closed,
          "descriptor {fd} is closed: something other than this Map closed it"},
    Cause{
        any_operation, any_type, EINVAL, not_a_map,
        "descriptor {fd} is no longer a map: something else closed it, and the number was reused"},
    Cause{freeze, any_type, EPERM, frozen, "the map is already frozen"},
    // The errno of older kernels, 6.1 among them.
    Cause{freeze, any_type, EBUSY, frozen, "the map is frozen already"},
    Cause{writes, any_type, EPERM, read_only,
          "this descriptor is read-only (Access::read_only or MapFlags::rdonly); open the map "
          "again with Access::read_write"},
    Cause{reads, any_type, EPERM, write_only,
          "this descriptor is write-only (Access::write_only or MapFlags::wronly); open the map "
          "again with Access::read_write"},
    Cause{writes, any_type, EPERM, frozen,
          "the map is frozen: user space can no longer write to it; only a new map can be written"},
    // Verbs that erase or write what a walk has read; a batch of given keys reads nothing.
    Cause{set(erase_batch, update_batch), any_type, EPERM, write_only,
          "this descriptor is write-only (Access::write_only or MapFlags::wronly), and this call "
          "reads the map before it writes; open the map again with Access::read_write"},
    Cause{any_operation, any_type, EPERM, dotted,
          "'{dotted}' has a '.', which a bpffs does not allow in a name"},
    Cause{from_id, any_type, EPERM, lacks_privilege,
          "opening a map by its id is privileged: {missing}"},
    Cause{list, any_type, EPERM, lacks_privilege,
          "walking the ids of all maps is privileged: {missing}"},
    Cause{create, any_type, EPERM, lacks_privilege, "creating this map is privileged: {missing}"},
    Cause{create, any_type, EPERM, memlock_counts,
          "the cause is not known; before Linux 5.11 the memory of maps counts against "
          "RLIMIT_MEMLOCK, which is {memlock} bytes here, and the entries alone take {memory} "
          "(ulimit -l raises it)"},
    Cause{any_operation, any_type, EPERM, lacks_privilege, "{missing}"},
    Cause{any_operation, any_type, EPERM, has_privilege,
          "the cause is not known: this process has {needed}, and no seccomp filter of its own "
          "refuses bpf(2)"},
    Cause{writes, any_type, EPERM, may_be_frozen,
          "the descriptor may write; whether the map is frozen is not known, because "
          "/proc/self/fdinfo cannot be read"},
    Cause{unpin, any_type, EPERM, folder_is_sticky,
          "{folder} has the sticky bit: only the owner of the pin or of the folder may remove it"},
    Cause{any_operation, any_type, EPERM, always,
          "the kernel refused it, and the cause is not known"},
    Cause{open_pinned, any_type, EACCES, is_directory, "it is a directory, not a pin"},
    Cause{open_pinned, any_type, EACCES, not_on_bpffs,
          "{folder} is not on a bpffs, so the file is not a pin; pins are made with Map::pin or "
          "by libbpf, mostly under /sys/fs/bpf"},
    Cause{set(open_pinned, pin, unpin), any_type, EACCES, path_is_closed,
          "this process lacks search permission (x) on a directory of the path"},
    Cause{open_pinned, any_type, EACCES, file_is_closed,
          "the permission bits of the pin refuse this access: {permissions}; ask for less with "
          "Access::read_only, or chmod the pin"},
    Cause{unpin, any_type, EACCES, pin_is_unreadable,
          "this process may not open the pin to check that it is a map: {permissions}"},
    Cause{set(pin, unpin), any_type, EACCES, folder_is_closed,
          "this process may not write to {folder}"},
};

// Operations that a map type lacks. The kernel returns EINVAL, EOPNOTSUPP or ENOTSUPP.
constexpr std::array impossible{
    Cause{freeze, any_type, enotsupp, always,
          "maps of this type, and maps whose values hold a bpf_spin_lock, a bpf_timer or a kptr, "
          "cannot be frozen"},
    Cause{erases, arrays, 0, always,
          "entries of an array cannot be deleted; update them with zeros"},
    Cause{erases, cgroup_storages, 0, always,
          "entries of a {type} map cannot be deleted; the kernel removes them with the cgroup "
          "(before Linux 5.9, when the program is detached)"},
    Cause{erase, sockmap, 0, always, "the slot is empty"},
    Cause{set(erase, erase_batch, get_next_key), queues, 0, always,
          "a {type} has no keys; use update (push), lookup (peek) and lookup_and_delete (pop)"},
    Cause{set(erase, erase_batch, get_next_key), bloom_filter, 0, always,
          "a bloom filter can be neither walked nor erased from; create a new one"},
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
          "{type} maps cannot be walked: look up objects by their descriptors"},
    Cause{lookup_and_delete, hashes - hash_of_maps, 0,
          [](const Failure&) { return kernel_is_before("5.14"); },
          "on {type} maps it needs Linux 5.14, and this is {kernel}; look up, then erase"},
    Cause{lookup_and_delete, arrays, 0, always,
          "lookup_and_delete does not exist for {type} maps; look up, then update with zeros"},
    Cause{lookup_and_delete, cgroup_storages | bloom_filter, 0, always,
          "lookup_and_delete does not exist for {type} maps"},
    Cause{lookup_and_delete, any_type, 0, type_lacks_take,
          "lookup_and_delete does not exist for {type} maps; look up, then erase"},
};

// Opening and pinning.
constexpr Operations path_operations = set(open_pinned, pin, unpin, open_or_create);

constexpr std::array paths{
    Cause{open_pinned, any_type, ENOENT, no_path, "the path is empty"},
    Cause{open_pinned, any_type, ENOENT, always,
          "nothing is pinned there; check whether the program that pins it has run (bpftool map "
          "show)"},
    Cause{set(open_pinned, unpin), any_type, EINVAL, pin_is_no_map,
          "the object pinned there is not a map, but a program, a link or a BTF"},
    Cause{from_id, any_type, ENOENT, always,
          "no map has this id; a map is freed when its last descriptor, pin and program are gone"},
    Cause{duplicate, any_type, EINVAL, descriptor_is_no_map,
          "the descriptor does not refer to a map, but to a program, a link, a file or another "
          "object"},
    // The library's own finding, and the descriptor has been closed since.
    Cause{adopt, any_type, EINVAL, always,
          "the descriptor does not refer to a map, but to a program, a link, a file or another "
          "object"},
    Cause{set(adopt, duplicate, iterate), any_type, EBADF, always, "no such descriptor is open"},
    Cause{iterate, any_type, EINVAL, [](const Failure&) { return kernel_is_before("5.8"); },
          "BPF iterators need Linux 5.8, and this is {kernel}"},
    Cause{iterate, any_type, EINVAL, always,
          "the descriptor does not refer to the link of an iterator program"},
    Cause{wait_for_programs, any_type, EINVAL,
          [](const Failure&) { return kernel_is_before("5.14"); },
          "waiting for sleepable programs needs Linux 5.14, and this is {kernel}"},
    Cause{pin, any_type, EEXIST, always,
          "the path already exists; unpin it, or choose another name"},
    Cause{pin, any_type, ENOENT, no_folder, "the folder {folder} does not exist; create it first"},
    Cause{pin, any_type, EOVERFLOW, always,
          "the user namespace in which the bpffs was mounted does not map the user or the group of "
          "this process (uid {uid} here); pin as a user that its uid_map and gid_map contain"},
    Cause{path_operations, any_type, ENOTDIR, always, "a part of the path is a file, not a folder"},
    Cause{path_operations, any_type, ENAMETOOLONG, always,
          "the path, or a part of it, is too long"},
    Cause{path_operations, any_type, ELOOP, always, "the path has too many symbolic links"},
    Cause{path_operations, any_type, EROFS, always, "the file system is mounted read-only"},
    Cause{path_operations, any_type, EISDIR, always, "it is a directory, not a pin"},
};

// Maps whose operations take a lock that a program on the same CPU may hold.
constexpr Types locking = hashes | lpm_trie | queues | local_storages;

// Memory, descriptors, locks and signals.
constexpr std::array resources{
    Cause{element_operations, locking, EBUSY, always,
          "a lock inside the map is contended; try again"},
    Cause{element_operations, locking, EDEADLK, always,
          "a lock inside the map is contended; try again"},
    Cause{element_operations, locking, ETIMEDOUT, always,
          "a lock inside the map is contended; try again"},
    Cause{any_operation, any_type, EINTR, always, "a signal interrupted the call; try again"},
    Cause{set(pin, migrate), any_type, EAGAIN, always,
          "another process holds the lock on {folder}, which protects the replacement of pins; try "
          "again"},
    Cause{open_or_create, any_type, EAGAIN, always,
          "other processes keep creating and removing this pin, or one holds the lock on {folder}; "
          "try again"},
    Cause{element_operations, any_type, EAGAIN, always, "temporarily unavailable; try again"},
    Cause{any_operation, any_type, EFAULT, always,
          "the kernel cannot read or write the memory of a key, a value or a path"},
    Cause{create, any_type, ENOMEM, always,
          "there is not enough memory for the map ({memory} for its entries alone); lower "
          "max_entries or value_size, or raise the memory cgroup's limit"},
    Cause{
        element_operations, any_type, ENOMEM, always,
        "there is not enough memory for the entry; try again, or raise the memory cgroup's limit"},
    Cause{any_operation, any_type, ENOMEM, always, "out of memory"},
    Cause{any_operation, any_type, EMFILE, always,
          "this process has reached its limit of open descriptors; close some, or raise the limit "
          "(ulimit -n)"},
    Cause{any_operation, any_type, ENFILE, always,
          "the system has reached its limit of open files; raise fs.file-max"},
    Cause{any_operation, any_type, ENOSYS, seccomp_hides_bpf,
          "a seccomp filter of this process (containers have one) hides bpf(2), which the running "
          "kernel ({kernel}) has; change the filter, or run without it"},
    Cause{any_operation, any_type, ENOSYS, kernel_lacks_bpf,
          "the running kernel ({kernel}) was built without bpf(2)"},
};

// Everything else that the kernel does not support.
constexpr std::array unsupported{
    Cause{any_operation, any_type, enotsupp, has_map,
          "{operation} is not supported on this {type} map"},
    Cause{any_operation, any_type, EOPNOTSUPP, has_map,
          "{operation} is not supported on this {type} map"},
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

std::span<const std::span<const Cause>> cause_tables() {
  static const std::array<std::span<const Cause>, 10> tables{
      misuses(),      capacity_causes(), buffer_causes(), rights,    flag_causes(),
      value_causes(), impossible,        paths,           resources, unsupported};
  return tables;
}

const Cause* find_cause(const Failure& failure) {
  for (const auto table : cause_tables())
    if (const Cause* const row = find(table, failure)) return row;
  return nullptr;
}

std::string cause_of(const Failure& failure) {
  const Cause* const row = find_cause(failure);
  return fill(row != nullptr ? row->text : "the cause of this errno is not known{asked}", failure);
}

}  // namespace bpfmap::inline v0::detail
