// SPDX-License-Identifier: MIT
// Shares the max_records of one call among several buffers. Private to src/typed/.
#pragma once

#include <algorithm>
#include <cstddef>

#include "bpfmap/typed/detail/events.hpp"

namespace bpfmap::inline v0::detail {

struct TurnsEnd {
  std::size_t records = 0;
  bool stopped = false;    // by the callback, or by a record of another size
  std::size_t source = 0;  // the source that stopped
  Handled last = {};
};

// Calls `handle(source, most)` for each source in turn, until no records are left, `max_records`
// are handed out, or a callback stops. `first` is the source that is next, and keeps that for the
// next call.
template <class Handle>
TurnsEnd take_turns(std::size_t sources, std::size_t& first, std::size_t max_records,
                    Handle handle) {
  TurnsEnd end;
  if (sources == 0) return end;
  const std::size_t share = std::max<std::size_t>(max_records / sources, 1);
  for (bool more = true; more && end.records != max_records;) {
    more = false;
    for (std::size_t i = sources; i != 0 && end.records != max_records; --i) {
      end.source = first;
      first = first + 1 == sources ? 0 : first + 1;
      const std::size_t most = std::min(max_records - end.records, share);
      end.last = handle(end.source, most);
      end.records += end.last.records;
      end.stopped = end.last.end != Handled::End::none_left;
      if (end.stopped) return end;
      more = more || end.last.records == most;
    }
  }
  return end;
}

}  // namespace bpfmap::inline v0::detail
