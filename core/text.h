// Bytes as text: hexadecimal, base64, base32; and the numbers that formats print.
//
// Each has one spelling: decoding refuses what encoding would not have written (upper-case hex,
// missing padding, stray bits, spaces).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/bytes.h"
#include "core/result.h"

namespace fenrun {

// Lower-case, two digits a byte.
std::string to_hex(ByteView bytes);
Result<Bytes> from_hex(std::string_view text);  // Errc::text_invalid

// RFC 4648 §4, standard alphabet, padded.
std::string to_base64(ByteView bytes);
Result<Bytes> from_base64(std::string_view text);  // Errc::text_invalid

// RFC 4648 §6 alphabet in lower case, unpadded: identifiers that people read out.
std::string to_base32(ByteView bytes);
Result<Bytes> from_base32(std::string_view text);  // Errc::text_invalid

// ASCII decimal without sign, spaces or leading zeros.
Result<std::uint64_t> from_decimal(std::string_view text);  // Errc::text_invalid

// ASCII only, whatever the locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// RFC 3986 §2.1, in UTF-8: letters, digits and `kept` stand for themselves, every other byte is
// written as '%' and two upper-case digits.
std::string percent_encoded(std::string_view text, std::string_view kept = "-._~");

// True iff the bytes are well-formed UTF-8 (Unicode 15, table 3-7).
bool is_utf8(std::string_view text);

// At most so many bytes of a text in UTF-8, and no half characters: what an error may repeat.
std::string beginning_of(std::string_view text, std::size_t bytes_max);

template <class Fixed>
Result<Fixed> fixed_from_hex(std::string_view text) {
  FENRUN_TRY(const auto bytes, from_hex(text));
  return Fixed::from(bytes);
}

}  // namespace fenrun
