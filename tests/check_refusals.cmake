# cmake -DROOT=<source tree> -DCXX=<compiler> -P check_refusals.cmake
#
# What must not compile, and the text that names the cure.
cmake_minimum_required(VERSION 3.24)

set(prelude [[
#include <bpfmap/bpfmap.hpp>
#include <optional>
#include <string>
using namespace bpfmap;
struct WithBool { std::uint32_t a; std::uint8_t b[3]; bool on; };
struct WithPointer { std::uint64_t a; struct { const char* text; } inner; };
struct Padded { std::uint8_t a; std::uint32_t b; };
struct NoDefault { int a; explicit NoDefault(int x) : a(x) {} };
struct Text { std::string text; };
enum Open { one = 1, two };
template <> struct bpfmap::Codec<Text> {
  static constexpr std::size_t size = 8;
  static void encode(const Text&, std::span<std::byte, size>) {}
  static Text decode(std::span<const std::byte, size>) { return {}; }
};
]])

set(wrong 0)
function(expect_refused code text)
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/refused.cpp" "${prelude}\n${code}\n")
  execute_process(
    COMMAND "${CXX}" -std=c++20 -fsyntax-only "-I${ROOT}/include" refused.cpp
    WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}"
    RESULT_VARIABLE result
    OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
  string(FIND "${output}" "${text}" at)
  if(result EQUAL 0)
    message(SEND_ERROR "compiles: ${code}")
  elseif(at EQUAL -1)
    message(SEND_ERROR "refused without '${text}': ${code}\n${output}")
  endif()
endfunction()

expect_refused("template class bpfmap::HashMap<char[16], int>;" "Use std::array")
expect_refused("template class bpfmap::HashMap<int, NoDefault>;" "has a default constructor")
expect_refused("template class bpfmap::HashMap<int, Text>;" "must be noexcept")
expect_refused("template class bpfmap::HashMap<int, WithBool>;" "std::uint8_t for a bool")
expect_refused("template class bpfmap::HashMap<int, WithPointer>;" "std::uint64_t for a pointer")
expect_refused("template class bpfmap::HashMap<int, Open>;" "enum E : std::uint32_t")
expect_refused("template class bpfmap::HashMap<int, std::optional<int>>;" "bpfmap::valid_as_bytes")
expect_refused("template class bpfmap::HashMap<int, std::string_view>;" "cannot point elsewhere")
expect_refused("template class bpfmap::HashMap<int, std::string>;" "cannot point elsewhere")
expect_refused("template class bpfmap::HashMap<Padded, int>;" "Name the padding as a member")
expect_refused("void f(Map& m) { m.erase(Padded{}); }" "Name the padding as a member")
expect_refused("template class bpfmap::MappedArray<WithBool>;" "any bytes must be a V")
expect_refused("template class bpfmap::MappedArray<bool>;" "any bytes must be a V")
expect_refused("void f(Map& m) { (void)m.lookup<std::array<bool, 2>>(0); }" "decodable")

# What a class of descriptors cannot do says which function does it.
foreach(verb update_batch insert_batch replace_batch)
  expect_refused("void f(ProgArray& m, std::array<int, 1> a) { ${verb}(m, a, a); }" "use set()")
  expect_refused("void f(SockHash<int>& m, std::array<int, 1> a) { ${verb}(m, a, a); }" "use set()")
  expect_refused("void f(HashOfMaps<int, Map>& m, std::array<int, 1> k, std::array<Map, 1>& v) { ${verb}(m, k, v); }"
                 "set_batch()")
endforeach()
expect_refused("void f(DevMap& m, std::array<int, 1> a) { (void)lookup_batch(m, a); }" "use scan() or single lookups")
expect_refused("void f(SockMap& m, std::array<int, 1> a) { (void)lookup_batch(m, a); }" "use scan() or single lookups")
