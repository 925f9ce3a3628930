// SPDX-License-Identifier: MIT
#include "told.hpp"

namespace bpfmap::test {

std::string told(std::error_code code, const EitherForm& call) {
  const std::size_t before = open_descriptors();
  detail::forget_failure();
  std::error_code ec = make_error_code(std::errc::io_error);  // of an earlier call
  call(ec);
  EXPECT_EQ(ec, code) << ec.message();
  const std::string explained = explain(ec);
  const Error error = error_of([&call] { call(); });
  EXPECT_EQ(error.code(), code) << error.what();
  EXPECT_EQ(error.what(), explained);
  EXPECT_EQ(open_descriptors(), before);
  return error.what();
}

std::string told(int error, const EitherForm& call) { return told(errno_code(error), call); }

}  // namespace bpfmap::test
