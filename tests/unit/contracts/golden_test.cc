// Rebates as stories: tests/golden/contracts/*.golden.
//
// The network of tests/support/world.h: a brand, its distributor "east", an auditor, a custodian.
// Every command that names a signer is one transaction in a block of its own, a second after the
// one before; its outcome and its Postings are printed.  Times +S are seconds from now.
//   party NAME ROLE under PARENT                 PARENT registers a store, organizer, ...
//   campaign                                     the brand opens campaign 1
//   policy V RULE... from +S shares A:PPM,B:PPM  the brand publishes version V of policy 1;
//                                                RULE is KIND/PAYEE/FEN/BASIS
//   countersign NAME V                           every funder but the brand is a countersigner
//   period N from +S to +S
//   budget NAME FEN   |   attest NAME FUNDER FEN
//   commission COUNT                             items 0.. of batch 1
//   receive|sell NAME at PLACE ITEMS             ITEMS: comma-separated
//   instruct ID PAYEE PERIOD FEN | settle ID ATTEMPT paid|failed | acknowledge NAME ID
//   wait S
//   funds | statements NAME                      print what is there
#include "tests/support/golden.h"

#include <gtest/gtest.h>

#include <array>
#include <sstream>

#include "ledger/ordered_family.h"
#include "tests/support/world.h"

