// SPDX-License-Identifier: MIT
#include "failure_record.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/unique_fd.hpp"
#include "proc_fd.hpp"

namespace bpfmap::inline v0::detail {
namespace {

constinit thread_local FailureRecord last;

FailureRecord& begin(FailureRecord::Kind kind, Operation operation,
                     const std::error_code& ec) noexcept {
  last = FailureRecord{};
  last.code = ec.category() == category() ? ec.value() : 0;
  last.kind = kind;
  last.operation = operation;
  return last;
}

Access access_of(int status_flags) noexcept {
  switch (status_flags & O_ACCMODE) {
    case O_RDONLY:
      return Access::read_only;
    case O_WRONLY:
      return Access::write_only;
    default:
      return Access::read_write;
  }
}

bool is_open(int fd) noexcept { return fd >= 0 && ::fcntl(fd, F_GETFD) >= 0; }

bool is_map_or_unknown(int fd) noexcept { return proc_fd_is_map(fd).value_or(true); }

// Errnos for which the descriptor may be the cause. It is checked now, because its owner may close
// it before the text is made.
bool may_be_the_descriptors(int error) noexcept {
  constexpr std::array errors{EBADF, EBADFD, EINVAL, EPERM, EACCES};
  return std::find(errors.begin(), errors.end(), error) != errors.end();
}

// Whether the map is frozen, according to /proc. Checked now, because a view that fails closes its
// map at once.
std::optional<bool> is_frozen(int fd) noexcept {
  const auto frozen = FdInfo{fd}.number("frozen");
  return frozen ? std::optional{*frozen != 0} : std::nullopt;
}

void keep_descriptor(FailureRecord& record) noexcept {
  if (record.fd < 0 || !may_be_the_descriptors(record.code)) return;
  const int flags = ::fcntl(record.fd, F_GETFL);
  if (flags < 0) {
    record.descriptor = DescriptorState::closed;
    return;
  }
  record.access = access_of(flags);
  if (record.code == EPERM) record.frozen = is_frozen(record.fd);
  const bool other = record.code == EINVAL && !is_map_or_unknown(record.fd);
  record.descriptor = other ? DescriptorState::other : DescriptorState::open;
}

void keep_map(FailureRecord& record, const Map& map) noexcept {
  record.has_map = static_cast<bool>(map);
  record.fd = map.fd();
  record.info.assign(map.info());
  keep_descriptor(record);
}

void keep_required(FailureRecord& record, const RequiredFields& required) noexcept {
  record.required_key_size = required.key_size;
  record.required_value_size = required.value_size;
  record.required_flags = required.flags;
  record.required_type_count = std::min(required.types.size(), record.required_types.size());
  std::copy_n(required.types.begin(), record.required_type_count, record.required_types.begin());
}

FailureRecord& keep_attempt(FailureRecord::Kind kind, const Map& map, const Attempt& attempt,
                            const std::error_code& ec) noexcept {
  FailureRecord& record = begin(kind, attempt.operation, ec);
  record.key.assign(attempt.key);
  record.value.assign(attempt.value);
  record.flags = attempt.flags;
  record.count = attempt.count;
  record.subject.assign(attempt.subject);
  keep_map(record, map);
  return record;
}

// Whether the key, read as an index, is max_entries or more; true when the key is not known.
bool may_be_behind_the_end(const Map& map, BytesView key) noexcept {
  std::uint32_t index = 0;
  if (key.data() == nullptr || key.size() != sizeof index) return true;
  std::memcpy(&index, key.data(), sizeof index);
  return index >= map.info().max_entries;
}

bool is_index_out_of_range(const Map& map, const Attempt& attempt, int result) noexcept {
  const MapTypeTraits* const traits = traits_of(map.info().type);
  if (traits == nullptr || attempt.operation == Operation::get_next_key) return false;
  const bool index = traits->key == KeyKind::index;
  const bool slot = traits->key == KeyKind::slot;
  // Every entry of an array exists, so ENOENT has no other reason.
  if (index && result == -ENOENT) return true;
  if (!may_be_behind_the_end(map, attempt.key)) return false;
  if ((index || slot) && result == -E2BIG) return true;
  return slot && !attempt.key.empty() && (result == -ENOENT || result == -EINVAL);
}

}  // namespace

FailureRecord& last_failure() noexcept { return last; }

void forget_failure() noexcept { last = FailureRecord{}; }

std::error_code element_error(const Map& map, const Attempt& attempt, int result) noexcept {
  if (!map) return Errc::no_map;
  if (result > 0) return static_cast<Errc>(result);
  return is_index_out_of_range(map, attempt, result) ? make_error_code(Errc::index_out_of_range)
                                                     : kernel_error(result);
}

std::error_code record(const Map& map, const Attempt& attempt, std::error_code ec) noexcept {
  keep_attempt(FailureRecord::Kind::map, map, attempt, ec);
  return ec;
}

std::error_code record(const Map& map, const Attempt& attempt, int result) noexcept {
  return record(map, attempt, element_error(map, attempt, result));
}

std::error_code record_batch(const Map& map, const Attempt& attempt, const BatchResult& result,
                             std::error_code ec) noexcept {
  FailureRecord& record = keep_attempt(FailureRecord::Kind::map, map, attempt, ec);
  record.has_batch = true;
  record.done = result.done;
  record.skipped = result.skipped;
  record.failed = result.failed;
  return ec;
}

std::error_code record_inner(const Map& outer, const Attempt& attempt, const MapInfo& inner,
                             const MapInfo& like, std::error_code ec) noexcept {
  keep_attempt(FailureRecord::Kind::map, outer, attempt, ec);
  add_inner(inner, like);
  return ec;
}

void add_inner(const MapInfo& inner, const MapInfo& like) noexcept {
  last.has_inner = true;
  last.inner.assign(inner);
  last.like.assign(like);
}

std::error_code record_view(const Map& map, const RequiredFields& required, std::error_code ec,
                            const EntryLayout* layout) noexcept {
  FailureRecord& record =
      keep_attempt(FailureRecord::Kind::view, map,
                   {Operation::view, sized(required.key_size), sized(required.value_size)}, ec);
  keep_required(record, required);
  record.required_layout = layout;
  return ec;
}

std::error_code record_create(const MapSpec& spec, std::error_code ec) noexcept {
  begin(FailureRecord::Kind::create, Operation::create, ec).spec.assign(spec);
  return ec;
}

std::error_code record_create(const MapSpec& spec, const RequiredFields& required,
                              std::error_code ec) noexcept {
  FailureRecord& record = begin(FailureRecord::Kind::create, Operation::create, ec);
  record.spec.assign(spec);
  keep_required(record, required);
  return ec;
}

std::error_code record_open(Operation operation, std::string_view subject,
                            std::error_code ec) noexcept {
  begin(FailureRecord::Kind::open, operation, ec).subject.assign(subject);
  return ec;
}

std::error_code record_opening(Operation operation, std::string_view subject, Access access,
                               std::error_code ec) noexcept {
  FailureRecord& record = begin(FailureRecord::Kind::open, operation, ec);
  record.subject.assign(subject);
  record.access = access;
  return ec;
}

std::error_code record_open(Operation operation, std::int64_t subject,
                            std::error_code ec) noexcept {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), subject).ptr;
  return record_open(operation, {digits.data(), static_cast<std::size_t>(end - digits.data())}, ec);
}

