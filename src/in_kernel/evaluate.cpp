// SPDX-License-Identifier: MIT
#include "evaluate.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace bpfmap::inline v0::detail {
namespace {

std::uint64_t negate(std::uint64_t number) noexcept { return 0 - number; }
bool negative(std::uint64_t number) noexcept { return static_cast<std::int64_t>(number) < 0; }
std::uint64_t magnitude(std::uint64_t number) noexcept {
  return negative(number) ? negate(number) : number;
}

std::uint64_t divide(std::uint64_t left, std::uint64_t right, bool is_signed) noexcept {
  if (right == 0) return 0;
  if (!is_signed) return left / right;
  const std::uint64_t quotient = magnitude(left) / magnitude(right);
  return negative(left) == negative(right) ? quotient : negate(quotient);
}
std::uint64_t modulo(std::uint64_t left, std::uint64_t right, bool is_signed) noexcept {
  if (right == 0) return left;
  if (!is_signed) return left % right;
  const std::uint64_t rest = magnitude(left) % magnitude(right);
  return negative(left) ? negate(rest) : rest;
}
bool less(std::uint64_t left, std::uint64_t right, bool is_signed) noexcept {
  return is_signed ? static_cast<std::int64_t>(left) < static_cast<std::int64_t>(right)
                   : left < right;
}
std::uint64_t shift_right(std::uint64_t number, std::uint64_t bits, bool is_signed) noexcept {
  return is_signed ? static_cast<std::uint64_t>(static_cast<std::int64_t>(number) >> (bits & 63U))
                   : number >> (bits & 63U);
}

std::uint64_t load_member(const Node& load, const EntryBytes& bytes) noexcept {
  if (load.source == Source::key) return read_member(load, bytes.key + load.offset);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.slots; ++i)
    sum += read_member(load, bytes.value + i * bytes.slot_stride + load.offset);
  return sum;
}

std::uint64_t calculate(const Node& node, std::uint64_t left, std::uint64_t right) noexcept {
  switch (node.kind) {
    case NodeKind::add:
      return left + right;
    case NodeKind::sub:
      return left - right;
    case NodeKind::mul:
      return left * right;
    case NodeKind::div:
      return divide(left, right, node.is_signed);
    case NodeKind::mod:
      return modulo(left, right, node.is_signed);
    case NodeKind::bit_and:
      return left & right;
    case NodeKind::bit_or:
      return left | right;
    case NodeKind::bit_xor:
      return left ^ right;
    case NodeKind::lsh:
      return left << (right & 63U);
    case NodeKind::rsh:
      return shift_right(left, right, node.is_signed);
    case NodeKind::min:
      return less(right, left, node.is_signed) ? right : left;
    case NodeKind::max:
      return less(left, right, node.is_signed) ? right : left;
    default:
      return 0;
  }
}

bool compare(const Node& node, std::uint64_t left, std::uint64_t right) noexcept {
  switch (node.kind) {
    case NodeKind::equal:
      return left == right;
    case NodeKind::not_equal:
      return left != right;
    case NodeKind::less:
      return less(left, right, node.is_signed);
    case NodeKind::less_equal:
      return !less(right, left, node.is_signed);
    case NodeKind::greater:
      return less(right, left, node.is_signed);
    default:
      return !less(left, right, node.is_signed);
  }
}

bool is_one_of(Nodes nodes, const EntryBytes& bytes) noexcept {
  const std::size_t count = nodes.back().count;
  const Nodes before = nodes.first(nodes.size() - 1);
  const std::uint64_t number = evaluate_number(before.first(before.size() - count), bytes);
  const Nodes list = before.last(count);
  return std::any_of(list.begin(), list.end(),
                     [&](const Node& node) { return node.constant == number; });
}

bool has_bytes(Nodes nodes, const EntryBytes& bytes) noexcept {
  const Node& last = nodes.back();
  const std::byte* from = (last.source == Source::key ? bytes.key : bytes.value) + last.offset;
  std::size_t at = 0;
  for (const Node& piece : nodes.first(last.count)) {
    const std::size_t size = piece_size(last.size, at);
    if ((load_bytes(from + at, size) & piece.mask) != piece.constant) return false;
    at += size;
  }
  return true;
}

}  // namespace

std::uint64_t read_member(const Node& load, const std::byte* from) noexcept {
  std::uint64_t number = load_bytes(from, load.size);
  if (load.big_endian && std::endian::native == std::endian::little)
    number = __builtin_bswap64(number) >> (64 - 8 * load.size);
  if (!load.is_signed) return number;
  const unsigned unused = 64 - 8 * load.size;
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(number << unused) >> unused);
}

std::uint64_t evaluate_number(Nodes nodes, const EntryBytes& bytes) noexcept {
  const Node& last = nodes.back();
  switch (last.kind) {
    case NodeKind::constant:
      return last.constant;
    case NodeKind::load:
      return load_member(last, bytes);
    case NodeKind::negate:
      return negate(evaluate_number(operand(nodes, 1), bytes));
    case NodeKind::complement:
      return ~evaluate_number(operand(nodes, 1), bytes);
    default:
      return calculate(last, evaluate_number(operand(nodes, 0), bytes),
                       evaluate_number(operand(nodes, 1), bytes));
  }
}

bool evaluate_condition(Nodes nodes, const EntryBytes& bytes) noexcept {
  if (nodes.empty()) return true;
  const Node& last = nodes.back();
  switch (last.kind) {
    case NodeKind::both:
      return evaluate_condition(operand(nodes, 0), bytes) &&
             evaluate_condition(operand(nodes, 1), bytes);
    case NodeKind::either:
      return evaluate_condition(operand(nodes, 0), bytes) ||
             evaluate_condition(operand(nodes, 1), bytes);
    case NodeKind::negation:
      return !evaluate_condition(operand(nodes, 1), bytes);
    case NodeKind::one_of:
      return is_one_of(nodes, bytes);
    case NodeKind::bytes:
      return has_bytes(nodes, bytes);
    default:
      return compare(last, evaluate_number(operand(nodes, 0), bytes),
                     evaluate_number(operand(nodes, 1), bytes));
  }
}

void apply(const Change& change, const EntryBytes& bytes, std::byte* value) noexcept {
  const Node member{.kind = NodeKind::load, .big_endian = change.big_endian, .size = change.size};
  std::uint64_t number = evaluate_number(change.nodes, bytes);
  std::byte* const to = value + change.offset;
  if (change.adds) number += read_member(member, to);
  if (change.big_endian && std::endian::native == std::endian::little)
    number = __builtin_bswap64(number) >> (64 - 8 * change.size);
  const auto* from = reinterpret_cast<const std::byte*>(&number);
  if (std::endian::native == std::endian::big) from += 8 - change.size;
  std::memcpy(to, from, change.size);
}

std::uint32_t bucket_of(const Buckets& buckets, std::uint64_t number, bool is_signed) noexcept {
  if (buckets.logarithmic)
    return is_signed && negative(number) ? 0 : static_cast<std::uint32_t>(std::bit_width(number));
  if (less(number, buckets.from, is_signed)) return 0;
  const std::uint64_t index = divide(number - buckets.from, buckets.width, false);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(index, buckets.count - 1));
}

}  // namespace bpfmap::inline v0::detail
