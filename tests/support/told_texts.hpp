// SPDX-License-Identifier: MIT
// The texts of all real failures of this test run, also of its child processes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bpfmap::test {

/// Keeps `text`, unless bpf(2) is replaced now: such a failure is not real. Does nothing without
/// BPFMAP_EVERY_CAUSE=1.
void note_text(std::string_view text);

/// Returns the texts that were kept.
[[nodiscard]] std::vector<std::string> noted_texts();

/// Whether BPFMAP_EVERY_CAUSE is 1.
[[nodiscard]] bool notes_texts();

}  // namespace bpfmap::test
