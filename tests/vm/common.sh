# What the scripts of this folder share.
# shellcheck shell=bash disable=SC2034,SC2154 # `cache` and `here` are theirs
cache=${BPFMAP_VM_CACHE:-/var/tmp/bpfmap-vm}

say() { printf '%s\n' "$*" >&2; }
die() { say "tests/vm: $*"; exit 1; }
skip() { say "SKIPPED: tests/vm: $*"; exit 77; }
known_kernels() { sed -n 's/^\([0-9][^ ]*\) .*/\1/p' "$here/kernels" | paste -sd' '; }

# pack FOLDER FILE: an initramfs. The folder itself is 755, or the guest's nobody could enter no folder.
pack() { (chmod 755 "$1" && cd "$1" && find . | cpio -o -H newc --quiet -R 0:0 | gzip -1) >"$2"; }
