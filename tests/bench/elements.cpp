// SPDX-License-Identifier: MIT
#include "rows.hpp"

void bpfmap::bench::add_elements() {
  for_each_element([]<class Family, class Operation>() {
    add_element<Family, Operation, Libbpf>();
    add_element<Family, Operation, Syscall>();
    add_element<Family, Operation, Typed>();
    add_element<Family, Operation, TypedEc>();
    add_element<Family, Operation, Untyped>();
  });
}
