#include "node/json/families.h"

#include "contracts/keys.h"

namespace fenrun {

std::vector<OrderedFamily> ordered_families() {
  const RecordKey scopes[] = {party_scope(),
                              lane_scope(PartyId()),
                              policy_scope(),
                              payout_scope(),
                              period_scope(CampaignId()),
                              fund_scope(CampaignId()),
                              fault_count_scope(),
                              claim_bits_scope(UnitBatchId()),
                              history_bits_scope(UnitBatchId()),
                              commissioned_scope(UnitBatchId()),
                              voided_scope(UnitBatchId())};
  std::vector<OrderedFamily> families{kStatementFamily};
  for (const auto& scope : scopes) families.push_back({scope[0], scope.size()});
  return families;
}

}  // namespace fenrun
