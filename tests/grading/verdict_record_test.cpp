// Verdicts kept with a run: asked again, replayed in another, and what a kill cut.
#include "grading/code/verdict_record.h"

#include <gtest/gtest.h>

#include "base/files.h"

namespace reprise::grading::code {
namespace {

CodeVerdict verdict(CodeVerdictKind kind) {
  CodeVerdict out;
  out.kind = kind;
  out.message = "said \"so\"";
  out.cpu_seconds = 0.25;
  out.layers = {"always", "ns"};
  return out;
}

TEST(VerdictRecord, IsKeptReadAgainAndReplayedMarked) {
  const fs::path first = fs::path(::testing::TempDir()) / "verdicts-first.jsonl", second = fs::path(::testing::TempDir()) / "verdicts-second.jsonl";
  fs::remove(first);
  fs::remove(second);
  const std::string a = verdict_key("tests", "a"), b = verdict_key("tests", "b"), c = verdict_key("tests", "c");
  EXPECT_NE(verdict_key("ab", "c"), verdict_key("a", "bc"));
  EXPECT_FALSE(kept_verdict(a));
  keep_verdict(a, verdict(CodeVerdictKind::accepted));  // nowhere

  keep_verdicts_in(first);
  EXPECT_FALSE(kept_verdict(a));
  keep_verdict(a, verdict(CodeVerdictKind::time_limit));
  keep_verdict(b, verdict(CodeVerdictKind::accepted));
  keep_verdict(c, verdict(CodeVerdictKind::judge_error));
  EXPECT_EQ(kept_verdict(a)->kind, CodeVerdictKind::time_limit);
  EXPECT_FALSE(kept_verdict(c));
  keep_verdicts_in({});
  EXPECT_FALSE(kept_verdict(a));

  write_file(first, read_file(first) + "{\"key\": \"torn");
  keep_verdicts_in(first);
  ASSERT_TRUE(kept_verdict(b));
  EXPECT_EQ(kept_verdict(a)->message, "said \"so\"");
  EXPECT_EQ(kept_verdict(a)->layers.size(), 2u);
  keep_verdict(c, verdict(CodeVerdictKind::wrong_answer));

  keep_verdicts_in(second, first);
  EXPECT_EQ(kept_verdict(a)->kind, CodeVerdictKind::time_limit);
  EXPECT_EQ(kept_verdict(c)->kind, CodeVerdictKind::wrong_answer);
  keep_verdict(verdict_key("tests", "d"), verdict(CodeVerdictKind::accepted));
  keep_verdicts_in({});
  EXPECT_EQ(count_verdicts(first).replayed, 0);
  EXPECT_EQ(count_verdicts(first).judged, 3);
  EXPECT_EQ(count_verdicts(second).replayed, 2);
  EXPECT_EQ(count_verdicts(second).judged, 1);
}

}  // namespace
}  // namespace reprise::grading::code
