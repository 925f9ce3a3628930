// SPDX-License-Identifier: MIT
// The library's own copies of the kernel's numbers and structs, compared with <linux/bpf.h>.
#include "bpfmap/sys/uapi.hpp"

#include <linux/version.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "bpfmap: building the library needs the headers of Linux 6.1 or newer (linux-libc-dev)"
#include <bpfmap: building the library needs the headers of Linux 6.1 or newer>
#endif

#include <linux/bpf.h>

namespace bpfmap::inline v0::sys {
namespace {

constexpr bool is(Command command, bpf_cmd theirs) { return static_cast<int>(command) == theirs; }
static_assert(is(Command::map_create, BPF_MAP_CREATE));
static_assert(is(Command::map_lookup_elem, BPF_MAP_LOOKUP_ELEM));
static_assert(is(Command::map_update_elem, BPF_MAP_UPDATE_ELEM));
static_assert(is(Command::map_delete_elem, BPF_MAP_DELETE_ELEM));
static_assert(is(Command::map_get_next_key, BPF_MAP_GET_NEXT_KEY));
static_assert(is(Command::obj_pin, BPF_OBJ_PIN) && is(Command::obj_get, BPF_OBJ_GET));
static_assert(is(Command::prog_load, BPF_PROG_LOAD));
static_assert(is(Command::prog_test_run, BPF_PROG_TEST_RUN));
static_assert(is(Command::iter_create, BPF_ITER_CREATE));
static_assert(is(Command::map_get_next_id, BPF_MAP_GET_NEXT_ID));
static_assert(is(Command::map_get_fd_by_id, BPF_MAP_GET_FD_BY_ID));
static_assert(is(Command::obj_get_info_by_fd, BPF_OBJ_GET_INFO_BY_FD));
static_assert(is(Command::btf_get_fd_by_id, BPF_BTF_GET_FD_BY_ID));
static_assert(is(Command::btf_load, BPF_BTF_LOAD) && is(Command::map_freeze, BPF_MAP_FREEZE));
static_assert(is(Command::map_lookup_and_delete_elem, BPF_MAP_LOOKUP_AND_DELETE_ELEM));
static_assert(is(Command::map_lookup_batch, BPF_MAP_LOOKUP_BATCH));
static_assert(is(Command::map_lookup_and_delete_batch, BPF_MAP_LOOKUP_AND_DELETE_BATCH));
static_assert(is(Command::map_update_batch, BPF_MAP_UPDATE_BATCH));
static_assert(is(Command::map_delete_batch, BPF_MAP_DELETE_BATCH));

static_assert(map_type_unspec == BPF_MAP_TYPE_UNSPEC);
static_assert(map_type_hash == BPF_MAP_TYPE_HASH);
static_assert(map_type_array == BPF_MAP_TYPE_ARRAY);
static_assert(map_type_prog_array == BPF_MAP_TYPE_PROG_ARRAY);
static_assert(map_type_perf_event_array == BPF_MAP_TYPE_PERF_EVENT_ARRAY);
static_assert(map_type_percpu_hash == BPF_MAP_TYPE_PERCPU_HASH);
static_assert(map_type_percpu_array == BPF_MAP_TYPE_PERCPU_ARRAY);
static_assert(map_type_stack_trace == BPF_MAP_TYPE_STACK_TRACE);
static_assert(map_type_cgroup_array == BPF_MAP_TYPE_CGROUP_ARRAY);
static_assert(map_type_lru_hash == BPF_MAP_TYPE_LRU_HASH);
static_assert(map_type_lru_percpu_hash == BPF_MAP_TYPE_LRU_PERCPU_HASH);
static_assert(map_type_lpm_trie == BPF_MAP_TYPE_LPM_TRIE);
static_assert(map_type_array_of_maps == BPF_MAP_TYPE_ARRAY_OF_MAPS);
static_assert(map_type_hash_of_maps == BPF_MAP_TYPE_HASH_OF_MAPS);
static_assert(map_type_devmap == BPF_MAP_TYPE_DEVMAP);
static_assert(map_type_sockmap == BPF_MAP_TYPE_SOCKMAP);
static_assert(map_type_cpumap == BPF_MAP_TYPE_CPUMAP);
static_assert(map_type_xskmap == BPF_MAP_TYPE_XSKMAP);
static_assert(map_type_sockhash == BPF_MAP_TYPE_SOCKHASH);
static_assert(map_type_cgroup_storage == BPF_MAP_TYPE_CGROUP_STORAGE);
static_assert(map_type_reuseport_sockarray == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
static_assert(map_type_percpu_cgroup_storage == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
static_assert(map_type_queue == BPF_MAP_TYPE_QUEUE);
static_assert(map_type_stack == BPF_MAP_TYPE_STACK);
static_assert(map_type_sk_storage == BPF_MAP_TYPE_SK_STORAGE);
static_assert(map_type_devmap_hash == BPF_MAP_TYPE_DEVMAP_HASH);
static_assert(map_type_struct_ops == BPF_MAP_TYPE_STRUCT_OPS);
static_assert(map_type_ringbuf == BPF_MAP_TYPE_RINGBUF);
static_assert(map_type_inode_storage == BPF_MAP_TYPE_INODE_STORAGE);
static_assert(map_type_task_storage == BPF_MAP_TYPE_TASK_STORAGE);
static_assert(map_type_bloom_filter == BPF_MAP_TYPE_BLOOM_FILTER);
static_assert(map_type_user_ringbuf == BPF_MAP_TYPE_USER_RINGBUF);

static_assert(prog_type_syscall == BPF_PROG_TYPE_SYSCALL);
static_assert(prog_f_sleepable == BPF_F_SLEEPABLE);
static_assert(f_no_prealloc == BPF_F_NO_PREALLOC);
static_assert(f_no_common_lru == BPF_F_NO_COMMON_LRU);
static_assert(f_numa_node == BPF_F_NUMA_NODE);
static_assert(f_rdonly == BPF_F_RDONLY);
static_assert(f_wronly == BPF_F_WRONLY);
static_assert(f_stack_build_id == BPF_F_STACK_BUILD_ID);
static_assert(f_zero_seed == BPF_F_ZERO_SEED);
static_assert(f_rdonly_prog == BPF_F_RDONLY_PROG);
static_assert(f_wronly_prog == BPF_F_WRONLY_PROG);
static_assert(f_clone == BPF_F_CLONE);
static_assert(f_mmapable == BPF_F_MMAPABLE);
static_assert(f_preserve_elems == BPF_F_PRESERVE_ELEMS);
static_assert(f_inner_map == BPF_F_INNER_MAP);
static_assert(f_any == BPF_ANY && f_noexist == BPF_NOEXIST && f_exist == BPF_EXIST);
static_assert(f_lock == BPF_F_LOCK);
static_assert(obj_name_len == BPF_OBJ_NAME_LEN);

static_assert(offsetof(KeyAttr, key) == offsetof(bpf_attr, key));
static_assert(offsetof(NextKeyAttr, key) == offsetof(bpf_attr, key));
static_assert(offsetof(NextKeyAttr, next_key) == offsetof(bpf_attr, next_key));
static_assert(offsetof(ElementAttr, key) == offsetof(bpf_attr, key));
static_assert(offsetof(ElementAttr, value) == offsetof(bpf_attr, value));
static_assert(offsetof(ElementAttr, flags) == offsetof(bpf_attr, flags));
static_assert(offsetof(BatchAttr, in_batch) == offsetof(bpf_attr, batch.in_batch));
static_assert(offsetof(BatchAttr, out_batch) == offsetof(bpf_attr, batch.out_batch));
static_assert(offsetof(BatchAttr, keys) == offsetof(bpf_attr, batch.keys));
static_assert(offsetof(BatchAttr, values) == offsetof(bpf_attr, batch.values));
static_assert(offsetof(BatchAttr, count) == offsetof(bpf_attr, batch.count));
static_assert(offsetof(BatchAttr, map_fd) == offsetof(bpf_attr, batch.map_fd));
static_assert(offsetof(BatchAttr, elem_flags) == offsetof(bpf_attr, batch.elem_flags));
static_assert(offsetof(BatchAttr, flags) == offsetof(bpf_attr, batch.flags));
static_assert(offsetof(ObjectAttr, pathname) == offsetof(bpf_attr, pathname));
static_assert(offsetof(ObjectAttr, fd) == offsetof(bpf_attr, bpf_fd));
static_assert(offsetof(ObjectAttr, file_flags) == offsetof(bpf_attr, file_flags));
static_assert(offsetof(IdAttr, id) == offsetof(bpf_attr, start_id));
static_assert(offsetof(IdAttr, next_id) == offsetof(bpf_attr, next_id));
static_assert(offsetof(IdAttr, open_flags) == offsetof(bpf_attr, open_flags));
static_assert(offsetof(InfoAttr, fd) == offsetof(bpf_attr, info.bpf_fd));
static_assert(offsetof(InfoAttr, info_len) == offsetof(bpf_attr, info.info_len));
static_assert(offsetof(InfoAttr, info) == offsetof(bpf_attr, info.info));
static_assert(offsetof(IterCreateAttr, link_fd) == offsetof(bpf_attr, iter_create.link_fd));
static_assert(offsetof(IterCreateAttr, flags) == offsetof(bpf_attr, iter_create.flags));
static_assert(offsetof(ProgLoadAttr, insn_cnt) == offsetof(bpf_attr, insn_cnt));
static_assert(offsetof(ProgLoadAttr, insns) == offsetof(bpf_attr, insns));
static_assert(offsetof(ProgLoadAttr, license) == offsetof(bpf_attr, license));
static_assert(offsetof(ProgLoadAttr, prog_flags) == offsetof(bpf_attr, prog_flags));
static_assert(offsetof(ProgLoadAttr, prog_btf_fd) == offsetof(bpf_attr, prog_btf_fd));
static_assert(offsetof(ProgLoadAttr, func_info) == offsetof(bpf_attr, func_info));
static_assert(offsetof(ProgLoadAttr, func_info_cnt) == offsetof(bpf_attr, func_info_cnt));
static_assert(offsetof(TestRunAttr, retval) == offsetof(bpf_attr, test.retval));
static_assert(offsetof(TestRunAttr, data_in) == offsetof(bpf_attr, test.data_in));
static_assert(offsetof(TestRunAttr, repeat) == offsetof(bpf_attr, test.repeat));
static_assert(offsetof(TestRunAttr, ctx_size_in) == offsetof(bpf_attr, test.ctx_size_in));
static_assert(offsetof(TestRunAttr, ctx_out) == offsetof(bpf_attr, test.ctx_out));
static_assert(offsetof(BtfLoadAttr, btf) == offsetof(bpf_attr, btf));
static_assert(offsetof(BtfLoadAttr, log_buf) == offsetof(bpf_attr, btf_log_buf));
static_assert(offsetof(BtfLoadAttr, btf_size) == offsetof(bpf_attr, btf_size));
static_assert(offsetof(BtfLoadAttr, log_size) == offsetof(bpf_attr, btf_log_size));
static_assert(offsetof(BtfLoadAttr, log_level) == offsetof(bpf_attr, btf_log_level));
// The headers of 6.1 end before the rest.
static_assert(offsetof(BtfLoadAttr, flags) == offsetof(bpf_attr, btf_log_level) + 8);
static_assert(offsetof(BtfInfoData, btf) == offsetof(bpf_btf_info, btf));
static_assert(offsetof(BtfInfoData, btf_size) == offsetof(bpf_btf_info, btf_size));
static_assert(offsetof(BtfInfoData, id) == offsetof(bpf_btf_info, id));
static_assert(offsetof(MapCreateAttr, map_name) == offsetof(bpf_attr, map_name));
static_assert(offsetof(MapCreateAttr, btf_vmlinux_value_type_id) ==
              offsetof(bpf_attr, btf_vmlinux_value_type_id));
static_assert(offsetof(MapCreateAttr, map_extra) == offsetof(bpf_attr, map_extra));
static_assert(offsetof(MapInfoData, btf_value_type_id) ==
              offsetof(bpf_map_info, btf_value_type_id));
static_assert(offsetof(MapInfoData, map_extra) == offsetof(bpf_map_info, map_extra));

}  // namespace
}  // namespace bpfmap::inline v0::sys
