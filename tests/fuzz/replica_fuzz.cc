// A replica in the midst of whatever an input makes of its world.
#include "tests/fuzz/replica_world.h"

namespace fenrun::fuzz {
namespace {

// Acts as ReplicaWorld::act() reads them, that lead a few blocks far.
std::vector<Bytes> replica_seeds() {
  const Bytes view{2, 2, 0, 0, 0, 10, 0, 0, 1, 0, 11, 0, 0, 0, 0, 3, 0, 0, 0,
                   3, 1, 0, 0, 6, 0,  0, 0, 3, 0, 2,  0, 3, 1, 2, 0, 9, 0, 0};
  const Bytes timeout{1, 255, 3, 0, 1, 3, 3, 1, 1, 3, 6, 1, 3, 0, 9, 0, 0};
  std::vector<Bytes> seeds;
  Bytes views;
  Bytes timeouts;
  for (int i = 0; i < 6; ++i) {
    append(views, view);
    append(timeouts, timeout);
    seeds.push_back(views);
    seeds.push_back(timeouts);
  }
  return seeds;
}

}  // namespace

FENRUN_FUZZ(replica, replica_seeds) {
  Choices choices(input);
  ReplicaWorld world;
  for (int acts = 0; acts < 400 && !choices.empty(); ++acts) world.act(choices);
  world.finish();
}

}  // namespace fenrun::fuzz
