// SPDX-License-Identifier: MIT
#include "generate.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace bpfmap::inline v0::detail {
namespace {

using namespace bytecode;
using Label = Assembler::Label;

// Calls `visit(nodes)` with each expression of a query, always in the same order.
template <class Visit>
void for_each_expression(const Query& query, Visit visit) {
  visit(query.where);
  visit(query.number);
  visit(query.group);
  for (const Change& change : query.changes) visit(change.nodes);
}

// Where the registers r2 to r5 and r9 end, the results of a deep expression are on the stack.
constexpr std::array results{r2, r3, r4, r5, r9};
constexpr Register key_register = r6;
constexpr Register value_register = r7;
constexpr Register memory_register = r8;
constexpr std::int16_t stack_size = 256;  // of 512 bytes for both functions
constexpr std::int16_t index_at = -8;     // a u32, the key of the array of entries
constexpr std::int16_t group_at = -16;
constexpr std::int16_t sums_at = -32;
constexpr std::int16_t members_at = -32;  // below: the sums of the members of a per-CPU value

When inverse(When when) noexcept {
  switch (when) {
    case When::eq:
      return When::ne;
    case When::ne:
      return When::eq;
    case When::gt:
      return When::le;
    case When::ge:
      return When::lt;
    case When::lt:
      return When::ge;
    case When::le:
      return When::gt;
    case When::sgt:
      return When::sle;
    case When::sge:
      return When::slt;
    case When::slt:
      return When::sge;
    default:
      return When::sgt;
  }
}
When when_of(const Node& node) noexcept {
  const bool s = node.is_signed;
  switch (node.kind) {
    case NodeKind::equal:
      return When::eq;
    case NodeKind::not_equal:
      return When::ne;
    case NodeKind::less:
      return s ? When::slt : When::lt;
    case NodeKind::less_equal:
      return s ? When::sle : When::le;
    case NodeKind::greater:
      return s ? When::sgt : When::gt;
    default:
      return s ? When::sge : When::ge;
  }
}
Alu alu_of(NodeKind kind) noexcept {
  switch (kind) {
    case NodeKind::add:
      return Alu::add;
    case NodeKind::sub:
      return Alu::sub;
    case NodeKind::mul:
      return Alu::mul;
    case NodeKind::div:
      return Alu::div;
    case NodeKind::mod:
      return Alu::mod;
    case NodeKind::bit_and:
      return Alu::bit_and;
    case NodeKind::bit_or:
      return Alu::bit_or;
    case NodeKind::bit_xor:
      return Alu::bit_xor;
    default:
      return Alu::lsh;
  }
}

constexpr std::int16_t in_memory(std::size_t offset) noexcept {
  return static_cast<std::int16_t>(offset);
}

class Generator {
 public:
  Generator(const Query& query, const QueryTarget& target, Assembler& program)
      : query_(query),
        target_(target),
        a_(program),
        stop_(program.new_label()),
        reject_(program.new_label()) {
    for_each_expression(query, [&](Nodes nodes) {
      if (nodes.empty()) return;
      expressions_.push_back({nodes.data(), nodes.size(), constants_});
      constants_ +=
          static_cast<std::size_t>(std::count_if(nodes.begin(), nodes.end(), [](const Node& node) {
            return node.kind == NodeKind::constant;
          }));
    });
  }

  [[nodiscard]] bool write() {
    if (2 * constants_ > QueryMemory::most_constants || !reaches_all_members()) return false;
    const Label callback = a_.new_label();
    a_.load_map(r1, target_.map);
    a_.load_function(r2, callback);
    a_.move(r3, 0);
    a_.move(r4, 0);
    a_.call(Helper::for_each_map_elem);
    // What it returns goes through the memory: a cgroup_skb program may return 0 and 1 only.
    a_.load_map_value(r1, target_.memory);
    a_.store(Size::dword, r1, offsetof(QueryMemory, returned), r0);
    a_.move(r0, 0);
    a_.exit();

    a_.begin_function(callback);
    a_.move(key_register, r2);
    a_.move(value_register, r3);
    a_.load_map_value(memory_register, target_.memory);
    if (!target_.cpus.empty()) sum_over_cpus();
    if (!query_.where.empty()) {
      const Label accept = a_.new_label();
      condition(query_.where, accept, reject_, Next::yes);
      a_.bind(accept);
    }
    act();
    if (query_.kind != QueryKind::any || !query_.where.empty()) {
      a_.bind(reject_);
      a_.move(r0, 0);
      a_.exit();
    }
    if (query_.kind == QueryKind::copy) {
      a_.bind(stop_);
      a_.store(Size::dword, memory_register, offsetof(QueryMemory, stopped), 1);
      a_.move(r0, 1);
      a_.exit();
    }
    return fits_ && a_.finish();
  }

