// SPDX-License-Identifier: MIT
#define INITIAL 35
