// SPDX-License-Identifier: MIT
#include <algorithm>
#include <numeric>
#include <tuple>
#include <unordered_set>

#include "bits.hpp"
#include "entry_plan.hpp"

namespace bpfmap::inline v0::detail {

Enumerators::Enumerators(std::vector<Enumerator> all) {
  all_.reserve(all.size());
  std::unordered_set<std::string_view> seen;
  for (Enumerator& each : all)
    // The reserved memory keeps the names at their places.
    if (!seen.contains(each.name)) seen.insert(all_.emplace_back(std::move(each)).name);
  by_name_.resize(all_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0U);
  by_value_ = by_name_;
  std::sort(by_name_.begin(), by_name_.end(),
            [this](auto a, auto b) { return all_[a].name < all_[b].name; });
  std::sort(by_value_.begin(), by_value_.end(), [this](auto a, auto b) {
    return std::tuple(all_[a].value, a) < std::tuple(all_[b].value, b);
  });
}

const Enumerators::Enumerator* Enumerators::named(std::string_view name) const noexcept {
  const auto at =
      std::lower_bound(by_name_.begin(), by_name_.end(), name,
                       [this](auto i, std::string_view wanted) { return all_[i].name < wanted; });
  return at != by_name_.end() && all_[*at].name == name ? &all_[*at] : nullptr;
}

const Enumerators::Enumerator* Enumerators::of(std::uint64_t raw, unsigned bits) const noexcept {
  const std::uint64_t extended = sign_extended(raw, bits);
  const Enumerator* first = nullptr;
  // The values that enumerator_fits() accepts.
  for (const std::uint64_t value : {raw, extended, extended & 0xffffffffU}) {
    const auto at =
        std::lower_bound(by_value_.begin(), by_value_.end(), value,
                         [this](auto i, std::uint64_t wanted) { return all_[i].value < wanted; });
    const bool found = at != by_value_.end() && all_[*at].value == value;
    if (found && (value & all_bits(bits)) == raw && (first == nullptr || &all_[*at] < first))
      first = &all_[*at];
  }
  return first;
}

}  // namespace bpfmap::inline v0::detail
