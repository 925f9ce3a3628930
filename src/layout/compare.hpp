// SPDX-License-Identifier: MIT
// Compares the layouts of two types. Private to the library.
#pragma once

#include "bpfmap/layout/layout_report.hpp"
#include "shape.hpp"

namespace bpfmap::inline v0::detail {

/// A type of C++ and one of BTF that ought to be laid out alike.
struct ComparedTypes {
  LayoutPart part = LayoutPart::value;
  TypeUse in_type = {};
  TypeUse in_map = {};
  /// The BTF's type is that of a data section: the end of the section may be missing in C++.
  bool is_section = false;
};

/// Appends what differs to `report`, and makes its verdict a mismatch where something does. Returns
/// false when the types are too large to be compared to the end.
[[nodiscard]] bool compare(const ComparedTypes& types, Shapes& shapes, const LayoutOptions& options,
                           LayoutReport& report);

}  // namespace bpfmap::inline v0::detail