 private:
  // Which label follows the code of a condition.
  enum class Next : std::uint8_t { yes, no };
  struct Expression {
    const Node* begin;
    std::size_t size;
    std::size_t first_constant;
  };

  // --- members and constants ---

  // An instruction has 16 bits, signed, for the offset of what it loads or stores.
  [[nodiscard]] static bool is_reached(std::uint64_t offset, std::uint64_t size) noexcept {
    return offset + size <= std::numeric_limits<std::int16_t>::max();
  }
  [[nodiscard]] bool reaches_all_members() const {
    bool all = true;
    for_each_expression(query_, [&](Nodes nodes) {
      for (const Node& node : nodes)
        all = all && (node.source == Source::none || is_reached(node.offset, node.size));
    });
    for (const Change& change : query_.changes) all = all && is_reached(change.offset, change.size);
    return all;
  }
  [[nodiscard]] std::int16_t constant_at(const Node& node, std::size_t word) const {
    const auto of = std::find_if(expressions_.begin(), expressions_.end(), [&](const auto& e) {
      return &node >= e.begin && &node < e.begin + e.size;
    });
    const auto index = of->first_constant + static_cast<std::size_t>(std::count_if(
                                                of->begin, &node, [](const Node& earlier) {
                                                  return earlier.kind == NodeKind::constant;
                                                }));
    return in_memory(offsetof(QueryMemory, constants) + (2 * index + word) * 8);
  }
  void load_constant(Register to, const Node& node) {
    a_.load(Size::dword, to, memory_register, constant_at(node, 0));
  }

  // Loads 1, 2, 4 or 8 bytes as they are; in pieces where only aligned loads are allowed.
  void load_raw(Register to, Register from, std::size_t offset, std::size_t size, Register other) {
    const std::size_t aligned =
        offset == 0 ? size : std::min(size, std::size_t{1} << std::countr_zero(offset));
    if (!target_.aligned_loads_only || aligned == size)
      return a_.load(size_of_bytes(size), to, from, in_memory(offset));
    constexpr bool little = std::endian::native == std::endian::little;
    const auto bits = static_cast<std::int32_t>(8 * aligned);
    // From the most significant piece to the least.
    for (std::size_t done = 0; done < size; done += aligned) {
      const std::size_t at = little ? size - aligned - done : done;
      const Register part = done == 0 ? to : other;
      a_.load(size_of_bytes(aligned), part, from, in_memory(offset + at));
      if (done == 0) continue;
      a_.alu(Alu::lsh, to, bits);
      a_.alu(Alu::bit_or, to, other);
    }
  }
  void load_integer(Register to, Register from, const Node& node, Register other) {
    load_raw(to, from, node.offset, node.size, other);
    if (node.big_endian && node.size > 1)
      a_.swap_to_network(to, static_cast<std::int32_t>(8 * node.size));
    if (!node.is_signed || node.size == 8) return;
    const auto unused = static_cast<std::int32_t>(64 - 8 * node.size);
    a_.alu(Alu::lsh, to, unused);
    a_.alu(Alu::arsh, to, unused);
  }
  void load_member(Register to, const Node& node, Register other) {
    if (node.source == Source::value && !target_.cpus.empty())
      a_.load(Size::dword, to, fp, sum_at(node));
    else
      load_integer(to, node.source == Source::key ? key_register : value_register, node, other);
  }

  // --- per-CPU values ---

