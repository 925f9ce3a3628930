// SPDX-License-Identifier: MIT
#include "bpfmap/layout/check_layout.hpp"

#include <cerrno>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "../map/btf.hpp"
#include "bpfmap/layout/detail/load_btf.hpp"
#include "bpfmap/map/detail/failure_record.hpp"
#include "btf_of.hpp"
#include "compare.hpp"
#include "shape.hpp"

namespace bpfmap::inline v0::detail {
namespace {

LayoutReport unknown(std::string reason) {
  LayoutReport report;
  report.reason = std::move(reason);
  return report;
}

// Without capabilities, the kernel refuses the BTF's id with EPERM.
std::string unreadable(std::error_code ec) {
  if (ec == std::errc::operation_not_permitted) return "reading the map's BTF needs CAP_SYS_ADMIN";
  return "the map's BTF cannot be read: " + ec.message();
}

// The BTF of a map, or the reason for which there is none. What this process lacks at the moment is
// an error: nobody would notice that a map was not compared.
class MapBtfReader {
 public:
  MapBtfReader(const MapInfo& info, std::error_code& ec) {
    if (info.btf_id == 0 || info.btf_value_type_id == 0) {
      reason_ = "the map has no BTF";
      return;
    }
    bytes_ = read_btf(info.btf_id, ec);
    if (ec && !is_out_of_resources(ec)) {
      reason_ = unreadable(ec);
      ec.clear();
    }
  }
  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  Bytes bytes_;
  std::string reason_;
};

class Checker {
 public:
  Checker(BytesView bytes, const LayoutOptions& options)
      : btf_(bytes), shapes_(btf_), options_(options) {
    report_.verdict = LayoutVerdict::match;
  }

  void key(std::uint32_t id, const TypeDescription* type, bool is_prefix) {
    if (type == nullptr) return;
    if (id == 0) return give_up("the map's BTF has no key");
    if (!is_prefix || type->kind == TypeKind::structure)
      return compare_with(LayoutPart::key, id, *type);
    // The kernel accepts a struct only, which an integer cannot match.
    Shape& bytes = shapes_.add();
    bytes.size = type->size;
    compare_uses({LayoutPart::key, {&bytes}, shapes_.of(id)});
  }

  void value(std::uint32_t id, const TypeDescription* type) {
    if (type == nullptr) return;
    const auto found = btf_.type(id);
    if (found && found->kind() == BtfKind::section)
      section(id, *type);
    else
      compare_with(LayoutPart::value, id, *type);
  }

  // Returns false when there is no such variable.
  bool variable(std::uint32_t section, std::string_view name, const TypeDescription& type) {
    const auto found = btf_.type(section);
    for (std::uint32_t i = 0; found && i < found->members(); ++i) {
      const auto entry = btf_.words(section, i);
      const auto variable = entry ? btf_.type((*entry)[0]) : std::nullopt;
      if (!variable || btf_.name(*variable) != name) continue;
      compare_with(LayoutPart::variable, (*entry)[0], type);
      return true;
    }
    return false;
  }

  LayoutReport take() {
    if (report_.verdict == LayoutVerdict::mismatch) report_.reason.clear();
    return std::move(report_);
  }

 private:
  void compare_with(LayoutPart part, std::uint32_t id, const TypeDescription& type) {
    compare_uses({part, shapes_.of(type), shapes_.of(id)});
  }

  // A section whose size is a multiple of the type's is an array of them, as to MappedArray; or one
  // of them with more variables behind it.
  void section(std::uint32_t id, const TypeDescription& type) {
    const TypeUse in_map = shapes_.of(id);
    const TypeUse in_type = shapes_.of(type);
    if (in_map.shape == nullptr || type.size == 0 || type.size % 8 != 0 ||
        in_map.shape->size <= type.size || in_map.shape->size % type.size != 0)
      return compare_uses({LayoutPart::value, in_type, in_map, true});
    Shape& array = shapes_.add();
    array.kind = TypeKind::array;
    array.element = in_type;
    array.count = in_map.shape->size / type.size;
    array.size = in_map.shape->size;
    const LayoutReport before = report_;
    compare_uses({LayoutPart::value, {&array}, in_map, true});
    if (report_.verdict != LayoutVerdict::mismatch) return;
    LayoutReport of_array = std::exchange(report_, before);
    compare_uses({LayoutPart::value, in_type, in_map, true});
    if (of_array.difference_count < report_.difference_count) report_ = std::move(of_array);
  }

  void compare_uses(const ComparedTypes& types) {
    if (types.in_map.shape == nullptr) return give_up(shapes_.reason());
    if (!compare(types, shapes_, options_, report_)) give_up("the types are too large");
  }

  void give_up(std::string reason) {
    if (report_.verdict == LayoutVerdict::mismatch) return;
    report_.verdict = LayoutVerdict::unknown;
    report_.reason = std::move(reason);
  }

