// overloaded{lambdas...}: one visitor of a std::variant out of several lambdas.
#pragma once

namespace fenrun {

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};
// clang 14 does not deduce aggregates yet.
template <class... Ts>
overloaded(Ts...) -> overloaded<Ts...>;

}  // namespace fenrun
