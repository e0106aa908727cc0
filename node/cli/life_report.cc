#include "node/cli/life_report.h"

#include <algorithm>

#include "core/check.h"
#include "node/json/reflect.h"
#include "node/json/time.h"

namespace fenrun::cli {
namespace {

struct Words {
  std::string_view english;
  std::string_view chinese;
};

Words step_words(EventKind kind) {
  switch (kind) {
    case EventKind::commissioning:
      return {"given its code", "赋码"};
    case EventKind::receiving:
      return {"received", "收货"};
    case EventKind::retail_selling:
      return {"sold to a consumer", "零售售出"};
    case EventKind::packing:
      return {"packed", "装箱"};
    case EventKind::unpacking:
      return {"unpacked", "拆箱"};
    case EventKind::opening:
      return {"opened at a store", "门店开箱"};
    case EventKind::shipping:
      return {"shipped", "发货"};
    case EventKind::void_shipping:
      return {"shipping declared void", "撤销发货"};
    case EventKind::returning:
      return {"came back", "退货"};
    case EventKind::destroying:
      return {"taken out of use", "报废"};
    case EventKind::releasing:
      return {"let go after it was held as diverted", "解除窜货冻结"};
    case EventKind::observed:
      return {"another event, recorded only", "其他事件（仅记录）"};
    case EventKind::claiming:
      return {"its code was used", "扫码使用"};
  }
  UNREACHABLE();
}

Words status_words(EventStatus status) {
  switch (status) {
    case EventStatus::recorded:
      return {"", ""};
    case EventStatus::diverted:
      return {"; held as DIVERTED", "；判定窜货并冻结"};
    case EventStatus::reversed:
      return {"; taken back later", "；其后已撤销"};
    case EventStatus::disputed:
      return {"; disputed later, and stands", "；其后有争议，仍然有效"};
  }
  UNREACHABLE();
}

Words state_words(UnitState state) {
  switch (state) {
    case UnitState::commissioned:
      return {"not moved since it was given its code", "赋码后未移动"};
    case UnitState::received:
      return {"received", "已收货"};
    case UnitState::sold:
      return {"sold to a consumer", "已零售售出"};
    case UnitState::shipped:
      return {"under way", "运输途中"};
    case UnitState::returned:
      return {"came back", "已退货"};
    case UnitState::destroyed:
      return {"taken out of use", "已报废"};
  }
  UNREACHABLE();
}

Words void_words(VoidReason reason) {
  switch (reason) {
    case VoidReason::leaked:
      return {"VOID: it leaked", "已作废：泄露"};
    case VoidReason::damaged:
      return {"VOID: it was damaged", "已作废：损坏"};
    case VoidReason::recalled:
      return {"VOID: recalled", "已作废：召回"};
  }
  UNREACHABLE();
}

class LifeReport {
 public:
  LifeReport(const Provenance& life, Language language) : life_(life), language_(language) {}

  std::vector<ReportLine> make() {
    line({"what", "内容"},
         say({"the whole recorded history of one unit of goods, and of the containers while it was "
              "in them: "
              "no recorded event is missing",
              "一件产品的全部已记录履历（含其所在包装的履历）：没有遗漏任何已记录的事件"}));
    line({"unit", "产品"}, life_.epc.value + say({", product ", "，商品 "}) + life_.product.value +
                               (life_.lot.value.empty() ? "" : say({", lot ", "，批号 "})) +
                               life_.lot.value);
    line({"brand", "品牌方"}, hex(life_.brand));
    for (std::size_t i = 0; i < life_.events.size(); ++i) event(i);
    now();
    code();
    return std::move(lines_);
  }

 private:
  std::string say(Words words) const {
    return std::string(language_ == Language::english ? words.english : words.chinese);
  }
  void line(Words label, std::string text) { lines_.push_back({say(label), std::move(text)}); }
  static std::string hex(const PartyId& party) { return to_hex(party.view()); }

