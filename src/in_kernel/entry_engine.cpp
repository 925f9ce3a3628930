// SPDX-License-Identifier: MIT
#include "bpfmap/in_kernel/detail/entry_engine.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "../map/btf.hpp"
#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "entry_programs.hpp"

namespace bpfmap::inline v0 {
namespace {

constexpr std::size_t usual_keys = 1024;
constexpr std::size_t most_keys = 65536;
constexpr std::size_t usual_bytes = std::size_t{4} << 20U;

constexpr std::size_t multiple_of_8(std::size_t size) noexcept { return (size + 7) / 8 * 8; }

bool has_entries_for_programs(MapType type) noexcept {
  using enum MapType;
  constexpr std::array types{hash,  lru_hash,     percpu_hash, lru_percpu_hash,
                             array, percpu_array, lpm_trie};
  return std::find(types.begin(), types.end(), type) != types.end();
}

// Where the value's own struct bpf_spin_lock is; nullopt when it has none.
std::optional<std::uint32_t> find_lock(const MapInfo& info, std::error_code& ec) {
  if (info.btf_id == 0) return std::nullopt;
  const Bytes bytes = detail::read_btf(info.btf_id, ec);
  if (ec) return std::nullopt;
  const detail::Btf btf{bytes};
  const auto value = btf.type(info.btf_value_type_id);
  if (!value || value->kind() != detail::BtfKind::structure) return std::nullopt;
  for (std::uint32_t i = 0; i < value->members(); ++i) {
    const auto member = btf.words(info.btf_value_type_id, i);
    const auto type = member ? btf.type((*member)[1]) : std::nullopt;
    if (type && type->kind() == detail::BtfKind::structure && btf.name(*type) == "bpf_spin_lock")
      return (*member)[2] / 8;
  }
  return std::nullopt;
}

detail::SharedArray make_shared(const char* name, std::size_t elements, std::size_t size,
                                std::error_code& ec) {
  detail::SharedArray array;
  Map map = Map::create({.type = MapType::array,
                         .key_size = sizeof(std::uint32_t),
                         .value_size = static_cast<std::uint32_t>(size),
                         .max_entries = static_cast<std::uint32_t>(elements),
                         .flags = MapFlags::mmapable,
                         .name = name},
                        ec);
  if (ec) return array;
  array.stride = multiple_of_8(size);
  array.memory =
      sys::Mapping::of(map.fd(), elements * array.stride, {.writable = true, .inherited = false});
  if (!array.memory) ec = detail::kernel_error(-errno);
  array.fd = map.release();
  return array;
}

// A batch of nothing does nothing, but the kernel checks whether the descriptor allows it, and
// whether the map is frozen. (An operation with a bad address takes a page fault, and 6 us.)
bool may_read(int fd) noexcept {
  std::uint32_t none = 0;
  return sys::map_lookup_batch(fd, nullptr, nullptr, nullptr, nullptr, none) != -EPERM;
}
bool may_write(int fd) noexcept {
  std::uint32_t none = 0;
  return sys::map_update_batch(fd, nullptr, nullptr, none) != -EPERM;
}

EngineReason reason_of(const std::error_code& ec, const std::string& log) noexcept {
  const auto says = [&log](const char* text) { return log.find(text) != std::string::npos; };
  if (ec.value() == EPERM) return EngineReason::not_permitted;
  if (says("unknown func") || says("invalid func") || (ec.value() == EINVAL && log.empty()))
    return EngineReason::kernel_too_old;
  return EngineReason::refused;
}

}  // namespace

std::string_view to_string(Engine engine) noexcept {
  return engine == Engine::kernel ? "kernel" : "system_calls";
}

std::string_view to_string(EngineReason reason) noexcept {
  switch (reason) {
    case EngineReason::none:
      return "none";
    case EngineReason::asked_for:
      return "asked_for";
    case EngineReason::type_not_possible:
      return "type_not_possible";
    case EngineReason::not_permitted:
      return "not_permitted";
    case EngineReason::kernel_too_old:
      return "kernel_too_old";
    case EngineReason::refused:
      return "refused";
  }
  return "?";
}

namespace detail {

EntryEngine::EntryEngine(const Map& map, const InKernelOptions& options, bool locked,
                         std::error_code& ec)
    : locked_{locked}, process_{sys::OwnerProcess::current()} {
  ec.clear();
  const MapInfo& info = map.info();
  if (options.keys_per_call > most_keys) ec = Errc::out_of_range;
  if (ec) return;
  choose_sizes(info, options, map.is_percpu());
  if (options.engine != EngineChoice::system_calls) make_kernel_engine(map, ec);
  const bool kernel = status_.reads == Engine::kernel || status_.writes == Engine::kernel;
  if (!ec && options.engine == EngineChoice::require_kernel && status_.reason != EngineReason::none)
    ec = status_.error ? status_.error : make_error_code(Errc::unsupported_operation);
  if (!ec && !kernel) make_memory(info, ec);
}

void EntryEngine::choose_sizes(const MapInfo& info, const InKernelOptions& options, bool percpu) {
  cpus_ = percpu ? static_cast<std::uint32_t>(sys::possible_cpus().size()) : 0;
  key_stride_ = multiple_of_8(header_size + info.key_size);
  // Room for two operands of an atomic update.
  value_stride_ = percpu ? sys::percpu_size(info.value_size)
                         : multiple_of_8(std::max<std::size_t>(info.value_size, 16));
  const std::size_t fitting = usual_bytes / (key_stride_ + value_stride_);
  const std::size_t keys = options.keys_per_call != 0
                               ? options.keys_per_call
                               : std::clamp<std::size_t>(fitting, 1, usual_keys);
  capacity_ = static_cast<std::uint32_t>(keys);
}

void EntryEngine::make_memory(const MapInfo& info, std::error_code& ec) {
  const std::size_t keys = capacity_ * key_stride_;
  const std::size_t values = capacity_ * value_stride_;
  if (values / value_stride_ != capacity_) {
    ec = kernel_error(-ENOMEM);
    return;
  }
  memory_ = std::make_unique<std::byte[]>(keys + values + sizeof(EntryControl) + info.value_size);
  keys_ = memory_.get();
  values_ = keys_ + keys;
  control_ = values_ + values;
}

void EntryEngine::share_memory(const MapInfo& info, std::error_code& ec) {
  const std::size_t slots = cpus_ == 0 ? 1 : cpus_;
  // Room for two operands, or a sum.
  const std::size_t value_size = std::max<std::size_t>(info.value_size, cpus_ == 0 ? 16 : 8);
  shared_keys_ = make_shared("bpfmap_keys", capacity_, header_size + info.key_size, ec);
  if (!ec) shared_values_ = make_shared("bpfmap_values", capacity_ * slots, value_size, ec);
  if (!ec)
    shared_control_ = make_shared("bpfmap_control", 1, sizeof(EntryControl) + info.value_size, ec);
  if (ec) return;
  keys_ = shared_keys_.memory.data();
  values_ = shared_values_.memory.data();
  control_ = shared_control_.memory.data();
}

// A program takes about a millisecond to load. Where the kernel refuses a syscall program, it may
// accept one that does not sleep.
namespace {
sys::UniqueFd load_either(bytecode::Assembler code, const char* name, bool& sleeps,
                          std::string& log, std::error_code& ec) {
  using bytecode::ProgramKind;
  if (!code.finish()) {
    ec = kernel_error(-E2BIG);
    return {};
  }
  sleeps = true;
  sys::UniqueFd program = bytecode::load(code, ProgramKind::syscall, name, log, ec);
  if (program || ec.value() == EPERM) return program;
  std::string other_log;
  std::error_code other;
  program = bytecode::load(code, ProgramKind::cgroup_skb, name, other_log, other);
  if (!program) {
    log += other_log;
    return program;
  }
  sleeps = false;
  log.clear();
  ec.clear();
  return program;
}

EntryTarget target_of(const Map& map, const std::array<int, 3>& shared, std::uint32_t cpus,
                      std::optional<std::uint32_t> lock) {
  return {.map_fd = map.fd(),
          .keys_fd = shared[0],
          .values_fd = shared[1],
          .control_fd = shared[2],
          .value_size = map.info().value_size,
          .cpus = cpus,
          .lock = lock};
}
}  // namespace

void EntryEngine::make_kernel_engine(const Map& map, std::error_code& ec) {
  const MapInfo& info = map.info();
  const bool holes = cpus_ != 0 && sys::possible_cpus().back() + 1 != cpus_;
  if (!has_entries_for_programs(info.type) || holes) {
    status_.reason = EngineReason::type_not_possible;
    return;
  }
  status_.reason = EngineReason::none;
  std::error_code refused;
  if (locked_) lock_ = find_lock(info, refused);
  if (!refused) share_memory(info, refused);
  if (refused) {
    if (refused.value() == ENOMEM) ec = refused;
    return note_refusal(refused, {});
  }
  const EntryTarget target =
      target_of(map, {shared_keys_.fd.get(), shared_values_.fd.get(), shared_control_.fd.get()},
                cpus_, lock_);
  const bool erases = info.type != MapType::array && info.type != MapType::percpu_array;
  const auto load = [&](bool permitted, bytecode::Assembler code, const char* name,
                        Program& program) {
    std::string log;
    if (permitted)
      program.fd = load_either(std::move(code), name, program.sleeps, log, refused);
    else
      refused = kernel_error(-EPERM);
    if (!program.fd) note_refusal(refused, std::move(log));
    return program.fd ? Engine::kernel : Engine::system_calls;
  };
  status_.reads = load(may_read(map.fd()), read_program(target), "bpfmap_reads", reads_);
  status_.writes = load(may_write(map.fd()), write_program(target), "bpfmap_writes", writes_);
  // Apart, because the kernel refuses to copy some values, such as one with a bpf_timer.
  if (erases && reads_.fd && writes_.fd) load(true, take_program(target), "bpfmap_takes", takes_);
}

void EntryEngine::note_refusal(std::error_code ec, std::string log) {
  status_.reason = reason_of(ec, log);
  status_.error = ec;
  status_.log = std::move(log);
}

// One key costs less with a plain command. A frozen map refuses user space, but not programs.
void EntryEngine::run(const Map& map, EntryOperation operation, std::uint32_t count,
                      std::int64_t tolerated, std::uint64_t flags) noexcept {
  const Program& program = operation == EntryOperation::take ? takes_
                           : writes(operation)               ? writes_
                                                             : reads_;
  const bool possible = program.fd && !(operation == EntryOperation::update && cpus_ != 0);
  if (!possible || count < 2 || (writes(operation) && !may_write(map.fd())))
    return run_calls(map, operation, 0, count, tolerated, flags);
  run_program(program, map, operation, count, tolerated, flags);
}

int EntryEngine::run_once(const Program& program, const EntryControl& control) noexcept {
  std::memcpy(control_, &control, sizeof control);
  std::uint32_t returned = 0;
  return bytecode::run(
      program.fd.get(),
      program.sleeps ? bytecode::ProgramKind::syscall : bytecode::ProgramKind::cgroup_skb,
      returned);
}

// A program gets no memory where a command may wait for it, and no busy lock where a command tries
// again: such a key is done by a command, and the program goes on behind it.
void EntryEngine::run_program(const Program& program, const Map& map, EntryOperation operation,
                              std::uint32_t count, std::int64_t tolerated,
                              std::uint64_t flags) noexcept {
  EntryControl control{.first = 0,
                       .end = count,
                       .operation = static_cast<std::uint32_t>(operation),
                       .unused = 0,
                       .tolerated = tolerated,
                       .flags = flags};
  while (control.first < count) {
    if (run_once(program, control) != 0)
      return run_calls(map, operation, control.first, count, tolerated, flags);
    std::uint32_t i = control.first;
    while (i < count && (result(i) == 0 || result(i) == tolerated)) ++i;
    if (i == count) return;
    const std::int32_t stopped_by = result(i);
    if (stopped_by != -ENOMEM && stopped_by != -EBUSY && stopped_by != -EDEADLK &&
        stopped_by != pending)
      return;
    run_calls(map, operation, i, i + 1, tolerated, flags);
    if (result(i) != 0 && result(i) != tolerated) return;
    control.first = i + 1;
  }
}

// The kernel cannot take an entry of a trie. A lookup finds the longest prefix that matches, and
// erasing shows whether there is an entry of this very prefix; a program does the same.
namespace {
int take(const Map& map, const std::byte* key, std::byte* value, std::uint64_t lock) noexcept {
  if (map.info().type != MapType::lpm_trie)
    return sys::map_lookup_and_delete_elem(map.fd(), key, value, lock);
  const int found = sys::map_lookup_elem(map.fd(), key, value, 0);
  return found == 0 ? sys::map_delete_elem(map.fd(), key) : found;
}
}  // namespace

void EntryEngine::run_calls(const Map& map, EntryOperation operation, std::uint32_t first,
                            std::uint32_t end, std::int64_t tolerated,
                            std::uint64_t flags) const noexcept {
  for (std::uint32_t i = first; i < end; ++i) {
    const int done = call(map, operation, i, flags);
    set_result(i, done);
    if (done != 0 && done != tolerated) return;
  }
}

int EntryEngine::call(const Map& map, EntryOperation operation, std::size_t i,
                      std::uint64_t flags) const noexcept {
  const std::byte* const key = keys_ + i * key_stride_ + header_size;
  std::byte* const value = this->value(i);
  const std::uint64_t lock = locked_ ? sys::f_lock : 0;
  switch (operation) {
    case EntryOperation::contains:
    case EntryOperation::lookup:
      return sys::map_lookup_elem(map.fd(), key, value, lock);
    case EntryOperation::update:
      return sys::map_update_elem(map.fd(), key, value, flags);
    case EntryOperation::erase:
      return sys::map_delete_elem(map.fd(), key);
    case EntryOperation::take:
      return take(map, key, value, lock);
  }
  return -EINVAL;
}

void EntryEngine::prepare_fetch(const Map& map, FetchOperation operation, IntegerMember member,
                                bool inserts, std::error_code& ec) noexcept {
  ec.clear();
  for (fetch_ = 0; fetch_ < fetches_.size(); ++fetch_) {
    const FetchProgram& known = fetches_[fetch_];
    if (known.operation == operation && known.member == member && known.inserts == inserts) {
      ec = known.refused;
      return;
    }
  }
  without_bad_alloc(ec, [&] { load_fetch(map, operation, member, inserts, ec); });
}

// A hash and an array have values at addresses that are multiples of 8; a trie has them behind the
// bits of a prefix. An atomic operation across two cache lines may stop the kernel.
namespace {
bool is_aligned(const MapInfo& info, IntegerMember member) noexcept {
  constexpr std::uint32_t length = 4;  // of a prefix
  const std::uint32_t value_at = info.type == MapType::lpm_trie ? info.key_size - length : 0;
  return (value_at + member.offset) % member.size == 0;
}

// Whether the kernel would refuse the same program again.
bool stays_refused(const std::error_code& ec) noexcept {
  return ec.value() == EINVAL || ec.value() == EACCES || ec.value() == E2BIG;
}
}  // namespace

void EntryEngine::load_fetch(const Map& map, FetchOperation operation, IntegerMember member,
                             bool inserts, std::error_code& ec) {
  const bool sums =
      operation == FetchOperation::sum_unsigned || operation == FetchOperation::sum_signed;
  constexpr auto furthest = static_cast<std::uint32_t>(std::numeric_limits<std::int16_t>::max());
  if ((!reads_.fd && !writes_.fd) || member.offset + member.size > furthest)
    ec = Errc::unsupported_operation;
  else if (!sums && !lock_ && !is_aligned(map.info(), member))
    ec = Errc::misaligned_member;
  if (ec) return;
  const EntryTarget target =
      target_of(map, {shared_keys_.fd.get(), shared_values_.fd.get(), shared_control_.fd.get()},
                cpus_, lock_);
  FetchProgram added{operation, member, inserts, {}, {}};
  std::string log;
  fetches_.reserve(fetches_.size() + 1);
  added.program.fd = load_either(fetch_program(target, operation, member, inserts), "bpfmap_fetch",
                                 added.program.sleeps, log, ec);
  if (ec) {
    status_.error = ec;
    status_.log = std::move(log);
    if (!stays_refused(ec)) return;
    added.refused = ec = Errc::unsupported_operation;
  }
  fetches_.push_back(std::move(added));
}

// The program gives up where it gets no memory for an entry to insert, which a command may wait
// for, and where other CPUs change the member all the time.
int EntryEngine::fetch(const Map& map, std::uint32_t count, std::int64_t tolerated) noexcept {
  constexpr int most_attempts = 1000;
  const FetchProgram& fetch = fetches_[fetch_];
  if (fetch.operation < FetchOperation::sum_unsigned && !may_write(map.fd())) return -EPERM;
  EntryControl control{
      .first = 0, .end = count, .operation = 0, .unused = 0, .tolerated = tolerated, .flags = 0};
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    if (const int failed = run_once(fetch.program, control); failed != 0)
      return control.first == 0 ? failed : 0;
    while (control.first < count &&
           (result(control.first) == 0 || result(control.first) == tolerated))
      ++control.first;
    if (control.first == count) return 0;
    const std::int32_t stopped_by = result(control.first);
    const bool inserts = fetch.inserts && (stopped_by == -ENOMEM || stopped_by == -EBUSY);
    if (stopped_by != -EAGAIN && !inserts) return 0;
    if (inserts) {
      const int inserted = sys::map_update_elem(
          map.fd(), keys_ + control.first * key_stride_ + header_size, initial(), sys::f_noexist);
      if (inserted != 0 && inserted != -EEXIST) return 0;
    }
  }
  return 0;
}

}  // namespace detail
}  // namespace bpfmap::inline v0