  [[nodiscard]] static bool is_same(const Node& a, const Node& b) noexcept {
    return a.offset == b.offset && a.size == b.size && a.is_signed == b.is_signed &&
           a.big_endian == b.big_endian;
  }
  [[nodiscard]] std::int16_t sum_at(const Node& node) const {
    const auto found = std::find_if(members_.begin(), members_.end(),
                                    [&](const Node& member) { return is_same(member, node); });
    return in_stack(members_at, static_cast<std::size_t>(found - members_.begin()));
  }
  [[nodiscard]] static std::int16_t in_stack(std::int16_t base, std::size_t index) noexcept {
    return static_cast<std::int16_t>(base - 8 * (static_cast<int>(index) + 1));
  }
  // Adds up the members that the query reads, each once.
  void sum_over_cpus() {
    for_each_expression(query_, [&](Nodes nodes) {
      for (const Node& node : nodes)
        if (node.kind == NodeKind::load && node.source == Source::value &&
            std::none_of(members_.begin(), members_.end(),
                         [&](const Node& member) { return is_same(member, node); }))
          members_.push_back(node);
    });
    if (members_.empty()) return;
    for (std::size_t i = 0; i < members_.size(); ++i)
      a_.store(Size::dword, fp, in_stack(members_at, i), 0);
    for (const std::uint32_t cpu : target_.cpus) {
      const Label next = a_.new_label();
      a_.load_map(r1, target_.map);
      a_.move(r2, key_register);
      a_.move(r3, static_cast<std::int32_t>(cpu));
      a_.call(Helper::map_lookup_percpu_elem);
      a_.jump_if(When::eq, r0, 0, next);
      for (const Node& member : members_) {
        load_integer(r1, r0, member, r2);
        a_.load(Size::dword, r2, fp, sum_at(member));
        a_.alu(Alu::add, r2, r1);
        a_.store(Size::dword, fp, sum_at(member), r2);
      }
      a_.bind(next);
    }
  }

  // --- numbers ---

  // The result at `depth`: in a register, or on the stack, from where it is loaded into `spare`.
  [[nodiscard]] std::int16_t spill_at(std::size_t depth) {
    const std::int16_t at = in_stack(in_stack(members_at, members_.size()), depth - results.size());
    if (at < -stack_size) fits_ = false;
    return at;
  }
  [[nodiscard]] Register where_result(std::size_t depth, Register spare) const noexcept {
    return depth < results.size() ? results[depth] : spare;
  }
  Register fetch(std::size_t depth, Register spare) {
    const Register at = where_result(depth, spare);
    if (at == spare) a_.load(Size::dword, spare, fp, spill_at(depth));
    return at;
  }
  void keep(std::size_t depth, Register from) {
    if (depth >= results.size()) a_.store(Size::dword, fp, spill_at(depth), from);
  }

  void leaf(const Node& node, Register to, Register other) {
    if (node.kind == NodeKind::constant)
      load_constant(to, node);
    else
      load_member(to, node, other);
  }
  [[nodiscard]] static bool is_leaf(Nodes nodes) noexcept { return nodes.size() == 1; }

  // Computes the number of `nodes` into the place of `depth`. Uses r0 and r1, and the places after.
  void number(Nodes nodes, std::size_t depth) {
    const Node& last = nodes.back();
    if (is_leaf(nodes)) {
      const Register to = where_result(depth, r0);
      leaf(last, to, r1);
      return keep(depth, to);
    }
    if (last.kind == NodeKind::negate || last.kind == NodeKind::complement) {
      number(operand(nodes, 1), depth);
      const Register at = fetch(depth, r0);
      if (last.kind == NodeKind::negate)
        a_.alu(Alu::neg, at, 0);
      else
        a_.alu(Alu::bit_xor, at, -1);
      return keep(depth, at);
    }
    const auto [left, right] = operands(nodes, depth);
    calculate(last, left, right);
    keep(depth, left);
  }
  struct Operands {
    Register left;
    Register right;
  };
  // Computes both operands of the last node: the left one into the place of `depth`.
  Operands operands(Nodes nodes, std::size_t depth) {
    const Nodes second = operand(nodes, 1);
    number(operand(nodes, 0), depth);
    if (is_leaf(second)) {
      // Before the left side, which may be fetched into the register that a load needs.
      leaf(second.back(), r1, r0);
      return {fetch(depth, r0), r1};
    }
    number(second, depth + 1);
    const Register right = fetch(depth + 1, r1);
    return {fetch(depth, r0), right};
  }

