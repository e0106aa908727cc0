#include "core/text.h"

#include <array>

namespace fenrun {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase32Digits = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::uint8_t kNotADigit = 0xff;

using DigitTable = std::array<std::uint8_t, 256>;

constexpr DigitTable make_table(std::string_view digits) {
  DigitTable table{};
  for (auto& value : table) value = kNotADigit;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    table[static_cast<std::uint8_t>(digits[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}

constexpr DigitTable kHexTable = make_table(kHexDigits);
constexpr DigitTable kBase64Table = make_table(kBase64Digits);
constexpr DigitTable kBase32Table = make_table(kBase32Digits);

std::uint8_t digit(const DigitTable& table, char c) { return table[static_cast<std::uint8_t>(c)]; }

Error invalid(std::string_view what) { return {Errc::text_invalid, std::string(what)}; }

// Writes the bytes as digits of `bits` bits each, most significant bit first, last digit padded
// with zero bits.
std::string encode_digits(ByteView bytes, std::string_view digits, unsigned bits) {
  std::string out;
  // With room for padding: growing would leave a copy of a secret behind in freed memory.
  out.reserve((bytes.size() * 8 + bits - 1) / bits + 3);
  unsigned buffer = 0;
  unsigned held = 0;
  for (const auto byte : bytes) {
    buffer = (buffer << 8) | byte;
    held += 8;
    while (held >= bits) {
      held -= bits;
      out.push_back(digits[(buffer >> held) & ((1u << bits) - 1)]);
    }
    buffer &= (1u << held) - 1;
  }
  if (held > 0) out.push_back(digits[(buffer << (bits - held)) & ((1u << bits) - 1)]);
  return out;
}

Result<Bytes> decode_digits(std::string_view text, const DigitTable& table, unsigned bits,
                            std::string_view name) {
  Bytes out;
  out.reserve(text.size() * bits / 8);
  unsigned buffer = 0;
  unsigned held = 0;
  for (const char c : text) {
    const auto value = digit(table, c);
    if (value == kNotADigit) return invalid(std::string(name) + ": not a digit");
    buffer = (buffer << bits) | value;
    held += bits;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<std::uint8_t>(buffer >> held));
    }
    buffer &= (1u << held) - 1;
  }
  if (held >= bits) return invalid(std::string(name) + ": impossible length");
  if (buffer != 0) return invalid(std::string(name) + ": unused bits are not zero");
  return out;
}

}  // namespace

std::string to_hex(ByteView bytes) { return encode_digits(bytes, kHexDigits, 4); }

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return invalid("hex: odd number of digits");
  return decode_digits(text, kHexTable, 4, "hex");
}

std::string to_base64(ByteView bytes) {
  auto out = encode_digits(bytes, kBase64Digits, 6);
  while (out.size() % 4 != 0) out.push_back('=');
  return out;
}

Result<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return invalid("base64: length is not a multiple of 4");
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  return decode_digits(text.substr(0, text.size() - padding), kBase64Table, 6, "base64");
}

std::string to_base32(ByteView bytes) { return encode_digits(bytes, kBase32Digits, 5); }

Result<Bytes> from_base32(std::string_view text) {
  return decode_digits(text, kBase32Table, 5, "base32");
}

Result<std::uint64_t> from_decimal(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) {
    return invalid("decimal: empty or leading zero");
  }
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return invalid("decimal: not a digit");
    if (__builtin_mul_overflow(value, std::uint64_t{10}, &value) ||
        __builtin_add_overflow(value, static_cast<std::uint64_t>(c - '0'), &value)) {
      return invalid("decimal: above 2^64 - 1");
    }
  }
  return value;
}

std::string percent_encoded(std::string_view text, std::string_view kept) {
  constexpr std::string_view kUpperHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_digit(c) || is_letter(c) || kept.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kUpperHex[byte >> 4];
    out += kUpperHex[byte & 15];
  }
  return out;
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  while (i < text.size()) {
    const std::uint8_t lead = byte(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    std::size_t length = 0;
    std::uint8_t low = 0x80;   // Bounds of the second byte: the lead narrows them so that
    std::uint8_t high = 0xbf;  // over-long forms, surrogates and values above U+10FFFF are out.
    if (lead >= 0xc2 && lead <= 0xdf) {
      length = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      length = 3;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      length = 4;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (text.size() - i < length) return false;
    if (byte(i + 1) < low || byte(i + 1) > high) return false;
    for (std::size_t k = 2; k < length; ++k) {
      if ((byte(i + k) & 0xc0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

std::string beginning_of(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

}  // namespace fenrun
