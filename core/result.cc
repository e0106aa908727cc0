#include "core/result.h"

namespace fenrun {

Failure::Failure(Errc code) : Failure(Error{code, {}}) {}

Failure::Failure(const Error& error) : error_(copy(error)) {}

const Error* Failure::copy(const Error& error) { return new Error(error); }

void Failure::destroy() { delete error_; }

}  // namespace fenrun
