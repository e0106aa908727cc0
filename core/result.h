// Result<T>: a value or the reason why there is none.
//
// Used for everything that can fail because of input.  A broken invariant is a CHECK; a failing
// disk stops the node.  The member names are those of C++23's std::expected, so that one day this
// file becomes an alias.
#pragma once

#include <optional>
#include <utility>

#include "core/check.h"
#include "core/error.h"

namespace fenrun {

// The reason of a failure, or none.  None is a null pointer: it costs nothing to hand on, and what
// handles a reason is not inlined into every caller.
class Failure {
 public:
  Failure() = default;
  explicit Failure(Errc code);
  explicit Failure(const Error& error);
  ~Failure() {
    if (error_) destroy();
  }
  Failure(const Failure& other) : error_(other.error_ ? copy(*other.error_) : nullptr) {}
  Failure& operator=(const Failure& other) { return *this = Failure(other); }
  Failure(Failure&& other) noexcept : error_(std::exchange(other.error_, nullptr)) {}
  Failure& operator=(Failure&& other) noexcept {
    std::swap(error_, other.error_);
    return *this;
  }

  bool is_none() const { return error_ == nullptr; }

  // REQUIRES: !is_none().
  const Error& error() const {
    CHECK(error_ != nullptr);
    return *error_;
  }

 private:
  static const Error* copy(const Error& error);
  void destroy();

  const Error* error_ = nullptr;  // Owned.
};

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  // Implicit on purpose: `return value;` and `return Error{...};` read as what they are.
  Result(T value) : value_(std::move(value)) {}    // NOLINT
  Result(const Error& error) : failure_(error) {}  // NOLINT
  Result(Errc code) : failure_(code) {}            // NOLINT

  bool has_value() const { return value_.has_value(); }
  explicit operator bool() const { return has_value(); }

  // REQUIRES: has_value().
  const T& value() const& {
    CHECK(has_value());
    return *value_;
  }
  T& value() & {
    CHECK(has_value());
    return *value_;
  }
  T&& value() && {
    CHECK(has_value());
    return *std::move(value_);
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  // REQUIRES: !has_value().
  const Error& error() const { return failure_.error(); }

 private:
  std::optional<T> value_;
  Failure failure_;  // None if there is a value.
};

// Success, or the reason for failure.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(const Error& error) : failure_(error) {}  // NOLINT: as above.
  Result(Errc code) : failure_(code) {}            // NOLINT

  bool has_value() const { return failure_.is_none(); }
  explicit operator bool() const { return has_value(); }

  // REQUIRES: !has_value().
  const Error& error() const { return failure_.error(); }

 private:
  Failure failure_;
};

using Status = Result<void>;

}  // namespace fenrun

#define FENRUN_CONCAT_INNER(a, b) a##b
#define FENRUN_CONCAT(a, b) FENRUN_CONCAT_INNER(a, b)

// FENRUN_TRY(const auto vote, Vote::decode(in)): binds the value, or returns the error.
#define FENRUN_TRY(declaration, expression) \
  FENRUN_TRY_NAMED(FENRUN_CONCAT(fenrun_result_, __LINE__), declaration, expression)
#define FENRUN_TRY_NAMED(name, declaration, expression) \
  auto name = (expression);                             \
  if (!name) return name.error();                       \
  declaration = *std::move(name)

// FENRUN_OK(check_linkage(header)): returns the error of a Status, if there is one.
#define FENRUN_OK(expression) \
  if (auto fenrun_status = (expression); !fenrun_status) return fenrun_status.error()
