// Blocks of random writes against plain maps: what is read, what is journaled, and the roots.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <map>
#include <set>

#include "ledger/block_builder.h"
#include "ledger/memory_store.h"
#include "ledger/ordered_family.h"
#include "tests/support/naive_merkle.h"

namespace fenrun {
namespace {

using NaiveState = std::map<RecordKey, Bytes>;

// Few and short keys, so that prefixes, neighbours and repetitions are common.
RecordKey random_key() {
  const auto size = *rc::gen::inRange<std::size_t>(1, 4);
  RecordKey key;
  for (std::size_t i = 0; i < size; ++i) key.push_back(*rc::gen::inRange<std::uint8_t>(0, 3));
  return key;
}

BlockContext context_at(std::uint64_t height) {
  BlockContext context;
  context.height = Height(height);
  context.time = TimeMs(height + 1);
  return context;
}

class RandomBlocks {
 public:
  RandomBlocks() {
    point_.chain_id = sha256(bytes_of("chain"));
    point_.state = &store_;
    point_.active = &bits_;
  }

  // Writes at random, partly taken back, on top of the tip.
  ExecutedBlock build(NaiveState& state) {
    BlockBuilder builder(point_, context_at(count_));
    builder.append_system(bytes_of("work"));
    const int writes = *rc::gen::inRange(0, 20);
    for (int i = 0; i < writes; ++i) {
      const auto before = builder.savepoint();
      const auto bytes = builder.state().written_bytes();
      const NaiveState saved = state;
      write(builder.state(), state);
      RC_ASSERT(builder.state().written_bytes() > bytes);
      if (*rc::gen::inRange(0, 4) == 0) {
        builder.append_system(bytes_of("taken back"));
        builder.rollback(before);
        RC_ASSERT(builder.state().written_bytes() == bytes);
        state = saved;
      }
      compare(builder.state(), state);
    }
    return builder.finish();
  }

  // Keeps a built block as the unfinalized tip.
  void extend(ExecutedBlock block) {
    check_records(block);
    for (const auto& bytes : block.entries) journal_.push_back(*decode_entry(bytes));
    check_roots(block);
    unfinalized_.push_back(std::move(block));
    point_ = unfinalized_.back().point();
    naive_ = next_;
    ++count_;
  }

  void step() {
    NaiveState discarded = naive_;
    const auto other = build(discarded);  // A branch that never becomes the chain.
    next_ = naive_;
    extend(build(next_));
    compare(*point_.state, naive_);
    compare(other.state, discarded);
    if (*rc::gen::arbitrary<bool>()) finalize();
  }

  // Moves the oldest unfinalized block to the store.
  void finalize() {
    auto& oldest = unfinalized_.front();
    RC_ASSERT(store_.commit(oldest, {}).has_value());
    bits_.absorb(oldest.active);
    if (unfinalized_.size() > 1) {
      unfinalized_[1].rebase(store_, bits_);
    }
    unfinalized_.pop_front();
    if (unfinalized_.empty()) {
      point_.state = &store_;
      point_.active = &bits_;
    } else {
      point_ = unfinalized_.back().point();
    }
    compare(*point_.state, naive_);
    RC_ASSERT(point_.active->root() == active_root(journal_.size() - 1));
  }

 private:
  static void write(Overlay& overlay, NaiveState& state) {
    const auto key = random_key();
    if (*rc::gen::inRange(0, 3) == 0) {
      overlay.remove(key);
      state.erase(key);
    } else {
      const Bytes value{*rc::gen::inRange<std::uint8_t>(0, 3)};
      overlay.put(key, value);
      state[key] = value;
    }
  }

  static void compare(const StateView& view, const NaiveState& naive) {
    const auto key = random_key();
    const auto at = naive.find(key);
    RC_ASSERT(view.value(key) == (at == naive.end() ? std::nullopt : std::optional(at->second)));
    const auto record = view.record(key);
    RC_ASSERT((record && record->value.has_value()) == (at != naive.end()));
    const auto after = naive.lower_bound(key);
    RC_ASSERT(view.at_or_after(key) ==
              (after == naive.end() ? std::nullopt : std::optional(after->first)));
    const auto before = view.before(key);
    if (after == naive.begin()) {
      RC_ASSERT(!before);
    } else {
      RC_ASSERT(before == std::prev(after)->first);
    }
  }

