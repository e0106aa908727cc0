// A document of EPCIS 2.0 in JSON or JSON-LD, and the events in it where they stand.
// docs/spec/epcis.md, §1.
#pragma once

#include <array>
#include <string_view>

#include "node/epcis/context.h"

namespace fenrun::epcis {

inline constexpr std::size_t kDocumentBytesMax = 8 * 1024 * 1024;
inline constexpr std::size_t kDocumentDepthMax = 32;
inline constexpr std::size_t kDocumentEventsMax = 10'000;

enum class DocumentKind {
  document,        // An EPCISDocument.
  query_document,  // An EPCISQueryDocument: the answer to a query.
  list,            // An array of events.
  event,           // One event.
  activities,      // An ActivityDocument: docs/spec/activities.md.
};

class Document {
 public:
  // Checked: that it is JSON within the limits, that it holds no personal data, its own members and
  // contexts.  Not checked: its events.
  // Errc::json_invalid, limit_exceeded, personal_data, value_invalid; not_supported_yet for another
  // kind of document or another version of EPCIS.
  static Result<Document> read(std::string_view bytes);

  DocumentKind kind() const { return kind_; }
  std::size_t size() const;
  // REQUIRES: index < size(), here and below.
  const Json& event(std::size_t index) const;
  const Context& context() const { return context_; }
  // The document's own @context; null if it has none.
  const Json* own_context() const;

  // Where an event stands.  It points into itself, so it stays where it is made.
  class Site {
   public:
    Site(DocumentKind kind, std::size_t index);
    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;

    const Pointer& pointer() const { return *last_; }

   private:
    void push(Pointer step);

    std::array<Pointer, 6> steps_;
    Pointer* last_;
  };
  Site site(std::size_t index) const { return {kind_, index}; }

 private:
  const Json& events() const;

  Status read_frame();
  Status read_document();
  Status read_query_document();
  Status read_activity_document();
  Status check_members(std::initializer_list<std::string_view> known, std::string_view what) const;
  Status check_dates(bool are_required) const;

  DocumentKind kind_ = DocumentKind::event;
  Json json_;
  Context context_;
};

}  // namespace fenrun::epcis
