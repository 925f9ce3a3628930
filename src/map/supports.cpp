// SPDX-License-Identifier: MIT
#include "bpfmap/map/supports.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <optional>

#include "bpfmap/map/map.hpp"
#include "bpfmap/sys/bpf.hpp"
#include "probe.hpp"

namespace bpfmap::inline v0 {
namespace {

using detail::command_of;
using detail::creation_says;
using detail::kernel_error;
using detail::least_spec;
using detail::make_least;

constexpr std::size_t remembered_types = 64;
constexpr std::size_t remembered_operations = 32;

// 0: not probed yet; otherwise a Support, plus one.
using Answer = std::atomic<std::uint8_t>;
constinit std::array<std::array<Answer, remembered_operations>, remembered_types> answers{};

// Of LPM tries, 0: not tried yet; 1: the kernel honours conditions; 2: it ignores them.
constinit Answer trie_conditions{0};

Answer* answer_of(Operation operation, MapType type) noexcept {
  const auto row = static_cast<std::size_t>(type);
  const auto column = static_cast<std::size_t>(operation);
  const bool fits = row < remembered_types && column < remembered_operations;
  return fits ? &answers[row][column] : nullptr;
}

std::optional<Support> remembered(Operation operation, MapType type) noexcept {
  const Answer* const answer = answer_of(operation, type);
  const auto value = answer != nullptr ? answer->load(std::memory_order_relaxed) : std::uint8_t{0};
  return value == 0 ? std::nullopt : std::optional{static_cast<Support>(value - 1)};
}

Support remember(Operation operation, MapType type, Support support) noexcept {
  Answer* const answer = answer_of(operation, type);
  if (answer != nullptr && support != Support::not_permitted)
    answer->store(static_cast<std::uint8_t>(static_cast<int>(support) + 1),
                  std::memory_order_relaxed);
  return support;
}

}  // namespace

std::error_code detail::check_trie_conditions() noexcept {
  const auto error = [](bool kept) {
    return kept ? std::error_code{} : make_error_code(Errc::unsupported_operation);
  };
  if (const auto known = trie_conditions.load(std::memory_order_relaxed)) return error(known == 1);
  std::error_code ec;
  const Map trie = make_least(MapType::lpm_trie, MapFlags::none, ec);
  if (ec) return detail::means_not_permitted(ec.value()) ? std::error_code{} : ec;
  const Bytes key(trie.info().key_size);
  const Bytes value(trie.info().value_size);
  const int result =
      sys::map_update_elem(trie.fd(), key.data(), value.data(), to_underlying(UpdateFlags::exist));
  if (result != 0 && result != -ENOENT) return kernel_error(result);
  trie_conditions.store(result == 0 ? 2 : 1, std::memory_order_relaxed);
  return error(result != 0);
}

void detail::forget_support() noexcept {
  trie_conditions.store(0, std::memory_order_relaxed);
  for (auto& row : answers)
    for (Answer& answer : row) answer.store(0, std::memory_order_relaxed);
}

Support supports(MapType type, std::error_code& ec) noexcept {
  ec.clear();
  if (const auto known = remembered(Operation::create, type)) return *known;
  (void)make_least(type, MapFlags::none, ec);
  const auto support = creation_says(type, ec.value());
  if (!support) {
    ec = detail::record_create(least_spec(type), ec);
    return Support::no;
  }
  ec.clear();
  return remember(Operation::create, type, *support);
}

Support supports(Operation operation, MapType type, std::error_code& ec) noexcept {
  if (const auto known = remembered(operation, type)) {
    ec.clear();
    return *known;
  }
  if (operation == Operation::scan) {
    const Support batch = supports(Operation::lookup_batch, type, ec);
    if (ec || batch != Support::no) return batch;
    return supports(Operation::get_next_key, type, ec);
  }
  const Support has_type = supports(type, ec);
  if (ec || has_type != Support::yes || detail::of_every_map.contains(operation)) return has_type;
  if (!detail::probed.contains(operation)) return Support::no;
  // Such a map cannot be created here.
  if (type == MapType::struct_ops)
    return traits_of(type)->has_command(command_of(operation)) &&
                   command_of(operation) != MapCommands::none
               ? Support::yes
               : Support::no;
  const Support support =
      detail::without_bad_alloc(ec, [&] { return detail::probe(operation, type, ec); });
  if (!ec) return remember(operation, type, support);
  ec = detail::record_create(least_spec(type), ec);
  return Support::no;
}

Support supports(MapType type, MapFlags flags, std::error_code& ec) noexcept {
  const Support has_type = supports(type, ec);
  if (ec || has_type != Support::yes) return has_type;
  (void)make_least(type, flags, ec);
  // A kernel that knows the flag looks the descriptor up.
  constexpr MapFlags of_descriptors = MapFlags::token_fd | MapFlags::vtype_btf_obj_fd;
  if (ec.value() == EBADF && (flags & of_descriptors) != MapFlags::none) ec.clear();
  const auto support = creation_says(type, ec.value());
  if (!support) {
    MapSpec spec = least_spec(type);
    spec.flags = spec.flags | flags;
    ec = detail::record_create(spec, ec);
    return Support::no;
  }
  ec.clear();
  return *support;
}

Support supports(MapType type, BpfToken token, std::error_code& ec) noexcept {
  if (token.fd >= 0)
    (void)make_least(type, MapFlags::none, ec, token);
  else
    ec = kernel_error(-EBADF);
  const auto support = creation_says(type, ec.value());
  if (support) {
    ec.clear();
    return *support;
  }
  MapSpec spec = least_spec(type);
  spec.token_fd = token.fd;
  ec = detail::record_create(spec, ec);
  return Support::no;
}

Support supports(MapType type, BpfToken token) {
  std::error_code ec;
  const Support support = supports(type, token, ec);
  detail::throw_if(ec);
  return support;
}

Support supports(MapType type, MapFlags flags) {
  std::error_code ec;
  const Support support = supports(type, flags, ec);
  detail::throw_if(ec);
  return support;
}

Support supports(MapType type) {
  std::error_code ec;
  const Support support = supports(type, ec);
  detail::throw_if(ec);
  return support;
}

Support supports(Operation operation, MapType type) {
  std::error_code ec;
  const Support support = supports(operation, type, ec);
  detail::throw_if(ec);
  return support;
}

}  // namespace bpfmap::inline v0
