#include "node/epcis/capture.h"

#include "node/epcis/event_hash.h"
#include "node/epcis/fields.h"
#include "node/epcis/read_event.h"

namespace fenrun::epcis {
namespace {

std::string type_of(const Json& event) {
  const Json* const type = event.is_object() ? member_of(event, "type") : nullptr;
  return type && type->is_string() ? shortened(type->get_ref<const std::string&>()) : "";
}

// The hash goes with the first part: it finds the event, and the event its parts.  What is declared
// an error is found by it, part by part.
void name_records(std::vector<RecordEvent>& records, const EventId& event, const Digest& hash) {
  for (auto& record : records) {
    record.id.document = event.document;
    record.id.index = event.index;
    if (record.id.part == 0 || record.standing == EventStanding::erroneous) {
      record.event_hash = hash;
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
    out.records = read.error();
    return out;
  }
  out.hash = event_hash(read->event);
  if (has_foreign_hash(read->event, *out.hash)) out.flags.push_back(Flag::event_id_mismatch);
  out.refusal = std::move(read->identifier_fault);
  if (out.refusal) {
    out.records = *out.refusal;
  } else {
    out.records = to_records(read->event, site.pointer(), with);
    if (out.records) name_records(*out.records, id, *out.hash);
  }
  out.event = std::move(read->event);
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
    out.events.push_back(capture_event(document, id, with, growth));
  }
  return out;
}

}  // namespace fenrun::epcis
