// SPDX-License-Identifier: MIT
// The layout of a type, whether it comes from C++ or from BTF. Private to the library.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "../map/btf.hpp"
#include "bpfmap/layout/detail/type_description.hpp"

namespace bpfmap::inline v0::detail {

struct Shape;

/// A type, and the name under which it is used, such as a typedef's; empty: the type's own.
struct TypeUse {
  const Shape* shape = nullptr;
  std::string_view name = {};
};

struct ShapeMember {
  std::string_view name;
  TypeUse type;
  std::uint64_t bit_offset = 0;
  std::uint64_t bit_size = 0;
  bool is_bit_field = false;
};

/// Lives in Shapes.
struct Shape {
  TypeKind kind = TypeKind::bytes;
  bool is_signed = false;
  std::string_view name = {};
  std::uint64_t size = 0;                 ///< bytes
  std::uint32_t bits = 0;                 ///< of an integer that does not fill its bytes
  std::uint32_t first_bit = 0;            ///< of such an integer
  TypeUse element = {};                   ///< of an array
  std::uint64_t count = 0;                ///< of an array's elements
  std::vector<ShapeMember> members = {};  ///< of a structure, union or section
};

/// Makes and owns shapes. The names in them are those of the descriptions and of the BTF.
class Shapes {
 public:
  explicit Shapes(const Btf& btf) : btf_(btf) {}

  /// Returns the shape of a C++ type.
  [[nodiscard]] TypeUse of(const TypeDescription& type);
  /// Returns the shape of the BTF's type `id`. No shape: the BTF is broken, see reason().
  [[nodiscard]] TypeUse of(std::uint32_t id) { return of(id, 0); }
  /// Returns a new shape to fill in.
  [[nodiscard]] Shape& add() { return all_.emplace_back(); }

  /// Returns why the BTF cannot be read; empty when it can.
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  [[nodiscard]] TypeUse of(std::uint32_t id, int depth);
  [[nodiscard]] const Shape* read(std::uint32_t id, const BtfType& type, int depth);
  [[nodiscard]] bool read_members(std::uint32_t id, const BtfType& type, Shape& into, int depth);
  [[nodiscard]] bool read_section(std::uint32_t id, const BtfType& type, Shape& into, int depth);
  [[nodiscard]] bool read_array(std::uint32_t id, Shape& into, int depth);
  bool broken(std::uint32_t id, std::string_view what);  // returns false

  const Btf& btf_;
  std::deque<Shape> all_;
  std::map<const TypeDescription*, const Shape*> described_;
  std::map<std::uint32_t, const Shape*> read_;  // nullptr: being read
  std::string reason_;
};

}  // namespace bpfmap::inline v0::detail
