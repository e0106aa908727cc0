#include "node/epcis/capture.h"

#include "node/epcis/event_hash.h"
#include "node/epcis/fields.h"
#include "node/epcis/plain_activity.h"
#include "node/epcis/read_event.h"

namespace fenrun::epcis {
namespace {

std::string type_of(const Json& event) {
  const Json* const type = event.is_object() ? member_of(event, "type") : nullptr;
  return type && type->is_string() ? shortened(type->get_ref<const std::string&>()) : "";
}

// The hash goes with the first part: it finds the event, and the event its parts.  What is declared
// an error is found by it, part by part.
void name(RecordEvent& record, const EventId& event, const Digest& hash) {
  record.id.document = event.document;
  record.id.index = event.index;
  if (record.id.part == 0 || record.standing == EventStanding::erroneous) {
    record.event_hash = hash;
  }
}

// What has no name of its own is known by the event's hash.
void name(ActivityId& activity, const Digest& hash) {
  if (activity.reference.is_zero()) activity.reference = hash;
}

void name(std::vector<Operation>& operations, const EventId& event, const Digest& hash) {
  for (auto& operation : operations) {
    if (auto* const record = std::get_if<RecordEvent>(&operation)) {
      name(*record, event, hash);
    } else if (auto* const activity = std::get_if<RecordActivity>(&operation)) {
      activity->source = event;
      name(activity->id, hash);
    } else {
      name(std::get<WithdrawActivity>(operation).id, hash);
    }
  }
}

CapturedEvent capture_event(const Document& document, const EventId& id, const RecordWith& with,
                            Growth& growth) {
  const Json& json = document.event(id.index);
  const auto site = document.site(id.index);
  CapturedEvent out{type_of(json), {}, {}, {}, {}, Errc::value_invalid};
  auto read = read_event(json, site.pointer(), document.context(), growth);
  if (!read) {
    out.refusal = read.error();
    out.operations = read.error();
    return out;
  }
  out.hash = event_hash(read->event);
  if (has_foreign_hash(read->event, *out.hash)) out.flags.push_back(Flag::event_id_mismatch);
  out.refusal = std::move(read->identifier_fault);
  if (out.refusal) {
    out.operations = *out.refusal;
  } else {
    out.operations = to_operations(read->event, site.pointer(), with);
    if (out.operations) name(*out.operations, id, *out.hash);
  }
  out.event = std::move(read->event);
  return out;
}

CapturedEvent capture_activity(const Document& document, const EventId& id,
                               const RecordWith& with) {
  const Json& json = document.event(id.index);
  const auto site = document.site(id.index);
  CapturedEvent out{kind_of_activity(json), {}, {}, {}, {}, Errc::value_invalid};
  out.operations = read_activity(json, site.pointer(), id, with.places);
  if (!out.operations) out.refusal = out.operations.error();
  return out;
}

}  // namespace

std::string_view name_of(Flag flag) {
  switch (flag) {
    case Flag::event_id_mismatch:
      return "event_id_mismatch";
  }
  return "";
}

Result<CapturedDocument> capture_document(std::string_view bytes, const RecordWith& with) {
  FENRUN_TRY(const auto document, Document::read(bytes));
  CapturedDocument out{sha256(bytes_of(bytes)), document.kind(), {}};
  Growth growth;
  for (std::size_t i = 0; i < document.size(); ++i) {
    const EventId id{out.document, static_cast<std::uint32_t>(i), 0};
    const bool is_activity = document.kind() == DocumentKind::activities;
    out.events.push_back(is_activity ? capture_activity(document, id, with)
                                     : capture_event(document, id, with, growth));
  }
  return out;
}

}  // namespace fenrun::epcis
