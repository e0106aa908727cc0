#include "core/result.h"

namespace fenrun {

Result<void>::Result(const Error& error) : error_(new Error(error)) {}

Result<void>::Result(const Result& other)
    : error_(other.error_ ? new Error(*other.error_) : nullptr) {}

Result<void>& Result<void>::operator=(const Result& other) {
  if (this != &other) *this = Result(other);
  return *this;
}

void Result<void>::destroy() { delete error_; }

}  // namespace fenrun
