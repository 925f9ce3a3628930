// SPDX-License-Identifier: MIT
// The same with -O2: see tests/CMakeLists.txt.
#define StackUse OptimisedStackUse
#include "stack_use.hpp"
