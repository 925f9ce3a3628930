// SPDX-License-Identifier: MIT
// Reads the records of a PerfBuffer and calls its callbacks. Private to src/typed/.
#pragma once

#include <cstddef>

#include "perf.hpp"
#include "turns.hpp"

namespace bpfmap::inline v0::detail {

// Hands out the records that are there, at most `max_records`. `failure` is 0, or the -errno of a
// buffer that could not be paused for reading.
TurnsEnd read_records(Perf& perf, std::size_t max_records, int& failure);

}  // namespace bpfmap::inline v0::detail