std::error_code record_open_or_create(std::string_view path, const MapSpec& spec, Operation step,
                                      const Map& found, std::error_code ec) noexcept {
  FailureRecord& record = begin(FailureRecord::Kind::open_or_create, Operation::open_or_create, ec);
  record.subject.assign(path);
  record.spec.assign(spec);
  record.step = step;
  keep_map(record, found);
  return ec;
}

std::error_code record_conversion(Operation operation, std::string_view text, std::size_t number,
                                  std::error_code ec) noexcept {
  FailureRecord& record = begin(FailureRecord::Kind::conversion, operation, ec);
  record.subject.assign(text);
  record.number = number;
  return ec;
}

void PlainInfo::assign(const MapInfo& from) noexcept {
  type = from.type;
  id = from.id;
  key_size = from.key_size;
  value_size = from.value_size;
  max_entries = from.max_entries;
  flags = from.flags;
  map_extra = from.map_extra;
  btf_id = from.btf_id;
  btf_key_type_id = from.btf_key_type_id;
  btf_value_type_id = from.btf_value_type_id;
  ifindex = from.ifindex;
  name.assign(from.name);
}

MapInfo PlainInfo::info() const {
  return {.type = type,
          .id = id,
          .key_size = key_size,
          .value_size = value_size,
          .max_entries = max_entries,
          .flags = flags,
          .name = std::string{name.view()},
          .map_extra = map_extra,
          .btf_id = btf_id,
          .btf_key_type_id = btf_key_type_id,
          .btf_value_type_id = btf_value_type_id,
          .ifindex = ifindex};
}

void PlainSpec::assign(const MapSpec& from) noexcept {
  type = from.type;
  key_size = from.key_size;
  value_size = from.value_size;
  max_entries = from.max_entries;
  flags = from.flags;
  map_extra = from.map_extra;
  numa_node = from.numa_node;
  inner_map_fd = from.inner_map_fd;
  btf_fd = from.btf_fd;
  btf_key_type_id = from.btf_key_type_id;
  btf_value_type_id = from.btf_value_type_id;
  btf_vmlinux_value_type_id = from.btf_vmlinux_value_type_id;
  value_type_btf_obj_fd = from.value_type_btf_obj_fd;
  token_fd = from.token_fd;
  ifindex = from.ifindex;
  has_excl_prog_hash = from.excl_prog_hash.has_value();
  btf_is_open = is_open(btf_fd);
  token_is_open = is_open(token_fd);
  name.assign(from.name);
}

MapSpec PlainSpec::spec() const {
  MapSpec to{.type = type,
             .key_size = key_size,
             .value_size = value_size,
             .max_entries = max_entries,
             .flags = flags,
             .name = std::string{name.view()},
             .map_extra = map_extra,
             .numa_node = numa_node,
             .inner_map_fd = inner_map_fd,
             .btf_fd = btf_fd,
             .btf_key_type_id = btf_key_type_id,
             .btf_value_type_id = btf_value_type_id,
             .btf_vmlinux_value_type_id = btf_vmlinux_value_type_id,
             .value_type_btf_obj_fd = value_type_btf_obj_fd,
             .token_fd = token_fd,
             .ifindex = ifindex};
  if (has_excl_prog_hash) to.excl_prog_hash.emplace();
  return to;
}

}  // namespace bpfmap::inline v0::detail
