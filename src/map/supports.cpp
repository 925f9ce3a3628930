// SPDX-License-Identifier: MIT
#include "bpfmap/map/supports.hpp"

#include <linux/btf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string_view>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "sets.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::kernel_error;
using detail::set;
using detail::Types;

// --- what was answered before ---

constexpr std::size_t remembered_types = 64;
constexpr std::size_t remembered_operations = 32;

// 0: not asked yet; else a Support and one.
using Answer = std::atomic<std::uint8_t>;
constinit std::array<std::array<Answer, remembered_operations>, remembered_types> answers{};

Answer* answer_of(Operation operation, MapType type) noexcept {
  const auto row = static_cast<std::size_t>(type);
  const auto column = static_cast<std::size_t>(operation);
  const bool fits = row < remembered_types && column < remembered_operations;
  return fits ? &answers[row][column] : nullptr;
}

std::optional<Support> remembered(Operation operation, MapType type) noexcept {
  const Answer* const answer = answer_of(operation, type);
  const auto value = answer != nullptr ? answer->load(std::memory_order_relaxed) : std::uint8_t{0};
  return value == 0 ? std::nullopt : std::optional{static_cast<Support>(value - 1)};
}

Support remember(Operation operation, MapType type, Support support) noexcept {
  Answer* const answer = answer_of(operation, type);
  if (answer != nullptr && support != Support::not_permitted)
    answer->store(static_cast<std::uint8_t>(static_cast<int>(support) + 1),
                  std::memory_order_relaxed);
  return support;
}

// --- tiny maps ---

// No process can have this descriptor open (fs.nr_open is smaller), so that what it stands for is
// looked for and not found: EBADF says that the operation exists.
constexpr std::uint32_t no_descriptor = 0x7FFF'FFFF;

// BTF of `int`, which storage maps want of their keys, and take for their values.
sys::UniqueFd load_btf_of_int(std::error_code& ec) noexcept {
  struct {
    btf_header header;
    std::array<std::uint32_t, 4> type;  // struct btf_type, and what follows it
    std::array<char, 8> strings;
  } blob;
  std::memset(&blob, 0, sizeof blob);
  blob.header.magic = BTF_MAGIC;
  blob.header.version = BTF_VERSION;
  blob.header.hdr_len = sizeof blob.header;
  blob.header.type_len = sizeof blob.type;
  blob.header.str_off = sizeof blob.type;
  blob.header.str_len = 5;
  blob.type = {1, BTF_KIND_INT << 24U, 4, BTF_INT_SIGNED << 24U | 32U};
  std::memcpy(blob.strings.data() + 1, "int", 3);
  const int fd = sys::btf_load(&blob, sizeof blob.header + sizeof blob.type + 5);
  ec = kernel_error(fd);
  return sys::UniqueFd{fd};
}

// The least that a type takes.
MapSpec least_spec(MapType type) noexcept {
  MapSpec spec{.type = type, .key_size = 4, .value_size = 4, .max_entries = 1};
  const auto is = [type](Types types) { return types.contains(type); };
  if (is(detail::queues | MapType::bloom_filter | detail::ring_buffers | MapType::arena))
    spec.key_size = 0;
  if (is(detail::ring_buffers | MapType::arena)) spec.value_size = 0;
  if (is(detail::ring_buffers)) spec.max_entries = static_cast<std::uint32_t>(::getpagesize());
  if (is(detail::local_storages | detail::cgroup_storages)) spec.max_entries = 0;
  if (is(detail::cgroup_storages | MapType::lpm_trie)) spec.key_size = 8;
  if (is(detail::local_storages | set(MapType::lpm_trie, MapType::rhash)))
    spec.flags = MapFlags::no_prealloc;
  if (is(MapType::arena)) spec.flags = MapFlags::mmapable;
  if (is(MapType::stack_trace)) spec.value_size = 8;
  if (is(MapType::insn_array)) spec.value_size = 16;
  // No such type of a value, so that the kernel that knows struct_ops answers ENOTSUPP.
  if (is(MapType::struct_ops)) spec.btf_vmlinux_value_type_id = no_descriptor;
  return spec;
}

Map make_least(MapType type, std::error_code& ec) noexcept {
  MapSpec spec = least_spec(type);
  sys::UniqueFd btf;
  Map inner;
  if (detail::local_storages.contains(type)) {
    btf = load_btf_of_int(ec);
    if (ec) return {};
    spec.btf_fd = btf.get();
    spec.btf_key_type_id = spec.btf_value_type_id = 1;
  }
  if (detail::maps_of_maps.contains(type)) {
    inner = Map::create(least_spec(MapType::array), ec);
    if (ec) return {};
    spec.inner_map_fd = inner.fd();
  }
  return Map::create(spec, ec);
}

// --- what an errno says ---

bool means_no(int error) noexcept {
  return error == EINVAL || error == EOPNOTSUPP || error == sys::enotsupp;
}
bool means_not_permitted(int error) noexcept { return error == EPERM || error == EACCES; }

