# cmake -DROOT=<source tree> -DCXX=<compiler> -P check_refusals.cmake
#
# What must not compile, and the text that names the cure.
cmake_minimum_required(VERSION 3.24)

set(prelude [[
#include <bpfmap/bpfmap.hpp>
#include <bpfmap/in_kernel/in_kernel.hpp>
#include <atomic>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>
using namespace bpfmap;
struct WithBool { std::uint32_t a; std::uint8_t b[3]; bool on; };
struct WithPointer { std::uint64_t a; struct { const char* text; } inner; };
struct Padded { std::uint8_t a; std::uint32_t b; };
struct NoDefault { int a; explicit NoDefault(int x) : a(x) {} };
struct Text { std::string text; };
enum Open { one = 1, two };
struct WithOpen { Open kind[2]; };
struct BaseWithBool : WithBool {};
struct WithAnonymous { int a; union { bool on; int off; }; };
struct WithReference { int& r; };
struct WithOwner { int a; std::unique_ptr<int> p; };
struct WithVariant { std::variant<int, char> v; };
struct WithOptionals { std::optional<int> o[2]; };
struct NoSum { int a; };
class Closed {
 public:
  const char* data() const { return bytes_; }
  std::size_t size() const { return sizeof bytes_; }
 private:
  char bytes_[8] = {};
};
struct Item { int first, second; };
template <> struct bpfmap::Codec<Text> {
  static constexpr std::size_t size = 8;
  static void encode(const Text&, std::span<std::byte, size>) {}
  static Text decode(std::span<const std::byte, size>) { return {}; }
};
]])

# Compiled once, because most of the time goes into the headers.
file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/refused_prelude.hpp" "${prelude}")
execute_process(
  COMMAND "${CXX}" -std=c++20 "-I${ROOT}/include" -x c++-header refused_prelude.hpp -o refused_prelude.hpp.gch
  WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}" COMMAND_ERROR_IS_FATAL ANY)

