#include "contracts/operations.h"

#include "core/overloaded.h"

namespace fenrun {

Result<OperationBytes> encode_operation(const Operation& operation) {
  auto bytes = encode(operation);
  if (bytes.size() > kOperationBytesMax) {
    return Error{Errc::limit_exceeded, "an operation of " + std::to_string(bytes.size()) +
                                           " bytes; at most " + std::to_string(kOperationBytesMax)};
  }
  return OperationBytes(std::move(bytes));
}

Result<Operation> decode_operation(ByteView bytes) {
  auto operation = decode<Operation>(bytes);
  if (!operation) return Error{Errc::operation_undecodable, operation.error().to_string()};
  return operation;
}

std::string_view name_of(const Operation& operation) {
  using Name = std::string_view;
  return std::visit(
      overloaded{
          [](const RegisterParty&) -> Name { return "register_party"; },
          [](const RotateKey&) -> Name { return "rotate_key"; },
          [](const ProposeRecovery&) -> Name { return "propose_recovery"; },
          [](const ApproveRecovery&) -> Name { return "approve_recovery"; },
          [](const ObjectToRecovery&) -> Name { return "object_to_recovery"; },
          [](const OpenLane&) -> Name { return "open_lane"; },
          [](const ProposeChange&) -> Name { return "propose_change"; },
          [](const ApproveChange&) -> Name { return "approve_change"; },
          [](const OpenCampaign&) -> Name { return "open_campaign"; },
          [](const PublishPolicy&) -> Name { return "publish_policy"; },
          [](const CountersignPolicy&) -> Name { return "countersign_policy"; },
          [](const OpenPeriod&) -> Name { return "open_period"; },
          [](const DeclareBudget&) -> Name { return "declare_budget"; },
          [](const AttestBacking&) -> Name { return "attest_backing"; },
          [](const OpenUnitBatch&) -> Name { return "open_unit_batch"; },
          [](const RecordEvent&) -> Name { return "record_event"; },
          [](const InstructPayout&) -> Name { return "instruct_payout"; },
          [](const SettlePayout&) -> Name { return "settle_payout"; },
          [](const AcknowledgePayout&) -> Name { return "acknowledge_payout"; },
          [](const ReplaceValidatorKeys&) -> Name { return "replace_validator_keys"; },
          [](const ReportReady&) -> Name { return "report_ready"; },
          [](const RecordEvidence&) -> Name { return "record_evidence"; },
          [](const RegisterCodes&) -> Name { return "register_codes"; },
          [](const VoidCodes&) -> Name { return "void_codes"; },
          [](const ClaimCode&) -> Name { return "claim_code"; },
          [](const AttestClaim&) -> Name { return "attest_claim"; },
          [](const EraseSubject&) -> Name { return "erase_subject"; },
          [](const RecordActivity&) -> Name { return "record_activity"; },
          [](const WithdrawActivity&) -> Name { return "withdraw_activity"; },
      },
      operation);
}

Digest proposal_digest(const ProposeChange& proposal) {
  return hash(Domain::governance, encode(proposal));
}

}  // namespace fenrun
