// The patterns by hand, over code points, with Python's ideas of letters and spaces.
#include "grading/published_choices.h"

#include <algorithm>

#include "base/python_random.h"
#include "base/strings.h"
#include "grading/choice.h"
#include "text/letter_case.h"
#include "text/unicode.h"

namespace reprise::grading {
namespace {

using text::is_space;

constexpr size_t kNone = std::u32string_view::npos;

bool is_blank(char32_t c) { return c == ' ' || c == '\t'; }

bool found_at(std::u32string_view text, size_t at, std::u32string_view word) {
  if (at + word.size() > text.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    if (!text::equal_letters(text[at + i], word[i])) return false;
  }
  return true;
}

template <class In>
size_t past(std::u32string_view text, size_t at, In in) {
  while (at < text.size() && in(text[at])) ++at;
  return at;
}

std::string without(std::string_view text, std::string_view what) {
  std::string out;
  out.reserve(text.size());
  for (size_t begin = 0;;) {
    const size_t end = text.find(what, begin);
    out += text.substr(begin, end == std::string_view::npos ? end : end - begin);
    if (end == std::string_view::npos) return out;
    begin = end + what.size();
  }
}

// MULTILINGUAL_ANSWER_REGEXES of simple-evals' common.py, in its order; "~" stands for \s*. Two are spelled there with marks apart.
constexpr const char32_t* kAnswerHeads[] = {
    U"Answer~:", U"Answer~:\u200b\u200b\u200b\u200b\u200b\u200b", U"উত্তর~:", U"उत्तर~:", U"উত্তরঃ", U"উত্তর~:", U"Antwort~:", U"답변~:", U"정답~:", U"답~:", U"答案~：", U"答案~:", U"答~：", U"答~:", U"答复~：", U"答曰~：", U"الإجابة:", U"الجواب:", U"إجابة:",
    U"الإجابة النهائية:", U"الإجابة الصحيحة:", U"الإجابة الصحيحة هي:", U"الإجابة هي:", U"الجواب النهائي:", U"Respuesta~:", U"Risposta~:", U"答え~:", U"答え~：", U"回答~:", U"回答~：", U"解答~:", U"Jawaban~:", U"Réponse~:", U"Resposta~:", U"Jibu~:", U"Idahun~:",
    U"Ìdáhùn~:", U"Idáhùn~:", U"A\u0300m\u1ecd\u0300na\u0300~:", U"Àdáhùn~:", U"A\u0300nu\u0301go\u0323~:", U"Àṣàyàn~:"};

// The end of a head that begins here, or kNone.
size_t end_of_head(std::u32string_view text, size_t at, std::u32string_view head) {
  const size_t gap = head.find(U'~');
  if (!found_at(text, at, head.substr(0, gap))) return kNone;
  if (gap == kNone) return at + head.size();
  const std::u32string_view tail = head.substr(gap + 1);
  const size_t next = past(text, at + gap, is_space);
  return found_at(text, next, tail) ? next + tail.size() : kNone;
}

bool is_choice_sign(char32_t c) {
  return (c >= 'A' && c <= 'D') || (c >= 'a' && c <= 'd') || (c >= 0x623 && c <= 0x62F) || c == U'অ' || c == U'ব' || c == U'ড' || c == U'ঢ' || (c >= U'Ａ' && c <= U'Ｄ') || (c >= U'ａ' && c <= U'ｄ');
}

Verdict against(const data::Problem& problem, std::string found, const char* nothing) {
  if (found.empty()) return {VerdictKind::no_answer, "", nothing};
  const std::string expected(trim(problem.answer));
  const bool right = found == expected;
  const std::string reason = found + " against " + expected;
  return {right ? VerdictKind::correct : VerdictKind::incorrect, std::move(found), reason};
}

// What lm-eval makes of both sides before it compares: small letters without punctuation.
std::u32string without_punctuation(std::u32string_view text) {
  std::u32string out = text::lower(text);
  std::erase_if(out, [](char32_t c) { return text::char_class(c) == text::CharClass::punctuation; });
  return out;
}

}  // namespace

// (?i)Answer[ \t]*:[ \t]*\$?([A-D])\$?
std::string simple_evals_letter(std::string_view completion) {
  const std::u32string text = text::code_points(completion);
  for (size_t at = 0; at < text.size(); ++at) {
    if (!found_at(text, at, U"Answer")) continue;
    size_t next = past(text, at + 6, is_blank);
    if (next >= text.size() || text[next] != ':') continue;
    next = past(text, next + 1, is_blank);
    if (next < text.size() && text[next] == '$') ++next;
    if (next < text.size() && ((text[next] >= 'A' && text[next] <= 'D') || (text[next] >= 'a' && text[next] <= 'd'))) return std::string(1, static_cast<char>(text[next]));
  }
  return {};
}

std::string simple_evals_multilingual_letter(std::string_view completion) {
  std::string cleaned(completion);
  for (const char* what : {"**", "$\\boxed{", "}$", "\\$", "$\\text{", "$", "\\mathrm{", "\\{", "\\text", "\\(", "\\mathbf{", "{", "\\boxed"}) cleaned = without(cleaned, what);
  const std::u32string text = text::code_points(cleaned);
  // (?i)HEAD[ \t]*([A-D]|[أ-د]|[অ]|[ব]|[ড]|[ঢ]|[Ａ]|[Ｂ]|[Ｃ]|[Ｄ]) for each head in turn.
  for (const char32_t* head : kAnswerHeads) {
    for (size_t at = 0; at < text.size(); ++at) {
      size_t next = end_of_head(text, at, head);
      if (next == kNone) continue;
      next = past(text, next, is_blank);
      if (next >= text.size() || !is_choice_sign(text[next])) continue;
      const char32_t sign = text[next];
      static constexpr std::u32string_view kSigns = U"أبجدঅবডঢＡＢＣＤ";
      const size_t known = kSigns.find(sign);
      return known == kNone ? text::utf8(std::u32string_view(&text[next], 1)) : std::string(1, static_cast<char>('A' + known % 4));
    }
  }
  return {};
}

std::string mmlu_pro_letter(std::string_view completion) {
  if (std::string letter = lm_eval_mmlu_pro_letter(completion); !letter.empty()) return letter;
  // .*[aA]nswer:\s*([A-J]): the first line that has one, and the last one in it.
  const std::u32string text = text::code_points(completion);
  const auto in_range = [](char32_t c) { return c >= 'A' && c <= 'J'; };
  char32_t found = 0;
  for (size_t at = 0; at + 7 <= text.size(); ++at) {
    if (text[at] == '\n' && found) break;
    if ((text[at] != 'a' && text[at] != 'A') || std::u32string_view(text).substr(at + 1, 6) != U"nswer:") continue;
    const size_t next = past(text, at + 7, is_space);
    if (next < text.size() && in_range(text[next])) found = text[next];
  }
  // [A-J](?=[^A-J]*$): the last one.
  if (!found) {
    const auto last = std::find_if(text.rbegin(), text.rend(), in_range);
    if (last != text.rend()) found = *last;
  }
  return found ? std::string(1, static_cast<char>(found)) : std::string();
}

// answer is \(?([ABCDEFGHIJ])\)?
std::string lm_eval_mmlu_pro_letter(std::string_view completion) {
  constexpr std::string_view kWords = "answer is ";
  for (size_t at = completion.find(kWords); at != std::string_view::npos; at = completion.find(kWords, at + 1)) {
    size_t next = at + kWords.size();
    if (next < completion.size() && completion[next] == '(') ++next;
    if (next < completion.size() && completion[next] >= 'A' && completion[next] <= 'J') return std::string(1, completion[next]);
  }
  return {};
}

std::string lm_eval_flexible_choice(std::string_view completion, const std::vector<std::string>& options) {
  const auto in_brackets = [](char letter) { return std::string("(") + letter + ")"; };
  // (\([A-Z]\)), the last.
  for (size_t at = completion.size(); at-- > 0;) {
    if (completion[at] == '(' && at + 2 < completion.size() && completion[at + 2] == ')' && completion[at + 1] >= 'A' && completion[at + 1] <= 'Z') return in_brackets(completion[at + 1]);
  }
  // The options' texts, as alternatives of one pattern in their order; the last that is found.
  const std::u32string response = without_punctuation(text::code_points(completion));
  std::vector<std::u32string> texts;
  for (const std::string& option : options) texts.push_back(without_punctuation(text::strip(text::code_points(option))));
  std::u32string_view last;
  for (size_t at = 0; at <= response.size() && !texts.empty();) {
    const auto found = std::ranges::find_if(texts, [&](const std::u32string& text) { return response.compare(at, text.size(), text) == 0; });
    if (found == texts.end()) {
      ++at;
    } else {
      last = std::u32string_view(response).substr(at, found->size());
      at += std::max<size_t>(found->size(), 1);
    }
  }
  if (const std::u32string_view text = text::strip(last); !text.empty()) {
    for (size_t i = texts.size(); i-- > 0;) {  // of equal texts the last
      if (texts[i] == text) return in_brackets(static_cast<char>('A' + i));
    }
    return text::utf8(text);
  }
  // :[\s]*(A|B|...), the last.
  std::string found;
  const std::u32string whole = text::code_points(completion);
  for (size_t at = whole.find(U':'); at != kNone; at = whole.find(U':', at + 1)) {
    const size_t next = past(whole, at + 1, is_space);
    if (next < whole.size() && whole[next] >= 'A' && whole[next] < 'A' + options.size()) found = in_brackets(static_cast<char>(whole[next]));
  }
  return found;
}

Verdict grade_simple_evals(const data::Problem& problem, const std::string& completion) { return against(problem, simple_evals_letter(completion), "no 'Answer: LETTER'"); }

Verdict grade_simple_evals_multilingual(const data::Problem& problem, const std::string& completion) {
  return against(problem, simple_evals_multilingual_letter(completion), "no 'Answer: LETTER' in any of the languages");
}

Verdict grade_mmlu_pro(const data::Problem& problem, const std::string& completion) {
  std::string letter = mmlu_pro_letter(completion);
  if (!letter.empty()) return against(problem, std::move(letter), "");
  const size_t num_options = options_of(problem).size();
  PythonRandom random(12345);
  const char guess = static_cast<char>('A' + random.randint(0, static_cast<int64_t>(num_options > 0 ? num_options : 10) - 1));
  const bool right = std::string(1, guess) == trim(problem.answer);
  return {right ? VerdictKind::correct : VerdictKind::incorrect, "", std::string("no letter A to J; the publisher's guess ") + guess + " against " + problem.answer};
}

Verdict grade_lm_eval_mmlu_pro(const data::Problem& problem, const std::string& completion) { return against(problem, lm_eval_mmlu_pro_letter(completion), "no 'answer is LETTER'"); }

Verdict grade_lm_eval_flexible(const data::Problem& problem, const std::string& completion) {
  const std::string found = lm_eval_flexible_choice(completion, options_of(problem));
  if (found.empty()) return {VerdictKind::no_answer, "", "no '(LETTER)', no option's text, no ': LETTER'"};
  const std::string expected = "(" + std::string(trim(problem.answer)) + ")";
  const bool right = without_punctuation(text::code_points(found)) == without_punctuation(text::code_points(expected));
  return {right ? VerdictKind::correct : VerdictKind::incorrect, found, found.substr(0, 80) + " against " + expected};
}

}  // namespace reprise::grading
