// SPDX-License-Identifier: MIT
// The stack that operations on large values take, as the build is optimised.
#include "sanitizers.hpp"
#if !BPFMAP_SANITIZED
#include "stack_use.hpp"
#endif
