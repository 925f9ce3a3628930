// SPDX-License-Identifier: MIT
// The operator new of allocation_test.cpp, which fails when a test wants it to.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bpfmap::test {

/// What this thread may still allocate before every operator new fails; SIZE_MAX: no limit.
extern constinit thread_local std::size_t allocations_left;

/// Lets the first `allowed` allocations of this thread through, and no other, while it lives.
class FailingNew {
 public:
  explicit FailingNew(std::size_t allowed) noexcept { allocations_left = allowed; }
  FailingNew(const FailingNew&) = delete;
  FailingNew& operator=(const FailingNew&) = delete;
  ~FailingNew() { allocations_left = SIZE_MAX; }
};

}  // namespace bpfmap::test
