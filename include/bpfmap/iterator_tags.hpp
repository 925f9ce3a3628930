// SPDX-License-Identifier: MIT
// std::input_iterator_tag, std::default_sentinel_t and their like. Layer 0.
#pragma once

#include <span>

#include "bpfmap/config.hpp"

// libstdc++ has them in <span>. Its <iterator> brings <streambuf> as well, a twentieth of the
// compile time of a typed map.
#ifndef __GLIBCXX__
#include <iterator>
#endif
