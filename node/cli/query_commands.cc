// fenrun query: the API's answers as tables.
#include <map>
#include <utility>

#include "core/text.h"
#include "node/cli/api_client.h"
#include "node/cli/commands.h"
#include "node/epcis/identifiers.h"

namespace fenrun::cli {
namespace {

constexpr std::size_t kRowsMaxDefault = 1'000;

struct QueryOptions {
  std::string id;
  std::map<std::string, std::string> filters = {};  // Those given, by name.
  std::size_t rows_max = kRowsMaxDefault;
};

// An option that leaves out the rest of a list.
struct Filter {
  std::string name;
  std::string description;
  std::string type = "TEXT";              // Or UINT.
  std::vector<std::string> choices = {};  // If only these are meant.
};

// A query for one thing or a list of things.
struct Query {
  std::string name = {};
  std::string summary = {};
  std::string example = {};
  std::string argument = {};  // What it asks for; empty if nothing.
  bool is_required = false;   // Else without the argument it lists.
  std::string target = {};    // Of the list, or of the thing without its argument.
  std::string suffix = {};    // Behind the argument.
  bool is_list = false;       // With the argument, too.
  std::vector<Filter> filters = {};
  std::vector<Column> columns = {};  // Of the list.
};

const Filter kOfCampaign{"campaign", "Only of this campaign", "UINT"};

std::vector<Query> party_queries() {
  return {
      {.name = "party",
       .summary = "One party, or all of them",
       .example = "fenrun query party 51515151515151515151515151515151",
       .argument = "party",
       .target = "/v1/parties",
       .columns = {{"party", "party"},
                   {"role", "role"},
                   {"channel", "attributes.channel"},
                   {"region", "attributes.region"},
                   {"parent", "parent"}}},
      {.name = "recoveries",
       .summary = "Parties that are about to get another key",
       .example = "fenrun query recoveries",
       .target = "/v1/recoveries",
       .columns = {{"party", "party"},
                   {"new key", "new_key"},
                   {"proposer", "proposer"},
                   {"approver", "approver"},
                   {"due", "due"}}},
      {.name = "statements",
       .summary = "The statements of a party, in minor units",
       .example = "fenrun query statements 51515151515151515151515151515151",
       .argument = "party",
       .is_required = true,
       .target = "/v1/parties",
       .suffix = "/statements",
       .is_list = true,
       .columns = {{"book", "account.book"},
                   {"campaign", "account.campaign"},
                   {"asset", "account.asset"},
                   {"period", "period"},
                   {"postings", "count"},
                   {"debits", "debits"},
                   {"credits", "credits"},
                   {"balance", "balance"}}},
  };
}

std::vector<Query> goods_queries() {
  return {
      {.name = "unit",
       .summary = "One unit of goods, by EPC or URI",
       .example = "fenrun query unit urn:epc:id:sgtin:6901234.156789.C0001",
       .argument = "epc",
       .is_required = true,
       .target = "/v1/units"},
      {.name = "counters",
       .summary = "What goods went through, by region or by store",
       .example = "fenrun query counters --store 51515151515151515151515151515151 --month 674",
       .target = "/v1/counters",
       .filters = {{.name = "by",
                    .description = "Else store where one is given, and region otherwise",
                    .choices = {"region", "store"}},
                   {"store", "Only of this store"},
                   {"batch", "Only of this code batch", "UINT"},
                   {"month", "Only of this month, counted from January 1970", "UINT"}},
       .columns = {{"month", "month"},
                   {"region", "region"},
                   {"store", "store"},
                   {"batch", "batch"},
                   {"received", "received"},
                   {"opened", "opened"},
                   {"sold", "sold"},
                   {"returned", "returned"},
                   {"diverted", "diverted"},
                   {"claimed", "claimed"},
                   {"elsewhere", "claimed_elsewhere"}}},
      {.name = "activities",
       .summary = "Orders, sales without codes, shares and displays",
       .example = "fenrun query activities --place 51515151515151515151515151515151",
       .target = "/v1/activities",
       .filters = {{"place", "Only of this party"},
                   {"kind", "Only of this kind, such as restock_order; with --place"}},
       .columns = {{"place", "place"},
                   {"kind", "kind"},
                   {"reference", "reference"},
                   {"time", "activity.time"},
                   {"counterparty", "activity.counterparty"},
                   {"value", "activity.value.amount"},
                   {"recorded at", "recorded_at"},
                   {"withdrawn at", "withdrawn_at"}}},
  };
}

std::vector<Query> campaign_queries() {
  return {
      {.name = "campaigns",
       .summary = "Campaigns",
       .example = "fenrun query campaigns",
       .target = "/v1/campaigns",
       .columns = {{"campaign", "campaign"}, {"brand", "brand"}, {"opened at", "opened_at"}}},
      {.name = "policy",
       .summary = "One policy, or all of them",
       .example = "fenrun query policy 1",
       .argument = "policy",
       .target = "/v1/policies",
       .columns = {{"policy", "policy"},
                   {"version", "version"},
                   {"campaign", "terms.campaign"},
                   {"stage", "stage"},
                   {"from", "terms.effective_from"},
                   {"until", "effective_until"},
                   {"digest", "digest"}}},
      {.name = "periods",
       .summary = "Periods",
       .example = "fenrun query periods --campaign 1",
       .target = "/v1/periods",
       .filters = {kOfCampaign},
       .columns = {{"campaign", "campaign"},
                   {"period", "period"},
                   {"kind", "kind"},
                   {"opens", "opens"},
                   {"closes", "closes"},
                   {"opened at", "opened_at"},
                   {"closed at", "closed_at"}}},
      {.name = "funds",
       .summary = "Budgets, in minor units: what was declared, and what of it is backed",
       .example = "fenrun query funds --campaign 1",
       .target = "/v1/funds",
       .filters = {kOfCampaign},
       .columns = {{"campaign", "campaign"},
                   {"asset", "asset"},
                   {"funder", "funder"},
                   {"declared", "declared"},
                   {"backed", "backed"},
                   {"earned", "earned"},
                   {"settled", "settled"}}},
      {.name = "payouts",
       .summary = "One payout, or all of them",
       .example = "fenrun query payouts",
       .argument = "payout",
       .target = "/v1/payouts",
       .columns = {{"payout", "payout"},
                   {"payee", "terms.payee"},
                   {"amount", "terms.amount"},
                   {"rail", "terms.rail"},
                   {"state", "state"},
                   {"attempt", "attempt"},
                   {"provider number", "provider_number"},
                   {"acknowledged", "acknowledged"}}},
  };
}

std::vector<Query> journal_queries() {
  return {
      {.name = "block",
       .summary = "One block, or the latest of them",
       .example = "fenrun query block 7",
       .argument = "height",
       .target = "/v1/blocks",
       .columns = {{"height", "height"},
                   {"time", "header.time"},
                   {"first", "first"},
                   {"last", "last"},
                   {"view", "header.view"}}},
      {.name = "entry",
       .summary = "One entry of the journal",
       .example = "fenrun query entry 12",
       .argument = "position",
       .is_required = true,
       .target = "/v1/entries"},
      {.name = "record",
       .summary = "The newest record of a key",
       .example = "fenrun query record 15",
       .argument = "hexkey",
       .is_required = true,
       .target = "/v1/records"},
      {.name = "unpaid",
       .summary = "What rules promised and nobody got, since the node's start (all: fenrun audit)",
       .example = "fenrun query unpaid",
       .target = "/v1/unpaid_earnings",
       .columns = {{"outcome", "outcome"},
                   {"time", "time"},
                   {"operation", "operation"},
                   {"policy", "policy"},
                   {"rule", "rule"},
                   {"amount", "amount"},
                   {"payee", "payee"}}},
      {.name = "parameters",
       .summary = "What the network has agreed on about itself",
       .example = "fenrun query parameters",
       .target = "/v1/parameters"},
      {.name = "checkpoint",
       .summary = "The newest checkpoint with a quorum of cosignatures",
       .example = "fenrun query checkpoint",
       .target = "/v1/checkpoint"},
  };
}

std::vector<Query> validator_queries() {
  return {
      {.name = "validators",
       .summary = "Who validates",
       .example = "fenrun query validators",
       .target = "/v1/validators",
       .columns = {{"index", "index"},
                   {"name", "name"},
                   {"party", "party"},
                   {"consensus key", "consensus_key"},
                   {"faults", "faults"}}},
      {.name = "members",
       .summary = "Which nodes may link",
       .example = "fenrun query members",
       .target = "/v1/members",
       .columns = {{"number", "number"},
                   {"name", "name"},
                   {"party", "party"},
                   {"validates", "validates"},
                   {"ready at", "ready.height"}}},
      {.name = "proposals",
       .summary = "Changes that the validators' organisations approve, open and applied",
       .example = "fenrun query proposals",
       .target = "/v1/proposals",
       .columns = {{"proposal", "proposal"},
                   {"change", "terms.change.type"},
                   {"name", "terms.change.name"},
                   {"party", "terms.change.party"},
                   {"key", "terms.change.transport_key"},
                   {"new key", "terms.change.new_key"},
                   {"changes", "changes"},
                   {"state", "state"},
                   {"until", "terms.valid_until"},
                   {"approvals", "approvals"}}},
      {.name = "evidence",
       .summary = "Votes of validators that exclude each other",
       .example = "fenrun query evidence",
       .target = "/v1/evidence",
       .columns = {{"evidence", "digest"},
                   {"party", "party"},
                   {"epoch", "evidence.first.epoch"},
                   {"view", "evidence.first.view"},
                   {"recorded at", "recorded_at"}}},
      {.name = "handover",
       .summary = "What an epoch left to the next",
       .example = "fenrun query handover 0",
       .argument = "epoch",
       .is_required = true,
       .target = "/v1/handovers"},
  };
}

bool is_listed(const Query& query, const QueryOptions& options) {
  return query.is_list || (options.id.empty() && !query.columns.empty());
}

// A unit may be named as documents name it.
Result<std::string> argument_of(const Query& query, const std::string& id) {
  if (query.name != "unit") return percent_encoded(id);
  std::string epc = id;
  if (id.find(':') != std::string::npos) {
    FENRUN_TRY(epc, epcis::canonical_epc(id));
  }
  return unit_segments(epc);
}

Result<Exit> run(const Session& session, const Query& query, const QueryOptions& options) {
  FENRUN_TRY(const auto client, ApiClient::create(session));
  std::string target = query.target;
  if (!options.id.empty()) {
    FENRUN_TRY(const auto argument, argument_of(query, options.id));
    target += "/" + argument + query.suffix;
  }
  char separator = '?';
  for (const auto& [name, value] : options.filters) {
    if (value.empty()) continue;
    target += std::exchange(separator, '&') + name + "=" + percent_encoded(value);
  }
  if (is_listed(query, options)) {
    FENRUN_TRY(const auto items, client.get_all(target, options.rows_max));
    session.show(items, [&](std::ostream& out) { print_table(out, items, query.columns); });
    if (items.size() == options.rows_max) {
      session.err << "Only the first " << options.rows_max << " rows: there may be more.\n";
    }
    return Exit::ok;
  }
  FENRUN_TRY(const auto answer, client.get(target));
  session.show(answer, [&](std::ostream& out) { print_fields(out, answer); });
  return Exit::ok;
}

void add_query(CLI::App& parent, Session& session, const Query& query) {
  const auto options = std::make_shared<QueryOptions>();
  CLI::App* const command = add_command(parent, query.name, query.summary, query.example);
  if (!query.argument.empty()) {
    command->add_option(query.argument, options->id)->required(query.is_required);
  }
  for (const auto& filter : query.filters) {
    CLI::Option* const option =
        command->add_option("--" + filter.name, options->filters[filter.name], filter.description)
            ->type_name(filter.type);
    if (!filter.choices.empty()) option->check(CLI::IsMember(filter.choices));
  }
  if (!query.columns.empty()) {
    command->add_option("--rows-max", options->rows_max, "How many rows at most")
        ->check(CLI::Range(1, 1'000'000));
  }
  command->callback([&session, options, query] {
    session.command = [&session, options, query] { return run(session, query, *options); };
  });
}

void add_lane(CLI::App& query, Session& session) {
  struct LaneOptions {
    std::string party;
    std::uint16_t lane = 0;
  };
  const auto options = std::make_shared<LaneOptions>();
  CLI::App* const command =
      add_command(query, "lane", "A lane of a party: the sequence of its next transaction",
                  "fenrun query lane 51515151515151515151515151515151");
  command->add_option("party", options->party, "Its id: 32 hex digits")->required();
  command->add_option("lane", options->lane, "The lane")->capture_default_str();
  command->callback([&session, options] {
    session.command = [&session, options] {
      const Query lane{.target = "/v1/parties",
                       .suffix = "/lanes/" + std::to_string(options->lane)};
      return run(session, lane, {.id = options->party});
    };
  });
}

}  // namespace

void add_query_commands(CLI::App& app, Session& session) {
  CLI::App* const query =
      add_command(app, "query", "Ask a node", "fenrun query funds --node http://127.0.0.1:7101");
  query->require_subcommand(1);
  add_query(*query, session,
            {.name = "status",
             .summary = "How the node and its network are",
             .example = "fenrun query status",
             .target = "/v1/status"});
  for (const auto& group : {party_queries(), goods_queries(), campaign_queries(), journal_queries(),
                            validator_queries()}) {
    for (const auto& one : group) add_query(*query, session, one);
  }
  add_lane(*query, session);
}

}  // namespace fenrun::cli
