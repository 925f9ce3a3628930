# The Debian package. Configure with -DCMAKE_INSTALL_PREFIX=/usr: only there does GNUInstallDirs choose the
# multiarch library directory.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME libbpfmap-dev)
set(CPACK_PACKAGE_VENDOR "The bpfmap authors")
set(CPACK_PACKAGE_CONTACT "The bpfmap authors <bpfmap@users.noreply.github.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "typed C++20 access to Linux BPF maps (development files)")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "bpfmap gives C++20 programs typed and safe access to BPF maps, next to a libbpf
skeleton, a pinned map or a map id: no void pointers, no hand-made buffers and
nothing lost in speed against the system calls written by hand.
.
This package holds the headers, the static library and what CMake and
pkg-config need to find them.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libbpf-dev (>= 1:1.1), libfmt-dev")

set(CPACK_PRE_BUILD_SCRIPTS "${PROJECT_SOURCE_DIR}/cmake/deb_docs.cmake")

include(CPack)
