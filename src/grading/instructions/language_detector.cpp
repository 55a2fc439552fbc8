// langdetect's steps in its order, over its profiles (cmake/Langdetect.cmake). Its constants are named as there.
#include "grading/instructions/language_detector.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <unordered_map>
#include <vector>

#include "base/json.h"
#include "base/python_random.h"
#include "base/strings.h"
#include "embedded/grading/languages.h"
#include "text/letter_case.h"

namespace reprise::grading::instructions {
namespace {

constexpr size_t kMaxTextLength = 10'000;
constexpr double kAlpha = 0.5, kAlphaWidth = 0.05, kBaseFrequency = 10'000, kCertain = 0.99999, kThreshold = 0.1;
constexpr int kTrials = 7, kIterationLimit = 1000;
constexpr size_t kNumLanguages = std::size(kLanguageFiles);

bool between(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

// Up to three code points of 21 bits.
uint64_t gram_key(std::u32string_view gram) {
  uint64_t key = 0;
  for (char32_t c : gram) key = (key << 21) | c;
  return key;
}

struct Share {
  uint8_t language;
  double probability;  // of the n-gram among those of its length
};

struct Profiles {
  std::unordered_map<uint64_t, std::vector<Share>> shares;
  std::unordered_map<char32_t, char32_t> kanji;                // one character for each group of those that are alike to it
  std::unordered_map<uint64_t, char32_t> vietnamese;           // letter and mark as one letter
};

// "\u00A0\u00AB" and plain characters.
std::u32string unescaped(std::string_view value) {
  std::u32string out;
  for (size_t i = 0; i < value.size();) {
    if (value.substr(i, 2) == "\\u" && i + 6 <= value.size()) {
      out += static_cast<char32_t>(std::stoul(std::string(value.substr(i + 2, 4)), nullptr, 16));
      i += 6;
    } else {
      out += next_code_point(value, i);
    }
  }
  return out;
}

Profiles made() {
  Profiles out;
  for (size_t language = 0; language < kNumLanguages; ++language) {
    const auto profile = nlohmann::json::parse(kLanguageFiles[language].text);
    for (const auto& [gram, count] : profile.at("freq").items()) {
      const std::u32string letters = text::code_points(gram);
      if (letters.empty() || letters.size() > 3) continue;
      out.shares[gram_key(letters)].push_back({static_cast<uint8_t>(language), count.get<double>() / profile.at("n_words").at(letters.size() - 1).get<double>()});
    }
  }
  std::map<std::string, std::u32string> messages;
  for (const std::string& line : split(kLanguageMessages, '\n')) {
    const size_t equals = line.find('=');
    if (equals != std::string::npos) messages[line.substr(0, equals)] = unescaped(trim(std::string_view(line).substr(equals + 1)));
  }
  for (const auto& [name, letters] : messages) {
    if (!name.starts_with("NGram.KANJI_")) continue;
    for (char32_t c : letters) out.kanji[c] = letters[0];
  }
  const std::u32string letters = messages["TO_NORMALIZE_VI_CHARS"], marks = messages["DMARK_CLASS"];
  for (char32_t mark : marks) {
    char name[40];
    std::snprintf(name, sizeof name, "NORMALIZED_VI_CHARS_%04X", static_cast<unsigned>(mark));
    const std::u32string joined = messages[name];
    for (size_t i = 0; i < std::min(letters.size(), joined.size()); ++i) out.vietnamese[gram_key(std::u32string{letters[i], mark})] = joined[i];
  }
  return out;
}

const Profiles& profiles() {
  static const Profiles known = made();
  return known;
}

bool is_alnum(char32_t c) { return between(c, '0', '9') || between(c, 'A', 'Z') || between(c, 'a', 'z'); }
bool in_url(char32_t c) { return is_alnum(c) || std::u32string_view(U"-_.?&~;+=/#").find(c) != std::u32string_view::npos; }
bool in_host(char32_t c) { return is_alnum(c) || c == '-' || c == '_'; }
bool in_mail(char32_t c) { return in_host(c) || c == '.'; }

size_t run(std::u32string_view text, size_t at, size_t most, bool (*in)(char32_t)) {
  size_t end = at;
  while (end < text.size() && end - at < most && in(text[end])) ++end;
  return end - at;
}

// https?:// and up to 2,076 characters of an address.
std::u32string without_urls(std::u32string_view text) {
  std::u32string out;
  for (size_t at = 0; at < text.size();) {
    const size_t scheme = text.substr(at, 7) == U"http://" ? 7 : text.substr(at, 8) == U"https://" ? 8 : 0;
    const size_t rest = scheme ? run(text, at + scheme, 2076, in_url) : 0;
    if (rest > 0) {
      out += U' ';
      at += scheme + rest;
    } else {
      out += text[at++];
    }
  }
  return out;
}

// Up to 64 characters, @, up to 255 of a host and up to 255 of it with points.
std::u32string without_mails(std::u32string_view text) {
  std::u32string out;
  size_t done = 0;
  for (size_t at = text.find(U'@'); at != std::u32string_view::npos; at = text.find(U'@', at + 1)) {
    size_t begin = at;
    while (begin > done && at - begin < 64 && in_mail(text[begin - 1])) --begin;
    const size_t host = run(text, at + 1, 255, in_host), rest = run(text, at + 1 + host, 255, in_mail);
    if (begin == at || host + rest < 2 || host == 0) continue;  // where nothing follows, the host gives up its last character
    out += text.substr(done, begin - done);
    out += U' ';
    done = at + 1 + host + rest;
    at = done - 1;
  }
  out += text.substr(done);
  return out;
}

std::u32string with_vietnamese_letters(std::u32string_view text) {
  std::u32string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i + 1 < text.size() && text[i + 1] >= 0x300 && text[i + 1] <= 0x323) {
      const auto found = profiles().vietnamese.find(gram_key(text.substr(i, 2)));
      if (found != profiles().vietnamese.end()) {
        out += found->second;
        ++i;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

// The characters that are judged: the first 10,000, one space at a time; without Latin letters where others are more than twice as many.
std::u32string judged_text(std::u32string_view text) {
  const std::u32string clean = with_vietnamese_letters(without_mails(without_urls(text)));
  std::u32string out;
  char32_t before = 0;
  for (size_t i = 0; i < std::min(clean.size(), kMaxTextLength); ++i) {
    if (clean[i] != ' ' || before != ' ') out += clean[i];
    before = clean[i];
  }
  const auto latin = [](char32_t c) { return between(c, 'A', 'z'); };
  const auto num_latin = std::count_if(out.begin(), out.end(), latin);
  const auto num_others = std::count_if(out.begin(), out.end(), [](char32_t c) { return c >= 0x300 && !between(c, 0x1E00, 0x1EFF); });
  if (num_latin * 2 < num_others) std::erase_if(out, latin);
  return out;
}

char32_t normalized(char32_t c) {
  if (c < 0x80) return between(c, 'A', 'Z') || between(c, 'a', 'z') ? c : ' ';
  if (c == 0xA0 || c == 0xAB || c == 0xB0 || c == 0xBB || between(c, 0x2000, 0x206F)) return ' ';
  if (c == 0x219) return 0x15F;  // Romanian, with comma below as with cedilla
  if (c == 0x21B) return 0x163;
  if (c == 0x6CC) return 0x64A;  // Farsi yeh
  if (between(c, 0x1EA0, 0x1EFF)) return 0x1EC3;
  if (between(c, 0x3040, 0x309F)) return 0x3042;
  if (between(c, 0x30A0, 0x30FF)) return 0x30A2;
  if (between(c, 0x3100, 0x312F) || between(c, 0x31A0, 0x31BF)) return 0x3105;
  if (between(c, 0xAC00, 0xD7AF)) return 0xAC00;
  if (between(c, 0x4E00, 0x9FFF)) {
    const auto found = profiles().kanji.find(c);
    if (found != profiles().kanji.end()) return found->second;
  }
  return c;
}

// The n-grams of the text that some profile knows, as often as they stand there. Words in capitals give none from their second letter on.
std::vector<const std::vector<Share>*> known_grams(std::u32string_view text) {
  std::vector<const std::vector<Share>*> out;
  std::u32string grams = U" ";
  bool in_capitals = false;
  for (const char32_t written : text) {
    const char32_t c = normalized(written), last = grams.back();
    bool skipped = false;
    if (last == ' ') {
      grams = U" ";
      in_capitals = false;
      skipped = c == ' ';
    } else if (grams.size() >= 3) {
      grams.erase(0, 1);
    }
    if (!skipped) {
      grams += c;
      if (!text::is_upper(c)) {
        in_capitals = false;
      } else if (text::is_upper(last)) {
        in_capitals = true;
      }
    }
    if (in_capitals) continue;
    for (size_t n = 1; n <= grams.size() && n <= 3; ++n) {
      const std::u32string_view gram = std::u32string_view(grams).substr(grams.size() - n);
      if (gram == U" ") continue;
      const auto found = profiles().shares.find(gram_key(gram));
      if (found != profiles().shares.end()) out.push_back(&found->second);
    }
  }
  return out;
}

using Probabilities = std::array<double, kNumLanguages>;

// The largest, after they were made to sum to one.
double normalize(Probabilities& p) {
  double sum = 0, most = 0;
  for (double one : p) sum += one;
  for (double& one : p) {
    one /= sum;
    most = std::max(most, one);
  }
  return most;
}

}  // namespace

std::optional<std::string> detect_language(std::u32string_view text) {
  const auto grams = known_grams(judged_text(text));
  if (grams.empty()) return std::nullopt;
  PythonRandom random(0);
  Probabilities mean{};
  for (int trial = 0; trial < kTrials; ++trial) {
    Probabilities p;
    p.fill(1.0 / kNumLanguages);
    const double weight = (kAlpha + random.gauss(0, 1) * kAlphaWidth) / kBaseFrequency;
    for (int i = 0;; ++i) {
      const std::vector<Share>& shares = *random.choice(grams);
      auto next = shares.begin();
      for (size_t language = 0; language < kNumLanguages; ++language) {
        const bool known = next != shares.end() && next->language == language;
        p[language] *= weight + (known ? next->probability : 0.0);
        if (known) ++next;
      }
      if (i % 5 == 0 && (normalize(p) > kCertain || i >= kIterationLimit)) break;
    }
    for (size_t language = 0; language < kNumLanguages; ++language) mean[language] += p[language] / kTrials;
  }
  const auto best = std::max_element(mean.begin(), mean.end());
  if (!(*best > kThreshold)) return "unknown";
  return kLanguageFiles[best - mean.begin()].name;
}

}  // namespace reprise::grading::instructions
