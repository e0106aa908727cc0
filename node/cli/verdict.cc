#include "node/cli/verdict.h"

#include <algorithm>
#include <array>

#include "contracts/records.h"
#include "contracts/system_work.h"
#include "core/overloaded.h"
#include "core/text.h"
#include "node/cli/life_report.h"
#include "node/cli/proof_words.h"
#include "node/json/reflect.h"
#include "node/json/time.h"
#include "node/json/views.h"

namespace fenrun::cli {
namespace {

std::string time_text(TimeMs time) { return to_rfc3339(std::min(time, kRfc3339Max)); }
std::string time_text_s(std::uint64_t seconds) {
  constexpr std::uint64_t kSecondsMax = kRfc3339Max.value() / 1'000;
  return to_rfc3339(TimeMs(std::min(seconds, kSecondsMax) * 1'000));
}

std::string hex(ByteView bytes) { return to_hex(bytes); }

const PartySigner& signer_of(const TransactionEntry& transaction) {
  return std::get<PartySigner>(transaction.body.signer);
}

struct Phrase {
  std::string_view english;
  std::string_view chinese;
};

Phrase phrase_of(EventKind kind) {
  switch (kind) {
    case EventKind::commissioning:
      return {"reports that goods were given their codes", "上报产品赋码"};
    case EventKind::receiving:
      return {"reports that goods were received", "上报收货"};
    case EventKind::retail_selling:
      return {"reports that goods were sold to a consumer", "上报零售"};
    case EventKind::packing:
      return {"reports that goods were packed into a container", "上报装箱"};
    case EventKind::unpacking:
    case EventKind::opening:
      return {"reports that a container was opened", "上报开箱"};
    case EventKind::shipping:
      return {"reports that goods were shipped", "上报发货"};
    case EventKind::void_shipping:
      return {"reports that a shipping did not take place", "上报撤销发货"};
    case EventKind::returning:
      return {"reports that goods came back", "上报退货"};
    case EventKind::destroying:
      return {"reports that goods were taken out of use", "上报报废"};
    case EventKind::releasing:
      return {"lets go of goods that were held as diverted", "解除窜货冻结"};
    case EventKind::observed:
      return {"reports an event that changes nothing", "上报其他事件（仅记录）"};
    case EventKind::claiming:
      break;  // Has operations of its own.
  }
  UNREACHABLE();
}

// What an operation asks for, in a few words: in the order of the format.
constexpr auto kOperationPhrases = std::to_array<Phrase>({
    {"registers a party", "登记参与方"},
    {"replaces a key", "更换密钥"},
    {"proposes to recover a party's key", "提议恢复参与方密钥"},
    {"approves the recovery of a key", "同意恢复密钥"},
    {"objects to the recovery of a key", "反对恢复密钥"},
    {"opens a lane", "开通交易通道"},
    {"proposes a change of the network", "提议变更网络"},
    {"approves a change of the network", "同意变更网络"},
    {"opens a campaign", "开启活动"},
    {"publishes a policy", "发布政策"},
    {"countersigns a policy", "会签政策"},
    {"opens a period", "开启账期"},
    {"declares a budget (a promise, not a deposit)", "声明预算（承诺，并非存款）"},
    {"attests that a budget is backed by a deposit", "证明预算有存款担保"},
    {"opens a code batch", "开启码批次"},
    {"reports an event", "上报事件"},
    {"instructs a payout", "发出付款指令"},
    {"reports what became of a payout", "上报付款结果"},
    {"acknowledges a payout as received", "确认收款"},
    {"replaces the keys of a validator", "更换验证节点密钥"},
    {"reports that a node is ready to validate", "上报节点已可参与验证"},
    {"shows that a validator broke the rules of agreement", "举证验证节点违反共识规则"},
    {"registers a batch of printed codes", "登记一批印制的码"},
    {"voids codes", "作废码"},
    {"claims by a code, signed with the code's own key", "凭码领取（由该码自身的密钥签名）"},
    {"attests that a code was scanned", "见证一次扫码"},
    {"asks that a consumer not be told about any more", "要求不再透露某消费者"},
    {"records an activity", "记录一项活动"},
    {"withdraws an activity", "撤回一项活动"},
});
static_assert(kOperationPhrases.size() == std::variant_size_v<Operation>);

Phrase phrase_of(const Operation& operation) {
  if (const auto* event = std::get_if<RecordEvent>(&operation)) return phrase_of(event->kind);
  return kOperationPhrases.at(operation.index());
}

// Builds the report in one of the two languages.
class Report {
 public:
  explicit Report(Language language) : is_english_(language == Language::english) {}

  std::string say(std::string_view english, std::string_view chinese) const {
    return std::string(is_english_ ? english : chinese);
  }
  void line(std::string_view english, std::string_view chinese, std::string text) {
    lines_.push_back({say(english, chinese), std::move(text)});
  }

  std::string amount(Amount amount, AssetId asset) const {
    if (asset == AssetId(0)) return to_decimal(amount) + say(" CNY", " 元");
    return std::to_string(amount.units()) + say(" of asset ", " 单位，资产 ") +
           std::to_string(asset.value());
  }

  void transaction(const Proven<TransactionEntry>& proven) {
    const auto& body = proven.entry.body;
    const auto& signer = signer_of(proven.entry);
    line("transaction", "交易", hex(body.id().view()));
    line("signed by", "签名方",
         say("party ", "参与方 ") + hex(signer.party.view()) + say(", key ", "，公钥 ") +
             hex(signer.key.view()));
    if (proven.entry.outcome != Errc::ok) {
      line(
          "outcome", "结果",
          say("refused as a whole: ", "整体被拒绝：") + std::string(name_of(proven.entry.outcome)));
    }
  }

  void operation(const Proven<OperationEntry>& proven) {
    const auto decoded = decode_operation(proven.entry.payload);
    if (decoded) {
      const auto phrase = phrase_of(*decoded);
      line("what", "内容", say(phrase.english, phrase.chinese));
    }
    const std::string what = decoded ? print_json(to_json(*decoded))
                                     : say("bytes unknown to this version", "本版本不认识的内容");
    line("operation", "操作", what);
    line("recorded at", "记录位置",
         say("journal position ", "账本位置 ") + std::to_string(proven.position.value()));
    const auto outcome = proven.entry.outcome;
    line("outcome", "结果",
         outcome == Errc::ok ? say("took effect", "已生效")
                             : say("refused: ", "被拒绝：") + std::string(name_of(outcome)));
  }

  void posting(const PostingFacts& facts) {
    const auto& posting = facts.posting.entry;
    line("what", "内容", kind_text(posting.kind));
    line("amount", "金额", amount(posting.amount, posting.asset));
    line("from", "转出方", side_text(posting.source));
    line("to", "转入方", side_text(posting.destination));
    line("campaign", "活动",
         std::to_string(posting.campaign.value()) + say(", period ", "，账期 ") +
             std::to_string(posting.period.value()));
    policy(facts);
    std::visit(overloaded{[&](const Proven<SystemEntry>&) {
                            line("cause", "起因", say("work that time triggered", "到期自动执行"));
                          },
                          [&](const OperationFacts& cause) {
                            transaction(cause.transaction);
                            operation(cause.operation);
                          }},
               facts.cause);
    line("budget", "预算",
         posting.kind == PostingKind::budget
             ? say("declared by the funder; whether it is backed by a deposit is not in this proof",
                   "由出资方声明；是否有资金托管担保，本证明未包含")
             : say("whether the budget was backed or only declared is not in this proof: see the "
                   "proof of the fund's record",
                   "预算是有担保还是仅为声明，本证明未包含：请查看资金记录的证明"));
  }

  void account(const AccountFacts& facts) {
    line("who", "参与方", hex(facts.party.view()));
    line("what", "内容",
         say("the complete account: no statement and no posting is missing",
             "完整账目：没有遗漏任何对账单和分录"));
    for (const auto& statement : facts.statements) {
      const auto& id = statement.id;
      const auto& totals = statement.totals;
      line("statement", "对账单",
           book_text(id.account.book) + say(", campaign ", "，活动 ") +
               std::to_string(id.account.campaign.value()) + say(", period ", "，账期 ") +
               std::to_string(id.period.value()) + ": " + std::to_string(totals.count) +
               say(" postings, in ", " 笔，转入 ") + amount(totals.credits, id.account.asset) +
               say(", out ", "，转出 ") + amount(totals.debits, id.account.asset) +
               say(", balance ", "，余额 ") + amount(balance(totals), id.account.asset));
    }
    if (facts.statements.empty()) line("statement", "对账单", say("none", "无"));
  }

  void record(const RecordFacts& facts) {
    const auto& entry = facts.record.entry;
    std::optional<Bytes> value;
    if (entry.value) value = Bytes(entry.value->begin(), entry.value->end());
    const auto decoded = decoded_record(entry.key, value);
    line("what", "内容",
         say("the value that was current", "当时的最新记录") + ": " +
             (decoded ? print_json(*decoded) : hex(entry.key)));
    if (!value) line("value", "值", say("removed", "已删除"));
    if (entry.key[0] != static_cast<std::uint8_t>(ContractFamily::fund) || !value) return;
    const auto fund = decode<Linked<Fund>>(*value);
    if (!fund || !fund->value) return;
    const auto& money = *fund->value;
    line("budget", "预算",
         say("declared ", "声明 ") + to_decimal(money.declared) + say(", backed ", "，有担保 ") +
             to_decimal(money.backed) + say(", earned ", "，已计提 ") + to_decimal(money.earned) +
             say(", paid ", "，已支付 ") + to_decimal(money.settled));
  }

  void absence(const AbsenceFacts& facts) {
    const auto decoded = decoded_record(facts.key, std::nullopt);
    line("what", "内容",
         say("there was no such record: ", "当时不存在此记录：") +
             (decoded ? print_json(*decoded) : hex(facts.key)));
  }

  void changes(const std::vector<SetChange>& changes) {
    if (changes.empty()) return;
    line("validators", "验证节点",
         say("changed ", "自信任文件以来变更 ") + std::to_string(changes.size()) +
             say(changes.size() == 1 ? " time since the trust file" : " times since the trust file",
                 " 次"));
    for (const auto& change : changes) {
      std::string text = time_text(change.time) + say(", block ", "，区块 ") +
                         std::to_string(change.height.value());
      const auto add = [&](std::string_view english, std::string_view chinese,
                           const std::vector<std::string>& names) {
        if (names.empty()) return;
        text += say(english, chinese);
        for (std::size_t i = 0; i < names.size(); ++i) text += (i > 0 ? ", " : "") + names[i];
      };
      add("; added ", "；新增 ", change.added);
      add("; removed ", "；移除 ", change.removed);
      add("; new keys of ", "；更换密钥 ", change.rekeyed);
      if (change.by_recovery) {
        text += say("; a RECOVERY, signed by all operators: too many votes were lost",
                    "；网络恢复：丢失的投票过多，由全体运营方签署");
      }
      line("change", "变更", std::move(text));
    }
  }

  void add(std::vector<ReportLine> lines) { std::ranges::move(lines, std::back_inserter(lines_)); }

  void checkpoint(const ProofVerdict& verdict) {
    line("as of", "截至",
         time_text(verdict.header.time) + say(", block ", "，区块 ") +
             std::to_string(verdict.header.height.value()));
    line("network", "网络", verdict.checkpoint.origin);
    std::string names;
    for (const auto& cosigner : verdict.cosigners) {
      names += (names.empty() ? "" : ", ") + cosigner.name;
      if (!cosigner.is_validator) names += say(" (witness)", "（见证人）");
    }
    line("cosigned by", "联署方", names);
    line("cosigned at", "联署时间",
         say("not before ", "不早于 ") + time_text_s(verdict.cosigned_s));
    line("beyond proof", "证明之外",
         say("that what was reported also happened, and that nothing was left unreported",
             "上报内容在现实中是否属实，以及是否有未上报的事件"));
  }

  std::vector<ReportLine> take() { return std::move(lines_); }

 private:
  std::string kind_text(PostingKind kind) const {
    switch (kind) {
      case PostingKind::budget:
        return say("a funder set money aside", "出资方划拨预算");
      case PostingKind::earning:
        return say("an event earned money under a rule", "事件依规则产生收益");
      case PostingKind::instruct:
        return say("a payment was instructed", "已发出付款指令");
      case PostingKind::settle:
        return say("the payer reported a payment as made", "付款方报告已付款");
      case PostingKind::fail:
        return say("the payer reported a payment as failed", "付款方报告付款失败");
      case PostingKind::reversal:
        return say("what an event earned was taken back with it", "事件撤销，收益冲回");
    }
    UNREACHABLE();
  }

  std::string book_text(Book book) const {
    return say(json::kEnumNames<Book>.at(static_cast<std::size_t>(book)), chinese_name_of(book));
  }

  std::string side_text(const PostingSide& side) const {
    return hex(side.party.view()) + " (" + book_text(side.book) + say(", posting ", "，第 ") +
           std::to_string(side.number) + say(")", " 笔)");
  }

  void policy(const PostingFacts& facts) {
    const auto& posting = facts.posting.entry;
    if (posting.policy == PolicyId()) return;
    line("rule", "规则",
         say("policy ", "政策 ") + std::to_string(posting.policy.value()) +
             say(", version ", "，版本 ") + std::to_string(posting.policy_version) +
             say(", rule ", "，规则 ") + std::to_string(posting.rule));
    if (!facts.policy_record) return;
    const auto& value = facts.policy_record->entry.value;
    const auto linked = value ? decode<Linked<PolicyRecord>>(*value)
                              : Result<Linked<PolicyRecord>>(Errc::entry_malformed);
    if (!linked || !linked->value) return;
    const auto& record = *linked->value;
    const auto& terms = std::get<PolicyV1>(record.terms);
    if (posting.rule < terms.rules.size()) {
      line("rule says", "规则内容", print_json(json::write(terms.rules[posting.rule])));
    }
    line("in force", "有效期",
         time_text(terms.effective_from) + " - " + time_text(record.effective_until));
    line("countersigned", "会签",
         std::to_string(record.countersigned.size()) + "/" +
             std::to_string(terms.countersigners.size()) +
             say(" parties; published by ", " 方；发布方 ") + hex(record.publisher.view()));
  }

  bool is_english_;
  std::vector<ReportLine> lines_;
};

// ---- JSON --------------------------------------------------------------------------------------

template <class T>
Json placed(const Proven<T>& proven) {
  Json view = {{"position", proven.position.value()}};
  view.update(to_json(Entry(proven.entry)));
  return view;
}

Json view_of(const OperationFacts& facts) {
  return {{"transaction", placed(facts.transaction)}, {"operation", placed(facts.operation)}};
}

Json view_of(const TransactionFacts& facts) {
  Json view = {{"id", to_hex(facts.id.view())}, {"transaction", placed(facts.transaction)}};
  Json operations = Json::array();
  for (const auto& operation : facts.operations) operations.push_back(placed(operation));
  if (!operations.empty()) view["operations"] = std::move(operations);
  return view;
}

Json view_of(const PostingFacts& facts) {
  Json view = {{"posting", placed(facts.posting)}};
  std::visit(overloaded{[&](const Proven<SystemEntry>& cause) { view["cause"] = placed(cause); },
                        [&](const OperationFacts& cause) { view["cause"] = view_of(cause); }},
             facts.cause);
  if (facts.policy_record) view["policy"] = placed(*facts.policy_record);
  return view;
}

Json view_of(const RecordFacts& facts) { return {{"record", placed(facts.record)}}; }

Json view_of(const AbsenceFacts& facts) {
  return {{"key", to_hex(facts.key)}, {"before", placed(facts.before)}};
}

Json view_of(const AccountFacts& facts) {
  Json statements = Json::array();
  for (const auto& statement : facts.statements) {
    Json view = to_json(statement.id);
    view.update(to_json(statement.totals));
    view["balance"] = balance(statement.totals).units();
    Json postings = Json::array();
    for (const auto& posting : statement.postings) postings.push_back(placed(posting));
    view["postings"] = std::move(postings);
    statements.push_back(std::move(view));
  }
  return {{"party", to_hex(facts.party.view())}, {"statements", std::move(statements)}};
}

constexpr std::array<std::string_view, 7> kClaimNames = {
    "transaction", "operation", "posting", "record", "absence", "account", "history"};
static_assert(kClaimNames.size() == std::variant_size_v<ProofFacts>);

// REQUIRES: check_contract_facts().
Provenance life_in(const ProofVerdict& verdict, const HistoryFacts& facts) {
  auto life = check_provenance(verdict.header.chain_id, facts);
  CHECK(life.has_value());
  return *std::move(life);
}

}  // namespace

Status check_contract_facts(const ProofVerdict& verdict) {
  if (const auto* const history = std::get_if<HistoryFacts>(&verdict.facts)) {
    const auto life = check_provenance(verdict.header.chain_id, *history);
    return life ? Status{} : Status(life.error());
  }
  const auto* const facts = std::get_if<PostingFacts>(&verdict.facts);
  if (!facts || !facts->policy_record) return {};
  const auto& posting = facts->posting.entry;
  if (facts->policy_record->entry.key == policy_key(posting.policy, posting.policy_version)) {
    return {};
  }
  return Error{Errc::claim_mismatch, "the policy shown is not the one that the posting names"};
}

std::vector<ReportLine> words_of(const ProofVerdict& verdict, Language language) {
  Report report(language);
  report.line("VALID", "有效",
              report.say("the proof holds under the trust file", "依据信任文件，此证明成立"));
  std::visit(overloaded{[&](const TransactionFacts& facts) {
                          report.transaction(facts.transaction);
                          for (const auto& one : facts.operations) report.operation(one);
                        },
                        [&](const OperationFacts& facts) {
                          report.transaction(facts.transaction);
                          report.operation(facts.operation);
                        },
                        [&](const PostingFacts& facts) { report.posting(facts); },
                        [&](const RecordFacts& facts) { report.record(facts); },
                        [&](const AbsenceFacts& facts) { report.absence(facts); },
                        [&](const AccountFacts& facts) { report.account(facts); },
                        [&](const HistoryFacts& facts) {
                          report.add(words_of(life_in(verdict, facts), language));
                        }},
             verdict.facts);
  report.changes(verdict.changes);
  report.checkpoint(verdict);
  return report.take();
}

Json changes_view(const std::vector<SetChange>& changes) {
  Json view = Json::array();
  for (const auto& change : changes) {
    view.push_back({{"epoch", change.epoch.value()},
                    {"height", change.height.value()},
                    {"time", time_text(change.time)},
                    {"added", change.added},
                    {"removed", change.removed},
                    {"rekeyed", change.rekeyed},
                    {"by_recovery", change.by_recovery}});
  }
  return view;
}

Json view_of(const ProofVerdict& verdict) {
  Json cosigners = Json::array();
  for (const auto& cosigner : verdict.cosigners) {
    cosigners.push_back({{"name", cosigner.name},
                         {"time", time_text_s(cosigner.time_s)},
                         {"validator", cosigner.is_validator}});
  }
  return {{"valid", true},
          {"claim", std::string(kClaimNames.at(verdict.facts.index()))},
          {"network", verdict.checkpoint.origin},
          {"size", verdict.checkpoint.size},
          {"height", verdict.header.height.value()},
          {"as_of", time_text(verdict.header.time)},
          {"cosigned_at", time_text_s(verdict.cosigned_s)},
          {"cosigners", std::move(cosigners)},
          {"changes", changes_view(verdict.changes)},
          {"facts", std::visit(overloaded{[&](const HistoryFacts& facts) {
                                            return view_of(life_in(verdict, facts));
                                          },
                                          [](const auto& facts) { return view_of(facts); }},
                               verdict.facts)}};
}

std::vector<ReportLine> words_of(const Error& error, Language language) {
  Report report(language);
  report.line("NOT VALID", "无效",
              std::string(name_of(error.code)) + (error.detail.empty() ? "" : ": " + error.detail));
  report.line("next", "建议", report.say(hint_of(error.code), chinese_hint_of(error.code)));
  report.line("meaning", "含义",
              report.say("nothing in the file may be relied on", "文件中的任何内容都不可信"));
  return report.take();
}

}  // namespace fenrun::cli