  // Exactly the keys whose value differs, each once, in key order, each naming the one before.
  void check_records(const ExecutedBlock& block) const {
    std::vector<RecordKey> expected;
    std::set<RecordKey> keys;
    for (const auto& [key, value] : naive_) keys.insert(key);
    for (const auto& [key, value] : next_) keys.insert(key);
    for (const auto& key : keys) {
      const auto was = naive_.find(key);
      const auto is = next_.find(key);
      const bool differs = (was == naive_.end()) != (is == next_.end()) ||
                           (was != naive_.end() && was->second != is->second);
      if (differs) expected.push_back(key);
    }
    std::vector<RecordKey> written;
    for (const auto& bytes : block.entries) {
      const auto entry = *decode_entry(bytes);
      const auto* record = std::get_if<RecordEntry>(&entry);
      if (!record) continue;
      written.push_back(record->key);
      const auto last = last_record(record->key);
      RC_ASSERT(record->previous.has_value() == last.has_value());
      if (last) {
        RC_ASSERT(record->previous->value() == *last);
        RC_ASSERT(record->version == std::get<RecordEntry>(journal_[*last]).version + 1);
      } else {
        RC_ASSERT(record->version == 0u);
      }
      const auto is = next_.find(record->key);
      RC_ASSERT(record->value.has_value() == (is != next_.end()));
      if (record->value) RC_ASSERT(Bytes(*record->value) == is->second);
    }
    RC_ASSERT(written == expected);
  }

  std::optional<std::size_t> last_record(const RecordKey& key) const {
    for (std::size_t i = journal_.size(); i-- > 0;) {
      const auto* record = std::get_if<RecordEntry>(&journal_[i]);
      if (record && record->key == key) return i;
    }
    return std::nullopt;
  }

  // The active root over [0, size), from the entries alone.
  Digest active_root(std::size_t size) const {
    std::map<RecordKey, std::size_t> newest;
    for (std::size_t i = 0; i < size; ++i) {
      if (const auto* record = std::get_if<RecordEntry>(&journal_[i])) newest[record->key] = i;
    }
    std::vector<ActiveChunk> chunks((size + kActiveChunkBits - 1) / kActiveChunkBits);
    for (const auto& [key, i] : newest) {
      auto& byte = chunks[i / kActiveChunkBits][i % kActiveChunkBits / 8];
      byte = static_cast<std::uint8_t>(byte | (1u << (i % 8)));
    }
    std::vector<Digest> leaves;
    for (std::uint64_t i = 0; i < chunks.size(); ++i) {
      leaves.push_back(leaf_hash({bytes_of("fenrun/active/v1"), encode(i), chunks[i]}));
    }
    return naive::root(leaves);
  }

  void check_roots(const ExecutedBlock& block) const {
    const std::size_t position = journal_.size() - 1;
    RC_ASSERT(block.header.position.value() == position);
    std::vector<Digest> leaves;
    for (const auto& entry : journal_) leaves.push_back(leaf_hash(encode_entry(entry)));
    RC_ASSERT(block.id == leaves.back());
    RC_ASSERT(block.frontier.root() == naive::root(leaves));
    leaves.pop_back();
    RC_ASSERT(block.header.journal_root == naive::root(leaves));
    RC_ASSERT(block.header.active_root == active_root(position));
    std::set<RecordKey> keys;
    for (const auto& entry : journal_) {
      if (const auto* record = std::get_if<RecordEntry>(&entry)) keys.insert(record->key);
    }
    RC_ASSERT(block.header.active_count == keys.size());
  }

