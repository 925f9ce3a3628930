// SPDX-License-Identifier: MIT
// The meaning of an Errc, which is a fault that this library found. One row per cause; the first
// row that matches is used.
#include <array>

#include "causes.hpp"

namespace bpfmap::inline v0::detail {
namespace {

using namespace condition;
using enum Operation;
using enum MapType;

constexpr int misuse(Errc error) noexcept { return static_cast<int>(error); }

constexpr std::array misuse_rows{
    Cause{set(adopt, duplicate), any_type, misuse(Errc::no_map), always,
          "an empty UniqueFd or -1 was given"},
    Cause{event_reads, any_type, misuse(Errc::no_map), always,
          "nothing is read yet: for_each() was not called, opening it failed, or this was moved "
          "from"},
    Cause{any_operation, any_type, misuse(Errc::no_map), always,
          "it was never opened, was moved from or released, or opening it failed"},
    Cause{any_operation, any_type, misuse(Errc::map_not_loaded), always,
          "libbpf has not created the map: load the object first (its load() or "
          "bpf_object__load()), with the map's autocreate on"},
    Cause{any_operation, any_type, misuse(Errc::no_btf), always,
          "the map's BTF does not name its variables: only the sections of an object that was "
          "compiled with -g have such BTF (.bss, .data, .rodata)"},
    Cause{any_operation, any_type, misuse(Errc::no_such_variable), always,
          "the map's section has no variable of this name"},
    Cause{info, any_type, misuse(Errc::wrong_value_size), always,
          "the variable's size differs from that of the requested type ({given_value_size} bytes)"},
    Cause{reuse, any_type, misuse(Errc::wrong_key_size), always,
          "the object's map has keys of {given_key_size} bytes, this one of {key_size}"},
    Cause{reuse, any_type, misuse(Errc::wrong_value_size), always,
          "the object's map has values of {given_value_size} bytes, this one of {value_size}"},
    Cause{reuse, any_type, misuse(Errc::wrong_map_type), always,
          "the object's map is of another type than {type}"},
    Cause{view, perf_event_array, misuse(Errc::no_such_cpu), index_known,
          "CPU {index} is not one of the {cpus} possible CPUs (/sys/devices/system/cpu/possible)"},
    Cause{
        view, perf_event_array, misuse(Errc::index_out_of_range), index_known,
        "CPU {index} has no slot in the map (max_entries {max_entries}); records written on that "
        "CPU would be lost; create the map with a slot for each possible CPU, or choose CPUs with "
        "PerfBufferOptions::cpus"},
    Cause{view, any_type, misuse(Errc::wrong_key_size), always,
          "the key type has {given_key_size} bytes, the map's keys have {key_size}"},
    Cause{view, any_type, misuse(Errc::wrong_value_size), always,
          "the value type has {given_value_size} bytes, the map's values have {value_size}"},
    Cause{view, any_type, misuse(Errc::wrong_map_type), always, "the map is of type {type}"},
    Cause{view, any_type, misuse(Errc::wrong_map_flags), always,
          "the map was created without a flag that this class needs"},
    Cause{view, any_type, misuse(Errc::wrong_layout), always,
          "the map's BTF contradicts the types of this class (unchecked_layout accepts it)"},
    Cause{lookup, stack_trace, misuse(Errc::wrong_map_flags), holds_build_ids,
          "this map holds build ids (MapFlags::stack_build_id): use lookup_build_ids()"},
    Cause{lookup, stack_trace, misuse(Errc::wrong_map_flags), always,
          "this map holds addresses, not build ids (MapFlags::stack_build_id): use lookup()"},
    Cause{create, any_type, misuse(Errc::wrong_map_type), always, "type is {type}"},
    Cause{create, any_type, misuse(Errc::wrong_key_size), always, "key_size is {key_size}"},
    Cause{create, any_type, misuse(Errc::wrong_value_size), always, "value_size is {value_size}"},
    Cause{any_operation, set(queue, stack, bloom_filter), misuse(Errc::wrong_key_size), always,
          "the key has {given_key_size} bytes, but {type} maps have no keys: give an empty key"},
    Cause{any_operation, any_type, misuse(Errc::wrong_key_size), key_known,
          "the key has {given_key_size} bytes, the map's keys have {key_size}"},
    Cause{batches, any_type, misuse(Errc::wrong_key_size), always,
          "a key has another size than the map's keys ({key_size} bytes)"},
    Cause{any_operation, any_type, misuse(Errc::wrong_key_size), always,
          "the key is empty, the map's keys have {key_size} bytes"},
    Cause{any_operation, percpu_types, misuse(Errc::wrong_value_size), value_given,
          "{given_value_size} bytes were given; one CPU's value has {value_size}, and the slots of "
          "all {cpus} possible CPUs together have {slots}"},
    Cause{any_operation, percpu_types, misuse(Errc::wrong_value_size), always,
          "one CPU's value has {value_size} bytes, and a given value has another size"},
    Cause{batches, any_type, misuse(Errc::wrong_value_size), always,
          "a value has another size than the map's values ({value_size} bytes)"},
    Cause{update, set(devmap, devmap_hash, cpumap), misuse(Errc::wrong_value_size),
          small_values_and_program,
          "the map's values have 4 bytes and no room for a program; create the map with value_size "
          "8"},
    Cause{any_operation, any_type, misuse(Errc::wrong_value_size), always,
          "the value has {given_value_size} bytes, the map's values have {value_size}"},
    Cause{lookup_and_delete, any_type, misuse(Errc::map_is_percpu), always,
          "a {type} map holds a value for each of {cpus} possible CPUs ({slots} bytes in all); use "
          "lookup_and_delete_percpu"},
    Cause{any_operation, any_type, misuse(Errc::map_is_percpu), always,
          "a {type} map holds a value for each of {cpus} possible CPUs ({slots} bytes in all); use "
          "lookup_percpu and update_percpu"},
    Cause{any_operation, any_type, misuse(Errc::map_is_not_percpu), always,
          "{type} maps hold one value per key ({value_size} bytes), not one per CPU; use the call "
          "without percpu"},
    Cause{any_operation, any_type, misuse(Errc::no_such_cpu), asked_cpu,
          "CPU {cpu} is not one of the {cpus} possible CPUs (/sys/devices/system/cpu/possible)"},
    Cause{any_operation, any_type, misuse(Errc::no_such_cpu), always,
          "the CPU is not one of the {cpus} possible CPUs (/sys/devices/system/cpu/possible)"},
    Cause{any_operation, any_type, misuse(Errc::values_not_stored), always,
          "a bloom filter stores no values, only whether it may hold one: put the value into a "
          "buffer, and ask with lookup_into"},
    Cause{any_operation, any_type, misuse(Errc::wrong_cpu_count), count_known,
          "{count} values were given; it takes one for each of the {cpus} possible CPUs "
          "(/sys/devices/system/cpu/possible), also those that are offline; PerCpuValues has the "
          "right number"},
    Cause{any_operation, any_type, misuse(Errc::wrong_cpu_count), always,
          "it takes one value for each of the {cpus} possible CPUs "
          "(/sys/devices/system/cpu/possible), also those that are offline; PerCpuValues has the "
          "right number"},
    Cause{any_operation, any_type, misuse(Errc::wrong_value_count), always,
          "a batch takes one value for each key"},
    Cause{
        view, perf_event_array, misuse(Errc::no_cpu_list), always,
        "/sys/devices/system/cpu/online {online}, so it is unknown which CPUs need a buffer; name "
        "them in PerfBufferOptions::cpus"},
    Cause{
        create, any_type, misuse(Errc::no_cpu_list), always,
        "/sys/devices/system/cpu/possible {possible}, so max_entries cannot default to the number "
        "of CPUs; set it"},
    Cause{any_operation, any_type, misuse(Errc::no_cpu_list), always,
          "/sys/devices/system/cpu/possible {possible}, so the number of slots that the kernel "
          "copies is unknown"},
    Cause{in_kernel, any_type, misuse(Errc::out_of_range), always,
          "InKernelOptions::keys_per_call is at most 65,536"},
    Cause{pin, any_type, misuse(Errc::out_of_range), mode_given,
          "the mode {mode} has bits beyond 07777, the permission bits; pass st_mode & 07777"},
    Cause{
        pin, any_type, misuse(Errc::out_of_range), always,
        "{count} is not a valid user or group id (chown(2) uses -1 for \"unchanged\"); to keep the "
        "owner or the group, leave it empty"},
    Cause{updates | erases, any_type, misuse(Errc::out_of_range), always,
          "a number does not fit: the map's keys have {key_size} bytes, its values {value_size} "
          "(an integer takes 1 to 8)"},
    Cause{any_operation, any_type, misuse(Errc::out_of_range), always,
          "a number does not fit: the map's keys have {key_size} bytes, its values {value_size} "
          "(an integer takes 1 to 8), and a result must fit the requested integer type; use a "
          "wider one"},
    Cause{
        view, perf_event_array, misuse(Errc::index_out_of_range), key_known,
        "CPU {index} has no slot in the map (max_entries {max_entries}); records written on that "
        "CPU would be lost; create the map with a slot for each possible CPU, or choose CPUs with "
        "PerfBufferOptions::cpus"},
    Cause{lookup, array, misuse(Errc::index_out_of_range), count_known,
          "index {index} is out of range ({count} elements)"},
    Cause{any_operation, any_type, misuse(Errc::index_out_of_range), index_known,
          "index {index} is out of range (max_entries {max_entries})"},
    Cause{any_operation, any_type, misuse(Errc::index_out_of_range), always,
          "the index is out of range (max_entries {max_entries})"},
    Cause{iterate, any_type, misuse(Errc::wrong_record_size), always,
          "the output ends within a record: the iterator program writes records of another size "
          "than the type that is read"},
    Cause{event_reads, perf_event_array, misuse(Errc::wrong_record_size), always,
          "a record has {given_value_size} bytes, padding included, and the event type has "
          "{given_key_size}, which perf pads by up to 7; the BPF program writes something else"},
    Cause{event_reads, any_type, misuse(Errc::wrong_record_size), always,
          "a record has {given_value_size} bytes, and the event type has {given_key_size}; the BPF "
          "program writes something else"},
    Cause{any_operation, any_type, misuse(Errc::invalid_path), no_path, "the path is empty"},
    Cause{any_operation, any_type, misuse(Errc::invalid_path), not_on_bpffs,
          "{folder} is not on a bpffs, the only file system that holds pins; use a path under "
          "/sys/fs/bpf (if nothing is mounted there: mount -t bpf bpf /sys/fs/bpf)"},
    Cause{unpin, any_type, misuse(Errc::invalid_path), symbolic_link,
          "it is a symbolic link, not a pin; unpin its target, or remove the link with rm"},
    Cause{any_operation, any_type, misuse(Errc::invalid_path), symbolic_link,
          "it is a symbolic link, and nothing is pinned at its target; use the target's path, or "
          "remove the link"},
    Cause{any_operation, any_type, misuse(Errc::invalid_path), reserved_name,
          "bpfmap uses this name while it replaces a pin; choose another"},
    Cause{any_operation, any_type, misuse(Errc::invalid_path), dotted,
          "'{dotted}' has a '.', which a bpffs does not allow in a name"},
    Cause{any_operation, any_type, misuse(Errc::invalid_path), always,
          "it is not the path of a file on a bpffs; use one such as /sys/fs/bpf/name"},
    Cause{set(drain, erase_batch), arrays, misuse(Errc::unsupported_operation), always,
          "entries of an array cannot be removed; update them with zeros"},
    Cause{set(scan, erase_batch, update_batch), queues, misuse(Errc::unsupported_operation), always,
          "a {type} has no keys, and cannot be read without removing its elements; use drain"},
    Cause{set(scan, drain, erase_batch), local_storages, misuse(Errc::unsupported_operation),
          always, "{type} maps cannot be walked: look up objects by their descriptors"},
    Cause{set(drain, erase_batch), cgroup_storages, misuse(Errc::unsupported_operation), always,
          "entries of a {type} map cannot be erased; the kernel removes them with the cgroup"},
    Cause{set(scan, drain), bloom_filter, misuse(Errc::unsupported_operation), always,
          "a bloom filter can be neither walked nor erased from; create a new one"},
    Cause{set(scan, drain), ring_buffers, misuse(Errc::unsupported_operation), always,
          "a {type} has records, not entries; use RingBuffer or UserRingBuffer"},
    Cause{update_batch, fd_arrays | maps_of_maps | socket_maps | set(xskmap),
          misuse(Errc::unsupported_operation), always,
          "the values of {type} maps are read as ids and written as descriptors, so they cannot be "
          "copied"},
    Cause{scan, set(lpm_trie, stack_trace, devmap_hash, sockhash) | cgroup_storages,
          misuse(Errc::unsupported_operation), always,
          "{type} maps can only be walked as a whole: hash types and arrays take a CursorRange"},
    Cause{set(update, update_batch), lpm_trie, misuse(Errc::unsupported_operation), always,
          "this kernel ({kernel}) ignores UpdateFlags::noexist and exist in LPM tries, and would "
          "overwrite the entry; use update"},
    Cause{update, percpu_types, misuse(Errc::unsupported_operation), always,
          "the kernel ignores UpdateFlags::noexist and exist in an update of one CPU; use "
          "UpdateFlags::any"},
    Cause{in_kernel, any_type, misuse(Errc::unsupported_operation), always,
          "no system call can do this, and no program runs for this handle: see its status()"},
    Cause{any_operation, any_type, misuse(Errc::unsupported_operation), always,
          "bpfmap has no {operation} for {type} maps"},
    Cause{any_operation, any_type, misuse(Errc::not_pinned), always,
          "this map is not, or no longer, pinned at the path; open the pinned map again"},
    Cause{any_operation, any_type, misuse(Errc::map_changed), always,
          "the Map was reassigned during the walk; start a new scan or drain"},
    Cause{
        any_operation, any_type, misuse(Errc::too_many_keys), always,
        "a view holds as many keys as InKernelOptions::keys_per_call: raise it, or pass a function "
        "that sees one value at a time"},
    Cause{
        in_kernel, lpm_trie, misuse(Errc::misaligned_member), always,
        "a trie has its values right behind the bits of their prefixes, where the address of this "
        "member is no multiple of its size: an atomic operation needs that"},
    Cause{in_kernel, any_type, misuse(Errc::misaligned_member), always,
          "the member's offset is no multiple of its size: an atomic operation needs that"},
};

}  // namespace

std::span<const Cause> misuses() noexcept { return misuse_rows; }

}  // namespace bpfmap::inline v0::detail
