// SPDX-License-Identifier: MIT
// BPFMAP_SANITIZED: 1 in a build with AddressSanitizer or UndefinedBehaviorSanitizer, otherwise 0.
// A few tests are left out there: sanitizers pad the stack, and open descriptors of their own.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define BPFMAP_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define BPFMAP_SANITIZED 1
#endif
#endif
#ifndef BPFMAP_SANITIZED
#define BPFMAP_SANITIZED 0
#endif