// Of making a map of the type. nullopt: nothing.
std::optional<Support> creation_says(MapType type, int error) noexcept {
  if (error == 0) return Support::yes;
  if (type == MapType::struct_ops && error == sys::enotsupp) return Support::yes;
  if (means_not_permitted(error)) return Support::not_permitted;
  // E2BIG: the kernel knows a shorter attribute. ENOSYS: it has no bpf(2).
  if (means_no(error) || error == E2BIG || error == ENOSYS) return Support::no;
  return std::nullopt;
}

// Of an operation on such a map: any other errno comes from within it.
Support operation_says(Operation operation, MapType type, int error) noexcept {
  // The slot is empty; there is no device 0.
  const bool of_this_one = (operation == Operation::erase && type == MapType::sockmap) ||
                           (operation == Operation::update && type == MapType::devmap_hash);
  if (of_this_one && error == EINVAL) return Support::yes;
  if (means_no(error)) return Support::no;
  return means_not_permitted(error) ? Support::not_permitted : Support::yes;
}

// --- operations ---

constexpr detail::Operations probed =
    set(Operation::lookup, Operation::update, Operation::erase, Operation::get_next_key,
        Operation::lookup_and_delete, Operation::lookup_batch, Operation::update_batch,
        Operation::erase_batch, Operation::drain, Operation::freeze);
constexpr detail::Operations on_struct_ops =
    set(Operation::lookup, Operation::erase, Operation::get_next_key, Operation::scan);

// The kernel's answer to `operation` on an empty map. A batch of no entries does nothing, and is
// done only by a type that has the command.
int attempt(Operation operation, const Map& map) {
  const MapType type = map.info().type;
  std::array<std::uint32_t, 2> key_words{};
  if (detail::local_storages.contains(type)) key_words[0] = no_descriptor;
  const void* const key = map.info().key_size == 0 ? nullptr : key_words.data();
  Bytes value(sys::percpu_size(16));
  // What devmaps and cpumaps take for "none".
  const bool zero = set(MapType::devmap, MapType::devmap_hash, MapType::cpumap).contains(type);
  if (!zero) std::memcpy(value.data(), &no_descriptor, sizeof no_descriptor);
  std::uint32_t count = 0;
  switch (operation) {
    case Operation::lookup:
      return sys::map_lookup_elem(map.fd(), key, value.data());
    case Operation::update:
      return sys::map_update_elem(map.fd(), key, value.data());
    case Operation::erase:
      return sys::map_delete_elem(map.fd(), key);
    case Operation::get_next_key:
      return sys::map_get_next_key(map.fd(), nullptr, key_words.data());
    case Operation::lookup_and_delete:
      return sys::map_lookup_and_delete_elem(map.fd(), key, value.data());
    case Operation::lookup_batch:
      return sys::map_lookup_batch(map.fd(), nullptr, nullptr, nullptr, nullptr, count);
    case Operation::update_batch:
      return sys::map_update_batch(map.fd(), nullptr, nullptr, count);
    case Operation::erase_batch:
      return sys::map_delete_batch(map.fd(), nullptr, count);
    case Operation::drain:
      return sys::map_lookup_and_delete_batch(map.fd(), nullptr, nullptr, nullptr, nullptr, count);
    default:
      return sys::map_freeze(map.fd());
  }
}

Support probe(Operation operation, MapType type, std::error_code& ec) {
  const Map map = make_least(type, ec);
  if (ec) {
    const auto support = creation_says(type, ec.value());
    if (support) ec.clear();
    return support.value_or(Support::no);
  }
  if (sys::possible_cpus().empty()) {
    ec = Errc::no_cpu_list;
    return Support::no;
  }
  return operation_says(operation, type, -attempt(operation, map));
}

}  // namespace

void detail::forget_support() noexcept {
  for (auto& row : answers)
    for (Answer& answer : row) answer.store(0, std::memory_order_relaxed);
}

Support supports(MapType type, std::error_code& ec) noexcept {
  ec.clear();
  if (const auto known = remembered(Operation::create, type)) return *known;
  (void)make_least(type, ec);
  const auto support = creation_says(type, ec.value());
  if (!support) {
    ec = detail::record_create(least_spec(type), ec);
    return Support::no;
  }
  ec.clear();
  return remember(Operation::create, type, *support);
}

Support supports(Operation operation, MapType type, std::error_code& ec) noexcept {
  if (const auto known = remembered(operation, type)) {
    ec.clear();
    return *known;
  }
  if (operation == Operation::scan) {
    const Support batch = supports(Operation::lookup_batch, type, ec);
    if (ec || batch != Support::no) return batch;
    return supports(Operation::get_next_key, type, ec);
  }
  const Support has_type = supports(type, ec);
  if (ec || has_type != Support::yes || !probed.contains(operation)) return has_type;
  if (type == MapType::struct_ops)
    return on_struct_ops.contains(operation) ? Support::yes : Support::no;
  const Support support = detail::without_bad_alloc(ec, [&] { return probe(operation, type, ec); });
  if (!ec) return remember(operation, type, support);
  ec = detail::record_create(least_spec(type), ec);
  return Support::no;
}

Support supports(MapType type) {
  std::error_code ec;
  const Support support = supports(type, ec);
  detail::throw_if(ec);
  return support;
}

Support supports(Operation operation, MapType type) {
  std::error_code ec;
  const Support support = supports(operation, type, ec);
  detail::throw_if(ec);
  return support;
}

}  // namespace bpfmap::inline v0
