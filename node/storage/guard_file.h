// The checkpoint guard on disk: one small file a key.  docs/spec/storage.md, §9.
//
//   "FENRGARD" · u64 size · root[32] · u64 time · SHA-256 of all before
//
// A record that is damaged may not be guessed at: its key signs no checkpoint any more.
#pragma once

#include "ledger/checkpoint_guard.h"
#include "node/storage/file.h"

namespace fenrun {

Bytes encode_guard(const CheckpointGuard& guard);
// Errc::corruption for every other file.
Result<CheckpointGuard> decode_guard(ByteView bytes);

// In place of the one before; durable on return.  Errc::io_error.
Status save_guard_file(FileSystem& files, const Path& path, const CheckpointGuard& guard);

// Errc::not_found; Errc::corruption if the file is damaged; Errc::io_error.
Result<CheckpointGuard> load_guard_file(FileSystem& files, const Path& path);

}  // namespace fenrun
