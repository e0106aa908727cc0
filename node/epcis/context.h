// What the @context of a document, and of an event in it, lets names and values stand for.
//
// Nothing is ever fetched: the contexts of GS1 are built in, and a document may define prefixes of
// its own.  It can neither redefine a term nor give bare names another meaning.
//
// An event's context stands within its document's: it adds to it, and copies nothing of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "node/epcis/pointer.h"
#include "node/json/json.h"

namespace fenrun::epcis {

inline constexpr std::size_t kContextPrefixesMax = 256;  // That one @context defines.

class Context {
 public:
  // With the prefixes that GS1's context has.
  Context();
  // Adds to another, which outlives it.
  static Context within(const Context& outer) { return Context(&outer); }

  // Takes in a @context.  Errc::value_invalid for a context that is not built in, and for whatever
  // is no prefix and no hint how to read an extension; Errc::limit_exceeded for too many prefixes.
  Status add(const Json& value, const Pointer& place);

  // "{namespace}name" of an extension: `prefix:name` with a known prefix, or an absolute URI of the
  // web.  None for other names, and for those that would say a standard member in other words.
  std::optional<std::string> extension_name(std::string_view name) const;

  // A compact URI written out; any other text as it is.
  std::string expanded(std::string_view text) const;

 private:
  explicit Context(const Context* outer) : outer_(outer) {}

  Status add_member(const std::string& name, const Json& value, const Pointer& place);
  // What the prefix stands for; null if nobody defined it.
  const std::string* find(std::string_view prefix) const;

  const Context* outer_ = nullptr;
  std::size_t defined_ = 0;  // By @context, again and again counted.
  std::map<std::string, std::string, std::less<>> prefixes_;
};

// True for the contexts of GS1, which are built in.
bool is_known_context(std::string_view uri);

}  // namespace fenrun::epcis