  void calculate(const Node& node, Register left, Register right) {
    switch (node.kind) {
      case NodeKind::div:
      case NodeKind::mod:
        if (node.is_signed) return divide_signed(node.kind, left, right);
        return a_.alu(alu_of(node.kind), left, right);
      case NodeKind::lsh:
      case NodeKind::rsh:
        a_.alu(Alu::bit_and, right, 63);
        return a_.alu(node.kind == NodeKind::lsh ? Alu::lsh
                      : node.is_signed           ? Alu::arsh
                                                 : Alu::rsh,
                      left, right);
      case NodeKind::min:
      case NodeKind::max: {
        const Label done = a_.new_label();
        const bool least = node.kind == NodeKind::min;
        a_.jump_if(node.is_signed ? (least ? When::sle : When::sge) : (least ? When::le : When::ge),
                   left, right, done);
        a_.move(left, right);
        return a_.bind(done);
      }
      default:
        return a_.alu(alu_of(node.kind), left, right);
    }
  }
  // Signed division is an instruction only since 6.6: divides the magnitudes.
  void divide_signed(NodeKind kind, Register left, Register right) {
    const Label left_positive = a_.new_label();
    const Label same = a_.new_label();
    const Label differ = a_.new_label();
    const Label done = a_.new_label();
    const bool divides = kind == NodeKind::div;
    a_.jump_if(When::sge, left, 0, left_positive);
    a_.alu(Alu::neg, left, 0);
    a_.jump_if(When::sge, right, 0, differ);
    a_.alu(Alu::neg, right, 0);
    a_.jump(divides ? same : differ);
    a_.bind(left_positive);
    a_.jump_if(When::sge, right, 0, same);
    a_.alu(Alu::neg, right, 0);
    a_.jump(divides ? differ : same);
    a_.bind(differ);
    a_.alu(alu_of(kind), left, right);
    a_.alu(Alu::neg, left, 0);
    a_.jump(done);
    a_.bind(same);
    a_.alu(alu_of(kind), left, right);
    a_.bind(done);
  }

  // --- conditions ---

  void condition(Nodes nodes, Label yes, Label no, Next next) {
    const Node& last = nodes.back();
    switch (last.kind) {
      case NodeKind::both: {
        const Label second = a_.new_label();
        condition(operand(nodes, 0), second, no, Next::yes);
        a_.bind(second);
        return condition(operand(nodes, 1), yes, no, next);
      }
      case NodeKind::either: {
        const Label second = a_.new_label();
        condition(operand(nodes, 0), yes, second, Next::no);
        a_.bind(second);
        return condition(operand(nodes, 1), yes, no, next);
      }
      case NodeKind::negation:
        return condition(operand(nodes, 1), no, yes, next == Next::yes ? Next::no : Next::yes);
      case NodeKind::one_of:
        return one_of(nodes, yes, no, next);
      case NodeKind::bytes:
        return bytes(nodes, yes, no, next);
      default:
        break;
    }
    const auto [left, right] = operands(nodes, 0);
    if (next == Next::yes)
      a_.jump_if(inverse(when_of(last)), left, right, no);
    else
      a_.jump_if(when_of(last), left, right, yes);
  }
  void one_of(Nodes nodes, Label yes, Label no, Next next) {
    const std::size_t count = nodes.back().count;
    const Nodes before = nodes.first(nodes.size() - 1);
    number(before.first(before.size() - count), 0);
    for (const Node& constant : before.last(count)) {
      load_constant(r1, constant);
      a_.jump_if(When::eq, results[0], r1, yes);
    }
    if (next == Next::yes) a_.jump(no);
  }
  void bytes(Nodes nodes, Label yes, Label no, Next next) {
    const Node& last = nodes.back();
    std::size_t at = 0;
    for (const Node& piece : nodes.first(last.count)) {
      const std::size_t size = piece_size(last.size, at);
      load_raw(r2, last.source == Source::key ? key_register : value_register, last.offset + at,
               size, r1);
      a_.load(Size::dword, r1, memory_register, constant_at(piece, 1));
      a_.alu(Alu::bit_and, r2, r1);
      load_constant(r1, piece);
      a_.jump_if(When::ne, r2, r1, no);
      at += size;
    }
    if (next == Next::no) a_.jump(yes);
  }

  // --- what happens to an entry ---

