// SPDX-License-Identifier: MIT
#include "bpfmap/error.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

namespace bpfmap {
namespace {

std::error_code kernel(int error) { return detail::kernel_error(-error); }

TEST(ErrorCategory, HasAName) { EXPECT_STREQ(category().name(), "bpfmap"); }

TEST(ErrorCategory, IsOne) {
  EXPECT_EQ(&category(), &make_error_code(Errc::index_out_of_range).category());
}

TEST(ErrorCategory, SaysAnErrnoBySymbolAndText) {
  EXPECT_EQ(kernel(E2BIG).message(), "E2BIG (Argument list too long)");
  EXPECT_EQ(kernel(EPERM).message(), "EPERM (Operation not permitted)");
  EXPECT_EQ(kernel(EBADFD).message(), "EBADFD (File descriptor in bad state)");
}

TEST(ErrorCategory, NamesTheKernelsOwnErrno) {
  EXPECT_EQ(kernel(524).message().rfind("ENOTSUPP (", 0), 0U);
}

TEST(ErrorCategory, GivesTheNumberOfWhatHasNoName) {
  EXPECT_EQ(kernel(4711).message(), "errno 4711");
}

TEST(ErrorCategory, ComparesWithErrc) {
  EXPECT_EQ(kernel(EPERM), std::errc::operation_not_permitted);
  EXPECT_EQ(kernel(EACCES), std::errc::permission_denied);
  EXPECT_EQ(kernel(ENOENT), std::errc::no_such_file_or_directory);
  EXPECT_EQ(kernel(EEXIST), std::errc::file_exists);
  EXPECT_EQ(kernel(E2BIG), std::errc::argument_list_too_long);
  EXPECT_EQ(kernel(ENOSPC), std::errc::no_space_on_device);
  EXPECT_EQ(kernel(EINVAL), std::errc::invalid_argument);
  EXPECT_EQ(kernel(EBADF), std::errc::bad_file_descriptor);
  EXPECT_EQ(kernel(EOPNOTSUPP), std::errc::operation_not_supported);
  EXPECT_NE(kernel(EPERM), std::errc::permission_denied);
}

TEST(ErrorCategory, ComparesWithErrcWhereTheSystemHasNone) {
  EXPECT_EQ(kernel(524), std::errc::not_supported);
  EXPECT_EQ(kernel(EBADFD), std::errc::bad_file_descriptor);
}

TEST(ErrorCategory, IsNotTheSystems) {
  const std::error_code system{EINVAL, std::system_category()};
  EXPECT_NE(kernel(EINVAL), system);
  EXPECT_EQ(kernel(EINVAL), system.default_error_condition());
}

TEST(Condition, OfAFullMapIsEqualToBothErrnosOfTheKernel) {
  static_assert(std::is_error_condition_enum_v<Condition>);
  EXPECT_EQ(kernel(E2BIG), Condition::map_full);
  EXPECT_EQ(kernel(ENOSPC), Condition::map_full);
  EXPECT_EQ(kernel(E2BIG), std::errc::argument_list_too_long);
  EXPECT_EQ(make_error_condition(Condition::map_full).message(), "the map is full");
}

TEST(Condition, OfAFullMapIsEqualToNothingElse) {
  EXPECT_NE(kernel(EPERM), Condition::map_full);  // 1, as map_full
  EXPECT_NE(std::error_code{}, Condition::map_full);
  EXPECT_NE(make_error_code(Errc::index_out_of_range), Condition::map_full);
  EXPECT_NE(std::make_error_code(std::errc::argument_list_too_long), Condition::map_full);
}

TEST(KernelError, IsNoneWhenACallSucceeds) {
  EXPECT_FALSE(detail::kernel_error(0));
  EXPECT_FALSE(detail::kernel_error(7));
  EXPECT_EQ(detail::kernel_error(-ENOENT).value(), ENOENT);
  EXPECT_EQ(&detail::kernel_error(-ENOENT).category(), &category());
}

struct Misuse {
  Errc error;
  std::errc condition;
};

// Every Errc.
std::vector<Misuse> misuses() {
  using enum std::errc;
  return {{Errc::wrong_key_size, invalid_argument},
          {Errc::wrong_value_size, invalid_argument},
          {Errc::map_is_percpu, invalid_argument},
          {Errc::map_is_not_percpu, invalid_argument},
          {Errc::no_such_cpu, invalid_argument},
          {Errc::wrong_cpu_count, invalid_argument},
          {Errc::wrong_value_count, invalid_argument},
          {Errc::values_not_stored, invalid_argument},
          {Errc::no_cpu_list, not_supported},
          {Errc::no_map, bad_file_descriptor},
          {Errc::wrong_map_type, invalid_argument},
          {Errc::out_of_range, result_out_of_range},
          {Errc::index_out_of_range, argument_list_too_long},
          {Errc::invalid_name, invalid_argument},
          {Errc::invalid_path, invalid_argument},
          {Errc::wrong_map_flags, invalid_argument},
          {Errc::invalid_prefix, invalid_argument},
          {Errc::incompatible_map, file_exists},
          {Errc::wrong_record_size, invalid_argument},
          {Errc::unsupported_operation, not_supported},
          {Errc::map_not_loaded, bad_file_descriptor},
          {Errc::no_btf, not_supported},
          {Errc::no_such_variable, invalid_argument},
          {Errc::not_pinned, no_such_file_or_directory},
          {Errc::map_changed, bad_file_descriptor},
          {Errc::wrong_layout, invalid_argument},
          {Errc::invalid_text, invalid_argument},
          {Errc::too_many_keys, argument_list_too_long},
          {Errc::misaligned_member, not_supported}};
}

TEST(Errc, ComparesWithItsCondition) {
  static_assert(std::is_error_code_enum_v<Errc>);
  for (const Misuse& row : misuses()) {
    const std::error_code code = row.error;
    SCOPED_TRACE(code.message());
    EXPECT_TRUE(code);
    EXPECT_EQ(code, row.error);
    EXPECT_EQ(code, row.condition);
    EXPECT_EQ(&code.category(), &category());
  }
}

TEST(Errc, HasAMessageOfItsOwn) {
  std::set<std::string> messages;
  for (const Misuse& row : misuses()) {
    const std::string message = make_error_code(row.error).message();
    EXPECT_NE(message.rfind("errno ", 0), 0U) << message;
    EXPECT_TRUE(messages.insert(message).second) << message;
  }
}

TEST(Errc, IsNoErrno) {
  for (const Misuse& row : misuses()) EXPECT_GT(static_cast<int>(row.error), 4095);
}

TEST(Errc, IsListedWhole) {
  const int behind = static_cast<int>(Errc::wrong_key_size) + static_cast<int>(misuses().size());
  EXPECT_EQ(kernel(behind).message(), "errno " + std::to_string(behind));
}

TEST(Operation, IsCalledAsTheApiSpellsIt) {
  constexpr std::string_view names[] = {"create",
                                        "open_pinned",
                                        "open_or_create",
                                        "from_id",
                                        "adopt",
                                        "duplicate",
                                        "view",
                                        "info",
                                        "lookup",
                                        "update",
                                        "erase",
                                        "get_next_key",
                                        "lookup_and_delete",
                                        "scan",
                                        "drain",
                                        "lookup_batch",
                                        "update_batch",
                                        "erase_batch",
                                        "mmap",
                                        "freeze",
                                        "pin",
                                        "unpin",
                                        "list",
                                        "encode",
                                        "decode",
                                        "poll",
                                        "consume",
                                        "reserve",
                                        "from",
                                        "reuse",
                                        "migrate",
                                        "iterate",
                                        "wait_for_programs",
                                        "in_kernel"};
  int number = 0;
  for (const std::string_view name : names) {
    EXPECT_EQ(to_string(static_cast<Operation>(number)), name);
    ++number;
  }
  EXPECT_EQ(to_string(Operation::in_kernel), "in_kernel");
  EXPECT_EQ(to_string(static_cast<Operation>(number)), "unknown operation");
}

TEST(Error, IsASystemError) {
  static_assert(std::is_base_of_v<std::system_error, Error>);
  static_assert(std::is_nothrow_copy_constructible_v<Error>);
  const Error error{kernel(E2BIG), Operation::update, 7, "the map is full"};
  EXPECT_EQ(error.code(), std::errc::argument_list_too_long);
  EXPECT_EQ(error.operation(), Operation::update);
  EXPECT_EQ(error.map_id(), 7U);
  EXPECT_STREQ(error.what(), "the map is full: E2BIG (Argument list too long)");
}

}  // namespace
}  // namespace bpfmap
