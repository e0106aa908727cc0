#include "contracts/policies.h"

#include <algorithm>

#include "contracts/epc.h"
#include "core/check.h"
#include "core/overloaded.h"
#include "ledger/ordered_family.h"

namespace fenrun {
namespace {

constexpr std::uint32_t kPpm = 1'000'000;

const PolicyV1& terms_of(const Policy& policy) {
  return std::visit(overloaded{[](const PolicyV1& v1) -> const PolicyV1& { return v1; }}, policy);
}

template <class List, class Item>
bool contains(const List& list, const Item& item) {
  return std::ranges::find(list, item) != list.end();
}

Error invalid_policy(std::string what) { return {Errc::value_invalid, std::move(what)}; }

Status check_countersigners(const PolicyV1& policy, const PartyId& publisher) {
  if (policy.countersigners.empty()) return invalid_policy("countersigners: at least one");
  for (auto it = policy.countersigners.begin(); it != policy.countersigners.end(); ++it) {
    if (*it == publisher) return invalid_policy("countersigners: the publisher is none");
    if (std::find(policy.countersigners.begin(), it, *it) != it) {
      return invalid_policy("countersigners: one is named twice");
    }
  }
  return {};
}

Status check_funding(const PolicyV1& policy, const PartyId& publisher) {
  std::uint64_t sum = 0;
  for (auto it = policy.funding.begin(); it != policy.funding.end(); ++it) {
    if (it->ppm == 0) return invalid_policy("funding: a share is zero");
    sum += it->ppm;
    // Nobody's budget is drawn upon by a rule that they did not sign.
    if (it->funder != publisher && !contains(policy.countersigners, it->funder)) {
      return invalid_policy("funding: a funder is neither publisher nor countersigner");
    }
    const auto is_same = [&](const FunderShare& other) { return other.funder == it->funder; };
    if (std::find_if(policy.funding.begin(), it, is_same) != it) {
      return invalid_policy("funding: a funder is named twice");
    }
  }
  if (sum != kPpm)
    return invalid_policy("funding: the shares sum to " + std::to_string(sum) + " ppm");
  return {};
}

// What only corrects, or only records, earns nothing: it could not be taken back.
bool can_be_earned_on(EventKind kind) {
  return kind != EventKind::void_shipping && kind != EventKind::releasing &&
         kind != EventKind::observed;
}

Status check_rule(const Rule& rule) {
  for (const auto& product : rule.selector.products) FENRUN_OK(check_gtin(product.value));
  if (rule.selector.only_at_holder && rule.trigger != EventKind::claiming) {
    return invalid_policy("rules: only_at_holder is for claims");
  }
  if (!can_be_earned_on(rule.trigger)) return invalid_policy("rules: a trigger that pays nothing");
  return std::visit(overloaded{[](const FlatPerEvent& flat) -> Status {
                      if (!flat.amount.is_positive()) return Errc::amount_not_positive;
                      // No event can be so large that its amount does not fit.
                      FENRUN_OK(scale_floor(flat.amount, kEventUnitsMax, 1));
                      return {};
                    }},
                    rule.earning);
}

std::uint16_t triggers_of(const PolicyV1& policy) {
  unsigned bits = 0;
  for (const auto& rule : policy.rules) bits |= 1u << static_cast<unsigned>(rule.trigger);
  return static_cast<std::uint16_t>(bits);
}

// Lets a policy end where a newer version begins.
void end_at(Overlay& state, PolicyInForce& entry, TimeMs end) {
  if (entry.effective_until <= end) return;
  entry.effective_until = end;
  auto record = find_policy(state, entry.policy, entry.version);
  CHECK(record.has_value());
  record->effective_until = end;
  update_linked(state, policy_key(entry.policy, entry.version), *record);
}

// Puts a policy whose last countersignature has come among those that events are matched against.
Status put_in_force(OperationContext& context, const PolicyV1& policy, const PartyId& brand) {
  auto& state = context.state();
  auto list = brand_policies(state, brand);
  if (list.policies.size() == kBrandPoliciesMax) {
    std::erase_if(list.policies, [&](const PolicyInForce& entry) {
      return entry.effective_until <= context.time();
    });
  }
  if (list.policies.size() == kBrandPoliciesMax) {
    return Error{Errc::limit_exceeded, "the brand's policies in force"};
  }
  PolicyInForce added{policy.policy,         policy.version,         policy.campaign,
                      triggers_of(policy),   policy.counts_by_store, policy.effective_from,
                      policy.effective_until};
  for (auto& entry : list.policies) {
    if (entry.policy == added.policy && entry.version < added.version) {
      end_at(state, entry, added.effective_from);
    }
  }
  for (const auto& entry : list.policies) {
    if (entry.policy == added.policy && entry.version > added.version) {
      end_at(state, added, entry.effective_from);
    }
  }
  const auto place = std::ranges::find_if(list.policies, [&](const PolicyInForce& entry) {
    return std::pair(entry.policy, entry.version) > std::pair(added.policy, added.version);
  });
  list.policies.insert(place, added);
  state.put(brand_policies_key(brand), encode(list));
  return {};
}

}  // namespace

Status check_policy(const PolicyV1& policy, const PartyId& publisher) {
  if (policy.policy.value() == 0) return invalid_policy("policy 0 means none");
  if (policy.effective_until <= policy.effective_from) return invalid_policy("effective_until");
  FENRUN_OK(check_countersigners(policy, publisher));
  FENRUN_OK(check_funding(policy, publisher));
  if (policy.rules.empty()) return invalid_policy("rules: at least one");
  for (const auto& rule : policy.rules) FENRUN_OK(check_rule(rule));
  if (encode(policy).size() > kPolicyBytesMax) {
    return Error{Errc::limit_exceeded,
                 "a policy has at most " + std::to_string(kPolicyBytesMax) + " bytes"};
  }
  return {};
}

Status apply(OperationContext& context, const OpenCampaign& operation) {
  auto& state = context.state();
  if (context.party.role != Role::brand) return Errc::role_not_allowed;
  if (operation.campaign.value() == 0) return invalid_policy("campaign 0 means none");
  if (find_campaign(state, operation.campaign)) return Errc::campaign_exists;
  state.put(campaign_key(operation.campaign),
            encode(Campaign{context.signer, operation.name, context.position}));
  open_scope(state, period_scope(operation.campaign));
  open_scope(state, fund_scope(operation.campaign));
  return {};
}

Status apply(OperationContext& context, const PublishPolicy& operation) {
  auto& state = context.state();
  const PolicyV1& policy = terms_of(operation.policy);
  const auto campaign = find_campaign(state, policy.campaign);
  if (!campaign) return Errc::campaign_unknown;
  if (campaign->brand != context.signer) return Errc::not_authorized;
  FENRUN_OK(check_policy(policy, context.signer));
  for (const auto& countersigner : policy.countersigners) {
    if (!find_party(state, countersigner)) return Error{Errc::party_unknown, "countersigners"};
  }
  const auto latest = latest_policy_version(state, policy.policy);
  if (policy.version > 0 && policy.version <= latest) return Errc::policy_exists;
  if (policy.version != latest + 1) {
    return invalid_policy("version: next is " + std::to_string(latest + 1));
  }
  if (latest > 0) {
    const auto before = find_policy(state, policy.policy, latest);
    CHECK(before.has_value());
    const auto& earlier = terms_of(before->terms);
    if (earlier.campaign != policy.campaign) return Error{Errc::policy_exists, "other campaign"};
    if (policy.effective_from <= earlier.effective_from) {
      return invalid_policy("effective_from: later than the version before");
    }
  }
  if (policy.effective_from <= context.time()) return Errc::policy_retroactive;
  insert_linked(state, policy_scope(), policy_key(policy.policy, policy.version),
                PolicyRecord{operation.policy,
                             context.signer,
                             PolicyStage::published,
                             policy.effective_until,
                             context.position,
                             {}});
  return {};
}

Status apply(OperationContext& context, const CountersignPolicy& operation) {
  auto& state = context.state();
  auto record = find_policy(state, operation.policy, operation.version);
  if (!record) return Errc::policy_unknown;
  if (operation.digest != policy_digest(record->terms)) return Errc::policy_digest_mismatch;
  const PolicyV1& policy = terms_of(record->terms);
  if (!contains(policy.countersigners, context.signer)) {
    return Error{Errc::not_authorized, "not among the countersigners"};
  }
  if (contains(record->countersigned, context.signer)) return Errc::already_signed;
  if (policy.effective_from <= context.time()) return Errc::policy_retroactive;
  record->countersigned.push_back(context.signer);
  if (record->countersigned.size() == policy.countersigners.size()) {
    record->stage = PolicyStage::countersigned;
  }
  update_linked(state, policy_key(operation.policy, operation.version), *record);
  if (record->stage == PolicyStage::countersigned) {
    FENRUN_OK(put_in_force(context, policy, record->publisher));
  }
  return {};
}

}  // namespace fenrun
