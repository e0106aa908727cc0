#include "consensus/certificate.h"

#include "core/check.h"

namespace fenrun {

const CertificateStore::Slot* CertificateStore::slot(VoteKind kind, View view) const {
  const auto it = views_.find(view);
  if (it == views_.end()) return nullptr;
  const auto& found = it->second[static_cast<std::size_t>(kind)];
  return found.certificate ? &found : nullptr;
}

const Certificate* CertificateStore::find(VoteKind kind, View view) const {
  const auto* found = slot(kind, view);
  return found == nullptr ? nullptr : &*found->certificate;
}

const Certificate* CertificateStore::notarized(View view) const {
  const auto* found = find(VoteKind::notarize, view);
  return found != nullptr ? found : find(VoteKind::finalize, view);
}

void CertificateStore::insert(const Certificate& certificate) {
  const auto& subject = certificate.subject;
  CHECK(!has(subject.kind, subject.view));
  views_[subject.view][static_cast<std::size_t>(subject.kind)].certificate = certificate;
  if (subject.kind == VoteKind::finalize) finalized_.insert(subject.view);
  if (subject.kind != VoteKind::nullify) by_id_.emplace(subject.block_id, subject.view);
}

bool CertificateStore::logged(VoteKind kind, View view) const {
  const auto* found = slot(kind, view);
  CHECK(found != nullptr);
  return found->logged;
}

void CertificateStore::set_logged(VoteKind kind, View view) {
  CHECK(has(kind, view));
  views_[view][static_cast<std::size_t>(kind)].logged = true;
}

const Certificate* CertificateStore::highest_finalization() const {
  return finalized_.empty() ? nullptr : find(VoteKind::finalize, *finalized_.rbegin());
}

View CertificateStore::highest_notarized() const {
  for (auto it = views_.rbegin(); it != views_.rend(); ++it) {
    if (notarized(it->first) != nullptr) return it->first;
  }
  return View(0);
}

const Certificate* CertificateStore::any(View view) const {
  for (const auto kind : {VoteKind::finalize, VoteKind::notarize, VoteKind::nullify}) {
    if (const auto* found = find(kind, view)) return found;
  }
  return nullptr;
}

std::optional<View> CertificateStore::first_gap(View above, View below) const {
  auto it = views_.upper_bound(above);
  for (View view = above.next(); view < below; view = view.next(), ++it) {
    if (it == views_.end() || it->first != view) return view;
  }
  return std::nullopt;
}

std::optional<View> CertificateStore::first_parent_missing(View above) const {
  std::optional<View> lowest;
  for (auto it = views_.upper_bound(above); it != views_.end(); ++it) {
    const auto* certificate = notarized(it->first);
    if (certificate == nullptr) continue;
    const auto parent = certificate->subject.parent_view;
    if (parent <= above || notarized(parent) != nullptr) continue;
    if (!lowest || parent < *lowest) lowest = parent;
  }
  return lowest;
}

bool CertificateStore::all_nullified(View above, View below) const {
  for (View view = above.next(); view < below; view = view.next()) {
    if (!has(VoteKind::nullify, view)) return false;
  }
  return true;
}

std::vector<View> CertificateStore::views_of(const Digest& block_id) const {
  std::vector<View> found;
  for (auto it = by_id_.lower_bound({block_id, View(0)});
       it != by_id_.end() && it->first == block_id; ++it) {
    if (notarized(it->second)->subject.block_id == block_id) found.push_back(it->second);
  }
  return found;
}

std::vector<Certificate> CertificateStore::all_logged() const {
  std::vector<Certificate> found;
  for (const auto& [view, kinds] : views_) {
    for (const auto& entry : kinds) {
      if (entry.certificate && entry.logged) found.push_back(*entry.certificate);
    }
  }
  return found;
}

void CertificateStore::prune(View finalized) {
  const auto end = views_.upper_bound(finalized);
  for (auto it = views_.begin(); it != end; ++it) {
    for (const auto& entry : it->second) {
      if (entry.certificate) by_id_.erase({entry.certificate->subject.block_id, it->first});
    }
  }
  views_.erase(views_.begin(), end);
  finalized_.erase(finalized_.begin(), finalized_.upper_bound(finalized));
}

}  // namespace fenrun
