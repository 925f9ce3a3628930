// SPDX-License-Identifier: MIT
#include "btf.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "bpfmap/map/detail/failure_record.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "bpfmap/sys/unique_fd.hpp"

namespace bpfmap::inline v0::detail {
namespace {

struct Header {
  std::uint16_t magic;
  std::uint8_t version;
  std::uint8_t flags;
  std::uint32_t header_size;
  std::uint32_t types;  // offsets are from the end of the header
  std::uint32_t types_size;
  std::uint32_t strings;
  std::uint32_t strings_size;
};

// Bytes after a BtfType of this kind; nullopt for a kind that this library does not know.
std::optional<std::size_t> bytes_behind(const BtfType& type) noexcept {
  switch (type.kind()) {
    case BtfKind::integer:
    case BtfKind::variable:  // its linkage
    case BtfKind::decl_tag:
      return 4;
    case BtfKind::array:
      return 12;
    case BtfKind::structure:
    case BtfKind::union_type:
    case BtfKind::section:  // its variables
    case BtfKind::enum64:
      return std::size_t{12} * type.members();
    case BtfKind::enumeration:
    case BtfKind::func_proto:
      return std::size_t{8} * type.members();
    case BtfKind::pointer:
    case BtfKind::forward:
    case BtfKind::type_definition:
    case BtfKind::volatile_type:
    case BtfKind::const_type:
    case BtfKind::restrict_type:
    case BtfKind::function:
    case BtfKind::floating:
    case BtfKind::type_tag:
      return 0;
    default:
      return std::nullopt;
  }
}

template <class T>
std::optional<T> read(BytesView from, std::size_t at) noexcept {
  if (at > from.size() || from.size() - at < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, from.data() + at, sizeof value);
  return value;
}

BytesView part(BytesView body, std::size_t at, std::size_t size) noexcept {
  if (at > body.size() || body.size() - at < size) return {};
  return body.subspan(at, size);
}

// Why nothing behind the header is read; empty when it is.
std::string fault_of(const Header& header, std::size_t size) {
  constexpr std::uint16_t magic = 0xeb9f;
  constexpr std::uint16_t swapped = 0x9feb;
  if (header.magic == swapped) return "the BTF is in the byte order of another machine";
  if (header.magic != magic) return "the bytes do not begin as BTF does";
  if (header.version != 1)
    return "the BTF has version " + std::to_string(header.version) +
           ", and this library knows version 1";
  return header.header_size > size ? "the BTF is shorter than its header" : "";
}

}  // namespace

Btf::Btf(BytesView bytes) {
  const auto header = read<Header>(bytes, 0);
  reason_ = header ? fault_of(*header, bytes.size()) : "the BTF is shorter than its header";
  if (!reason_.empty()) return;
  const BytesView body = bytes.subspan(header->header_size);
  types_ = part(body, header->types, header->types_size);
  strings_ = part(body, header->strings, header->strings_size);
  std::size_t at = 0;
  while (const auto type = read<BtfType>(types_, at)) {
    const auto behind = bytes_behind(*type);
    at_.push_back(at);
    if (!behind) {
      reason_ = "type " + std::to_string(at_.size()) + " of the BTF is of kind " +
                std::to_string(static_cast<std::uint32_t>(type->kind())) +
                ", which this library does not know";
      at_.pop_back();
      return;
    }
    at += sizeof(BtfType) + *behind;
  }
  if (at != types_.size() || types_.size() != header->types_size)
    reason_ = "the types of the BTF reach beyond its end";
}

std::optional<BtfType> Btf::type(std::uint32_t id) const noexcept {
  // Type 0 is void and has no record.
  if (id == 0 || id > at_.size()) return std::nullopt;
  return read<BtfType>(types_, at_[id - 1]);
}

std::optional<std::array<std::uint32_t, 3>> Btf::words(std::uint32_t id,
                                                       std::uint32_t i) const noexcept {
  if (id == 0 || id > at_.size()) return std::nullopt;
  using Words = std::array<std::uint32_t, 3>;
  return read<Words>(types_, at_[id - 1] + sizeof(BtfType) + std::size_t{i} * sizeof(Words));
}

std::optional<std::uint32_t> Btf::word(std::uint32_t id, std::uint32_t i) const noexcept {
  if (id == 0 || id > at_.size()) return std::nullopt;
  return read<std::uint32_t>(types_, at_[id - 1] + sizeof(BtfType) + std::size_t{i} * 4);
}

std::string_view Btf::name(const BtfType& type) const noexcept {
  constexpr std::size_t longest = 512;  // KSYM_NAME_LEN, the longest name that the kernel accepts
  if (type.name >= strings_.size()) return {};
  const auto* const text = reinterpret_cast<const char*>(strings_.data()) + type.name;
  const std::size_t length = ::strnlen(text, std::min(longest + 1, strings_.size() - type.name));
  return length > longest ? std::string_view{} : std::string_view{text, length};
}

std::optional<std::uint64_t> Btf::size_of(std::uint32_t id) const noexcept {
  std::uint64_t elements = 1;
  constexpr int most_types = 64;  // BTF with a circle has no end
  for (int i = 0; i < most_types; ++i) {
    const auto at = type(id);
    if (!at) return std::nullopt;
    switch (at->kind()) {
      case BtfKind::integer:
      case BtfKind::structure:
      case BtfKind::union_type:
      case BtfKind::enumeration:
      case BtfKind::enum64:
      case BtfKind::floating:
      case BtfKind::section:
        return elements * at->size_or_type;
      case BtfKind::type_definition:
      case BtfKind::volatile_type:
      case BtfKind::const_type:
      case BtfKind::restrict_type:
      case BtfKind::type_tag:
        id = at->size_or_type;
        break;
      case BtfKind::array: {
        const auto array = words(id, 0);
        if (!array) return std::nullopt;
        id = (*array)[0];
        elements *= (*array)[2];
        break;
      }
      default:
        return std::nullopt;
    }
  }
  return std::nullopt;
}

Bytes read_btf_of(int fd, std::error_code& ec) {
  std::uint32_t size = 0;
  ec = kernel_error(sys::btf_get_data(fd, nullptr, size));
  if (ec) return {};
  Bytes bytes(size);
  ec = kernel_error(sys::btf_get_data(fd, bytes.data(), size));
  return bytes;
}

Bytes read_btf(std::uint32_t id, std::error_code& ec) {
  const int result = sys::btf_get_fd_by_id(id);
  ec = kernel_error(result);
  if (ec) return {};
  const sys::UniqueFd fd{result};
  return read_btf_of(fd.get(), ec);
}

}  // namespace bpfmap::inline v0::detail