namespace fenrun::test {
namespace {

constexpr std::array kBooks{"external", "fund", "payable", "instructed"};
constexpr std::array kPostings{"budget", "earning", "instruct", "settle", "fail", "reversal"};
constexpr std::array kEvents{
    "commissioning", "receiving", "retail_selling", "packing",   "unpacking", "opening", "shipping",
    "void_shipping", "returning", "destroying",     "releasing", "observed",  "claiming"};
constexpr std::array kPayees{"place", "place_parent", "event_signer"};
constexpr std::array kBases{"per_event", "per_unit"};
constexpr std::array kEarningOutcomes{"earned", "budget_exhausted", "no_payee", "reversed",
                                      "owed_back"};
constexpr std::array kRoles{"brand",   "distributor", "subdistributor", "store",    "organizer",
                            "auditor", "gateway",     "device",         "custodian"};

template <class E, std::size_t N>
E enum_named(const std::array<const char*, N>& names, const std::string& name) {
  const auto it = std::ranges::find(names, name);
  CHECK(it != names.end());
  return static_cast<E>(it - names.begin());
}

template <class E, std::size_t N>
std::string name_in(const std::array<const char*, N>& names, E value) {
  return names.at(static_cast<std::size_t>(value));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string item; std::getline(in, item, separator);) out.push_back(item);
  return out;
}

class Story {
 public:
  std::string run(const std::string& line) {
    words_ = split(line, ' ');
    out_.clear();
    const auto& command = words_.at(0);
    if (command == "wait") {
      world_.wait(1'000 * std::stoul(words_.at(1)));
      print_system();
    } else if (command == "funds") {
      print_funds();
    } else if (command == "statements") {
      print_statements(words_.at(1));
    } else {
      transact(command);
    }
    return out_;
  }

 private:
  void transact(const std::string& command) {
    if (command == "party") {
      names_.push_back(words_.at(1));
      submit(words_.at(4),
             registration(words_.at(1), enum_named<Role>(kRoles, words_.at(2)), words_.at(4)));
    } else if (command == "campaign") {
      submit("brand", OpenCampaign{kCampaign, {}});
    } else if (command == "policy") {
      submit("brand", PublishPolicy{policy()});
    } else if (command == "countersign") {
      const auto version = static_cast<std::uint32_t>(std::stoul(words_.at(2)));
      submit(words_.at(1), CountersignPolicy{kPolicy, version, digests_.at(version)});
    } else if (command == "period") {
      submit("brand", OpenPeriod{kCampaign, period(1), PeriodKind::per_event, time(3), time(5)});
    } else if (command == "budget") {
      submit(words_.at(1), DeclareBudget{kCampaign, AssetId(0), fen(2)});
    } else if (command == "attest") {
      submit(words_.at(1), AttestBacking{party_named(words_.at(2)), kCampaign, AssetId(0), fen(3),
                                         digest_named("deposit")});
    } else if (command == "commission") {
      commission_items(world_, std::stoi(words_.at(1)));
      print("ok");
    } else if (command == "receive" || command == "sell") {
      report(command == "sell" ? EventKind::retail_selling : EventKind::receiving);
    } else if (command == "instruct") {
      submit("brand", InstructPayout{payout_named(words_.at(1)), party_named(words_.at(2)),
                                     kCampaign, AssetId(0), period(3), fen(4), Rail::wechat});
    } else if (command == "settle") {
      const auto result = words_.at(3) == "paid" ? PayoutResult::paid : PayoutResult::failed;
      submit("brand", SettlePayout{payout_named(words_.at(1)),
                                   static_cast<std::uint32_t>(std::stoul(words_.at(2))), result,
                                   digest_named("callback")});
    } else if (command == "acknowledge") {
      submit(words_.at(1), AcknowledgePayout{payout_named(words_.at(2))});
    } else {
      ADD_FAILURE() << "unknown command: " << command;
    }
  }

  Amount fen(std::size_t word) const { return Amount::minor(std::stol(words_.at(word))); }
  PeriodId period(std::size_t word) const {
    return PeriodId(static_cast<std::uint32_t>(std::stoul(words_.at(word))));
  }
  TimeMs time(std::size_t word) const {
    return world_.in(1'000 * std::stoul(words_.at(word).substr(1)));
  }

  PolicyV1 policy() {
    PolicyV1 policy;
    policy.policy = kPolicy;
    policy.version = static_cast<std::uint32_t>(std::stoul(words_.at(1)));
    policy.campaign = kCampaign;
    std::size_t word = 2;
    for (; words_.at(word) != "from"; ++word) {
      const auto parts = split(words_[word], '/');
      Rule rule;
      rule.trigger = enum_named<EventKind>(kEvents, parts.at(0));
      rule.payee = enum_named<Payee>(kPayees, parts.at(1));
      rule.earning = FlatPerEvent{Amount::minor(std::stol(parts.at(2))),
                                  enum_named<Basis>(kBases, parts.at(3))};
      policy.rules.push_back(rule);
    }
    policy.effective_from = time(word + 1);
    policy.effective_until = world_.in(1'000'000'000);
    for (const auto& share : split(words_.at(word + 3), ',')) {
      const auto parts = split(share, ':');
      policy.funding.push_back(
          {party_named(parts.at(0)), static_cast<std::uint32_t>(std::stoul(parts.at(1)))});
      if (parts[0] != "brand") policy.countersigners.push_back(party_named(parts[0]));
    }
    digests_[policy.version] = policy_digest(policy);
    return policy;
  }

  void report(EventKind kind) {
    std::vector<EpcText> units;
    for (const auto& serial : split(words_.at(4), ',')) units.push_back(item(std::stoi(serial)));
    const auto document = "document " + std::to_string(++documents_);
    submit(words_.at(1), event(kind, words_.at(3), units, document, world_.time()));
    const auto recorded = find_event(world_.state(), {digest_named(document), 0, 0});
    if (!recorded) return;
    for (const auto& earning : recorded->earnings) {
      print("  version " + std::to_string(earning.version) + ", rule " +
            std::to_string(earning.rule) + ": " + name_in(kEarningOutcomes, earning.outcome) +
            ", " + std::to_string(earning.amount.units()) + " for " +
            std::to_string(earning.units) + " units");
    }
  }

  void submit(const std::string& signer, const Operation& operation) {
    const Errc outcome = world_.run(signer, operation);
    print(std::string(name_of(operation)) + ": " + std::string(name_of(outcome)));
    print_system();
    for (const auto& posting : world_.entries_of<Posting>()) {
      print("  " + name_in(kPostings, posting.kind) + " " + std::to_string(posting.amount.units()) +
            ": " + side(posting.source) + " -> " + side(posting.destination));
    }
  }

  void print(const std::string& line) { out_ += line + "\n"; }

  void print_system() {
    const auto count = world_.entries_of<SystemEntry>().size();
    if (count > 0) print("  " + std::to_string(count) + " piece(s) of system work");
  }

  std::string side(const PostingSide& side) const {
    for (const auto& name : names_) {
      if (party_named(name) == side.party) return name + "." + name_in(kBooks, side.book);
    }
    UNREACHABLE();
  }

  void print_funds() {
    for (const auto& name : names_) {
      const auto fund = find_fund(world_.state(), kCampaign, AssetId(0), party_named(name));
      if (!fund) continue;
      print(name + ": declared " + std::to_string(fund->declared.units()) + ", backed " +
            std::to_string(fund->backed.units()) + ", earned " +
            std::to_string(fund->earned.units()) + ", settled " +
            std::to_string(fund->settled.units()));
    }
  }

  // The whole list of the party's statements, as its links give it.
  void print_statements(const std::string& name) {
    const auto scope = statement_scope(party_named(name));
    for (auto key = next_linked(world_.state(), scope); key;
         key = next_linked(world_.state(), *key)) {
      const auto id = *statement_from_key(*key);
      const auto found = statement(world_.state(), id);
      print(name_in(kBooks, id.account.book) + " of period " + std::to_string(id.period.value()) +
            ": " + std::to_string(found.count) + " postings, balance " +
            std::to_string(balance(found).units()));
    }
  }

  World world_;
  std::vector<std::string> names_{"brand", "east", "auditor", "custodian"};
  std::map<std::uint32_t, Digest> digests_;
  std::vector<std::string> words_;
  std::string out_;
  int documents_ = 0;
};

class GoldenContracts : public testing::TestWithParam<std::string> {};

TEST_P(GoldenContracts, Reads) {
  Story story;
  const auto script =
      std::filesystem::path(FENRUN_GOLDEN_DIR) / "contracts" / (GetParam() + ".golden");
  testing_support::run_golden(script, [&](const std::string& line) { return story.run(line); });
}

INSTANTIATE_TEST_SUITE_P(Stories, GoldenContracts,
                         testing::Values("from_sale_to_payment", "broken_promises",
                                         "rules_change_forward_only"),
                         [](const auto& script) { return script.param; });

}  // namespace
}  // namespace fenrun::test
