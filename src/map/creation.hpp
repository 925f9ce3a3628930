// SPDX-License-Identifier: MIT
// The rules of BPF_MAP_CREATE as tables. Private to src/map/ and src/explain/.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "failure.hpp"
#include "sets.hpp"

namespace bpfmap::inline v0::detail {

/// A number in a MapSpec, and the values that the types accept: least, least + step, ... up to
/// most.
struct Limit {
  Types types = MapType::unspec;
  std::uint32_t MapSpec::* field = nullptr;
  std::uint32_t least = 0;
  std::uint32_t most = 0;
  std::uint32_t step = 1;
  std::string_view why;
};

/// The flags that the types accept, and those that they require.
struct FlagsTaken {
  Types types = MapType::unspec;
  MapFlags taken = MapFlags::none;
  MapFlags needed = MapFlags::none;
};

/// A flag's name, and the first kernel that has it.
struct FlagName {
  MapFlags flag;
  std::string_view name;
  std::string_view since;
};

/// A field that only newer kernels have.
struct FieldSince {
  Condition used;
  std::string_view name;
  std::string_view since;
};

/// A rule that is neither a range nor a set of flags. `text` begins with the field's name.
struct Rule {
  Types types;
  Condition broken;
  std::string_view text;
};

[[nodiscard]] std::span<const Limit> limits() noexcept;
[[nodiscard]] std::span<const FlagsTaken> flags_taken() noexcept;
[[nodiscard]] std::span<const FlagName> flag_names() noexcept;
[[nodiscard]] std::span<const FieldSince> fields_since() noexcept;
[[nodiscard]] std::span<const Rule> rules() noexcept;

}  // namespace bpfmap::inline v0::detail
