// SPDX-License-Identifier: MIT
// One failed call, for the tables of creation rules and of causes. Private to src/map/ and
// src/explain/.
#pragma once

#include "bpfmap/map/map.hpp"
#include "bpfmap/map/map_spec.hpp"
#include "failure_record.hpp"

namespace bpfmap::inline v0::detail {

/// Everything that is known about one failed call.
struct Failure {
  const FailureRecord& record;
  Operation operation;            ///< of open_or_create, the step that failed
  int error;                      ///< an errno or an Errc
  MapInfo info;                   ///< of the map, or of the spec; all zero when there is neither
  const MapSpec* spec = nullptr;  ///< of a creation
};

/// Whether something is true of a failure. May ask the kernel and /proc: the call has failed
/// already.
using Condition = bool (*)(const Failure&);

}  // namespace bpfmap::inline v0::detail
