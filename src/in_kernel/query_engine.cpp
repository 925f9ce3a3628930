// SPDX-License-Identifier: MIT
#include "bpfmap/in_kernel/detail/query_engine.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "bpfmap/bulk/verbs.hpp"
#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "bpfmap/sys/mapping.hpp"
#include "generate.hpp"
#include "managed_fields.hpp"
#include "program.hpp"
#include "query_walk.hpp"

namespace bpfmap::inline v0::detail {

// What decides about the program, without what it reads when it runs.
struct QueryShape {
  QueryKind kind = QueryKind::count;
  bool is_signed = false;
  bool logarithmic = false;
  std::uint32_t buckets = 0;
  std::uint32_t most = 0;
  std::vector<Node> nodes = {};             // of all expressions
  std::vector<std::uint32_t> numbers = {};  // the sizes of the expressions, and the changes

  friend bool operator==(const QueryShape&, const QueryShape&) = default;
};

struct QueryProgram {
  QueryShape shape;
  std::uint64_t last_query = 0;  // that used it
  sys::UniqueFd fd = {};         // empty when the kernel refused it
  bytecode::ProgramKind kind = bytecode::ProgramKind::syscall;
  std::string reason = {};
  std::error_code refusal = {};
};

namespace {

// A larger entry would make a program of its copying alone.
constexpr std::size_t most_copied_bytes = 2048;
constexpr std::size_t most_unrolled_cpus = 256;

bool writes(QueryKind kind) noexcept {
  return kind == QueryKind::erase || kind == QueryKind::update;
}
bool copies(QueryKind kind) noexcept { return kind == QueryKind::copy || kind == QueryKind::top; }
Operation operation_of(QueryKind kind) noexcept {
  return kind == QueryKind::erase    ? Operation::erase_batch
         : kind == QueryKind::update ? Operation::update_batch
                                     : Operation::scan;
}

bool is_array(MapType type) noexcept {
  return type == MapType::array || type == MapType::percpu_array;
}
// Those over which bpf_for_each_map_elem walks.
bool has_for_each(MapType type) noexcept {
  return is_array(type) || type == MapType::hash || type == MapType::lru_hash ||
         type == MapType::percpu_hash || type == MapType::lru_percpu_hash;
}

// A batch of nothing does nothing, but the kernel checks what the descriptor allows, and whether
// the map is frozen.
bool descriptor_may(int fd, bool write) noexcept {
  std::uint32_t none = 0;
  if (sys::map_lookup_batch(fd, nullptr, nullptr, nullptr, nullptr, none) == -EPERM) return false;
  return !write || sys::map_update_batch(fd, nullptr, nullptr, none) != -EPERM;
}

void add_nodes(QueryShape& shape, Nodes nodes) {
  shape.numbers.push_back(static_cast<std::uint32_t>(nodes.size()));
  for (Node node : nodes) {
    node.constant = 0;
    node.mask = 0;
    shape.nodes.push_back(node);
  }
}
QueryShape shape_of(const Query& query) {
  QueryShape shape{.kind = query.kind,
                   .is_signed = query.is_signed,
                   .logarithmic = query.buckets.logarithmic,
                   .buckets = query.buckets.count,
                   .most = query.most};
  add_nodes(shape, query.where);
  add_nodes(shape, query.number);
  add_nodes(shape, query.group);
  for (const Change& change : query.changes) {
    add_nodes(shape, change.nodes);
    shape.numbers.insert(shape.numbers.end(), {change.adds ? 1U : 0U, change.offset, change.size,
                                               change.big_endian ? 1U : 0U});
  }
  return shape;
}

// Whether the kernel would refuse the program again.
bool is_final(const std::error_code& refusal) noexcept {
  return refusal == Errc::unsupported_operation || refusal == std::errc::invalid_argument ||
         refusal == std::errc::permission_denied || refusal == std::errc::argument_list_too_long;
}

// --- what a query may ask ---

bool fits_into(const Node& node, const MapInfo& info) noexcept {
  if (node.source == Source::none) return true;
  const std::uint64_t size = node.source == Source::key ? info.key_size : info.value_size;
  return std::uint64_t{node.offset} + node.size <= size;
}
std::error_code check(const Nodes nodes, const MapInfo& info, bool percpu) noexcept {
  for (const Node& node : nodes) {
    if (!fits_into(node, info)) return Errc::out_of_range;
    if (percpu && node.kind == NodeKind::bytes && node.source == Source::value)
      return Errc::unsupported_operation;
  }
  return {};
}
bool are_possible(const Buckets& buckets, bool is_signed) noexcept {
  return buckets.count != 0 && buckets.count <= most_buckets && buckets.width != 0 &&
         (is_signed || !buckets.from_is_negative);
}
std::error_code check(const Map& map, const Query& query) noexcept {
  if (!map) return Errc::no_map;
  const MapInfo& info = map.info();
  const bool percpu = map.is_percpu();
  if (percpu && query.kind == QueryKind::update) return Errc::unsupported_operation;
  if (query.kind == QueryKind::erase && is_array(info.type)) return Errc::unsupported_operation;
  for (const Nodes nodes : {query.where, query.number, query.group})
    if (const auto ec = check(nodes, info, percpu)) return ec;
  for (const Change& change : query.changes) {
    if (const auto ec = check(change.nodes, info, percpu)) return ec;
    if (std::uint64_t{change.offset} + change.size > info.value_size) return Errc::out_of_range;
  }
  if (query.kind == QueryKind::top && (query.most == 0 || query.most > most_top_entries))
    return Errc::out_of_range;
  if (query.kind == QueryKind::group && query.most == 0) return Errc::out_of_range;
  if (query.kind == QueryKind::histogram && !are_possible(query.buckets, query.is_signed))
    return Errc::out_of_range;
  return {};
}

}  // namespace

struct QueryEngine::State {
  QueryStatus status;
  std::string reason;
  std::error_code refusal;  // the kernel's
  EngineChoice choice = EngineChoice::automatic;
  std::uint32_t longest_walk = 0;

