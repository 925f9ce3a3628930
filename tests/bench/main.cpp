// SPDX-License-Identifier: MIT
// bpfmap beside libbpf's C API, bpf(2) and other libraries: same maps, same keys, one run.
//
//   bpfmap_bench --benchmark_repetitions=9 --benchmark_enable_random_interleaving=true
//
// measures all, and ends with the tables. --benchmark_filter=<regex> chooses rows, such as
// ^element/hash8 or ^scan; BPFMAP_BENCH_ENTRIES=<n> makes the maps smaller.
#include "ratio_table.hpp"
#include "rows.hpp"

int main(int argc, char** argv) {
  using namespace bpfmap::bench;
  int status = 0;
  if (bpf_is_refused(status)) return status;
  add_elements();
  add_scans();
  add_whole_maps();
  add_queries();
  add_rings();
  add_memory();
  add_inner_maps();
  add_many_keys();
#ifdef BPFMAP_BENCH_BCC
  add_bcc();
#endif
#ifdef BPFMAP_BENCH_CILIUM
  add_cilium();
#endif
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  RatioTable table{names()};
  const std::size_t run = benchmark::RunSpecifiedBenchmarks(&table);
  return run == 0 || table.has_errors() ? 1 : 0;
}
