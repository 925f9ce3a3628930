#!/bin/sh
# From a fresh Debian 12 to a running bpfmap, as root:
#
#   cmake/quickstart.sh run      builds bpfmap and runs examples/syscall_top for five seconds
#   cmake/quickstart.sh test     builds everything and runs all tests
#
# and the two steps that both begin with:
#
#   cmake/quickstart.sh check                whether bpf(2) is allowed here, and why not
#   cmake/quickstart.sh packages NAME...     apt-get install of those that are missing
#
# What is already installed is left alone, so that a second run only builds what changed. Where bpf(2) is refused, as in
# most containers, both commands use a kernel of their own: a guest under qemu, emulated, which needs no privilege.
set -eu
cd "$(dirname "$0")/.."

jobs=$(nproc)

say() { printf '==> %s\n' "$*"; }
die() { printf 'quickstart: %s\n' "$*" >&2; exit 1; }

# By what a package brings, not by its name: whoever has another clang needs no second one.
have() {
  case $1 in
    g++-multilib) echo '#include <string>' | g++ -m32 -fsyntax-only -x c++ - 2>/dev/null ;;
    libbenchmark-dev) test -e /usr/include/benchmark/benchmark.h ;;
    libbpf-dev) test -e /usr/include/bpf/libbpf.h ;;
    libclang-rt-dev) test -e "$(clang++ -print-file-name="libclang_rt.asan-$(uname -m).a" 2>/dev/null)" ;;
    libcli11-dev) test -e /usr/include/CLI/CLI.hpp ;;
    libfmt-dev) test -e /usr/include/fmt/core.h ;;
    libgtest-dev) test -e /usr/include/gtest/gtest.h ;;
    libpcap-dev) test -e /usr/include/pcap/pcap.h ;;
    libseccomp-dev) test -e /usr/include/seccomp.h ;;
    qemu-user-static) command -v qemu-i386-static >/dev/null ;;
    nlohmann-json3-dev) test -e /usr/include/nlohmann/json.hpp ;;
    iproute2) command -v ip >/dev/null ;;
    bpftool) command -v bpftool >/dev/null || test -x /usr/sbin/bpftool ;;
    ninja-build) command -v ninja >/dev/null ;;
    qemu-system-x86) command -v qemu-system-x86_64 >/dev/null ;;
    busybox-static) command -v busybox >/dev/null && ! ldd "$(command -v busybox)" >/dev/null 2>&1 ;;
    xz-utils) command -v xz >/dev/null ;;
    kmod) command -v modinfo >/dev/null || test -x /sbin/modinfo ;;
    util-linux) command -v setpriv >/dev/null ;;
    binutils) command -v objcopy >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

packages() {
  missing=
  for package in "$@"; do
    have "$package" || missing="$missing $package"
  done
  if [ -z "$missing" ]; then
    say "Everything needed is installed"
    return
  fi
  command -v apt-get >/dev/null ||
    die "these Debian packages are missing and there is no apt-get to install them:$missing"
  [ "$(id -u)" = 0 ] || die "these packages are missing; install them as root: apt-get install$missing"
  say "Installing$missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086 # a list of names
  apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 $missing >/dev/null
}

# --- is bpf(2) allowed? ---

build_probe() {
  mkdir -p build
  [ build/bpf_probe -nt cmake/quickstart.sh ] && return
  "${CXX:-g++}" -x c++ -o build/bpf_probe - <<'PROBE'
#include <cstdio>
#include <cstring>
#include <cerrno>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool try_bpf(const char* name, int cmd, bpf_attr& attr) {
  if (syscall(SYS_bpf, cmd, &attr, sizeof attr) >= 0 || errno == ENOENT) return true;
  std::printf("    bpf(%s): %s\n", name, std::strerror(errno));
  return false;
}

int main() {
  bpf_attr attr;
  std::memset(&attr, 0, sizeof attr);
  attr.map_type = BPF_MAP_TYPE_HASH;
  attr.key_size = attr.value_size = attr.max_entries = 4;
  bool ok = try_bpf("BPF_MAP_CREATE", BPF_MAP_CREATE, attr);
  std::memset(&attr, 0, sizeof attr);
  ok = try_bpf("BPF_MAP_GET_NEXT_ID", BPF_MAP_GET_NEXT_ID, attr) && ok;
  return ok ? 0 : 1;
}
PROBE
}

status_of() { sed -n "s/^$1:[[:space:]]*//p" /proc/self/status; }

has_capability() { [ $((0x$(status_of CapEff) >> $1 & 1)) = 1 ]; }

