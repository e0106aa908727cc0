// Lets the index lie on any FileSystem: LevelDB without a file, a thread, a clock or a lock of its
// own.  For nodes whose machine is simulated; on a real one LevelDB's own environment is better.
//
// What LevelDB leaves to a background thread waits here, until run_background() does it on the
// caller's thread: so equal calls change the disk equally.  An index runs it before each of its
// writes, which otherwise might wait for it for ever, and before it is closed; whoever drives the
// node runs it when the node is idle.
//
// One environment may serve several indexes of one process.  It ends with the process: what holds a
// lock in it does not after a crash.  Not thread-safe.
#pragma once

#include <memory>

#include "node/storage/file.h"

namespace leveldb {
class Env;
}

namespace fenrun {

class IndexEnvironment {
 public:
  // REQUIRES: `files` outlives it.
  explicit IndexEnvironment(FileSystem& files);
  // REQUIRES: every index in it is closed.
  ~IndexEnvironment();
  IndexEnvironment(const IndexEnvironment&) = delete;
  IndexEnvironment& operator=(const IndexEnvironment&) = delete;

  // Compacts what is due, until nothing is.  A disk that fails shows in the index's next write.
  void run_background();

  FileSystem& files() const;
  leveldb::Env& env() const;

 private:
  class Adapter;

  std::unique_ptr<Adapter> adapter_;
};

}  // namespace fenrun