  MemoryStore store_;
  ActiveBits bits_;
  std::deque<ExecutedBlock> unfinalized_;
  BlockPoint point_;
  NaiveState naive_;
  NaiveState next_;
  std::vector<Entry> journal_;
  std::uint64_t count_ = 0;
};

RC_GTEST_PROP(Blocks, EqualPlainMaps, ()) {
  RandomBlocks blocks;
  for (int steps = *rc::gen::inRange(1, 12); steps > 0; --steps) blocks.step();
}

TEST(Blocks, TheActiveRootGoesOnOverManyChunks) {
  MemoryStore store;
  ActiveBits bits;
  BlockPoint point;
  point.state = &store;
  point.active = &bits;
  std::map<std::uint32_t, std::uint64_t> newest;
  for (std::uint64_t height = 0; height < 6; ++height) {
    BlockBuilder builder(point, context_at(height));
    for (std::uint32_t i = 0; i < 1'500; ++i) {
      builder.state().put(KeyWriter(9).number(i * 7 % 2'000).take(), encode(height * 10'000 + i));
    }
    auto block = builder.finish();
    for (const auto& [key, record] : block.state.delta()) {
      newest[static_cast<std::uint32_t>(key[3] * 256 + key[4])] = record.position.value();
    }
    std::vector<ActiveChunk> chunks(block.header.position.value() / kActiveChunkBits + 1);
    for (const auto& [key, i] : newest) {
      auto& byte = chunks[i / kActiveChunkBits][i % kActiveChunkBits / 8];
      byte = static_cast<std::uint8_t>(byte | (1u << (i % 8)));
    }
    std::vector<Digest> leaves;
    for (std::uint64_t i = 0; i < chunks.size(); ++i) {
      leaves.push_back(leaf_hash({bytes_of("fenrun/active/v1"), encode(i), chunks[i]}));
    }
    ASSERT_EQ(block.header.active_root, naive::root(leaves)) << height;
    ASSERT_TRUE(store.commit(block, {}).has_value());
    bits.absorb(block.active);
    point = block.point();
    point.state = &store;
    point.active = &bits;
  }
}

TEST(State, CountsTheBytesOfAllWrites) {
  MemoryStore store;
  Overlay state(store);
  state.put({1, 2, 3}, Bytes(5, 7));
  EXPECT_EQ(state.written_bytes(), 8u);
  const auto before = state.savepoint();
  state.put({1, 2, 3}, Bytes(2, 7));
  state.remove({1, 2, 3});
  state.put({9}, {});
  EXPECT_EQ(state.written_bytes(), 8u + 5u + 3u + 1u);
  state.rollback(before);
  EXPECT_EQ(state.written_bytes(), 8u);
}

RC_GTEST_PROP(OrderedFamily, LinksItsKeysInOrder, ()) {
  MemoryStore store;
  Overlay state(store);
  const auto scope = KeyWriter(7).number(std::uint8_t{1}).take();
  // Scopes beside it and before it do not mix with it.
  for (const std::uint8_t other : {std::uint8_t{0}, std::uint8_t{2}}) {
    open_scope(state, KeyWriter(7).number(other).take());
    insert_linked(state, KeyWriter(7).number(other).take(),
                  KeyWriter(7).number(other).number(std::uint16_t{5}).take(), std::uint64_t{1});
  }
  open_scope(state, scope);
  std::map<RecordKey, std::uint64_t> expected;
  for (int i = *rc::gen::inRange(0, 30); i > 0; --i) {
    const auto key =
        KeyWriter(7).number(std::uint8_t{1}).number(*rc::gen::inRange<std::uint16_t>(0, 40)).take();
    const auto value = *rc::gen::arbitrary<std::uint64_t>();
    if (expected.contains(key)) {
      update_linked(state, key, value);
    } else {
      insert_linked(state, scope, key, value);
    }
    expected[key] = value;
  }
  std::map<RecordKey, std::uint64_t> walked;
  RecordKey last = scope;
  for (auto key = next_linked(state, scope); key; key = next_linked(state, *key)) {
    RC_ASSERT(BytewiseLess{}(last, *key));
    last = *key;
    walked[*key] = find_linked<std::uint64_t>(state, *key).value();
    const Linked<std::uint64_t> whole{next_linked(state, *key), walked[*key]};
    RC_ASSERT(state.value(*key) == encode(whole));
  }
  RC_ASSERT(walked == expected);
}

TEST(OrderedFamily, DamagedLinksAreErrors) {
  EXPECT_EQ(link_of({}).error().code, Errc::truncated);
  EXPECT_EQ(link_of(Bytes{1}).error().code, Errc::truncated);
  EXPECT_EQ(link_of(Bytes{1, 3, 7, 7}).error().code, Errc::truncated);
  EXPECT_EQ(link_of(Bytes{2, 0}).error().code, Errc::encoding_not_canonical);
  const Bytes whole = encode(Linked<bool>{RecordKey{7, 8}, true});
  EXPECT_EQ(decode_linked_value<bool>(whole).value(), std::optional(true));
  EXPECT_EQ(decode_linked_value<bool>(ByteView(whole).first(4)).error().code, Errc::truncated);
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_EQ(decode_linked_value<bool>(longer).error().code, Errc::trailing_bytes);
}

}  // namespace
}  // namespace fenrun
