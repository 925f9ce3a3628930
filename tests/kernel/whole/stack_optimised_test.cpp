// SPDX-License-Identifier: MIT
// The same with -O2: see tests/CMakeLists.txt.
#include "sanitizers.hpp"
#if !BPFMAP_SANITIZED
#define StackUse OptimisedStackUse
#include "stack_use.hpp"
#endif
