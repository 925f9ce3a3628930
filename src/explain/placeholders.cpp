// SPDX-License-Identifier: MIT
// The {placeholders} in the texts of causes.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>

#include "../map/names.hpp"
#include "../map/sets.hpp"
#include "bpfmap/sys/cpus.hpp"
#include "bpfmap/sys/mapping.hpp"
#include "questions.hpp"
#include "system.hpp"

namespace bpfmap::inline v0::detail {
namespace {

std::string descriptor(BytesView bytes) {
  return bytes.empty() ? "it" : std::to_string(static_cast<std::int32_t>(leading_u32(bytes)));
}

// A view of an array's memory records a std::size_t, which is no key.
std::string index(const Failure& failure) {
  const BytesView key = failure.record.key.view();
  std::uint64_t wide = 0;
  if (key.size() != sizeof wide || failure.info.key_size == sizeof wide)
    return std::to_string(leading_u32(key));
  std::memcpy(&wide, key.data(), sizeof wide);
  return std::to_string(wide);
}

// The memory of the entries alone.
std::string memory(const Failure& failure) {
  const MapInfo& info = failure.info;
  const std::uint64_t slots = percpu_types.contains(info.type) ? sys::possible_cpus().size() : 1;
  const auto rounded = [](std::uint64_t size) { return (size + 7) / 8 * 8; };
  const std::uint64_t entry = rounded(info.key_size) + rounded(info.value_size) * slots;
  // The product may not fit into 64 bits.
  const double bytes = static_cast<double>(entry) * info.max_entries;
  return std::to_string(static_cast<std::uint64_t>(bytes / (1U << 20U))) + " MiB";
}

// With the leading 0 of C.
std::string octal(std::uint64_t value) {
  std::array<char, 24> digits;
  digits[0] = '0';
  return {digits.data(),
          std::to_chars(digits.data() + 1, digits.data() + digits.size(), value, 8).ptr};
}

std::string permissions(const Failure& failure) {
  struct stat status{};
  const std::string path{failure.record.subject.view()};
  if (::stat(path.c_str(), &status) != 0) return "a folder of the path is closed to this process";
  return "its mode is " + octal(status.st_mode & 07777U) + ", its owner " +
         std::to_string(status.st_uid) + ", this process runs as " + std::to_string(::geteuid());
}

std::string prefix_bits(const Failure& failure) {
  return std::to_string(failure.info.key_size < 4 ? 0
                                                  : (std::uint64_t{failure.info.key_size} - 4) * 8);
}

std::string next_ring_size(const Failure& failure) {
  return std::to_string(
      std::bit_ceil(std::max<std::uint64_t>(sys::page_size(), failure.info.max_entries)));
}

// The program in a value of a devmap or a cpumap, after the number.
std::string value_program(const Failure& failure) {
  const BytesView value = failure.record.value.view();
  return descriptor(value.size() > 4 ? value.subspan(4) : BytesView{});
}

// What is wrong with a list of CPUs.
std::string why_unread(const char* path) {
  std::vector<std::uint32_t> cpus;
  switch (const int result = sys::read_cpu_list(path, cpus)) {
    case 0:
      return "could not be read";  // but is readable now
    case -EINVAL:
      return "holds no list of CPUs";
    case -ENOENT:
      return "does not exist (mount sysfs on /sys)";
    default:
      return "cannot be read (" + kernel_error(result).message() + ")";
  }
}

// " (key of 4 bytes, value of 8 bytes, flags 0x10)"
std::string asked(const Failure& failure) {
  const FailureRecord& record = failure.record;
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (record.key.size != 0) add("key of " + std::to_string(record.key.size) + " bytes");
  if (record.value.size != 0) add("value of " + std::to_string(record.value.size) + " bytes");
  if (record.count) add("count " + std::to_string(*record.count));
  if (record.flags != 0) add("flags " + hexadecimal(record.flags));
  return text.empty() ? text : " (" + text + ")";
}

std::string memlock(const Failure&) {
  rlimit limit{};
  return ::getrlimit(RLIMIT_MEMLOCK, &limit) == 0 ? std::to_string(limit.rlim_cur) : "unknown";
}

struct Placeholder {
  std::string_view name;
  std::string (*text)(const Failure&);
};

constexpr std::array placeholders{
    Placeholder{"operation", [](const Failure& f) { return std::string{to_string(f.operation)}; }},
    Placeholder{"type", [](const Failure& f) { return type_name(f.info.type); }},
    Placeholder{"key_size", [](const Failure& f) { return std::to_string(f.info.key_size); }},
    Placeholder{"value_size", [](const Failure& f) { return std::to_string(f.info.value_size); }},
    Placeholder{"max_entries", [](const Failure& f) { return std::to_string(f.info.max_entries); }},
    Placeholder{"given_key_size",
                [](const Failure& f) { return std::to_string(f.record.key.size); }},
    Placeholder{"given_value_size",
                [](const Failure& f) { return std::to_string(f.record.value.size); }},
    Placeholder{"index", index},
    Placeholder{"prefix_bits", prefix_bits},
    Placeholder{"key_fd", [](const Failure& f) { return descriptor(f.record.key.view()); }},
    Placeholder{"value_fd", [](const Failure& f) { return descriptor(f.record.value.view()); }},
    Placeholder{
        "value_number",
        [](const Failure& f) { return std::to_string(leading_u32(f.record.value.view())); }},
    Placeholder{"value_program", value_program},
    Placeholder{"flags", [](const Failure& f) { return hexadecimal(f.record.flags); }},
    Placeholder{"mode", [](const Failure& f) { return octal(f.record.flags); }},
    Placeholder{"count",
                [](const Failure& f) { return std::to_string(f.record.count.value_or(0)); }},
    Placeholder{"cpu", [](const Failure& f) { return std::to_string(f.record.flags >> 32U); }},
    Placeholder{"cpus", [](const Failure&) { return std::to_string(sys::possible_cpus().size()); }},
    Placeholder{"online",
                [](const Failure&) { return why_unread("/sys/devices/system/cpu/online"); }},
    Placeholder{"possible",
                [](const Failure&) { return why_unread("/sys/devices/system/cpu/possible"); }},
    Placeholder{
        "slots",
        [](const Failure& f) { return std::to_string(sys::percpu_size(f.info.value_size)); }},
    Placeholder{"fd", [](const Failure& f) { return std::to_string(f.record.fd); }},
    Placeholder{"path", [](const Failure& f) { return std::string{f.record.subject.view()}; }},
    Placeholder{"folder", [](const Failure& f) { return folder_part(f.record.subject.view()); }},
    Placeholder{"dotted", [](const Failure& f) { return dotted_part(f.record.subject.view()); }},
    Placeholder{"permissions", permissions},
    Placeholder{"missing", missing_privilege},
    Placeholder{"needed", needed_privilege},
    Placeholder{"page_size", [](const Failure&) { return std::to_string(sys::page_size()); }},
    Placeholder{"ring_size", next_ring_size},
    Placeholder{"memory", memory},
    Placeholder{"memlock", memlock},
    Placeholder{"asked", asked},
    Placeholder{"map_extra", [](const Failure& f) { return std::to_string(f.info.map_extra); }},
    Placeholder{"ifindex", [](const Failure& f) { return std::to_string(f.info.ifindex); }},
    Placeholder{"numa_node",
                [](const Failure& f) { return std::to_string(f.spec->numa_node.value_or(0)); }},
    Placeholder{"inner_map_fd",
                [](const Failure& f) { return std::to_string(f.spec->inner_map_fd); }},
    Placeholder{"btf_fd", [](const Failure& f) { return std::to_string(f.spec->btf_fd); }},
    Placeholder{"token_fd", [](const Failure& f) { return std::to_string(f.spec->token_fd); }},
    Placeholder{"uid", [](const Failure&) { return std::to_string(::geteuid()); }},
    Placeholder{"kernel", [](const Failure&) { return kernel_release(); }},
};

}  // namespace

std::string fill(std::string_view text, const Failure& failure) {
  std::string filled;
  for (auto open = text.find('{'); open != std::string_view::npos; open = text.find('{')) {
    const auto close = text.find('}', open);
    const auto name = text.substr(open + 1, close - open - 1);
    const auto row = std::find_if(placeholders.begin(), placeholders.end(),
                                  [name](const Placeholder& p) { return p.name == name; });
    filled += text.substr(0, open);
    if (row != placeholders.end()) filled += row->text(failure);
    text.remove_prefix(close + 1);
  }
  return filled += text;
}

}  // namespace bpfmap::inline v0::detail
