// Pieces of work that can be done again and again: Google Benchmark tells how long one takes here,
// scripts/budget how many instructions it takes anywhere.
//
// Each does the same in every round, whatever the machine: no clock, no chance but from a fixed
// seed, and nothing is kept from one round to the next.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace fenrun::micro {

// Ready to be done.  What it works on lives as long as the function.
struct Work {
  std::size_t operations = 0;  // In a round; costs are told per operation.
  std::function<void()> round;
};

struct NamedWork {
  std::string name;
  std::function<Work()> prepare;  // May take long, and is no part of what is measured.
};

std::vector<NamedWork> codec_work();
std::vector<NamedWork> hashing_work();
std::vector<NamedWork> tree_work();
std::vector<NamedWork> proof_work();
std::vector<NamedWork> apply_block_work();
std::vector<NamedWork> replica_step_work();

}  // namespace fenrun::micro