  void act() {
    switch (query_.kind) {
      case QueryKind::count:
        return add_to_memory(offsetof(QueryMemory, matched), 1);
      case QueryKind::any:
        a_.store(Size::dword, memory_register, offsetof(QueryMemory, matched), 1);
        a_.move(r0, 1);
        return a_.exit();
      case QueryKind::sum:
        return sum();
      case QueryKind::min:
      case QueryKind::max:
        return extreme();
      case QueryKind::erase:
        return erase();
      case QueryKind::update:
        return update();
      case QueryKind::copy:
        return copy();
      case QueryKind::top:
        return top();
      case QueryKind::group:
        return group();
      case QueryKind::histogram:
        return histogram();
    }
  }

  void add_to_memory(std::size_t offset, std::int32_t number) {
    a_.load(Size::dword, r1, memory_register, in_memory(offset));
    a_.alu(Alu::add, r1, number);
    a_.store(Size::dword, memory_register, in_memory(offset), r1);
  }
  void sum() {
    number(query_.number, 0);
    a_.load(Size::dword, r1, memory_register, offsetof(QueryMemory, number));
    a_.alu(Alu::add, r1, r2);
    a_.store(Size::dword, memory_register, offsetof(QueryMemory, number), r1);
    add_to_memory(offsetof(QueryMemory, matched), 1);
  }
  void extreme() {
    const Label take = a_.new_label();
    const bool least = query_.kind == QueryKind::min;
    number(query_.number, 0);
    a_.load(Size::dword, r3, memory_register, offsetof(QueryMemory, matched));
    a_.jump_if(When::eq, r3, 0, take);
    a_.load(Size::dword, r1, memory_register, offsetof(QueryMemory, number));
    a_.jump_if(query_.is_signed ? (least ? When::sge : When::sle) : (least ? When::ge : When::le),
               r2, r1, reject_);
    a_.bind(take);
    a_.store(Size::dword, memory_register, offsetof(QueryMemory, number), r2);
    a_.store(Size::dword, memory_register, offsetof(QueryMemory, matched), 1);
  }
  void erase() {
    a_.load_map(r1, target_.map);
    a_.move(r2, key_register);
    a_.call(Helper::map_delete_elem);
    a_.jump_if(When::ne, r0, 0, reject_);
    add_to_memory(offsetof(QueryMemory, matched), 1);
  }

  void update() {
    for (const Change& change : query_.changes) {
      number(change.nodes, 0);
      const auto offset = in_memory(change.offset);
      const bool aligned = change.offset % change.size == 0;
      if (change.adds && aligned && !change.big_endian && change.size >= 4) {
        a_.atomic(Atomic::add, size_of_bytes(change.size), value_register, offset, r2);
        continue;
      }
      if (change.adds) {
        load_integer(
            r3, value_register,
            {.big_endian = change.big_endian, .size = change.size, .offset = change.offset}, r1);
        a_.alu(Alu::add, r2, r3);
      }
      if (change.big_endian && change.size > 1)
        a_.swap_to_network(r2, static_cast<std::int32_t>(8 * change.size));
      store_raw(change.offset, change.size);
    }
    add_to_memory(offsetof(QueryMemory, matched), 1);
  }
  // Stores the lower bytes of r2 into the value.
  void store_raw(std::size_t offset, std::size_t size) {
    if (!target_.aligned_loads_only || offset % size == 0)
      return a_.store(size_of_bytes(size), value_register, in_memory(offset), r2);
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t at = std::endian::native == std::endian::little ? i : size - 1 - i;
      a_.store(Size::byte, value_register, in_memory(offset + at), r2);
      a_.alu(Alu::rsh, r2, 8);
    }
  }

  // Copies the entry to the element of the array of entries whose index is on the stack.
  void copy_entry(Label otherwise) {
    const EntryPlaces layout = entry_places(target_.key_size, target_.value_size);
    a_.load_map(r1, target_.entries);
    a_.move(r2, fp);
    a_.alu(Alu::add, r2, index_at);
    a_.call(Helper::map_lookup_elem);
    a_.jump_if(When::eq, r0, 0, otherwise);
    const std::size_t alignment = target_.key_size % 8 == 0 || !target_.aligned_loads_only ? 8 : 1;
    a_.copy(r0, 0, key_register, 0, target_.key_size, alignment, r1);
    a_.copy(r0, in_memory(layout.value_offset), value_register, 0, target_.value_size, 8, r1);
  }
  void copy() {
    a_.load(Size::dword, r1, memory_register, offsetof(QueryMemory, matched));
    a_.load(Size::dword, r2, memory_register, offsetof(QueryMemory, room));
    a_.jump_if(When::ge, r1, r2, stop_);
    a_.store(Size::word, fp, index_at, r1);
    copy_entry(stop_);
    add_to_memory(offsetof(QueryMemory, matched), 1);
  }