  Btf btf_;
  Shapes shapes_;
  const LayoutOptions& options_;
  LayoutReport report_;
};

LayoutReport of_map(LayoutReport report, const MapInfo& info) {
  report.map_id = info.id;
  report.map_name = info.name;
  return report;
}

// A larger array of maps is not searched to its end for an inner map.
constexpr std::uint32_t most_slots = 1024;

// Compares with an inner map of `map`.
LayoutReport check_inner(const Map& map, const TypeDescription* key, const TypeDescription* value,
                         const LayoutOptions& options, std::error_code& ec) {
  const MapInfo& info = map.info();
  const auto failed = [&](const char* what) {
    if (is_out_of_resources(ec)) return LayoutReport{};
    LayoutReport report = of_map(unknown(std::string{what} + ": " + ec.message()), info);
    ec.clear();
    return report;
  };
  // The slots of an array may be empty.
  std::optional<Bytes> slot = map.get_next_key<Bytes>(std::nullopt, ec);
  for (std::uint32_t i = 0; slot && !ec && i < most_slots; ++i) {
    const auto id = map.lookup<std::uint32_t>(BytesView{*slot}, ec);
    if (id && !ec) {
      const Map inner = Map::from_id(*id, ec);
      if (ec) return failed("opening an inner map");
      return check_layout(inner.info(), key, value, options, ec);
    }
    if (!ec) slot = map.get_next_key<Bytes>(BytesView{*slot}, ec);
  }
  if (ec) return failed("looking for an inner map");
  if (slot && info.max_entries > most_slots)
    return of_map(unknown("the first " + std::to_string(most_slots) +
                          " slots of the map of maps are empty, and only inner maps have BTF"),
                  info);
  return of_map(unknown("the map of maps is empty, and only inner maps have BTF"), info);
}

LayoutReport check(const Map& map, const TypeDescription* key, const TypeDescription* value,
                   const LayoutOptions& options, std::error_code& ec) {
  const MapInfo& info = map.info();
  if (info.type == MapType::array_of_maps || info.type == MapType::hash_of_maps)
    return check_inner(map, key, value, options, ec);
  return check_layout(info, key, value, options, ec);
}

LayoutReport variable(const Map& map, std::string_view name, const TypeDescription& type,
                      const LayoutOptions& options, std::error_code& ec) {
  const MapInfo& info = map.info();
  const MapBtfReader btf{info, ec};
  if (ec) return {};
  if (!btf.reason().empty()) return of_map(unknown(btf.reason()), info);
  if (info.btf_key_type_id != 0) return of_map(unknown("the map is not a data section"), info);
  Checker checker{btf.bytes(), options};
  if (!checker.variable(info.btf_value_type_id, name, type)) ec = Errc::no_such_variable;
  return of_map(checker.take(), info);
}

}  // namespace

LayoutReport check_layout(BytesView btf, std::uint32_t key_type_id, std::uint32_t value_type_id,
                          const TypeDescription* key, const TypeDescription* value,
                          const LayoutOptions& options) {
  Checker checker{btf, options};
  checker.key(key_type_id, key, false);
  checker.value(value_type_id, value);
  return checker.take();
}

LayoutReport check_layout(const MapInfo& info, const TypeDescription* key,
                          const TypeDescription* value, const LayoutOptions& options,
                          std::error_code& ec) {
  const MapBtfReader btf{info, ec};
  if (ec) return {};
  if (!btf.reason().empty()) return of_map(unknown(btf.reason()), info);
  // Whatever integer the program declares, it is an index or a descriptor.
  if (has_int_key(info.type)) key = nullptr;
  Checker checker{btf.bytes(), options};
  checker.key(info.btf_key_type_id, key, info.type == MapType::lpm_trie);
  checker.value(info.btf_value_type_id, value);
  return of_map(checker.take(), info);
}

LayoutReport check_layout(const Map& map, const TypeDescription* key, const TypeDescription* value,
                          const LayoutOptions& options, std::error_code& ec) noexcept {
  ec.clear();
  if (!map) ec = Errc::no_map;
  LayoutReport report;
  if (!ec) report = without_bad_alloc(ec, [&] { return check(map, key, value, options, ec); });
  if (ec) ec = record(map, {.operation = Operation::info}, ec);
  return report;
}

LayoutReport check_variable(const Map& map, std::string_view name, const TypeDescription& type,
                            const LayoutOptions& options, std::error_code& ec) noexcept {
  ec.clear();
  if (!map) ec = Errc::no_map;
  LayoutReport report;
  if (!ec) report = without_bad_alloc(ec, [&] { return variable(map, name, type, options, ec); });
  if (ec) ec = record(map, {.operation = Operation::info}, ec);
  return report;
}

}  // namespace bpfmap::inline v0::detail
