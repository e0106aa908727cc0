#include "node/checkpointer.h"

#include "core/check.h"
#include "core/planted.h"
#include "ledger/merkle/tree.h"
#include "node/storage/guard_file.h"

namespace fenrun {
namespace {

// Sizes of one validator that wait to be counted; its oldest make room.
constexpr std::size_t kWaitingPerValidatorMax = 64;

}  // namespace

Status Checkpointer::create_guard(FileSystem& files, const Path& guard_path) {
  return save_guard_file(files, guard_path, CheckpointGuard::above(0));
}

Result<Checkpointer> Checkpointer::open(Options options, FileSystem& files,
                                        const Path& guard_path) {
  Checkpointer checkpointer(std::move(options), files, guard_path);
  if (!checkpointer.options_.key) return checkpointer;
  FENRUN_TRY(const auto guard, load_guard_file(files, guard_path));
  // It may be what a process left that died before its name was synced; it is relied upon at once.
  FENRUN_OK(save_guard_file(files, guard_path, guard));
  checkpointer.guard_ = guard;
  return checkpointer;
}

void Checkpointer::begin_epoch(const std::vector<CheckpointSigner>& validators,
                               std::size_t quorum) {
  validators_.clear();
  for (const auto& validator : validators) validators_.emplace(validator.name, validator.key);
  quorum_ = quorum;
  collected_.clear();
  own_latest_.reset();
}

Result<PublicKey> Checkpointer::key_of(const std::string& name) const {
  const auto it = validators_.find(name);
  if (it == validators_.end()) return Error{Errc::cosigner_unknown, name};
  return it->second;
}

Result<std::optional<CheckpointSignatures>> Checkpointer::sign_tip(const Journal& journal,
                                                                   std::uint64_t now_s) {
  using Signatures = std::optional<CheckpointSignatures>;
  if (!guard_) return Signatures();
  const auto registered = key_of(options_.self);
  if (!registered || *registered != options_.key->public_key()) return Signatures();
  const std::uint64_t size = journal.tip().position.value() + 1;
  const CheckpointBody body{options_.origin, size, journal.root()};
  const auto next = may_sign(*guard_, body, now_s);
  // A guard ahead of the journal: the journal is an older copy, and its node catches up first.
  if (!next) return Signatures();
  // With the bug the file is written as the next guard is made: one signature late.
  const auto& durable = planted(PlantedBug::guard_not_synced) ? *guard_ : *next;
  FENRUN_OK(save_guard_file(*files_, guard_path_, durable));
  guard_ = *next;

  CheckpointSignatures signatures;
  signatures.size = size;
  signatures.root = body.root;
  signatures.time = next->time_s;
  const auto log_line = log_signature_line(*options_.key, body);
  FENRUN_TRY(signatures.log_signature, Signature::from(log_line.bytes));
  const auto cosignature = cosignature_line(
      *options_.key, cosigner_name(options_.origin, options_.self), body, next->time_s);
  FENRUN_TRY(signatures.cosignature, Signature::from(ByteView(cosignature.bytes).subspan(8)));
  own_latest_ = signatures;
  keep(options_.self, signatures);
  return Signatures(signatures);
}

void Checkpointer::stop_signing() {
  guard_.reset();
  own_latest_.reset();
}

Status Checkpointer::sign_only_above(std::uint64_t size) {
  if (!guard_ || guard_->size >= size) return {};
  auto next = CheckpointGuard::above(size);
  next.time_s = guard_->time_s;
  FENRUN_OK(save_guard_file(*files_, guard_path_, next));
  guard_ = next;
  own_latest_.reset();
  return {};
}

namespace {

struct Lines {
  NoteSignature log;
  NoteSignature cosignature;
};

Lines lines_of(const std::string& origin, const CheckpointSigner& signer,
               const CheckpointSignatures& signatures) {
  const VerifierKey log{origin, NoteKeyType::log, signer.key};
  const VerifierKey cosigner{cosigner_name(origin, signer.name), NoteKeyType::cosignature,
                             signer.key};
  Bytes timed;
  for (unsigned shift = 64; shift > 0; shift -= 8) {
    timed.push_back(static_cast<std::uint8_t>(signatures.time >> (shift - 8)));
  }
  append(timed, signatures.cosignature.view());
  return {{log.name, log.id(), to_bytes(signatures.log_signature.view())},
          {cosigner.name, cosigner.id(), std::move(timed)}};
}

}  // namespace

Status Checkpointer::check(const std::string& from, const CheckpointSignatures& signatures) const {
  FENRUN_TRY(const auto key, key_of(from));
  const CheckpointSigner signer{from, key};
  const CheckpointBody body{options_.origin, signatures.size, signatures.root};
  const auto lines = lines_of(options_.origin, signer, signatures);
  const VerifierKey log{lines.log.name, NoteKeyType::log, signer.key};
  const VerifierKey cosigner{lines.cosignature.name, NoteKeyType::cosignature, signer.key};
  if (const auto time = verify_note_signature(log, lines.log, body); !time) return time.error();
  if (const auto time = verify_note_signature(cosigner, lines.cosignature, body); !time) {
    return time.error();
  }
  return {};
}

void Checkpointer::keep(const std::string& from, const CheckpointSignatures& signatures) {
  collected_[signatures.size][from] = signatures;
  std::size_t waiting = 0;
  for (auto it = collected_.rbegin(); it != collected_.rend(); ++it) {
    if (!it->second.contains(from)) continue;
    if (++waiting > kWaitingPerValidatorMax) it->second.erase(from);
  }
  std::erase_if(collected_, [](const auto& item) { return item.second.empty(); });
}

Status Checkpointer::add(const std::string& from, const CheckpointSignatures& signatures,
                         const Journal& journal) {
  if (signatures.size == 0 || (cosigned_ && signatures.size <= cosigned_->size)) return {};
  FENRUN_OK(check(from, signatures));
  keep(from, signatures);
  return count(signatures.size, journal);
}

Status Checkpointer::advance(const Journal& journal) {
  std::vector<std::uint64_t> sizes;
  for (const auto& [size, signatures] : collected_) sizes.push_back(size);
  Status status;
  for (auto it = sizes.rbegin(); it != sizes.rend(); ++it) {
    if (auto counted = count(*it, journal); !counted) status = counted;
  }
  return status;
}

std::vector<std::string> Checkpointer::lacking(std::uint64_t size) const {
  const auto it = collected_.find(size);
  std::vector<std::string> names;
  for (const auto& [name, key] : validators_) {
    if (it == collected_.end() || !it->second.contains(name)) names.push_back(name);
  }
  return names;
}

Status Checkpointer::count(std::uint64_t size, const Journal& journal) {
  const auto it = collected_.find(size);
  if (it == collected_.end() || it->second.size() < quorum_) return {};
  if (size > journal.store().size()) return {};
  const auto bytes = journal.store().entry(Position(size - 1));
  if (!bytes && bytes.error().code == Errc::not_found) {
    collected_.erase(it);  // Of before the snapshot with which this journal begins.
    return {};
  }
  if (!bytes) return bytes.error();
  FENRUN_TRY(const auto entry, decode_entry(*bytes));
  const auto* header = std::get_if<Header>(&entry);
  const Digest root = merkle_root(
      size, [&](unsigned level, std::uint64_t index) { return journal.node(level, index); });

  // A signer of something else must not keep the others from being counted.
  Status status;
  std::erase_if(it->second, [&](const auto& item) {
    if (header && item.second.root == root) return false;
    status = Error{Errc::consistency_invalid,
                   item.first + " signed another ledger of size " + std::to_string(size)};
    return true;
  });
  if (it->second.size() < quorum_) return status;

  SignedNote note;
  note.body = {options_.origin, size, root};
  for (const auto& [name, signatures] : it->second) {
    auto lines = lines_of(options_.origin, {name, validators_.at(name)}, signatures);
    note.signatures.push_back(std::move(lines.log));
    note.signatures.push_back(std::move(lines.cosignature));
  }
  sort_signatures(note);
  cosigned_ = CosignedCheckpoint{header->height, size, print(note)};
  collected_.erase(collected_.begin(), collected_.upper_bound(size));
  return status;
}

}  // namespace fenrun
