// Checks signatures on threads of its own and answers on the event loop's thread.
#pragma once

#include <cstdint>
#include <memory>

#include "node/batch_verifier.h"

namespace boost::asio {
class io_context;
}

namespace fenrun {

class ThreadVerifier final : public BatchVerifier {
 public:
  // REQUIRES: the io_context outlives the verifier; threads > 0.
  ThreadVerifier(boost::asio::io_context& io, std::uint32_t threads);
  // Waits for the checks under way; their answers are dropped with the io_context.
  ~ThreadVerifier() override;

  void check(BatchPiece piece, std::function<void(bool)> done) override;
  std::size_t parallel() const override { return parallel_; }
  std::uint64_t cpu_us() const override;

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
  std::size_t parallel_;  // One more for each thread, ready when it has done the first.
};

}  // namespace fenrun
