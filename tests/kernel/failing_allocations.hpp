// SPDX-License-Identifier: MIT
// Lets each allocation that an operation makes fail in turn.
#pragma once

#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <new>
#include <string>
#include <system_error>

#include "failing_new.hpp"
#include "faults.hpp"

namespace bpfmap::test {

/// An operation as a check of each_operation() and each_function(): the form with an error_code
/// gives ENOMEM, the other one throws that or std::bad_alloc; nothing is half done but what works
/// on many entries, and no descriptor is left open.
class FailAllocations {
 public:
  explicit FailAllocations(Subject& subject) noexcept : subject_(&subject) {}

  void operator()(const char* name, const EitherForm& call) const {
    subject_->renew();
    const Contents before = subject_->contents();
    const std::error_code plain = ended(call, SIZE_MAX, true);
    const Contents after = subject_->contents();
    for (const bool quiet : {true, false})
      for (std::size_t allowed = 0;; ++allowed) {
        SCOPED_TRACE(std::string{name} + (quiet ? "" : ", throwing,") + " with " +
                     std::to_string(allowed) + " allocations");
        ASSERT_LT(allowed, most);
        if (subject_->contents() != before) subject_->renew();
        const std::size_t open = open_descriptors();
        const std::error_code ec = ended(call, allowed, quiet);
        EXPECT_EQ(open_descriptors(), open);
        const Contents now = subject_->contents();
        if (ec == plain && now == after) break;
        EXPECT_EQ(ec, std::errc::not_enough_memory) << ec.message();
        EXPECT_TRUE(works_on_many(name) ? is_between(now, before, after)
                                        : ::testing::AssertionResult{now == before});
      }
  }

 private:
  static constexpr std::size_t most = 400;

  static std::error_code ended(const EitherForm& call, std::size_t allowed, bool quiet) {
    std::error_code ec;
    const FailingNew failing{allowed};
    try {
      if (quiet)
        call(ec);
      else
        call();
    } catch (const std::system_error& error) {
      ec = error.code();
    } catch (const std::bad_alloc&) {  // in the quiet form, by the caller's own room for values
      ec = std::make_error_code(std::errc::not_enough_memory);
    }
    return ec;
  }

  Subject* subject_;
};

}  // namespace bpfmap::test