  // Keeps the entries with the largest numbers in any order, and remembers which is the least.
  void top() {
    const Label replace = a_.new_label();
    const Label store = a_.new_label();
    number(query_.number, 0);
    a_.move(r9, r2);
    a_.load(Size::dword, r1, memory_register, offsetof(QueryMemory, matched));
    a_.load(Size::dword, r2, memory_register, offsetof(QueryMemory, room));
    a_.jump_if(When::ge, r1, r2, replace);
    a_.store(Size::dword, memory_register, offsetof(QueryMemory, least_at), r1);
    a_.alu(Alu::add, r1, 1);
    a_.store(Size::dword, memory_register, offsetof(QueryMemory, matched), r1);
    a_.jump(store);
    a_.bind(replace);
    a_.load(Size::dword, r1, memory_register, offsetof(QueryMemory, least));
    a_.jump_if(query_.is_signed ? When::sle : When::le, r9, r1, reject_);
    a_.bind(store);
    a_.load(Size::dword, r1, memory_register, offsetof(QueryMemory, least_at));
    a_.jump_if(When::ge, r1, most_top_entries, reject_);
    a_.store(Size::word, fp, index_at, r1);
    bucket_address(r2, r1);
    a_.store(Size::dword, r2, offsetof(QueryMemory, buckets), r9);
    copy_entry(reject_);
    find_least();
  }
  // to = the address of the bucket of `index`, less the offset of the buckets.
  void bucket_address(Register to, Register index) {
    a_.alu(Alu::lsh, index, 3);
    a_.move(to, memory_register);
    a_.alu(Alu::add, to, index);
  }
  // All in memory: the verifier would follow what it knows of registers on too many paths.
  void find_least() {
    a_.load(Size::dword, r1, memory_register, offsetof(QueryMemory, buckets));
    a_.store(Size::dword, memory_register, offsetof(QueryMemory, least), r1);
    a_.store(Size::dword, memory_register, offsetof(QueryMemory, least_at), 0);
    for (std::size_t i = 1; i < query_.most; ++i) {
      const Label next = a_.new_label();
      a_.load(Size::dword, r1, memory_register, offsetof(QueryMemory, matched));
      a_.jump_if(When::le, r1, static_cast<std::int32_t>(i), reject_);
      a_.load(Size::dword, r1, memory_register, in_memory(offsetof(QueryMemory, buckets) + 8 * i));
      a_.load(Size::dword, r2, memory_register, offsetof(QueryMemory, least));
      a_.jump_if(query_.is_signed ? When::sge : When::ge, r1, r2, next);
      a_.store(Size::dword, memory_register, offsetof(QueryMemory, least), r1);
      a_.store(Size::dword, memory_register, offsetof(QueryMemory, least_at),
               static_cast<std::int32_t>(i));
      a_.bind(next);
    }
  }

