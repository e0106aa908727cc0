#include "core/crypto/key_file.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "core/text.h"

namespace fenrun {
namespace {

constexpr KdfCost kCheap{.passes = 1, .memory_bytes = 8 * 1024};

SigningKey test_key() {
  Seed seed;
  for (std::size_t i = 0; i < 32; ++i) seed.mutable_view()[i] = static_cast<std::uint8_t>(i);
  return SigningKey::from_seed(seed);
}

SealRandomness test_randomness() {
  SealRandomness out;
  for (std::size_t i = 0; i < out.salt.size(); ++i) out.salt[i] = static_cast<std::uint8_t>(i);
  for (std::size_t i = 0; i < out.nonce.size(); ++i)
    out.nonce[i] = static_cast<std::uint8_t>(64 + i);
  return out;
}

std::string plain_text() {
  return std::string(
      seal_key_file(test_key(), KeyFilePurpose::operator_, nullptr, kCheap, {})->view());
}

std::string sealed_text() {
  const Passphrase passphrase("correct horse");
  return std::string(
      seal_key_file(test_key(), KeyFilePurpose::consensus, &passphrase, kCheap, test_randomness())
          ->view());
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

Errc opening(const std::string& text, const char* passphrase) {
  const auto file = parse_key_file(text);
  if (!file) return file.error().code;
  const Passphrase words(passphrase ? passphrase : "");
  const auto key = open_key_file(*file, passphrase ? &words : nullptr);
  if (!key) return key.error().code;
  EXPECT_EQ(key->public_key(), test_key().public_key());
  return Errc::ok;
}

TEST(KeyFile, PlainFileIsThisText) {
  EXPECT_EQ(plain_text(),
            "fenrun-key/v1\n"
            "purpose operator\n"
            "public 03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8\n"
            "kdf none\n"
            "secret AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n");
}

// Frozen: a file sealed today opens for ever.
TEST(KeyFile, SealedFileIsThisText) {
  EXPECT_EQ(sealed_text(),
            "fenrun-key/v1\n"
            "purpose consensus\n"
            "public 03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8\n"
            "kdf argon2id13 1 8192 000102030405060708090a0b0c0d0e0f\n"
            "secret QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXLUzIhp/czFc/gSe7F8ktpp5rpPaEWOzA"
            "/lFrvb3/0jrmnbZMfoNUrrhpYnCaXkQZ\n");
}

TEST(KeyFile, OpensWithItsPassphraseOnly) {
  EXPECT_EQ(opening(sealed_text(), "correct horse"), Errc::ok);
  EXPECT_EQ(opening(sealed_text(), "correct horse "), Errc::passphrase_wrong);
  EXPECT_EQ(opening(sealed_text(), ""), Errc::passphrase_wrong);
  EXPECT_EQ(opening(sealed_text(), nullptr), Errc::passphrase_wrong);
  EXPECT_EQ(opening(plain_text(), nullptr), Errc::ok);
  EXPECT_EQ(opening(plain_text(), "ignored"), Errc::ok);
}

TEST(KeyFile, SaysWhatItIsBeforeItIsOpened) {
  const auto sealed = parse_key_file(sealed_text());
  ASSERT_TRUE(sealed);
  EXPECT_TRUE(sealed->is_sealed());
  EXPECT_EQ(sealed->purpose, KeyFilePurpose::consensus);
  EXPECT_EQ(sealed->public_key, test_key().public_key());
  EXPECT_EQ(std::get<SealedSeed>(sealed->secret).cost, kCheap);
  EXPECT_FALSE(parse_key_file(plain_text())->is_sealed());
}

TEST(KeyFile, ChangingThePassphraseIsOpeningAndSealing) {
  const Passphrase old_words("correct horse");
  const Passphrase new_words("battery staple");
  const auto file = parse_key_file(sealed_text());
  const auto key = open_key_file(*file, &old_words);
  ASSERT_TRUE(key);
  const auto text = seal_key_file(*key, file->purpose, &new_words, kCheap, SealRandomness::fresh());
  EXPECT_EQ(opening(std::string(text->view()), "battery staple"), Errc::ok);
  EXPECT_EQ(opening(std::string(text->view()), "correct horse"), Errc::passphrase_wrong);
}

TEST(KeyFile, EveryPurposeHasItsName) {
  for (const auto* name : {"operator", "consensus", "checkpoint", "transport", "party"}) {
    const auto purpose = key_file_purpose_from(name);
    ASSERT_TRUE(purpose) << name;
    EXPECT_EQ(name_of(*purpose), name);
    const auto text = seal_key_file(test_key(), *purpose, nullptr, kCheap, {});
    EXPECT_EQ(parse_key_file(text->view())->purpose, *purpose);
  }
  EXPECT_EQ(key_file_purpose_from("Operator").error().code, Errc::value_invalid);
}

TEST(KeyFile, RefusesOtherSpellings) {
  const auto plain = plain_text();
  const auto sealed = sealed_text();
  const std::string refused[] = {
      "",
      "\n\n\n\n\n",
      plain + "\n",
      plain + "x",
      " " + plain,
      plain.substr(0, plain.size() - 1),
      replaced(plain, "\n", "\r\n"),
      replaced(plain, "v1", "v2"),
      replaced(plain, "purpose operator", "purpose  operator"),
      replaced(plain, "purpose operator", "purpose operator "),
      replaced(plain, "purpose operator", "purpose root"),
      replaced(plain, "purpose operator\n", ""),
      replaced(plain, "purpose", "purposes"),
      replaced(plain, "public 03a1", "public 03A1"),
      replaced(plain, "public 03a1", "public 03"),
      replaced(plain, "kdf none", "kdf None"),
      replaced(plain, "kdf none", "kdf "),
      replaced(plain, "kdf none", "kdf"),
      replaced(plain, "Hh8=", "Hh8"),
      replaced(plain, "Hh8=", "Hh9="),
      replaced(plain, "Hh8=", "HwAA"),
      replaced(sealed, "argon2id13 1 8192", "argon2id13 01 8192"),
      replaced(sealed, "argon2id13 1 8192", "argon2id13  1 8192"),
      replaced(sealed, "argon2id13 1 8192", "argon2i 1 8192"),
      replaced(sealed, "argon2id13 1 8192", "argon2id13 1"),
      replaced(sealed, "argon2id13 1 8192", "argon2id13 1 8192 8192"),
      replaced(sealed, "0c0d0e0f", "0c0d0e"),
      replaced(sealed, "0c0d0e0f\n", "0c0d0e0f \n"),
      replaced(sealed, "kdf argon2id13 1 8192 000102030405060708090a0b0c0d0e0f", "kdf none"),
      replaced(plain, "kdf none", "kdf argon2id13 1 8192 000102030405060708090a0b0c0d0e0f"),
  };
  for (const auto& text : refused)
    EXPECT_EQ(opening(text, "correct horse"), Errc::key_file_invalid) << text;
}

TEST(KeyFile, BoundsWhatAHostileFileMayAskFor) {
  for (const auto* cost : {"1 109951162777600", "1 1073742848", "1 7168", "1 8193", "0 8192",
                           "17 8192", "4294967296 8192", "18446744073709551616 8192", "1 0"}) {
    EXPECT_EQ(parse_key_file(replaced(sealed_text(), "1 8192", cost)).error().code,
              Errc::key_file_invalid)
        << cost;
  }
  EXPECT_TRUE(parse_key_file(replaced(sealed_text(), "1 8192", "16 1073741824")));
  EXPECT_EQ(parse_key_file(std::string(1'000'000, '\n')).error().code, Errc::key_file_invalid);
}

TEST(KeyFile, RefusesAPublicKeyThatIsNotThatOfTheSeed) {
  const auto own = to_hex(test_key().public_key().view());
  const auto other = to_hex(SigningKey::generate().public_key().view());
  EXPECT_EQ(opening(replaced(plain_text(), own, other), nullptr), Errc::key_file_invalid);
  EXPECT_EQ(opening(replaced(sealed_text(), own, other), "correct horse"), Errc::key_file_invalid);
  EXPECT_EQ(opening(replaced(plain_text(), own, std::string(64, '0')), nullptr),
            Errc::key_file_invalid);
}

RC_GTEST_PROP(KeyFile, NoChangedCharacterGoesUnnoticed, ()) {
  static const std::string original = sealed_text();
  auto text = original;
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
  text[at] = *rc::gen::distinctFrom(rc::gen::arbitrary<char>(), text[at]);
  // A changed cost may be a valid one, and dear; what it protects stays shut, so do not try it.
  const auto file = parse_key_file(text);
  if (file && std::get<SealedSeed>(file->secret).cost != kCheap) RC_DISCARD("another cost");
  RC_ASSERT(opening(text, "correct horse") != Errc::ok);
}

TEST(KeyFileDeathTest, ACostOutOfBoundsIsABugOfOurs) {
  EXPECT_DEATH(static_cast<void>(seal_key_file(test_key(), KeyFilePurpose::party, nullptr,
                                               {.passes = 0, .memory_bytes = 8192}, {})),
               "is_valid");
}

}  // namespace
}  // namespace fenrun
