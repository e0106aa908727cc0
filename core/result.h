// Result<T>: a value or the reason why there is none.
//
// Used for everything that can fail because of input.  A broken invariant is a CHECK; a failing
// disk stops the node.  The member names are those of C++23's std::expected, so that one day this
// file becomes an alias.
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "core/check.h"
#include "core/error.h"

namespace fenrun {

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  // Implicit on purpose: `return value;` and `return Error{...};` read as what they are.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT
  Result(Errc code) : Result(Error{code, {}}) {}                             // NOLINT

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  // REQUIRES: has_value().
  const T& value() const& {
    CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  T& value() & {
    CHECK(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    CHECK(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  // REQUIRES: !has_value().
  const Error& error() const {
    CHECK(!has_value());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

// Success, or the reason for failure.  Success is a null pointer: it costs nothing to return, and
// what handles the error is not inlined into every caller.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(const Error& error);                     // NOLINT: as above.
  Result(Errc code) : Result(Error{code, {}}) {}  // NOLINT
  ~Result() {
    if (error_) destroy();
  }
  Result(const Result& other);
  Result& operator=(const Result& other);
  Result(Result&& other) noexcept : error_(std::exchange(other.error_, nullptr)) {}
  Result& operator=(Result&& other) noexcept {
    std::swap(error_, other.error_);
    return *this;
  }

  bool has_value() const { return error_ == nullptr; }
  explicit operator bool() const { return has_value(); }

  // REQUIRES: !has_value().
  const Error& error() const {
    CHECK(error_ != nullptr);
    return *error_;
  }

 private:
  void destroy();

  const Error* error_ = nullptr;  // Owned.
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
