// The store keeps what it was given, whatever cuts it.
#include "evaluation/harness/sample_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/files.h"
#include "base/hash.h"
#include "base/random.h"
#include "io/hdf5_file.h"
#include "support/fault_of.h"

namespace reprise::evaluation {
namespace {

using ::testing::HasSubstr;
using nlohmann::json;
using Mode = SampleStore::Mode;

json facts(double temperature) { return {{"model", {{"name", "m"}}}, {"benchmark", {{"id", "b"}}}, {"sampling", {{"temperature", temperature}, {"seed", 0}}}}; }

StoredSample sample_of(const std::string& protocol, int problem, int64_t index) {
  const std::string id = "p" + std::to_string(problem), prompt = sha256_hex("prompt of " + id);
  StoredSample s{.key = sample_key(protocol, prompt, id, index), .protocol = protocol, .problem = id, .index = index, .prompt = prompt};
  s.completion = "completion " + id + " " + std::to_string(index) + "\n\xc3\xa9\"\\";
  s.stop_reason = index % 2 ? "length" : "stop";
  s.num_prompt_tokens = 10 + problem;
  s.num_tokens = 100 + index;
  return s;
}

void fill(SampleStore& store, const std::string& protocol, int problems, int64_t from, int64_t to) {
  for (int p = 0; p < problems; ++p) {
    for (int64_t i = from; i < to; ++i) EXPECT_TRUE(store.add(sample_of(protocol, p, i), "prompt of p" + std::to_string(p)));
  }
}

void expect_whole(const fs::path& folder, const std::string& protocol, int problems, int64_t k) {
  const SampleStore store(folder, Mode::read);
  const auto samples = store.samples(protocol);
  ASSERT_EQ(samples.size(), static_cast<size_t>(problems * k));
  EXPECT_EQ(store.num_samples(protocol), problems * k);
  for (size_t i = 0; i < samples.size(); ++i) {
    const StoredSample expected = sample_of(protocol, std::stoi(samples[i].problem.substr(1)), samples[i].index);
    EXPECT_EQ(samples[i].index, static_cast<int64_t>(i) % k);
    EXPECT_EQ(samples[i].key, expected.key);
    EXPECT_EQ(samples[i].completion, expected.completion);
    EXPECT_EQ(samples[i].stop_reason, expected.stop_reason);
    EXPECT_EQ(samples[i].num_prompt_tokens, expected.num_prompt_tokens);
    EXPECT_EQ(samples[i].num_cached_tokens, -1);
    EXPECT_TRUE(store.has(expected.key));
    EXPECT_EQ(store.prompt_text(samples[i].prompt), "prompt of " + samples[i].problem);
  }
}

TEST(SampleStore, KeepsWhatItIsGivenThroughSegmentsAndJournal) {
  const TemporaryFolder folder;
  std::string protocol;
  for (const auto& [from, to] : {std::pair{0, 2}, {2, 3}, {3, 6}}) {
    SampleStore store(folder.path() / "s", Mode::write);
    protocol = store.add_protocol(facts(0.6));
    fill(store, protocol, 5, from, to);
    EXPECT_FALSE(store.add(sample_of(protocol, 0, 0), "")) << "it is there";
    if (from > 0) store.seal();  // the first lot stays in the journal
  }
  expect_whole(folder.path() / "s", protocol, 5, 6);
  int segments = 0;
  for (const auto& entry : fs::directory_iterator(folder.path() / "s")) segments += entry.path().extension() == ".h5";
  EXPECT_EQ(segments, 1) << "small segments are put together";
}

TEST(SampleStore, AKillAtAnyByteOfTheJournalLosesOnlyTheLineThatItCut) {
  const TemporaryFolder folder;
  const fs::path whole = folder.path() / "whole";
  std::string protocol;
  {
    SampleStore store(whole, Mode::write);
    protocol = store.add_protocol(facts(0.6));
    fill(store, protocol, 2, 0, 2);
  }
  const std::string journal = read_file(whole / "journal.jsonl");
  for (size_t cut = 0; cut <= journal.size(); cut += 3) {
    const fs::path torn = folder.path() / "torn";
    fs::remove_all(torn);
    fs::create_directory(torn);
    fs::copy(whole / "format.json", torn / "format.json");
    std::ofstream(torn / "journal.jsonl", std::ios::binary) << journal.substr(0, cut);
    int64_t kept = 0;
    {
      SampleStore store(torn, Mode::write);
      kept = store.num_samples();
      // What is missing is put in again, and the store is whole.
      const std::string again = store.add_protocol(facts(0.6));
      ASSERT_EQ(again, protocol);
      for (int p = 0; p < 2; ++p) {
        for (int64_t i = 0; i < 2; ++i) store.add(sample_of(protocol, p, i), "prompt of p" + std::to_string(p));
      }
      if (cut % 2 == 0) store.seal();
    }
    EXPECT_LE(kept, 4);
    expect_whole(torn, protocol, 2, 2);
    if (::testing::Test::HasFailure()) FAIL() << "cut at byte " << cut;
  }
}

// A seal writes the segment, then empties the journal, then takes old segments away: cut between any two, rows stand twice and count once.
TEST(SampleStore, AKillWithinASealLosesAndRepeatsNothing) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "s", before = folder.path() / "before";
  std::string protocol;
  {
    SampleStore store(path, Mode::write);
    protocol = store.add_protocol(facts(0.6));
    fill(store, protocol, 3, 0, 2);
    store.seal();
    fill(store, protocol, 3, 2, 4);
  }
  fs::copy(path, before, fs::copy_options::recursive);
  SampleStore(path, Mode::write).seal();
  fs::copy(before / "journal.jsonl", path / "journal.jsonl", fs::copy_options::overwrite_existing);
  fs::copy(before / "segment-000001.h5", path / "segment-000001.h5");
  expect_whole(path, protocol, 3, 4);
  SampleStore(path, Mode::write).seal();
  expect_whole(path, protocol, 3, 4);
}

TEST(SampleStore, VerdictsLieBesideTheSamplesUnderTheirRule) {
  const TemporaryFolder folder;
  std::string protocol;
  for (int round = 0; round < 2; ++round) {
    SampleStore store(folder.path() / "s", Mode::write);
    protocol = store.add_protocol(facts(1));
    if (round == 0) fill(store, protocol, 2, 0, 2);
    const auto samples = store.samples(protocol);
    const std::string rule = round == 0 ? "math 1" : "math_verify 1";
    for (const auto& s : samples) store.add_verdict(s.key, rule, {s.index ? grading::VerdictKind::correct : grading::VerdictKind::no_answer, "a" + s.problem, "because " + rule});
    store.seal();
  }
  const SampleStore store(folder.path() / "s", Mode::read);
  for (const std::string rule : {"math 1", "math_verify 1"}) {
    const auto verdicts = store.verdicts(rule);
    ASSERT_EQ(verdicts.size(), 4u);
    for (const auto& s : store.samples(protocol)) {
      EXPECT_EQ(verdicts.at(s.key).kind, s.index ? grading::VerdictKind::correct : grading::VerdictKind::no_answer);
      EXPECT_EQ(verdicts.at(s.key).answer, "a" + s.problem);
      EXPECT_EQ(verdicts.at(s.key).reason, "because " + rule);
    }
  }
  EXPECT_TRUE(store.verdicts("gsm8k 1").empty());
}

TEST(SampleStore, ProtocolsAreToldApartByEachFact) {
  EXPECT_EQ(protocol_id(facts(0.6)), protocol_id(facts(0.6)));
  EXPECT_NE(protocol_id(facts(0.6)), protocol_id(facts(0.7)));
  EXPECT_THAT(protocol_differences(facts(0.6), facts(1)), ::testing::ElementsAre("sampling.temperature: 0.6 and 1.0"));
  json more = facts(0.6);
  more["prompt"]["preset"] = "qwen";
  EXPECT_THAT(protocol_differences(facts(0.6), more), ::testing::ElementsAre("prompt.preset: nothing and qwen"));
  EXPECT_NE(sample_key("a", "b", "c", 1), sample_key("a", "b", "c1", 0));
  EXPECT_NE(sample_key("a", "bc", "d", 1), sample_key("ab", "c", "d", 1));
}

TEST(SampleStore, OneWritesAndOthersReadMeanwhile) {
  const TemporaryFolder folder;
  SampleStore writing(folder.path() / "s", Mode::write);
  const std::string protocol = writing.add_protocol(facts(1));
  fill(writing, protocol, 1, 0, 3);
  EXPECT_THAT(testing::fault_of([&] { SampleStore(folder.path() / "s", Mode::write); }), HasSubstr("another process writes"));
  expect_whole(folder.path() / "s", protocol, 1, 3);
}

TEST(SampleStore, RefusesWhatIsNoStoreOrDamaged) {
  const TemporaryFolder folder;
  EXPECT_THAT(testing::fault_of([&] { SampleStore(folder.path() / "nowhere", Mode::read); }), HasSubstr("is not there"));
  fs::create_directory(folder.path() / "other");
  std::ofstream(folder.path() / "other/notes.txt") << "mine";
  for (const Mode mode : {Mode::read, Mode::write}) EXPECT_THAT(testing::fault_of([&] { SampleStore(folder.path() / "other", mode); }), HasSubstr("is no store of samples"));
  std::string protocol;
  {
    SampleStore store(folder.path() / "s", Mode::write);
    protocol = store.add_protocol(facts(1));
    fill(store, protocol, 2, 0, 2);
    store.seal();
    fill(store, protocol, 2, 2, 3);
  }
  const std::string journal = read_file(folder.path() / "s/journal.jsonl");
  const auto with_journal = [&](const std::string& text) {
    std::ofstream(folder.path() / "s/journal.jsonl", std::ios::binary) << text;
    return testing::fault_of([&] { SampleStore(folder.path() / "s", Mode::read); });
  };
  EXPECT_THAT(with_journal("not json\n" + journal), HasSubstr("journal.jsonl:1"));
  EXPECT_THAT(with_journal("{\"sample\": {\"key\": 7}}\n" + journal), HasSubstr("does not fit"));
  EXPECT_THAT(with_journal("{\"else\": 1}\n" + journal), HasSubstr("unknown kind"));
  EXPECT_EQ(with_journal(journal), "");
  const std::string segment = read_file(folder.path() / "s/segment-000001.h5");
  std::ofstream(folder.path() / "s/segment-000001.h5", std::ios::binary) << segment.substr(0, segment.size() / 2);
  EXPECT_THAT(testing::fault_of([&] { SampleStore(folder.path() / "s", Mode::read); }), HasSubstr("segment-000001.h5"));
  io::Hdf5Content content;
  content.attributes["format"] = "reprise samples 1";
  content.text_columns["key"] = {"a", "b"};
  content.text_columns["protocol"] = {"a"};
  io::write_hdf5(folder.path() / "s/segment-000001.h5", content);
  EXPECT_THAT(testing::fault_of([&] { SampleStore(folder.path() / "s", Mode::read); }), HasSubstr("another length"));
}

}  // namespace
}  // namespace reprise::evaluation
