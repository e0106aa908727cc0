#include "node/epcis/capture.h"

#include "node/epcis/event_hash.h"
#include "node/epcis/fields.h"
#include "node/epcis/read_event.h"

namespace fenrun::epcis {
namespace {

// Why the ledger takes none of the events of such a document.
Status check_recordable(const Document& document) {
  const Pointer root;
  if (document.kind() == DocumentKind::query_document) {
    return at({&root, "type"}, Errc::not_supported_yet, "EPCISQueryDocument");
  }
  if (document.has_header()) {
    return at({&root, "epcisHeader"}, Errc::not_supported_yet, "master data in the header");
  }
  return {};
}

std::string type_of(const Json& event) {
  const Json* const type = event.is_object() ? member_of(event, "type") : nullptr;
  return type && type->is_string() ? shortened(type->get_ref<const std::string&>()) : "";
}

CheckedEvent check_event(const Document& document, std::size_t index, const RecordWith& with) {
  const Json& json = document.event(index);
  const auto site = document.site(index);
  CheckedEvent out{
      type_of(json), {}, {}, {}, to_record(json, site.pointer(), document.context(), with)};
  const auto read = read_event(json, site.pointer(), document.context());
  if (!read) {
    out.refusal = read.error();
    return out;
  }
  out.refusal = read->identifier_fault;
  out.hash = event_hash(read->event);
  if (has_foreign_hash(read->event, *out.hash)) out.flags.push_back(Flag::event_id_mismatch);
  return out;
}

CheckedDocument check_events(const Document& document, std::string_view bytes,
                             const RecordWith& with) {
  CheckedDocument out{sha256(bytes_of(bytes)), {}};
  for (std::size_t i = 0; i < document.size(); ++i) {
    auto event = check_event(document, i, with);
    if (event.record) {
      event.record->id.document = out.document;
      event.record->id.index = static_cast<std::uint32_t>(i);
      event.record->event_hash = event.hash;
    }
    out.events.push_back(std::move(event));
  }
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

Result<CheckedDocument> check_document(std::string_view bytes, const RecordWith& with) {
  FENRUN_TRY(const auto document, Document::read(bytes));
  auto out = check_events(document, bytes, with);
  if (const auto status = check_recordable(document); !status) {
    for (auto& event : out.events) event.record = status.error();
  }
  return out;
}

Result<CapturedDocument> capture_document(std::string_view bytes, const Places& places,
                                          std::optional<UnitBatchId> batch) {
  FENRUN_TRY(const auto document, Document::read(bytes));
  FENRUN_OK(check_recordable(document));
  auto checked = check_events(document, bytes, {&places, batch});
  CapturedDocument out{checked.document, {}};
  for (auto& event : checked.events) {
    // What the ledger would take must be in order as well.
    const bool is_refused = event.record && event.refusal;
    out.events.push_back(is_refused ? Result<RecordEvent>(*event.refusal)
                                    : std::move(event.record));
  }
  return out;
}

}  // namespace fenrun::epcis
