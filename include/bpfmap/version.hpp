// SPDX-License-Identifier: MIT
// The version, stated once: CMake reads it from here.
#pragma once

#define BPFMAP_VERSION_MAJOR 0
#define BPFMAP_VERSION_MINOR 2
#define BPFMAP_VERSION_PATCH 0