function(expect_refused code text)
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/refused.cpp" "${code}\n")
  execute_process(
    COMMAND "${CXX}" -std=c++20 -fsyntax-only "-I${ROOT}/include" -include refused_prelude.hpp refused.cpp
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

foreach(type Open WithOpen BaseWithBool WithAnonymous WithVariant WithOptionals "std::variant<int, char>" "long double"
             "std::array<WithBool, 2>" "std::atomic<bool>")
  expect_refused("template class bpfmap::HashMap<int, ${type}>;" "specialise bpfmap::valid_as_bytes")
endforeach()
foreach(map "PerCpuArrayMap<WithBool>" "Queue<WithBool>" "HashMap<WithBool, int>" "BloomFilter<WithBool>")
  expect_refused("template class bpfmap::${map};" "specialise bpfmap::valid_as_bytes")
endforeach()
foreach(type "std::initializer_list<int>" "std::span<int>" "std::vector<int>" "int*")
  expect_refused("template class bpfmap::HashMap<int, ${type}>;" "cannot point elsewhere")
endforeach()
# Whether these point elsewhere only their authors know, and the text does not claim it.
foreach(type Closed "std::vector<int>::iterator" "std::unique_ptr<int>")
  expect_refused("template class bpfmap::HashMap<int, ${type}>;" "may hold a pointer")
endforeach()
expect_refused("template class bpfmap::HashMap<int, WithReference>;" "no reference")
expect_refused("template class bpfmap::HashMap<int, volatile int>;" "neither const, volatile")
expect_refused("template class bpfmap::HashMap<int, WithOwner>;" "specialise bpfmap::valid_as_bytes")
expect_refused("template class bpfmap::HashMap<int, std::atomic<int>>;" "MappedArray<V> has atomic()")
foreach(key float double "std::array<float, 2>")
  expect_refused("template class bpfmap::HashMap<${key}, int>;" "padding or floating point")
  expect_refused("void f(Map& m) { m.erase(${key}{}); }" "padding or floating point")
endforeach()

# Records, and memory.
foreach(type WithOpen WithPointer)
  expect_refused("void f(RingBuffer& r, Map& m) { r.for_each<${type}>(m.duplicate(), [](const ${type}&) {}); }"
                 "specialise bpfmap::valid_as_bytes")
  expect_refused("void f(RingReader& r) { (void)r.next<${type}>(); }" "specialise bpfmap::valid_as_bytes")
  expect_refused("IteratorReader<${type}> r;" "specialise bpfmap::valid_as_bytes")
  expect_refused("void f(MappedBytes<>& m) { (void)m.variable<${type}>(\"on\"); }" "specialise bpfmap::valid_as_bytes")
  expect_refused("MappedArray<${type}> m;" "bpfmap::valid_as_bytes")
endforeach()
expect_refused("IteratorReader<bool> r;" "std::uint8_t for a bool")
expect_refused("void f(MappedBytes<>& m) { (void)m.as<bool>(); }" "use std::uint8_t")

# Arguments that would be converted silently.
expect_refused("void f(HashMap<int, int>& m) { m.erase(true); }" "deleted")
expect_refused("void f(HashMap<int, int>& m) { m.erase(1.5); }" "deleted")
expect_refused("void f(HashMap<int, bool>& m) { m.update(1, 2); }" "deleted")
expect_refused("void f(HashMap<int, bool>& m) { m.update(1, \"on\"); }" "deleted")
expect_refused("__extension__ typedef __int128 Wide; void f(HashMap<int, int>& m, Wide w) { m.erase(w); }" "deleted")

# Entries are std::pair or Entry; bytes are a closed list.
expect_refused("void f(HashMap<int, int>& m, std::vector<Item>& v) { sync(m, v); }" "wanted_for")
expect_refused("void f(Map& m, Closed& c) { m.erase(c); }" "argument_encodable")

expect_refused("auto f(PerCpuValues<NoSum>& v) { return v.sum(); }" "cannot be added")
expect_refused("auto f(PerCpuValues<Padded>& v) { return v.sum([](const Padded&) { return Padded{}; }); }"
               "cannot be added")

# What a class of descriptors cannot do says which function does it.
foreach(verb update_batch insert_batch replace_batch)
  expect_refused("void f(ProgArray& m, std::array<int, 1> a) { ${verb}(m, a, a); }" "use set()")
  expect_refused("void f(SockHash<int>& m, std::array<int, 1> a) { ${verb}(m, a, a); }" "use set()")
  expect_refused("void f(HashOfMaps<int, Map>& m, std::array<int, 1> k, std::array<Map, 1>& v) { ${verb}(m, k, v); }"
                 "set_batch()")
endforeach()
expect_refused("void f(DevMap& m, std::array<int, 1> a) { (void)lookup_batch(m, a); }" "use scan() or single lookups")
expect_refused("void f(SockMap& m, std::array<int, 1> a) { (void)lookup_batch(m, a); }" "use scan() or single lookups")

expect_refused("auto f(InKernel<LpmTrie<LpmKey<std::array<char, 4>>, int>>& m, std::span<const LpmKey<std::array<char, 4>>> k) { m.fetch_add(k, whole_value, 1); return m.fetch_add_or_insert(k, whole_value, 1, 0); }"
               "whether this very prefix has an entry")

# Expressions of queries.
set(stats "struct Stats { std::uint64_t n; double d; bool b; char text[8]; Padded p; }; struct Other { int n; };")
string(APPEND stats " using Fast = InKernel<HashMap<int, Stats>>;")
foreach(row
        "value(&Stats::d) > 1|no floating-point numbers"
        "value(&Stats::n) > 1.5|no floating-point numbers"
        "value(&Stats::b) == 1|Use std::uint8_t for the member"
        "value(&Stats::n) == true|Use 0 or 1"
        "value(&Stats::p) == Padded{}|Go on to one of its members"
        "value(&Stats::text) + 1|this member is no integer"
        "value(&Stats::n) && value(&Stats::n) > 1|Compare a number with 0"
        "!value(&Stats::n)|Compare the number with 0"
        "(value(&Stats::n) > 1) + 1|a condition is no number"
        "value(&Stats::n) + value(&Other::n)|of one key type and one value type"
        "value(&Stats::n, 1)|only an array has elements"
        "value(&Stats::n) == nullptr|integer constants")
  string(REGEX REPLACE "^(.*)\\|([^|]*)$" "\\1" code "${row}")
  string(REGEX REPLACE "^(.*)\\|([^|]*)$" "\\2" text "${row}")
  expect_refused("${stats} auto f() { return ${code}; }" "${text}")
endforeach()
expect_refused("${stats} auto f(Fast& m) { return m.count_if(value(&Stats::n)); }" "this is no condition")
expect_refused("${stats} auto f(Fast& m) { return m.sum(value(&Stats::text)); }" "this is no number")
expect_refused("${stats} auto f(Fast& m) { return m.sum(value(&Other::n)); }" "another value type than the map's")
expect_refused("${stats} auto f(Fast& m) { return m.sum(key(&Other::n)); }" "another key type than the map's")
expect_refused("${stats} auto f(Fast& m) { return m.update_if(everything); }" "needs a set() or an add()")

# What reflection cannot see names its cure.
set(layout "#include <bpfmap/layout/layout.hpp>\n#include <bpfmap/layout/zeroed_padding.hpp>\n")
function(expect_not_described code text)
  expect_refused("${layout}${code} auto& d = detail::describe<T>(); auto m = d.members();" "${text}")
endfunction()
expect_not_described("struct T { int a; union { int b; float c; }; };" "give bpfmap::Layout<T> its members")
expect_not_described("struct T { int a; char rest[]; };" "give bpfmap::Layout<T> its members")
expect_not_described("struct B { int a; }; struct T : B { int b; };" "a struct with a base class cannot be reflected")
expect_not_described("class T { int a; }; template <> struct bpfmap::Layout<T> : Reflected {};"
                     "members that are private")
foreach(fields "bool a : 1; int b" "Open a : 3; int b" "unsigned a : 3; bool b : 1" "unsigned a : 3; Open b : 3")
  expect_not_described("struct T { ${fields}; };" "a bit-field of bool or of an enum without a fixed type cannot be reflected")
endforeach()
set(many "")
foreach(i RANGE 64)
  string(APPEND many "int m${i}; ")
endforeach()
expect_not_described("struct T { ${many} };" "a struct of more than 64 members")
expect_refused("${layout}class T { char a; int b; }; template <> struct bpfmap::Codec<T> : zeroed_padding<T> {}; template class bpfmap::HashMap<T, int>; auto f(HashMap<T, int>& m, T t) { return m.erase(t); }"
               "members that are private")
expect_refused("template class bpfmap::HashMap<Padded, int>;" "zeroed_padding")
