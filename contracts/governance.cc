#include "contracts/governance.h"

#include <algorithm>

#include "contracts/members.h"
#include "contracts/parties.h"
#include "core/overloaded.h"

namespace fenrun {
namespace {

bool is_operator(const ValidatorList& validators, const PartyId& party) {
  return std::ranges::any_of(validators,
                             [&](const Validator& validator) { return validator.party == party; });
}

// What can be told of a change before anybody approves it.
Status take_up(OperationContext& context, const Change& change) {
  return std::visit(
      overloaded{
          [](const SetParameters& set) { return check_parameters(set.parameters); },
          [&](const AdmitMember& admit) {
            return check_member_change(context.block.chain_id(), admit);
          },
          [&](const RecoverParty& recover) { return announce_recovery(context, recover); },
          [](const auto&) { return Status(); },  // Checked when it takes effect.
      },
      change);
}

// `proposal` has the approvals that it needs.
Status take_effect(OperationContext& context, const ChangeProposal& proposal) {
  return std::visit(
      overloaded{
          [&](const SetParameters& set) {
            context.state().put(parameters_key(), encode(set.parameters));
            return Status();
          },
          [&](const AdmitParty& admit) {
            return admit_party(context.block, admit.registration, std::nullopt, context.position);
          },
          [&](const RecoverParty& recover) { return begin_recovery(context, recover, proposal); },
          [&](const auto& of_members) { return take_effect(context, of_members); },
      },
      proposal.terms.change);
}

// Adds the signer's approval, and lets the change take effect with the last one needed.
Status approve(OperationContext& context, const Digest& id, ChangeProposal proposal) {
  auto& state = context.state();
  const auto operators = validators(state);
  if (!is_operator(operators, context.signer)) {
    return Error{Errc::not_authorized, "not the operator of a validator"};
  }
  if (std::ranges::find(proposal.approvals, context.signer) != proposal.approvals.end()) {
    return Errc::already_signed;
  }
  // Whoever has left the set since has no say.
  std::erase_if(proposal.approvals,
                [&](const PartyId& party) { return !is_operator(operators, party); });
  proposal.approvals.push_back(context.signer);
  if (proposal.approvals.size() >= governance_quorum(operators.size())) {
    FENRUN_OK(take_effect(context, proposal));
    proposal.state = ProposalState::applied;
  }
  state.put(proposal_key(id), encode(proposal));
  return {};
}

}  // namespace

Status apply(OperationContext& context, const ProposeChange& operation) {
  FENRUN_OK(take_up(context, operation.change));
  const std::uint64_t height = context.height().value();
  if (operation.valid_until.value() < height ||
      operation.valid_until.value() > height + kValidityHeightsMax) {
    return Error{Errc::value_invalid, "valid_until: " + std::to_string(height) + " to " +
                                          std::to_string(height + kValidityHeightsMax)};
  }
  const Digest id = proposal_digest(operation);
  if (find_proposal(context.state(), id)) return Errc::proposal_exists;
  return approve(context, id, {operation, ProposalState::open, context.position, {}});
}

Status apply(OperationContext& context, const ApproveChange& operation) {
  auto proposal = find_proposal(context.state(), operation.proposal);
  if (!proposal) return Errc::proposal_unknown;
  if (proposal->state == ProposalState::applied) {
    return Error{Errc::already_signed, "the change has taken effect"};
  }
  if (proposal->terms.valid_until < context.height()) {
    return Error{Errc::proposal_unknown, "its last height has passed"};
  }
  return approve(context, operation.proposal, *std::move(proposal));
}

}  // namespace fenrun
