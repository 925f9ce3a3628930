// SPDX-License-Identifier: MIT
// Settings of the BPF program, written by the C++ program.
#pragma once

struct Settings {
  char thread_name[16];  // count only the calls of threads of this name; empty: all threads
};
