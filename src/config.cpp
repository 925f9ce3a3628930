// SPDX-License-Identifier: MIT
#include "bpfmap/config.hpp"

namespace bpfmap::inline v0::detail {

#if defined(_GLIBCXX_DEBUG)
extern const char libbpfmap_was_built_with_GLIBCXX_DEBUG = 0;
#else
extern const char libbpfmap_was_built_without_GLIBCXX_DEBUG = 0;
#endif

}  // namespace bpfmap::inline v0::detail
