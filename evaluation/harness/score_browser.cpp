// Every problem with its samples: which were right, what was extracted, why the grader decided so, and the beginning and end of the text. No script: radio
// buttons and style sheets choose what is shown. Texts are cut to a budget, so that a page of 100,000 samples stays one that a browser opens.
#include <algorithm>

#include "base/strings.h"
#include "evaluation/harness/html_text.h"
#include "evaluation/harness/samples.h"
#include "evaluation/harness/score_report.h"

namespace reprise::evaluation {

namespace {

constexpr size_t kMostProblems = 2000, kMostSamples = 64;
constexpr size_t kTextBudget = size_t{3} << 20, kPromptBytes = 1500, kLeastText = 160, kMostText = 4000;

// Not in the middle of a character.
std::string_view front_of(std::string_view text, size_t bytes) {
  while (bytes < text.size() && bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}
std::string_view back_of(std::string_view text, size_t bytes) {
  size_t begin = text.size() - std::min(bytes, text.size());
  while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
  return text.substr(begin);
}

// The end holds the answer, so it gets the larger part.
std::string shown_text(const std::string& text, size_t budget) {
  if (text.size() <= budget) return highlight_tags(text, text.size());
  const std::string_view head = front_of(text, budget / 3), tail = back_of(text, budget - budget / 3);
  return highlight_tags(head, head.size()) + "<span class=\"cut\">\n… " + format_count(static_cast<int64_t>(text.size() - head.size() - tail.size())) + " bytes …\n</span>" + highlight_tags(tail, tail.size());
}

bool is_odd(const ScoredSample& s) {
  return s.verdict == grading::VerdictKind::unverifiable || s.verdict == grading::VerdictKind::no_answer || !s.finished.value_or(true) || s.looped.value_or(false) || s.mixed.value_or(false);
}

char mark(const ScoredSample& s) {
  switch (s.verdict) {
    case grading::VerdictKind::correct: return '1';
    case grading::VerdictKind::incorrect: return '0';
    case grading::VerdictKind::unverifiable: return '?';
    case grading::VerdictKind::no_answer: return '-';
  }
  return ' ';
}

std::string sample_html(const ScoredSample& s, size_t budget) {
  const bool right = s.correct();
  std::string facts;
  const auto add = [&](const std::string& fact) { facts += (facts.empty() ? "" : ", ") + fact; };
  if (s.num_tokens >= 0) add(format_count(s.num_tokens) + " tokens");
  if (!s.finished.value_or(true)) add("cut off");
  if (s.looped.value_or(false)) add("ends in a loop");
  if (s.mixed.value_or(false)) add("languages mixed");
  std::string html = "<div class=\"sample\"><header><b>" + std::to_string(s.index) + "</b><span><span class=\"verdict " + (right ? "reproduced\">✓ " : "not_reproduced\">✗ ") + escape_html(replace_all(verdict_name(s.verdict), "_", " ")) + "</span> <span class=\"note\">" + facts + "</span></span></header>";
  if (!s.answer.empty()) html += "<p class=\"note\">answer <code>" + escape_html(front_of(s.answer, 200)) + "</code></p>";
  if (!s.reason.empty()) html += "<p class=\"note\">" + escape_html(front_of(s.reason, 300)) + "</p>";
  if (!s.completion.empty() && budget > 0) html += "<pre>" + shown_text(s.completion, budget) + "</pre>";
  return html + "</div>";
}

}  // namespace

std::string sample_browser(const ScoredSet& set, size_t number) {
  const size_t num_problems = std::min(set.problems.size(), kMostProblems);
  size_t num_texts = 0, num_prompts = 0;
  bool any_odd = false;
  for (size_t p = 0; p < num_problems; ++p) {
    num_prompts += !set.problems[p].prompt.empty();
    for (const ScoredSample& s : set.problems[p].samples) num_texts += !s.completion.empty();
  }
  num_texts = std::min(num_texts, num_problems * kMostSamples);
  // What there is to see in a sample's text: enough for all, or the first samples of each problem.
  const size_t each = num_texts ? std::clamp(kTextBudget / num_texts, kLeastText, kMostText) : 0;
  const size_t samples_with_text = num_texts ? std::clamp<size_t>(kTextBudget / (each * num_problems), 1, kMostSamples) : 0;
  std::string rows;
  for (size_t p = 0; p < num_problems; ++p) {
    const ScoredProblem& problem = set.problems[p];
    const auto right = std::count_if(problem.samples.begin(), problem.samples.end(), [](const auto& s) { return s.correct(); });
    const bool odd = std::any_of(problem.samples.begin(), problem.samples.end(), is_odd);
    any_odd = any_odd || odd;
    const char* share = right == 0 ? "none" : right == static_cast<int64_t>(problem.samples.size()) ? "every" : "some";
    std::string marks;
    for (const ScoredSample& s : problem.samples) marks += mark(s);
    if (marks.size() > kMostSamples) marks = marks.substr(0, kMostSamples) + "…";
    rows += std::string("<details class=\"problem ") + share + (odd ? " odd" : "") + "\"><summary><span>" + escape_html(front_of(problem.id, 80)) + " <span class=\"note\">" + std::to_string(right) + " of " + std::to_string(problem.samples.size()) + "</span></span><span class=\"mono\">" + marks + "</span></summary>";
    if (!problem.prompt.empty()) rows += "<pre>" + shown_text(problem.prompt, kPromptBytes) + "</pre>";
    if (!problem.reference.empty()) rows += "<p class=\"note\">reference answer <code>" + escape_html(front_of(problem.reference, 300)) + "</code></p>";
    rows += "<div class=\"samples\">";
    for (size_t i = 0; i < std::min(problem.samples.size(), kMostSamples); ++i) rows += sample_html(problem.samples[i], i < samples_with_text ? each : 0);
    rows += "</div>";
    if (problem.samples.size() > kMostSamples) rows += "<p class=\"note\">and " + std::to_string(problem.samples.size() - kMostSamples) + " more</p>";
    rows += "</details>\n";
  }
  const std::string name = "show" + std::to_string(number);
  const auto choice = [&](const char* css, const char* label, bool checked) {
    const std::string id = name + css;
    return "<input type=\"radio\" name=\"" + name + "\" id=\"" + id + "\" class=\"" + css + "\"" + (checked ? " checked" : "") + "><label for=\"" + id + "\">" + label + "</label>\n";
  };
  std::string html = "<h3>Samples</h3><div class=\"browser\">" + choice("all", "all", true) + choice("none", "never right", false) + choice("some", "sometimes right", false) + choice("every", "always right", false) + (any_odd ? choice("odd", "with something odd", false) : "") + rows + "</div>";
  html += "<p class=\"note\">1 right, 0 wrong, - no answer, ? unverifiable. Odd: no answer, unverifiable, cut off, a loop, mixed languages.";
  if (num_problems < set.problems.size()) html += " The first " + format_count(static_cast<int64_t>(num_problems)) + " of " + format_count(static_cast<int64_t>(set.problems.size())) + " problems.";
  if (num_texts > 0 && samples_with_text < kMostSamples && samples_with_text < static_cast<size_t>(set.most_generations())) html += " Texts of the first " + std::to_string(samples_with_text) + " samples of each; all are in the store.";
  return html + "</p>";
}

}  // namespace reprise::evaluation
