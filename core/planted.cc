#include "core/planted.h"

#ifdef FENRUN_PLANTED

#include <cstdio>
#include <cstdlib>

namespace fenrun {
namespace {

PlantedBug from_environment() {
  const char* name = std::getenv("FENRUN_PLANT");
  if (name == nullptr) return PlantedBug::none;
  const auto bug = planted_bug_named(name);
  if (bug) return *bug;
  std::fprintf(stderr, "FENRUN_PLANT: no bug is named %s\n", name);
  std::exit(2);
}

// The one mutable global of the pure folders: a bug is a property of the process, as a mistake in
// the source would be, and no parameter of a function that ships.
PlantedBug& chosen() {
  static PlantedBug bug = from_environment();
  return bug;
}

}  // namespace

bool planted(PlantedBug bug) { return chosen() == bug; }

void plant(PlantedBug bug) { chosen() = bug; }

}  // namespace fenrun

#endif
