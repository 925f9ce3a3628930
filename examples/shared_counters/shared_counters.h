// SPDX-License-Identifier: MIT
// What the C++ program tells the BPF program, as both see it.
#pragma once

struct Settings {
  char thread_name[16];  // count only what threads of this name do; empty: all
};
