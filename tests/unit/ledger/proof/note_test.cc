#include "ledger/proof/note.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/text.h"
#include "ledger/proof/merkle.h"
#include "tests/support/proof_journal.h"

namespace fenrun {
namespace {

using test::key_number;

template <class T>
Errc code_of(const Result<T>& result) {
  return result ? Errc::ok : result.error().code;
}

CheckpointBody body() {
  return {"fenrun-demo/0011223344556677", 20'852'163, sha256(bytes_of("root"))};
}

SignedNote signed_note() {
  SignedNote note{body(), {}};
  note.signatures.push_back(log_signature_line(key_number(1), note.body));
  note.signatures.push_back(cosignature_line(key_number(1), "a/brand", note.body, 1'679'315'147));
  return note;
}

// The example of C2SP's cosignature specification: real keys of others, whose ids we must compute.
TEST(Note, ReadsTheExampleOfTheSpecification) {
  const std::string text =
      "example.com/behind-the-sofa\n"
      "20852163\n"
      "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
      "\n"
      "\xe2\x80\x94 example.com/behind-the-sofa "
      "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8="
      "\n"
      "\xe2\x80\x94 witness.example.com/w1 "
      "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+"
      "mbIUBkBIfZ+qnA==\n";
  const auto note = parse_note(text);
  ASSERT_TRUE(note);
  EXPECT_EQ(note->body.size, 20'852'163u);
  EXPECT_EQ(note->signatures.size(), 2u);
  EXPECT_EQ(to_hex(ByteView(note->signatures[1].bytes).first(8)), "00000000641850cb");
  EXPECT_EQ(print(*note), text);
}

// The key and the note of the example in Go's sumdb/note package.
TEST(Note, VerifiesTheExampleOfGo) {
  const auto key =
      parse_verifier_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  ASSERT_TRUE(key);
  EXPECT_EQ(key->type, NoteKeyType::log);
  EXPECT_EQ(print(*key), "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  const std::string message =
      "If you think cryptography is the answer to your problem,\n"
      "then you don't know what your problem is.\n";
  const auto line = parse_note_signature(
      "\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKv"
      "qfqdngotpRZb6KE6RyyBwJnAM=\n");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->key_id, key->id());
  const auto signature = Signature::from(line->bytes);
  ASSERT_TRUE(signature);
  EXPECT_TRUE(verify_raw(key->key, bytes_of(message), *signature));
}

TEST(Note, SignsAndVerifies) {
  const auto note = signed_note();
  const VerifierKey log{note.body.origin, NoteKeyType::log, key_number(1).public_key()};
  const VerifierKey cosigner{"a/brand", NoteKeyType::cosignature, key_number(1).public_key()};
  EXPECT_EQ(verify_note_signature(log, note.signatures[0], note.body).value(), 0u);
  EXPECT_EQ(verify_note_signature(cosigner, note.signatures[1], note.body).value(), 1'679'315'147u);
  EXPECT_EQ(code_of(verify_note_signature(log, note.signatures[1], note.body)),
            Errc::cosigner_unknown);
  auto other = note.body;
  other.size += 1;
  EXPECT_EQ(code_of(verify_note_signature(log, note.signatures[0], other)),
            Errc::cosignature_invalid);
  EXPECT_EQ(code_of(verify_note_signature(cosigner, note.signatures[1], other)),
            Errc::cosignature_invalid);
}

TEST(Note, TheSignedBytesAreThoseOfTheSpecification) {
  const CheckpointBody small{"o/0", 1, {}};
  const auto line = cosignature_line(key_number(3), "w", small, 7);
  const std::string message =
      "cosignature/v1\ntime 7\no/0\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
  const auto signature = Signature::from(ByteView(line.bytes).subspan(8));
  ASSERT_TRUE(signature);
  EXPECT_TRUE(verify_raw(key_number(3).public_key(), bytes_of(message), *signature));
}

TEST(Note, VerifierKeysHaveOneSpelling) {
  for (const auto type : {NoteKeyType::log, NoteKeyType::cosignature}) {
    const VerifierKey key{"a/b", type, key_number(2).public_key()};
    const auto text = print(key);
    EXPECT_EQ(parse_verifier_key(text).value(), key);
    for (std::size_t i = 0; i < text.size(); ++i) {
      auto altered = text;
      altered[i] = static_cast<char>(altered[i] ^ 0x01);
      EXPECT_EQ(code_of(parse_verifier_key(altered)), Errc::key_invalid) << altered;
      EXPECT_EQ(code_of(parse_verifier_key(text.substr(0, i))), Errc::key_invalid);
    }
    EXPECT_EQ(code_of(parse_verifier_key(text + "=")), Errc::key_invalid);
  }
  const VerifierKey weak{"a", NoteKeyType::log, {}};
  EXPECT_EQ(code_of(parse_verifier_key(print(weak))), Errc::key_invalid);
  const VerifierKey later{"a", static_cast<NoteKeyType>(6), key_number(2).public_key()};
  EXPECT_EQ(code_of(parse_verifier_key(print(later))), Errc::key_invalid);
}

TEST(Note, OriginsNameTheChain) {
  Digest chain;
  chain.bytes[0] = 0xab;
  EXPECT_EQ(log_origin("fenrun-demo", chain), "fenrun-demo/ab00000000000000");
}

TEST(Note, BodiesHaveOneSpelling) {
  const auto root = to_base64(empty_tree_root().view());
  EXPECT_TRUE(parse_checkpoint_body("a\n0\n" + root + "\n"));
  EXPECT_TRUE(parse_checkpoint_body("a\n9007199254740991\n" + root + "\n"));
  for (const std::string text : {
           "a\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",  // Not the empty tree.
           "a\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
           "a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
           "a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n",  // Unused bits.
           "a\n1\nAAAA\n",
           "a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
           "a\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nextension\n",
           "a\n9007199254740992\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
           "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
           "a b\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
           "a\n-1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
       }) {
    EXPECT_EQ(code_of(parse_checkpoint_body(text)), Errc::checkpoint_malformed) << text;
  }
}

TEST(Note, LimitsHold) {
  auto note = signed_note();
  note.signatures.resize(kNoteSignaturesMax, note.signatures[0]);
  EXPECT_EQ(parse_note(print(note)).value(), note);
  note.signatures.push_back(note.signatures[0]);
  EXPECT_EQ(code_of(parse_note(print(note))), Errc::checkpoint_malformed);
  note.signatures.clear();
  EXPECT_EQ(code_of(parse_note(print(note))), Errc::checkpoint_malformed);
  EXPECT_FALSE(is_key_name(std::string(kKeyNameBytesMax + 1, 'a')));
  EXPECT_TRUE(is_key_name(std::string(kKeyNameBytesMax, 'a')));
}

// Whatever one alters: it is refused, or it is another note, spelt in the one way.
RC_GTEST_PROP(NoteProperty, ANoteHasOneSpelling, ()) {
  auto text = print(signed_note());
  const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
  const auto change = *rc::gen::inRange(0, 3);
  if (change == 0) text[at] = *rc::gen::arbitrary<char>();
  if (change == 1) text.erase(at, 1);
  if (change == 2) text.insert(at, 1, *rc::gen::arbitrary<char>());
  if (const auto note = parse_note(text)) RC_ASSERT(print(*note) == text);
}

}  // namespace
}  // namespace fenrun
