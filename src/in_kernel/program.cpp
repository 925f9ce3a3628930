// SPDX-License-Identifier: MIT
#include "program.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "../map/btf.hpp"
#include "bpfmap/map/detail/failure_record.hpp"

namespace bpfmap::inline v0::detail::bytecode {
namespace {

// What the kernel's verifier wants to know about functions before it accepts one as a callback:
// that they are static, and where each begins.
struct FunctionInfo {
  std::uint32_t first_instruction;
  std::uint32_t type;
};

struct BtfHeader {
  std::uint16_t magic = 0xeb9f;
  std::uint8_t version = 1;
  std::uint8_t flags = 0;
  std::uint32_t header_size = 24;
  std::uint32_t types = 0;
  std::uint32_t types_size;
  std::uint32_t strings;
  std::uint32_t strings_size;
};

constexpr std::uint32_t kind(BtfKind kind) noexcept {
  return static_cast<std::uint32_t>(kind) << 24U;
}

// Types 1: int; 2: int (void); 3: a static function of type 2. All functions share it.
constexpr std::uint32_t function_type = 3;
constexpr std::array<char, 16> type_names{"\0int\0work"};
struct FunctionTypes {
  BtfHeader header{.types_size = sizeof(FunctionTypes) - sizeof(BtfHeader) - sizeof(type_names),
                   .strings = sizeof(FunctionTypes) - sizeof(BtfHeader) - sizeof(type_names),
                   .strings_size = sizeof(type_names)};
  BtfType integer{.name = 1, .info = kind(BtfKind::integer), .size_or_type = 4};
  std::uint32_t signed_32_bits = 1U << 24U | 32U;
  BtfType prototype{.name = 0, .info = kind(BtfKind::func_proto), .size_or_type = 1};
  BtfType function{.name = 5, .info = kind(BtfKind::function), .size_or_type = 2};
  std::array<char, 16> names = type_names;
};

sys::UniqueFd load_function_types(std::error_code& ec) noexcept {
  const FunctionTypes types;
  const int fd = sys::btf_load(&types, sizeof types);
  if (fd < 0) ec = kernel_error(fd);
  return sys::UniqueFd{std::max(fd, -1)};
}

constexpr std::size_t log_size = std::size_t{1} << 18U;
constexpr std::size_t kept_log = 4096;

// The verifier's reason is at the end of its log.
std::string end_of(const std::vector<char>& log) {
  const auto end = std::find(log.begin(), log.end(), '\0');
  const auto length = std::min<std::ptrdiff_t>(end - log.begin(), kept_log);
  return {end - length, end};
}

int load_once(sys::ProgLoadAttr& attr) noexcept {
  // A signal during verification is EAGAIN.
  constexpr int attempts = 5;
  int result = -EAGAIN;
  for (int i = 0; i < attempts && result == -EAGAIN; ++i) result = sys::prog_load(attr);
  return result;
}

}  // namespace

void Assembler::load_number(Register to, std::uint64_t number) {
  const auto low = static_cast<std::int32_t>(static_cast<std::uint32_t>(number));
  if (static_cast<std::uint64_t>(std::int64_t{low}) == number)
    move(to, low);
  else
    load_wide(to, 0, low, static_cast<std::int32_t>(static_cast<std::uint32_t>(number >> 32U)));
}

void Assembler::copy(Register to, std::int16_t to_offset, Register from, std::int16_t from_offset,
                     std::size_t size, std::size_t alignment, Register between) {
  for (std::size_t at = 0; at < size;) {
    const auto offset = static_cast<int>(at);
    std::size_t step = alignment;
    while (step > size - at) step /= 2;
    load(size_of_bytes(step), between, from, static_cast<std::int16_t>(from_offset + offset));
    store(size_of_bytes(step), to, static_cast<std::int16_t>(to_offset + offset), between);
    at += step;
  }
}

bool Assembler::finish() noexcept {
  for (const LabelUse& use : uses_) {
    const std::size_t place = places_[use.label.number];
    if (place == nowhere) return false;
    const auto distance = static_cast<std::int64_t>(place) - static_cast<std::int64_t>(use.at) - 1;
    if (use.use == Use::function) {
      code_[use.at].immediate = static_cast<std::int32_t>(distance);
    } else {
      if (distance < std::numeric_limits<std::int16_t>::min() ||
          distance > std::numeric_limits<std::int16_t>::max())
        return false;
      code_[use.at].offset = static_cast<std::int16_t>(distance);
    }
  }
  return true;
}

std::vector<std::uint32_t> Assembler::functions() const {
  std::vector<std::uint32_t> first_instructions;
  first_instructions.reserve(functions_.size());
  for (const Label function : functions_)
    first_instructions.push_back(static_cast<std::uint32_t>(places_[function.number]));
  return first_instructions;
}

sys::UniqueFd load(const Assembler& program, ProgramKind kind, const char* name, std::string& log,
                   std::error_code& ec) {
  ec.clear();
  log.clear();
  sys::ProgLoadAttr attr;
  std::memset(&attr, 0, sizeof attr);
  std::vector<FunctionInfo> functions;
  sys::UniqueFd types;
  if (const auto others = program.functions(); !others.empty()) {
    types = load_function_types(ec);
    if (ec) return {};
    functions.push_back({0, function_type});
    for (const std::uint32_t first : others) functions.push_back({first, function_type});
    attr.prog_btf_fd = static_cast<std::uint32_t>(types.get());
    attr.func_info_rec_size = sizeof(FunctionInfo);
    attr.func_info = sys::detail::address(functions.data());
    attr.func_info_cnt = static_cast<std::uint32_t>(functions.size());
  }
  const bool sleeps = kind == ProgramKind::syscall;
  attr.prog_type = sleeps ? sys::prog_type_syscall : sys::prog_type_cgroup_skb;
  attr.prog_flags = sleeps ? sys::prog_f_sleepable : 0;
  attr.insns = sys::detail::address(program.code().data());
  attr.insn_cnt = static_cast<std::uint32_t>(program.size());
  attr.license = sys::detail::address("Dual MIT/GPL");
  std::strncpy(attr.prog_name, name, sizeof attr.prog_name - 1);
  int result = load_once(attr);
  if (result < 0 && result != -EPERM) {
    std::vector<char> text(log_size);
    attr.log_level = 1;
    attr.log_size = static_cast<std::uint32_t>(text.size());
    attr.log_buf = sys::detail::address(text.data());
    // The first errno counts: a log that is longer than its room is ENOSPC on older kernels.
    const int again = load_once(attr);
    if (again >= 0)
      result = again;
    else
      log = end_of(text);
  }
  if (result < 0) ec = kernel_error(result);
  return sys::UniqueFd{std::max(result, -1)};
}

int run(int fd, ProgramKind kind, std::uint32_t& returned) noexcept {
  const std::array<std::byte, 64> packet{};
  sys::TestRunAttr attr{};
  attr.prog_fd = static_cast<std::uint32_t>(fd);
  if (kind == ProgramKind::cgroup_skb) {
    attr.data_in = sys::detail::address(packet.data());
    attr.data_size_in = packet.size();
  }
  const int result = sys::prog_test_run(attr);
  returned = attr.retval;
  return result;
}

}  // namespace bpfmap::inline v0::detail::bytecode
