// SPDX-License-Identifier: MIT
// The program's options and its include folder, as its skeleton has them.
#include <bpfmap/bpfmap.hpp>
#include <bpfmap/interop/libbpf.hpp>
#include <cstdio>

#include "given.skel.h"

int main() {
  given* const skeleton = given__open_and_load();
  if (skeleton == nullptr) {
    std::puts("no BPF programs can be loaded here: nothing more to try");
    return 0;
  }
  LIBBPF_OPTS(bpf_test_run_opts, options);
  bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.count), &options);
  std::error_code ec;
  const bpfmap::MappedBytes data{bpfmap::from(skeleton->maps.data, ec), ec};
  const bool right = !ec && data.as<std::uint64_t>()[0] == 42;
  std::puts(bpfmap::explain(ec).c_str());
  given__destroy(skeleton);
  return right ? 0 : 1;
}