  std::vector<QueryProgram> programs;
  QueryProgram refused_once;  // for a reason that may pass, such as ENOMEM
  std::uint64_t queries = 0;
  Map memory_map;
  sys::Mapping memory;
  Map entries_map;
  sys::Mapping entries;
  std::uint64_t room = 0;  // in entries
  Map groups_map;
  bool groups_are_clear = false;
  WalkMemory walked;
  std::optional<std::vector<ByteRange>> managed;  // members that a change cannot write

  [[nodiscard]] QueryMemory& shared() const noexcept {
    return *reinterpret_cast<QueryMemory*>(memory.data());
  }

  QueryResult run(Map& map, const Query& query, std::error_code& ec);
  [[nodiscard]] bool changes_managed_field(const Map& map, const Query& query);
  [[nodiscard]] bool may_use_program(const Map& map, const Query& query);
  [[nodiscard]] bool run_program(Map& map, const Query& query, QueryResult& result);
  [[nodiscard]] bool run_once(const Map& map, const Query& query, QueryProgram*& program);
  QueryProgram& program_for(const Map& map, const Query& query);
  void load(const Map& map, const Query& query, QueryProgram& program);
  [[nodiscard]] bool make_memory();
  [[nodiscard]] bool make_groups(std::uint32_t most);
  [[nodiscard]] bool make_room(const Map& map, std::uint64_t entries);
  [[nodiscard]] bool make_room_for_copies(Map& map, const Query& query);
  [[nodiscard]] QueryTarget target_for(const Map& map) const noexcept;
  void prepare(const Query& query);
  [[nodiscard]] bool read_result(const Map& map, const Query& query, QueryResult& result);
  [[nodiscard]] bool read_groups(QueryResult& result);
  bool refuse(std::string_view why, std::error_code with = Errc::unsupported_operation) {
    reason = why;
    refusal = with;
    return false;
  }
};

QueryResult QueryEngine::State::run(Map& map, const Query& query, std::error_code& ec) {
  status = {};
  ec = check(map, query);
  if (!ec && changes_managed_field(map, query)) ec = Errc::unsupported_operation;
  if (ec) {
    ec = record(map, {operation_of(query.kind)}, ec);
    return {};
  }
  QueryResult result;
  if (choice == EngineChoice::system_calls)
    refuse("the handle is to use system calls");
  else if (may_use_program(map, query) && run_program(map, query, result)) {
    status = {Engine::kernel, is_array(map.info().type)};
    return result;
  }
  if (choice == EngineChoice::require_kernel) {
    ec = record(map, {Operation::in_kernel}, refusal);
    return {};
  }
  result = walk(map, query, walked, ec);
  status = {Engine::system_calls, result.exact, reason};
  return result;
}

// The kernel refuses a program that writes such a member; a system call returns 0 and leaves it.
bool QueryEngine::State::changes_managed_field(const Map& map, const Query& query) {
  if (query.changes.empty()) return false;
  if (!managed) managed = managed_fields(map.info());
  const auto overlaps = [](const Change& change, const ByteRange& field) {
    return change.offset < field.end && field.begin < change.offset + std::uint64_t{change.size};
  };
  return std::any_of(query.changes.begin(), query.changes.end(), [&](const Change& change) {
    return std::any_of(managed->begin(), managed->end(),
                       [&](const ByteRange& field) { return overlaps(change, field); });
  });
}

bool QueryEngine::State::may_use_program(const Map& map, const Query& query) {
  const MapInfo& info = map.info();
  if (!has_for_each(info.type)) return refuse("no program can walk over a map of this type");
  if (longest_walk != 0 && info.max_entries > longest_walk)
    return refuse("the map has more entries than a walk may take");
  if (copies(query.kind) &&
      (map.is_percpu() || info.key_size + info.value_size > most_copied_bytes))
    return refuse("entries of this size are copied by system calls");
  if (map.is_percpu() && sys::possible_cpus().size() > most_unrolled_cpus)
    return refuse("there are too many CPUs to add up");
  if (!descriptor_may(map.fd(), writes(query.kind)))
    return refuse("this descriptor of the map may not do it", kernel_error(-EPERM));
  return true;
}

bool QueryEngine::State::make_memory() {
  if (memory) return true;
  std::error_code ec;
  memory_map = Map::create({.type = MapType::array,
                            .key_size = 4,
                            .value_size = sizeof(QueryMemory),
                            .max_entries = 1,
                            .flags = MapFlags::mmapable,
                            .name = "bpfmap_query"},
                           ec);
  if (ec) return refuse("the memory of the programs cannot be created: " + ec.message(), ec);
  memory = sys::Mapping::of(memory_map.fd(), sizeof(QueryMemory),
                            {.writable = true, .inherited = false});
  return memory ? true : refuse("the memory of the programs cannot be mapped");
}

bool QueryEngine::State::make_groups(std::uint32_t most) {
  if (groups_map && groups_are_clear && groups_map.info().max_entries == most) return true;
  std::erase_if(programs, [](const QueryProgram& p) { return p.shape.kind == QueryKind::group; });
  std::error_code ec;
  groups_map = Map::create({.type = MapType::hash,
                            .key_size = 8,
                            .value_size = sizeof(GroupSums),
                            .max_entries = most,
                            .name = "bpfmap_groups"},
                           ec);
  groups_are_clear = !ec;
  return ec ? refuse("the map of groups cannot be created: " + ec.message(), ec) : true;
}

bool QueryEngine::State::make_room(const Map& map, std::uint64_t wanted) {
  if (entries && wanted <= room) return true;
  std::erase_if(programs, [](const QueryProgram& p) { return copies(p.shape.kind); });
  const std::size_t stride = entry_places(map.info().key_size, map.info().value_size).stride;
  entries = {};
  entries_map = {};
  room = 0;
  std::error_code ec;
  entries_map = Map::create({.type = MapType::array,
                             .key_size = 4,
                             .value_size = static_cast<std::uint32_t>(stride),
                             .max_entries = static_cast<std::uint32_t>(wanted),
                             .flags = MapFlags::mmapable,
                             .name = "bpfmap_entries"},
                            ec);
  if (ec) return refuse("the memory of the entries cannot be created: " + ec.message(), ec);
  entries = sys::Mapping::of(entries_map.fd(), wanted * stride, {.inherited = false});
  if (!entries) return refuse("the memory of the entries cannot be mapped");
  room = wanted;
  return true;
}

// As many entries as there are, and some more.
bool QueryEngine::State::make_room_for_copies(Map& map, const Query& query) {
  const std::uint64_t most = map.info().max_entries;
  if (query.kind == QueryKind::top)
    return make_room(map, std::max<std::uint64_t>(room, most_top_entries));
  if (room != 0) return true;
  if (is_array(map.info().type)) return make_room(map, most);
  QueryResult counted;
  if (!run_program(map, {.kind = QueryKind::count, .where = query.where}, counted)) return false;
  return make_room(map, std::min(most, counted.matched + counted.matched / 8 + 64));
}

QueryTarget QueryEngine::State::target_for(const Map& map) const noexcept {
  return {.map = map.fd(),
          .key_size = map.info().key_size,
          .value_size = map.info().value_size,
          .memory = memory_map.fd(),
          .entries = entries_map.fd(),
          .groups = groups_map.fd(),
          .cpus = map.is_percpu() ? sys::possible_cpus() : std::span<const std::uint32_t>{}};
}

void QueryEngine::State::load(const Map& map, const Query& query, QueryProgram& program) {
  using bytecode::ProgramKind;
  bytecode::Assembler code;
  if (!generate(query, target_for(map), code)) {
    program.reason =
        "the expression is too large for a program, or it needs a member beyond the first 32,767 "
        "bytes";
    program.refusal = Errc::unsupported_operation;
    return;
  }
  for (const ProgramKind kind : {ProgramKind::syscall, ProgramKind::cgroup_skb}) {
    std::error_code ec;
    std::string log;
    program.kind = kind;
    program.fd = bytecode::load(code, kind, "bpfmap_query", log, ec);
    if (program.fd) return;
    const bool first = !program.refusal;
    if (first) program.refusal = ec;
    program.reason += (first ? "the kernel refuses the program: " : "\nand as cgroup_skb: ") +
                      ec.message() + (log.empty() ? "" : "\n") + log;
    // EINVAL and EACCES: what the verifier returns for a program that it does not accept.
    if (ec != std::errc::invalid_argument && ec != std::errc::permission_denied) return;
  }
}

QueryProgram& QueryEngine::State::program_for(const Map& map, const Query& query) {
  QueryShape shape = shape_of(query);
  const auto found = std::find_if(programs.begin(), programs.end(),
                                  [&](const QueryProgram& p) { return p.shape == shape; });
  ++queries;
  if (found != programs.end()) {
    found->last_query = queries;
    return *found;
  }
  QueryProgram program{.shape = std::move(shape), .last_query = queries};
  load(map, query, program);
  if (!program.fd && !is_final(program.refusal)) {
    refused_once = std::move(program);
    return refused_once;
  }
  constexpr std::size_t most_programs = 64;
  if (programs.size() < most_programs) return programs.emplace_back(std::move(program));
  const auto oldest = std::min_element(
      programs.begin(), programs.end(),
      [](const QueryProgram& a, const QueryProgram& b) { return a.last_query < b.last_query; });
  return *oldest = std::move(program);
}

void QueryEngine::State::prepare(const Query& query) {
  QueryMemory& to = shared();
  std::memset(&to, 0, offsetof(QueryMemory, constants));
  to.room = query.kind == QueryKind::top ? query.most : room;
  to.from = query.buckets.from;
  to.width = query.buckets.width;
  const auto constants = constants_of(query);
  std::copy(constants.begin(), constants.end(), to.constants);
  if (query.kind == QueryKind::histogram) std::fill_n(to.buckets, query.buckets.count, 0);
}

// Runs the program once; `program` is the one that ran.
bool QueryEngine::State::run_once(const Map& map, const Query& query, QueryProgram*& program) {
  program = &program_for(map, query);
  if (!program->fd) return refuse(program->reason, program->refusal);
  prepare(query);
  if (query.kind == QueryKind::group) groups_are_clear = false;  // until they are read
  std::uint32_t returned = 0;
  int result = bytecode::run(program->fd.get(), program->kind, returned);
  if (result == 0 && shared().returned < 0) result = static_cast<int>(shared().returned);
  return result == 0
             ? true
             : refuse("the kernel does not run the program: " + kernel_error(result).message());
}

bool QueryEngine::State::run_program(Map& map, const Query& query, QueryResult& result) {
  if (!make_memory()) return false;
  if (query.kind == QueryKind::group && !make_groups(query.most)) return false;
  if (copies(query.kind) && !make_room_for_copies(map, query)) return false;
  QueryProgram* program = nullptr;
  if (!run_once(map, query, program)) return false;
  const std::uint64_t most = map.info().max_entries;
  while (query.kind == QueryKind::copy && shared().stopped != 0 && room < most)
    if (!make_room(map, std::min(most, 2 * room)) || !run_once(map, query, program)) return false;
  return read_result(map, query, result);
}

bool QueryEngine::State::read_result(const Map& map, const Query& query, QueryResult& result) {
  const QueryMemory& from = shared();
  result.matched = from.matched;
  result.number = from.number;
  result.left_out = from.left_out;
  switch (query.kind) {
    case QueryKind::copy:
      result.entries = entries.data();
      return true;
    case QueryKind::histogram:
      result.buckets = {from.buckets, query.buckets.count};
      return true;
    case QueryKind::group:
      return read_groups(result);
    case QueryKind::top:
      sort_top(entries.data(), entry_places(map.info().key_size, map.info().value_size).stride,
               {from.buckets, from.matched}, query.is_signed, walked);
      result.entries = walked.entries.data();
      result.buckets = walked.buckets;
      return true;
    default:
      return true;
  }
}

bool QueryEngine::State::read_groups(QueryResult& result) {
  walked.groups.clear();
  std::error_code ec;
  Walk groups{groups_map};
  while (groups.next(ec)) {
    for (std::uint32_t i = 0; i < groups.size(); ++i) {
      GroupData group;
      GroupSums sums;
      std::memcpy(&group.key, groups.keys() + i * sizeof group.key, sizeof group.key);
      std::memcpy(&sums, groups.values() + i * sizeof sums, sizeof sums);
      group.count = sums.count;
      group.sum = sums.sum;
      walked.groups.push_back(group);
    }
  }
  if (!ec) clear(groups_map, ec);
  if (ec) return refuse("the groups cannot be read: " + ec.message(), ec);
  groups_are_clear = true;
  result.groups = walked.groups;
  return true;
}

QueryEngine::QueryEngine() noexcept = default;
QueryEngine::QueryEngine(QueryEngine&& other) noexcept = default;
QueryEngine& QueryEngine::operator=(QueryEngine&& other) noexcept = default;
QueryEngine::~QueryEngine() = default;

QueryResult QueryEngine::run(Map& map, const Query& query, std::error_code& ec) noexcept {
  ec.clear();
  std::error_code no_memory;
  QueryResult result = without_bad_alloc(no_memory, [&] {
    if (!state_) state_ = std::make_unique<State>();
    state_->choice = choice_;
    state_->longest_walk = longest_walk_;
    return state_->run(map, query, ec);
  });
  if (no_memory) ec = record(map, {operation_of(query.kind)}, no_memory);
  return result;
}

QueryStatus QueryEngine::status() const noexcept { return state_ ? state_->status : QueryStatus{}; }

}  // namespace bpfmap::inline v0::detail
