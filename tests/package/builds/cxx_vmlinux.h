// SPDX-License-Identifier: MIT
// Includes a vmlinux.h in C++, inside of a namespace, with -fno-operator-names: C++ keywords that
// are names in C get other names.
#define BPF_NO_PRESERVE_ACCESS_INDEX
#define _Bool unsigned char
#define bool k_bool
#define false k_false
#define true k_true
#define private k_private
#define class k_class
#define namespace k_namespace
#define new k_new
#define delete k_delete
#define this k_this
#define template k_template
#define virtual k_virtual
#define operator k_operator
#define public k_public
#define protected k_protected
#define typename k_typename
#define try k_try
#define catch k_catch
#define throw k_throw
#define friend k_friend
#define explicit k_explicit
#define export k_export
#define mutable k_mutable
#define using k_using
#define wchar_t k_wchar_t
#define restrict
#include "vmlinux.h"
#undef _Bool
#undef bool
#undef false
#undef true
#undef private
#undef class
#undef namespace
#undef new
#undef delete
#undef this
#undef template
#undef virtual
#undef operator
#undef public
#undef protected
#undef typename
#undef try
#undef catch
#undef throw
#undef friend
#undef explicit
#undef export
#undef mutable
#undef using
#undef wchar_t
#undef restrict
