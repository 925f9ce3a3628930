// SPDX-License-Identifier: MIT
#include INTEROP_HEADER

int main() {}