  void group() {
    const Label found = a_.new_label();
    const Label full = a_.new_label();
    const Label done = a_.new_label();
    number(query_.group, 0);
    a_.store(Size::dword, fp, group_at, r2);
    if (query_.number.empty())
      a_.store(Size::dword, fp, sums_at + 8, 0);
    else
      store_number_of_group();
    lookup_group();
    a_.jump_if(When::ne, r0, 0, found);
    a_.store(Size::dword, fp, sums_at, 1);
    a_.load_map(r1, target_.groups);
    a_.move(r2, fp);
    a_.alu(Alu::add, r2, group_at);
    a_.move(r3, fp);
    a_.alu(Alu::add, r3, sums_at);
    a_.move(r4, 1);  // BPF_NOEXIST
    a_.call(Helper::map_update_elem);
    a_.jump_if(When::ne, r0, 0, full);
    a_.jump(done);
    a_.bind(full);
    add_to_memory(offsetof(QueryMemory, left_out), 1);
    a_.jump(reject_);
    a_.bind(found);
    a_.load(Size::dword, r1, r0, offsetof(GroupSums, count));
    a_.alu(Alu::add, r1, 1);
    a_.store(Size::dword, r0, offsetof(GroupSums, count), r1);
    a_.load(Size::dword, r1, r0, offsetof(GroupSums, sum));
    a_.load(Size::dword, r2, fp, sums_at + 8);
    a_.alu(Alu::add, r1, r2);
    a_.store(Size::dword, r0, offsetof(GroupSums, sum), r1);
    a_.bind(done);
    add_to_memory(offsetof(QueryMemory, matched), 1);
  }
  void store_number_of_group() {
    number(query_.number, 0);
    a_.store(Size::dword, fp, sums_at + 8, r2);
  }
  void lookup_group() {
    a_.load_map(r1, target_.groups);
    a_.move(r2, fp);
    a_.alu(Alu::add, r2, group_at);
    a_.call(Helper::map_lookup_elem);
  }

  void histogram() {
    number(query_.number, 0);
    if (query_.buckets.logarithmic)
      count_bits();
    else
      divide_into_buckets();
    // Through the memory: the verifier forgets what it knows, and does not follow every number.
    a_.store(Size::dword, memory_register, offsetof(QueryMemory, scratch), r3);
    a_.load(Size::dword, r3, memory_register, offsetof(QueryMemory, scratch));
    a_.jump_if(When::ge, r3, most_buckets, reject_);
    bucket_address(r2, r3);
    a_.load(Size::dword, r1, r2, offsetof(QueryMemory, buckets));
    a_.alu(Alu::add, r1, 1);
    a_.store(Size::dword, r2, offsetof(QueryMemory, buckets), r1);
    add_to_memory(offsetof(QueryMemory, matched), 1);
  }
  // r3 = the number of bits of r2; 0 when it is negative.
  void count_bits() {
    const Label done = a_.new_label();
    a_.move(r3, 0);
    if (query_.is_signed) a_.jump_if(When::slt, r2, 0, done);
    a_.jump_if(When::eq, r2, 0, done);
    a_.move(r3, 1);
    for (const std::int32_t bits : {32, 16, 8, 4, 2, 1}) {
      const Label small = a_.new_label();
      a_.move(r1, r2);
      a_.alu(Alu::rsh, r1, bits);
      a_.jump_if(When::eq, r1, 0, small);
      a_.move(r2, r1);
      a_.alu(Alu::add, r3, bits);
      a_.bind(small);
    }
    a_.bind(done);
  }
  void divide_into_buckets() {
    const Label done = a_.new_label();
    const Label inside = a_.new_label();
    const auto last = static_cast<std::int32_t>(query_.buckets.count - 1);
    a_.move(r3, 0);
    a_.load(Size::dword, r1, memory_register, offsetof(QueryMemory, from));
    a_.jump_if(query_.is_signed ? When::slt : When::lt, r2, r1, done);
    a_.alu(Alu::sub, r2, r1);
    a_.load(Size::dword, r1, memory_register, offsetof(QueryMemory, width));
    a_.alu(Alu::div, r2, r1);
    a_.move(r3, r2);
    a_.jump_if(When::le, r3, last, inside);
    a_.move(r3, last);
    a_.bind(inside);
    a_.bind(done);
  }

  const Query& query_;
  const QueryTarget& target_;
  Assembler& a_;
  Label stop_;
  Label reject_;
  std::vector<Expression> expressions_;
  std::size_t constants_ = 0;
  std::vector<Node> members_;
  bool fits_ = true;
};

}  // namespace

std::vector<std::uint64_t> constants_of(const Query& query) {
  std::vector<std::uint64_t> constants;
  for_each_expression(query, [&](Nodes nodes) {
    for (const Node& node : nodes) {
      if (node.kind != NodeKind::constant) continue;
      constants.push_back(node.constant);
      constants.push_back(node.mask);
    }
  });
  return constants;
}

bool generate(const Query& query, const QueryTarget& target, Assembler& program) {
  return Generator{query, target, program}.write();
}

}  // namespace bpfmap::inline v0::detail
