// Pure identity patterns: a set of EPCs by the beginning of their parts, as
// "urn:epc:idpat:sgtin:6901234.056789.*".  EPC Tag Data Standard, §8; docs/spec/epcis.md, §3.
//
// The last parts of a pattern are stars, and nothing else is: there are no ranges.  Like an
// identifier, a pattern has one spelling here, in which patterns are compared: that of the class,
// "https://id.gs1.org/01/06901234567892", where the stars stand for no more than the serial and a
// Digital Link names the class; else a text that is no URI.  An EPC has few patterns, whatever it
// is: so it is found by any of them as it is found by itself.
//
// A canonical identifier does not tell where its company prefix ends.  One that goes on with the
// digits of a company prefix is taken to be of that company: GS1 gives no company a prefix with
// which another's begins.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace fenrun::epcis {

// An identifier or a pattern in its one spelling; identifiers as canonical_identifier() has them.
// Errc::value_invalid also for a pattern with anything behind a star, or none before its company.
Result<std::string> canonical_pattern(std::string_view uri);

// All patterns that the EPC belongs to, in their spelling, the narrowest first; at most twelve.
// None for what is no EPC, such as a class.  REQUIRES: a canonical_identifier().
std::vector<std::string> patterns_of(std::string_view identifier);

}  // namespace fenrun::epcis