# 0: allowed. Otherwise says what is missing.
check() {
  build_probe || die "no working C++ compiler"
  say "Checking whether bpf(2) is allowed"
  allowed=0
  build/bpf_probe || allowed=1

  if [ $allowed != 0 ]; then
    say "bpf(2) is refused here:"
    echo "    user id $(id -u), effective capabilities $(status_of CapEff)"
    if has_capability 21; then
      echo "    CAP_SYS_ADMIN is there, so that something else refuses:"
      read -r _ _ ids </proc/self/uid_map
      [ "$ids" = 4294967295 ] || echo "    - this is a user namespace, whose capabilities bpf(2) ignores"
      [ "$(status_of Seccomp)" = 0 ] || echo "    - a seccomp filter is active (container runtime?)"
      [ ! -r /sys/kernel/security/lockdown ] ||
        echo "    - kernel lockdown: $(cat /sys/kernel/security/lockdown)"
    else
      echo "    - CAP_SYS_ADMIN is missing, which opening maps by id needs: run as root"
      has_capability 39 || echo "    - CAP_BPF is missing, which creating maps needs"
      has_capability 38 || echo "    - CAP_PERFMON is missing, which loading tracing programs needs"
      [ "$(status_of Seccomp)" = 0 ] || echo "    - and a seccomp filter is active (container runtime?)"
    fi
    if [ -r /proc/sys/kernel/unprivileged_bpf_disabled ]; then
      echo "    kernel.unprivileged_bpf_disabled = $(cat /proc/sys/kernel/unprivileged_bpf_disabled)"
    else
      echo "    - no kernel.unprivileged_bpf_disabled: is this kernel built with CONFIG_BPF_SYSCALL?"
    fi
  fi
  [ -r /sys/kernel/btf/vmlinux ] || say "This kernel has no BTF (/sys/kernel/btf/vmlinux): programs that
    need it do not load. It comes with CONFIG_DEBUG_INFO_BTF, or /sys is not mounted"
  [ $allowed != 0 ] || say "bpf(2) is allowed"
  return $allowed
}

# --- the two commands ---

guest_kernel=6.12
guest_packages="qemu-system-x86 busybox-static cpio xz-utils zstd kmod gpgv curl iproute2 util-linux binutils bpftool"

in_guest() {
  # shellcheck disable=SC2086
  packages $guest_packages
  say "In a guest with Linux $guest_kernel, because bpf(2) is refused here: $*"
}

example_packages="libcli11-dev libseccomp-dev nlohmann-json3-dev"
library_packages="g++ cmake ninja-build pkg-config libbpf-dev libfmt-dev clang bpftool $example_packages"

use_ccache() {
  if command -v ccache >/dev/null; then
    export CMAKE_CXX_COMPILER_LAUNCHER=ccache
  fi
}

run() {
  # shellcheck disable=SC2086
  packages $library_packages
  allowed_here=1
  check || allowed_here=0
  use_ccache
  say "Building in build/quickstart (Release)"
  cmake -S . -B build/quickstart -G Ninja -DCMAKE_BUILD_TYPE=Release -DBPFMAP_BUILD_TESTS=OFF \
    -DBPFMAP_BUILD_BENCHMARKS=OFF
  cmake --build build/quickstart -j "$jobs" --target syscall_top
  if [ $allowed_here = 0 ]; then
    in_guest syscall_top --seconds 5
    BPFMAP_BUILD=build/quickstart exec tests/vm/run $guest_kernel -- \
      build/quickstart/examples/syscall_top/syscall_top --seconds 5
  fi
  say "Running: syscall_top --seconds 5"
  exec build/quickstart/examples/syscall_top/syscall_top --seconds 5
}

test_all() {
  # shellcheck disable=SC2086
  packages $library_packages libgtest-dev libbenchmark-dev iproute2
  allowed_here=0
  if check; then
    allowed_here=1
    # From here on a kernel test that skips is one that fails.
    export BPFMAP_REQUIRE_KERNEL=1
  else
    say "The kernel tests will be skipped here, and run in a guest afterwards"
  fi
  use_ccache
  say "Building in build/dev (Debug)"
  # Line numbers alone: they compile a tenth faster.
  cmake --preset dev -DCMAKE_CXX_FLAGS_DEBUG=-g1
  cmake --build --preset dev -j "$jobs"
  say "Testing"
  ctest --preset dev -j "$jobs"
  [ $allowed_here = 0 ] || return 0
  in_guest the unit and kernel tests
  BPFMAP_BUILD=build/dev tests/vm/run $guest_kernel
}

case ${1:-} in
  run) run ;;
  test) test_all ;;
  check)
    packages g++
    check
    ;;
  packages)
    shift
    packages "$@"
    ;;
  *)
    sed -n '2,/^set/s/^# \{0,1\}//p' "cmake/${0##*/}" >&2
    exit 2
    ;;
esac
