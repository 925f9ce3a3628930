// SPDX-License-Identifier: MIT
// Everything but interop/.
#pragma once

#include "bpfmap/bulk/batch_reader.hpp"
#include "bpfmap/bulk/scan.hpp"
#include "bpfmap/bytes.hpp"
#include "bpfmap/codec/codec.hpp"
#include "bpfmap/codec/integer.hpp"
#include "bpfmap/error.hpp"
#include "bpfmap/map/flags.hpp"
#include "bpfmap/map/map.hpp"
#include "bpfmap/map/map_info.hpp"
#include "bpfmap/map/map_spec.hpp"
#include "bpfmap/map/map_type.hpp"
#include "bpfmap/map/percpu_values.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "bpfmap/sys/unique_fd.hpp"
#include "bpfmap/typed/array_map.hpp"
#include "bpfmap/typed/hash_map.hpp"
#include "bpfmap/typed/percpu_array_map.hpp"
#include "bpfmap/typed/percpu_hash_map.hpp"
#include "bpfmap/version.hpp"