  void event(std::size_t index) {
    const auto& event = life_.events[index];
    std::string text = to_rfc3339(std::min(event.time, kRfc3339Max)) + " ";
    if (event.unit != life_.unit) {
      text += say({"its container ", "其所在包装 "}) + event.epc.value + say({": ", "："});
    }
    if (event.standing == EventStanding::erroneous) {
      text += say({"declared not to have happened: ", "声明有误："});
    }
    text += say(step_words(event.kind));
    if (event.container && *event.container != event.epc) {
      const bool is_in = event.kind == EventKind::packing;
      text += is_in ? say({" into ", "，装入 "}) : say({" from ", "，取自 "});
      text += event.container->value;
    }
    if (event.place) text += say({" at ", "，地点 "}) + hex(*event.place);
    if (event.counterparty) text += say({", to ", "，收货方 "}) + hex(*event.counterparty);
    text += say({", reported by ", "，上报方 "}) + hex(event.signer);
    text += say({", journal position ", "，账本位置 "}) + std::to_string(event.position.value());
    text += say(status_words(event.status));
    const std::string number = std::to_string(index + 1);
    lines_.push_back({say({"event ", "事件"}) + number, std::move(text)});
  }

  void now() {
    const auto& custody = life_.custody;
    std::string text = say(state_words(custody.state)) + say({"; last held by ", "；最后持有方 "}) +
                       hex(custody.holder);
    if (custody.consignee) text += say({", on its way to ", "，发往 "}) + hex(*custody.consignee);
    if (custody.hold == Hold::diverted) text += say(status_words(EventStatus::diverted));
    for (const auto& container : life_.containers) {
      text += say({", in ", "，位于 "}) + container.epc.value;
    }
    line({"now", "现状"}, std::move(text));
  }

  void code() {
    if (!life_.range) return;
    std::string text =
        life_.voided ? say(void_words(life_.voided->range.reason)) : say({"not void", "未作废"});
    switch (life_.use) {
      case CodeUse::none:
        break;
      case CodeUse::unused:
        text += say({"; not used", "；尚未使用"});
        break;
      case CodeUse::used:
        text += say({"; used", "；已使用"});
        if (!life_.claim) {
          text += say({", by whom and where is not shown", "，使用者及地点未予披露"});
        }
        break;
    }
    line({"code", "二维码"}, std::move(text));
  }

  const Provenance& life_;
  Language language_;
  std::vector<ReportLine> lines_;
};

Json event_view(const LifeEvent& event, const Provenance& life) {
  Json view = {{"position", event.position.value()},
               {"kind", json::write(event.kind)},
               {"status", json::write(event.status)},
               {"standing", json::write(event.standing)},
               {"time", json::write(event.time)},
               {"signer", json::write(event.signer)},
               {"epc", event.epc.value},
               {"itself", event.unit == life.unit}};
  if (event.container) view["container"] = event.container->value;
  if (event.place) view["place"] = json::write(*event.place);
  if (event.counterparty) view["counterparty"] = json::write(*event.counterparty);
  if (event.id) view["id"] = json::write(*event.id);
  if (event.corrects) view["corrects"] = json::write(*event.corrects);
  return view;
}

}  // namespace

std::vector<ReportLine> words_of(const Provenance& life, Language language) {
  return LifeReport(life, language).make();
}

Json view_of(const Provenance& life) {
  Json events = Json::array();
  for (const auto& event : life.events) events.push_back(event_view(event, life));
  Json containers = Json::array();
  for (const auto& container : life.containers) containers.push_back(container.epc.value);
  Json view = {{"unit", json::write(life.unit)},
               {"epc", life.epc.value},
               {"brand", json::write(life.brand)},
               {"product", life.product.value},
               {"lot", life.lot.value},
               {"events", std::move(events)},
               {"custody", json::write(life.custody)},
               {"containers", std::move(containers)}};
  if (life.range) view["commissioned"] = json::write(life.range->range);
  if (life.voided) view["voided"] = json::write(life.voided->range.reason);
  if (life.use != CodeUse::none) view["used"] = life.use == CodeUse::used;
  if (life.claim) view["claim"] = json::write(*life.claim);
  return view;
}

}  // namespace fenrun::cli
